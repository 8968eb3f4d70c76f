/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noticed.h - is it noticed, and named, that a repository is not what it was?
 */
#ifndef XENSNAP_TEST_NOTICED_H
#define XENSNAP_TEST_NOTICED_H

#include "many.h"

/* What came of a look at it. */
enum noticed {
	NOTICED,  /* and something was named that is not as it was */
	HARMLESS, /* nothing was said, and all is there */
	MISSED,   /* many_wrong() was called */
};

/*
 * notice() - let the first host, which knew the repository as it was in
 * @before, look at @m.  What verify holds to be unhurt must come back, and
 * nothing may come back wrong.
 */
enum noticed notice(const struct many *before, struct many *m);

/* notice_unforget() - a forget that is lost is not missed: the backup is back,
 * whole. */
void notice_unforget(struct many *m);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sign_of_life.h - does a domain that was just started live? */
#ifndef XENSNAP_SIGN_OF_LIFE_H
#define XENSNAP_SIGN_OF_LIFE_H

#include <stdbool.h>

#include "err.h"

/* At most one of the first two; none: that it runs for so long. */
struct sign_wanted {
	const char *console;  /* it says on its console what this matches, a
			      * POSIX extended regular expression */
	const char *node;     /* or writes this in xenstore: "data/ready" */
	unsigned int seconds; /* it has to do so */
};

struct sign {
	bool lives;
	char what[240]; /* what it said; or why that is no life; one line */
	double seconds; /* since it was started */
};

/* sign_check() - could it be waited for at all?  -1 with ERR_INVALID. */
int sign_check(const struct sign_wanted *w, struct err *err);

/*
 * sign_wait() - wait until the domain @name with @uuid gives the sign, or ends,
 * or the time is up.  -1 with ERR_CANCELLED, ERR_IO, ERR_UNSUPPORTED (its
 * console is not kept on this host): it is not known.
 */
int sign_wait(const char *name, const char *uuid, const struct sign_wanted *w,
	      struct sign *ret, struct err *err);

#endif

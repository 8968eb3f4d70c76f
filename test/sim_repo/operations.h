/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operations.h - what is done once more each time, by the first host. */
#ifndef XENSNAP_TEST_OPERATIONS_H
#define XENSNAP_TEST_OPERATIONS_H

#include "many.h"

struct operation {
	const char *name;
	int (*run)(struct many *m, struct err *err);
	bool is_reader; /* it changes nothing */
};

#define OPERATIONS 6

extern const struct operation operations[OPERATIONS];

/* What they are about. */
extern struct many_disk next_disk;
extern struct many_prune next_prune;

/* operations_draw() - draw it. */
void operations_draw(const struct many *m);

/*
 * operations_find_secret() - by which of two secrets the first host opens it: a
 * change of keys that was cut leaves the old one or the new one, or both.
 */
void operations_find_secret(struct many *m);

#endif

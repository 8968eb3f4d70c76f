/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keep.h - which backups stay, by rules like "one a day for a week".
 *
 * Pure: times in, reasons out.  Each rule takes the newest backup of each of
 * its periods (UTC), the newest periods first, as many as it says; periods
 * without a backup don't count.  A backup stays if any rule takes it.
 */
#ifndef XENSNAP_KEEP_H
#define XENSNAP_KEEP_H

#include <stdint.h>

enum keep_rule {
	KEEP_LAST,
	KEEP_HOURLY,
	KEEP_DAILY,
	KEEP_WEEKLY, /* ISO 8601: from Monday */
	KEEP_MONTHLY,
	KEEP_YEARLY,
	KEEP_RULES
};

/* How many each takes; 0: none. */
struct keep_rules {
	unsigned int n[KEEP_RULES];
};

struct keep_item {
	uint64_t instant;     /* seconds since 1970, UTC */
	unsigned int reasons; /* 1 << rule, for each that takes it */
};

/* keep_name() - "last", "hourly", ... */
const char *keep_name(enum keep_rule rule);

/*
 * keep_apply() - set the reasons of the @n items, which are backups of one
 * name, newest first.
 */
void keep_apply(const struct keep_rules *rules, struct keep_item *items,
		uint32_t n);

#endif

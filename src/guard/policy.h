/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.h - what is to be done about something that fills up.  Pure.
 *
 * A view is made larger when it is full beyond a threshold, or would be
 * full soon; never beyond what it can use, and never by what is reserved of
 * its volume group.  One that cannot be made larger, and fills, is doomed:
 * the end is told, and right before it the snapshot is dropped.  A thin pool
 * and the area of a clone's disk are made larger likewise, and nothing is ever
 * dropped for them.
 */
#ifndef XENSNAP_POLICY_H
#define XENSNAP_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "disk_fill.h"

struct policy {
	bool extend;             /* at all */
	unsigned int extend_at;  /* percent */
	unsigned int by_percent; /* of its size, when by_bytes is 0 */
	uint64_t by_bytes;
	unsigned int reserve_percent; /* of the group, when bytes is 0 */
	uint64_t reserve_bytes;
	unsigned int warn_at; /* percent */
	unsigned int warn_s;  /* will be full within so long */
	bool drop;
	unsigned int drop_s; /* so long before it is full */
};

#define POLICY_INIT                                                 \
	{                                                           \
		.extend = true, .extend_at = 70, .by_percent = 20,  \
		.reserve_percent = 5, .warn_at = 80, .warn_s = 300, \
		.drop = true, .drop_s = 15                          \
	}

/* Full soon enough to be made larger whatever the threshold says; and where
 * LVM is slow, sooner by so many times as long as it takes. */
#define POLICY_AHEAD_S 30u
#define POLICY_AHEAD_LVM 3u

/* By as much as that long at the present rate takes, if that is more. */
#define POLICY_BY_S 60u
#define POLICY_BY_LVM 6u

/* A snapshot is dropped sooner by so many times. */
#define POLICY_DROP_LVM 2u

/* As full as that, and full within warn_s, is too near to wait. */
#define POLICY_BRIM 98u

/* Less full than that none is dropped: a burst may end. */
#define POLICY_DROP_LEAST 50u

struct policy_case {
	const struct disk_fill *fill;
	double rate;   /* bytes a second */
	double full_s; /* INFINITY: never */
	double lvm_s;  /* so long LVM takes for a command on this host */
	bool failed;   /* the last try to make it larger found no room, or
			* failed, a moment ago */
};

struct policy_verdict {
	bool warn;
	const char *why;    /* of the warning: "over 80 % full" */
	uint64_t extend_to; /* 0: leave it */
	bool stuck;         /* should be larger, and cannot be */
	bool doomed;        /* and will be dropped, unless that changes */
	double drop_in_s;   /* 0 or less: now */
	bool endangered;    /* a clone's disk: nobody but the admin can help */
};

/* policy_reserve() - so many bytes of the group of @f stay free. */
uint64_t policy_reserve(const struct policy *p, const struct disk_fill *f);

/* policy_judge() - what is to be done in the case @c. */
struct policy_verdict policy_judge(const struct policy *p,
				   const struct policy_case *c);

/*
 * policy_wait_ms() - how long nobody need look at it: a quarter of the time
 * until something is to be done at the present rate, and short enough for a
 * burst that begins the moment we look away; between POLICY_WAIT_LEAST_MS and
 * @most_ms.
 */
unsigned int policy_wait_ms(const struct policy *p, const struct policy_case *c,
			    unsigned int most_ms);

#define POLICY_WAIT_LEAST_MS 250u

/* What a disk can write, and a snapshot keep, in a second when nobody expects
 * it. */
#define POLICY_BURST (UINT64_C(64) << 20)

#endif

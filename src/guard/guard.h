/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard.h - what `xensnap watch` runs: it looks at what fills up, says what
 * happens, and does what the policy asks for.
 *
 * One thread that never waits for more than its next look: what may take long
 * hands do (hand.h).  What it knows comes from the devices and the snapshots'
 * records, again at each start; two files in XENSNAP_ROOT are its own:
 * ".watch.lock", held while it runs, and ".watch.json", which snapshots it has
 * said it will drop.
 */
#ifndef XENSNAP_GUARD_H
#define XENSNAP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "disk_fill.h"
#include "err.h"
#include "forecast.h"
#include "policy.h"
#include "snapshot.h"

/* Something that fills up, and all that is known of it. */
struct gauge {
	struct disk_fill fill;
	/* The snapshot whose view it is; of a pool the first one in it.  Of a
	 * clone's disk: the clone, no name, and its uuid. */
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
	char generation[DOMAIN_UUID_LEN + 1];
	char vdev[SNAPSHOT_VDEV_LEN];
	struct forecast forecast;
	struct policy_verdict verdict;
	double rate;   /* bytes a second */
	double full_s; /* INFINITY: never, at this rate */
	bool known;    /* it was read at least once */
	bool warned, endangered_told, lost_told, refused_told;
	unsigned int n_open;   /* so many times in a row it was seen open */
	unsigned int n_failed; /* it could not be read */
	uint64_t failed_ms;    /* when it could not be made larger, or 0 */
	uint64_t announced_ms; /* when its end was told, or 0 */
	uint64_t retry_ms;     /* do nothing before */
};

enum guard_level {
	GUARD_NOTICE,
	GUARD_WARNING,
	GUARD_ERROR, /* a running domain's disk is lost, or will be */
};

enum guard_kind {
	GUARD_STARTED,
	GUARD_STOPPED,
	GUARD_WARN,
	GUARD_ENDANGERED,
	GUARD_RELIEVED,
	GUARD_EXTENDED,
	GUARD_EXTEND_FAILED,
	GUARD_DROP_ANNOUNCED,
	GUARD_DROP_WITHDRAWN,
	GUARD_DROP_REFUSED,
	GUARD_DROPPED,
	GUARD_DROP_FAILED,
	GUARD_LOST,
	GUARD_SLOW,
	GUARD_RESUMED,
	GUARD_LEFTOVER,
	GUARD_RECOVERED,
	GUARD_FAILED,
	GUARD_KINDS, /* how many there are */
};

/* What is told. */
struct guard_event {
	enum guard_kind kind;
	enum guard_level level;
	char time[24];             /* UTC */
	const struct gauge *gauge; /* or NULL */
	const char *subject;       /* a domain or snapshot, without a gauge */
	double drop_in_s;          /* DROP_ANNOUNCED */
	uint64_t was_bytes;        /* EXTENDED: before */
	char text[500];            /* for people: one line */
};

typedef void guard_tell(const struct guard_event *e, void *ctx);

struct guard_opts {
	struct policy policy;
	unsigned int most_ms; /* longest time without a look */
	bool recover;         /* clear up behind the dead, too */
	bool dry_run;         /* say what would be done, change nothing */
	const char *hook;     /* absolute path, or NULL */
	const char *metrics;  /* path, or NULL */
	guard_tell *tell;     /* each event, in order; or NULL */
	void *tell_ctx;
};

struct guard_report {
	unsigned int n;
	struct gauge *gauges; /* for guard_report_done() */
	unsigned int n_snapshots;
	unsigned int n_bad;       /* that are warned of, or lost */
	unsigned int n_leftovers; /* of dead processes, or of those at work */
};

/* guard_kind_name() - "drop-announced". */
const char *guard_kind_name(enum guard_kind kind);

/* guard_level_name() - "notice", "warning", "error". */
const char *guard_level_name(enum guard_level level);

/*
 * guard_run() - watch until a request to stop (cancel.h).  0; -1 with ERR_BUSY
 * when another one does so already, ERR_DENIED, ERR_IO: nothing was begun.
 * What hands are at when it ends is waited for, and what hooks are, each 20
 * seconds at most; LVM is then left to come to its end.
 */
int guard_run(const struct guard_opts *o, struct err *err);

/*
 * guard_once() - look once, with a second between two readings so that there
 * is a rate.  Changes nothing, and needs no lock; writes the metrics if asked
 * to.  -1 with why nothing can be told.
 */
int guard_once(const struct guard_opts *o, struct guard_report *ret,
	       struct err *err);

/* guard_report_done() - free what @r owns. */
void guard_report_done(struct guard_report *r);

#endif

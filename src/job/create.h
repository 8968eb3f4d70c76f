/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create.h - what the files of the create story share: job_create.c tells it,
 * create_plan.c finds out beforehand what can be wrong (create_skip.c: which
 * disks it is about), create_instant.c is the part in which the domain stands
 * still.
 */
#ifndef XENSNAP_CREATE_H
#define XENSNAP_CREATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "domain.h"
#include "err.h"
#include "job.h"
#include "journal.h"
#include "snapshot.h"
#include "watchdog.h"
#include "xl_monitor.h"

struct create {
	struct snapshot *s; /* what is being made; the caller's */
	const struct create_opts *opts;
	struct err *err; /* of job_create()'s caller */

	struct domain *domain;
	struct domain_info info;
	struct xl_monitor monitor;
	unsigned int n_disks;
	struct disk *disks[DOMAIN_DISKS_MAX]; /* as s->disks */
	char folder[1024];                    /* of the snapshot, when made */
	bool copies;                          /* some disk will be copied */
	struct disk_watch watch;              /* of disks that are copied */
	atomic_bool copying; /* a disk tells its progress, not the memory */

	bool begun;           /* the partial folder is there */
	unsigned int n_views; /* journalled, so maybe made */
	bool left_standing;   /* the domain could not be resumed */
	bool left_held;       /* a disk could not be released */
	int dirfd;            /* the partial folder */
	int memfd;            /* memory.xl in it */
	struct journal journal;
	struct watchdog watchdog;

	bool finished; /* domain_finish() was done already */
	struct domain_times times;
	uint64_t held_ns;   /* all holds done */
	uint64_t viewed_ns; /* all views inside the pause done */
};

/*
 * create_plan() - find the domain, choose the way and the views, and check all
 * that can be checked.  An empty @name becomes the time.  Fills c->s (names,
 * mode, views as planned), c->domain, c->info, c->disks and c->monitor.
 * Changes nothing.  -1 with c->err.
 */
int create_plan(struct create *c, const char *domain, const char *name);

/*
 * create_skip() - note in c->s which disks of c->info are left out, as
 * c->opts says, and tell what that means.  -1 with ERR_NOTFOUND when the domain
 * has no such disk.
 */
int create_skip(struct create *c);

/* create_takes() - is disk @d to be frozen: written to, and not left out? */
bool create_takes(const struct create *c, const struct domain_disk *d);

/*
 * create_instant() - the instant: stop the monitor, save the memory, hold and
 * view the disks while the domain stands still, resume it, wake the monitor.
 *
 * Returns 0: the domain runs, memory.xl is written (not yet fsynced), disks
 * that can be held are held and the others have their views.  -1 with c->err:
 * the domain runs (or c->left_standing says that it may not), nothing is held.
 */
int create_instant(struct create *c);

/*
 * create_hold() - the instant of the disks alone: hold them all.  The domain
 * is not touched; what it reads and writes waits.
 *
 * It need not stand still: a write that the domain sends because it saw
 * another one done is sent after that, so if it came before the hold of its
 * disk, the other one did too, in whatever order the disks are held.  That is
 * what a power cut leaves, and what file systems and databases are made for.
 * One disk whose writes don't wait may be among them, if it comes last.
 *
 * Returns 0 and all are held; -1 with c->err, and none is.
 */
int create_hold(struct create *c);

/*
 * create_views() - after the instant: make the views of the held disks, one
 * thread for each group of storage, and end the memory file beside it.  On
 * failure nothing is held any more, views may be left for create_undo(), and
 * -1 with the first error in c->err.
 */
int create_views(struct create *c);

#endif

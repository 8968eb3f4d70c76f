/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create.h - what the files of the create story share: job_create.c tells it,
 * create_plan.c finds out beforehand what can be wrong (create_skip.c: which
 * disks it is about), create_quiesce.c asks the guest, create_instant.c is the
 * part in which the domain stands still.
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

/* Where memory goes while the domain stands still (create_memory.c). */
enum create_stage {
	STAGE_NONE,   /* straight into memory.xl */
	STAGE_RAM,    /* this host's RAM */
	STAGE_FOLDER, /* a file in the folder that --stage names */
};

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
	bool cached;  /* a device model may keep writes to some disk */
	bool flushes; /* it has to write them before the views */
	struct disk_watch watch; /* of disks that are copied */
	atomic_bool copying;     /* a disk tells its progress, not the memory */

	bool begun;           /* the partial folder is there */
	unsigned int n_views; /* journalled, so maybe made */
	bool still;   /* the disks alone, but only while it stands still */
	bool pause;   /* so we have to pause it */
	bool touched; /* the domain was asked to suspend */
	bool left_standing; /* the domain could not be resumed */
	bool left_gone;     /* nor restored, after it was ended */
	bool left_held;     /* a disk could not be released */
	int dirfd;          /* the partial folder */
	int memfd;          /* memory.xl in it */
	enum create_stage stage;
	int stagefd; /* or -1 */
	struct journal journal;
	struct watchdog watchdog;

	bool finished; /* domain_finish() was done already */
	struct domain_times times;
	uint64_t frozen_ns; /* the guest said so */
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
 * create_stage_plan() - choose where the memory goes while the domain stands
 * still: c->stage.  Changes nothing.  -1 with c->err when what the user asked
 * for cannot be had.
 */
int create_stage_plan(struct create *c);

/* create_stage_bytes() - how much room a memory of @memory_bytes takes. */
uint64_t create_stage_bytes(uint64_t memory_bytes);

/* create_ram_room() - how much of it there is in this host's RAM, with what the
 * host itself goes on with left out.  -1 with ERR_IO. */
int create_ram_room(uint64_t *ret, struct err *err);

/*
 * create_stage_open() - take the room for it, before the pause: c->stagefd.
 * It has no name, so nothing is left when it is closed.  -1 with c->err, but
 * only if the user asked for it; else c->stage is STAGE_NONE then.
 */
int create_stage_open(struct create *c);

/*
 * create_stage_copy() - write the memory from there into memory.xl, after the
 * domain runs again, and give the room back.  -1 with c->err (ERR_NOSPC,
 * ERR_CANCELLED, ERR_IO): memory.xl is of no use.
 */
int create_stage_copy(struct create *c);

/*
 * create_still_off() - after the views: a domain that did not run still does
 * not, so nobody wrote to its disks meanwhile.  Of others nothing is asked.
 * Changes nothing.  -1 with ERR_STATE, or why it cannot be told.
 */
int create_still_off(struct create *c);

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
 * is not touched; what it reads and writes waits.  If it does not run, disks
 * that cannot be held get their views here.
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
 * create_still() - the same of disks that cannot wait for each other: the
 * domain stands still for it.  If it runs it is paused, and runs again when all
 * are held or have their views; one that does not run must not be started
 * meanwhile.
 *
 * Returns 0 as create_hold(); -1 with c->err: none is held and the domain runs
 * as before, or c->left_standing says that it may not.
 */
int create_still(struct create *c);

/*
 * create_quiesce() - if it is wanted: have the guest freeze its file systems,
 * or sync.  What was reached is in c->s->quiesced; whatever stands in the way
 * is a warning, for a view without it is what it always is.  create_begin() was
 * called, no disk is held yet.  -1 with c->err when the user asked to stop:
 * nothing is asked of the guest any more.
 */
int create_quiesce(struct create *c);

/*
 * create_unquiesce() - when the disks are held (@held), or could not be: was
 * the guest frozen until now?  If not, c->s->quiesced says so.  Then let it
 * go on, without waiting for it; if that fails it does so by itself.
 */
void create_unquiesce(struct create *c, bool held);

/* create_begin() - @step is in the journal and the watchdog knows of it.  -1
 * with c->err: nothing may be touched. */
int create_begin(struct create *c, enum journal_step step);

/*
 * create_runs_on() - the domain runs and is nobody's to resume, unpause or
 * restore any more; the watchdog still lets held disks go on.  -1 with c->err
 * when the watchdog is dead.
 */
int create_runs_on(struct create *c);

/* create_hold_disks() - make the views of disks that cannot be held, then hold
 * the others.  -1 with c->err: some may be held, create_release() them. */
int create_hold_disks(struct create *c);

/*
 * create_rebuild() - the instant by the 2010 recipe, for guests that cannot be
 * resumed in place: save the memory, make all views, end the domain, restore
 * it.  The domain stands still for all of that, its memory being made durable
 * included.
 *
 * Returns 0: another domain of the same name runs on from the instant, all
 * views are made, memory.xl is whole.  -1 with c->err: nothing is held and the
 * domain runs, or c->left_standing or c->left_gone say that it may not.
 */
int create_rebuild(struct create *c);

/* create_freeze() - the first half of create_instant(): until the memory is
 * written and the domain stands still.  -1 with c->err: create_thaw() it. */
int create_freeze(struct create *c);

/* create_thaw() - the second half, also after a failure of the first: the
 * domain goes on where it stood and its monitor wakes. */
void create_thaw(struct create *c);

/* create_release() - after a failure: whatever disk is held goes on, or
 * c->left_held says that one may not. */
void create_release(struct create *c);

/* create_leftover() - what the watchdog is to put right if we die now;
 * @domain: not the disks alone. */
void create_leftover(const struct create *c, bool domain, struct leftover *ret);

/*
 * create_views() - after the instant: make the views of the held disks, one
 * thread for each group of storage, and end the memory file beside it.  On
 * failure nothing is held any more, views may be left for create_undo(), and
 * -1 with the first error in c->err.
 */
int create_views(struct create *c);

#endif

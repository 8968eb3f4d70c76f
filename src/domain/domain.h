/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain.h - door 1: the hypervisor.
 *
 * Finds a domain, tells what it is and what can be done with it, writes its
 * memory to a descriptor with a call at the instant it stands still, and lets
 * it go on.  Knows nothing of disks beyond their names in the domain's
 * configuration, and keeps nothing.
 *
 * Life of a struct domain: domain_find() -> domain_describe() -> domain_save()
 * -> domain_resume() -> domain_finish() -> domain_close().  domain_rescue()
 * needs none of it: it is what the watchdog and `recover` call for a domain
 * left standing.  Where no memory is saved: domain_quiesce() ->
 * domain_is_frozen() -> domain_thaw().  A domain that does not run comes from
 * domain_find_offline(), and can be described and closed.
 *
 * Threads: one thread per struct domain.
 */
#ifndef XENSNAP_DOMAIN_H
#define XENSNAP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define DOMAIN_NAME_MAX 64 /* bytes, without the NUL */
#define DOMAIN_UUID_LEN 36
#define DOMAIN_DISKS_MAX 64

enum domain_type {
	DOMAIN_PV,
	DOMAIN_PVH,
	DOMAIN_HVM,
};

enum domain_state {
	DOMAIN_GONE,      /* no such domain (any more) */
	DOMAIN_RUNNING,   /* running or blocked: its normal life */
	DOMAIN_PAUSED,    /* by the toolstack */
	DOMAIN_SUSPENDED, /* acknowledged a suspend; stands still */
	DOMAIN_SHUT_DOWN, /* powered off or rebooting */
	DOMAIN_CRASHED,   /* and is kept for whoever looks into it */
	DOMAIN_DYING,
};

/* Will it never run on?  One that stands still may. */
static inline bool
domain_state_is_end(enum domain_state state)
{
	return state == DOMAIN_GONE || state == DOMAIN_SHUT_DOWN ||
	       state == DOMAIN_CRASHED || state == DOMAIN_DYING;
}

/* One disk as the domain's configuration names it. */
struct domain_disk {
	char vdev[32];     /* "xvda" */
	char source[1024]; /* path in dom0, "" for an empty drive */
	char format[16];   /* "raw", "qcow2", ... */
	char backend[16];  /* "phy", "qdisk", "tap" */
	bool readonly;
	bool cdrom;
	/* who else writes to it (domain_sharers()), or "" */
	char shared_with[DOMAIN_NAME_MAX + 1];
};

/* Does the domain write to it?  Not to a CD-ROM, nor to an empty drive. */
static inline bool
domain_disk_is_written(const struct domain_disk *d)
{
	return !d->readonly && !d->cdrom && d->source[0];
}

struct domain_info {
	char name[DOMAIN_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	uint32_t domid;
	enum domain_type type;
	enum domain_state state;
	uint64_t memory_bytes; /* what the domain has now */
	char xen_version[32];  /* "4.17.7" */
	bool save_ok;          /* memory can be saved at all */
	char save_why[200];    /* when it cannot: why, one line */
	bool live_ok;          /* memory can be copied while it runs */
	char live_why[200];    /* when it cannot: why, one line */
	unsigned int n_disks;
	struct domain_disk disks[DOMAIN_DISKS_MAX];
};

/* When it happened, all in ns on the monotonic clock; 0: it did not, or not
 * seen. */
struct domain_times {
	uint64_t asked_ns;     /* the guest was asked to suspend */
	uint64_t suspended_ns; /* we saw it stand still */
	uint64_t saved_ns;     /* all of its memory was written */
	uint64_t resumed_ns;   /* the caller's, after domain_resume() */
};

/*
 * What the caller wants to do while the domain stands still.  Called once, in
 * the thread of domain_save(), as soon as the domain stands still and while
 * the rest of its memory is being written: whatever takes long belongs in a
 * thread of its own.  A return of -1 makes domain_save() fail with @err; the
 * domain then still stands still and is the caller's to resume.
 */
typedef int domain_instant(void *ctx, struct err *err);

/*
 * How far domain_save() is: @bytes are written so far (0 when it cannot be
 * told, as for a pipe).  Called some four times a second, in the thread of
 * domain_save(); when not live, while the domain stands still too, so it must
 * not block (a terminal may).  A live save writes pages that change again and
 * again, so there is no total; the domain's memory_bytes is the least to
 * expect.
 */
typedef void domain_progress(uint64_t bytes, void *ctx);

struct domain_save_how {
	int fd;                    /* where to; a file or a pipe, blocking */
	bool live;                 /* copy memory while the domain runs */
	domain_instant *instant;   /* or NULL */
	domain_progress *progress; /* or NULL */
	void *ctx;                 /* for both */
};

/* A domain of which nothing but a whole save file may be left. */
struct domain_saved {
	char name[DOMAIN_NAME_MAX + 1];
	uint32_t domid; /* what it had when it was saved */
	char uuid[DOMAIN_UUID_LEN + 1];
	char memory[1024]; /* the save file's path; "": there is none */
};

/* How far the guest went to make its file systems whole before the instant. */
enum domain_quiesced {
	DOMAIN_NOT_ASKED,    /* nobody wanted it to */
	DOMAIN_NOT_QUIESCED, /* asked in vain */
	DOMAIN_SYNCED,       /* it was told to write all out, and heard it */
	DOMAIN_FROZEN,       /* all is written out, and nothing is written */
};

/* domain_start.h */
struct domain_start;

/* domain_here.h; -1 ends domain_each(), with @err. */
struct cpu_features;
struct domain_hypervisor;
struct domain_seen;
typedef int domain_each_fn(const struct domain_seen *seen, void *ctx,
			   struct err *err);

#define DOMAIN_NODE_MAX 256 /* of what a guest says, NUL included */

struct domain;

struct domain_ops {
	const char *name; /* "libxl", "sim", "offline" */

	/* See the functions of the same names below; all are required. */
	int (*find)(const char *name, struct domain **ret, struct err *err);
	int (*describe)(struct domain *d, struct domain_info *ret,
			struct err *err);
	int (*sharers)(struct domain_info *info, struct err *err);
	char *(*config)(struct domain *d, struct err *err);
	int (*save)(struct domain *d, const struct domain_save_how *how,
		    struct domain_times *times, struct err *err);
	int (*resume)(struct domain *d, struct err *err);
	int (*finish)(struct domain *d, struct err *err);
	int (*rescue)(uint32_t domid, const char *uuid, unsigned int wait_ms,
		      bool *ret_resumed, struct err *err);
	int (*pause)(struct domain *d, struct err *err);
	int (*unpause)(struct domain *d, struct err *err);
	int (*rescue_paused)(uint32_t domid, const char *uuid, bool *ret_did,
			     struct err *err);
	int (*check_device_model)(struct domain *d, struct err *err);
	int (*flush_disks)(struct domain *d, struct err *err);
	int (*rebuild)(const struct domain_saved *saved, bool *ret_restored,
		       struct err *err);
	int (*end)(uint32_t domid, const char *uuid, struct err *err);
	int (*boot)(const struct domain_start *how, bool *ret_started,
		    struct err *err);
	int (*state)(uint32_t domid, const char *uuid, enum domain_state *ret,
		     struct err *err);
	void (*close)(struct domain *d);
	int (*hypervisor)(struct domain_hypervisor *ret, struct err *err);
	int (*cpu)(bool pv, struct cpu_features *ret, struct err *err);
	int (*each)(domain_each_fn *fn, void *ctx, struct err *err);

	/*
	 * What domain_quiesce() and its like are made of (quiesce.c):
	 * what the guest says in @node ("data/..."), "" when there is none;
	 * put a request to its agent, or take it back (@request NULL; gone
	 * counts as success); press a key of its kernel's, or take that back.
	 */
	int (*guest_says)(struct domain *d, const char *node,
			  char ret[DOMAIN_NODE_MAX], struct err *err);
	int (*console_log)(const char *name, char *ret, size_t len,
			   struct err *err);
	int (*ask_agent)(uint32_t domid, const char *uuid, const char *request,
			 struct err *err);
	int (*sysrq)(struct domain *d, char key, struct err *err);
};

struct domain {
	const struct domain_ops *ops;
};

/*
 * domain_find() - look up the domain called @name (a domid is not a name).
 *
 * Changes nothing.  On success *@ret is the caller's, to domain_close().
 * Returns 0, or -1 with ERR_NOTFOUND, ERR_UNSUPPORTED (no Xen here that could
 * run it, or no driver for it in this build); or, when it cannot be told,
 * ERR_DENIED (not root), ERR_STATE, ERR_TIMEOUT (Xen is here, but cannot be
 * asked), ERR_IO.
 */
int domain_find(const char *name, struct domain **ret, struct err *err);

/*
 * domain_find_offline() - the domain called @name (NULL: as the file calls it)
 * that does not run, as its xl configuration file @config_file tells of it.
 * Whether it runs after all is domain_find()'s to say.  The file is read here,
 * once.
 *
 * Changes nothing.  On success *@ret is the caller's, to domain_close().  It
 * can be described (with an empty uuid if the file has none, as "shut down"),
 * and its domain_config() is the text of the file; whatever needs a running
 * domain is ERR_UNSUPPORTED.
 *
 * Returns 0, or -1 with ERR_NOTFOUND, ERR_DENIED, ERR_IO, ERR_NOMEM,
 * ERR_CORRUPT (xl would not take the file, or it is larger than 1 MiB),
 * ERR_STATE (it is of another domain), ERR_UNSUPPORTED (more than
 * DOMAIN_DISKS_MAX disks, a disk by a relative path, or no driver for it in
 * this build).
 */
int domain_find_offline(const char *config_file, const char *name,
			struct domain **ret, struct err *err);

struct xl_cfg_disk;

/*
 * domain_offline_config() - the text of a configuration file, as a domain of
 * domain_find_offline() gave it, with @disks in place of its own: see
 * xl_cfg_append().  malloc()ed for the caller.  NULL with what that tells, or
 * ERR_CORRUPT (xl does not take @text), ERR_UNSUPPORTED (no driver in this
 * build).
 */
char *domain_offline_config(const char *text, const struct xl_cfg_disk *disks,
			    size_t n_disks, struct err *err);

struct xl_cfg_identity;

/*
 * domain_offline_as_other() - the same text with the identity @id: see
 * xl_cfg_append_identity().  NULL with ERR_INVALID, ERR_CORRUPT (xl does not
 * take @text), ERR_NOMEM, ERR_UNSUPPORTED (no driver in this build).
 */
char *domain_offline_as_other(const char *text,
			      const struct xl_cfg_identity *id,
			      struct err *err);

/* domain_offline_look() - what such a text tells of its domain; as
 * domain_find_offline() has it. */
int domain_offline_look(const char *text, struct domain_info *ret,
			struct err *err);

struct xl_safe_how;
struct xl_safe_left;

/*
 * domain_offline_safe() - of such a text from somebody whom we have no reason
 * to trust what may be kept: see xl_safe_json().  NULL as
 * domain_offline_config().
 */
char *domain_offline_safe(const char *text, const struct xl_safe_how *how,
			  struct xl_safe_left *left, struct err *err);

/*
 * domain_describe() - what the domain is at this moment.  Changes nothing.
 * Returns 0, or -1 with ERR_NOTFOUND (it is gone), ERR_UNSUPPORTED (more than
 * DOMAIN_DISKS_MAX disks), ERR_IO.
 */
int domain_describe(struct domain *d, struct domain_info *ret, struct err *err);

/*
 * domain_sharers() - which other domain of this host may write to the disks of
 * @info?  Fills shared_with of each.  Changes nothing.  -1 with ERR_IO or, on
 * a host that does not run Xen, ERR_UNSUPPORTED.
 */
int domain_sharers(struct domain_info *info, struct err *err);

/*
 * domain_config() - the domain's configuration as libxl's JSON, malloc()ed
 * for the caller; this is what a save file embeds.  Of a domain that does not
 * run it is the text of its file.  NULL with @err.
 */
char *domain_config(struct domain *d, struct err *err);

/*
 * domain_save() - write the domain in xl's save format to @how->fd, in
 * sequence, and call @how->instant when it stands still.
 *
 * @how->live: copy memory while the domain runs, stopping it for the last
 * dirty pages; otherwise it stands still all the while.  Blocks for as long as
 * that takes; a cancel request (base/cancel.h) ends it early with
 * ERR_CANCELLED, but not during the call of @instant.  xl's monitor process of
 * the domain is not ours here: the caller stops it before and lets it go on
 * after (xl_monitor.h).
 *
 * Returns 0: the domain's memory and state are written, and it STANDS STILL
 * until domain_resume().  The end of the stream is not written yet, since that
 * need not be waited for in the pause: that is domain_finish().
 * -1 with ERR_TIMEOUT (the guest did not answer), ERR_IO, ERR_NOSPC,
 * ERR_CANCELLED, ERR_UNSUPPORTED, ERR_STATE, or what @instant reported: then
 * what is in @fd is of no use, and the domain may stand still or run: call
 * domain_rescue().
 * @times is filled as far as it came.
 */
int domain_save(struct domain *d, const struct domain_save_how *how,
		struct domain_times *times, struct err *err);

/*
 * domain_resume() - let a domain that domain_save() left standing go on, where
 * it stood, with its devices as they were (Xen's fast resume).  Takes
 * milliseconds.  Returns 0, or -1 with ERR_STATE (it does not stand still)
 * or ERR_IO; on failure it may still stand still.
 */
int domain_resume(struct domain *d, struct err *err);

/*
 * domain_finish() - complete what domain_save() wrote, after it returned 0:
 * wait for the hypervisor's log-dirty mode to end and write the end of the
 * stream.  Belongs after domain_resume(), so that it costs no pause; before it
 * is allowed.  Takes milliseconds; cannot be cancelled.  Returns 0, or -1 with
 * ERR_IO or ERR_NOSPC: the file is of no use then.  Does not change whether
 * the domain runs.
 */
int domain_finish(struct domain *d, struct err *err);

/*
 * domain_rescue() - make sure that domain @domid with @uuid does not stand
 * still because of a suspend that somebody asked for and then died.
 *
 * Only for a domain that we have written down as being saved by us: one that
 * an admin suspended on purpose looks the same.  A save of somebody else that
 * is at work (`xl save`) is recognised by its living helper process and left
 * alone.
 *
 * A request that the guest has not seen yet is withdrawn.  Whether the guest
 * has seen one and is about to stop cannot be told from outside, so a domain
 * that runs is watched for @wait_ms and resumed if it stops in that time; 0
 * when the death was long ago.  A helper process that the dead one left behind
 * is ended, and log-dirty mode, which it would have switched off, is switched
 * off.  A domain that was paused by others, shut down or is gone is left
 * alone.  May be called at any time, by any process, again and again; @uuid
 * guards against a domid that was used anew.
 *
 * Returns 0 with *@ret_resumed telling whether it had to be resumed; -1 with
 * ERR_BUSY (somebody else is saving it), ERR_IO or ERR_UNSUPPORTED: it may
 * stand still.
 */
int domain_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
		  bool *ret_resumed, struct err *err);

/*
 * domain_pause() - take the processor from the domain at once, without asking
 * it; its requests that are under way are still answered.  Milliseconds.  -1
 * with ERR_IO: it is not.
 */
int domain_pause(struct domain *d, struct err *err);

/* domain_unpause() - give it back after domain_pause().  Milliseconds.  -1 with
 * ERR_IO: it may be paused still. */
int domain_unpause(struct domain *d, struct err *err);

/*
 * domain_rescue_paused() - the same for the dead: unpause domain @domid with
 * @uuid if it is paused; *@ret_did tells whether it was.  Only for one that we
 * have written down as paused by us: one that an admin paused looks the same.
 * Gone counts as success.  May be called by any process, again and again.  -1
 * with ERR_IO or ERR_UNSUPPORTED: it may be paused still.
 */
int domain_rescue_paused(uint32_t domid, const char *uuid, bool *ret_did,
			 struct err *err);

/*
 * domain_check_device_model() - does its device model (QEMU) answer?  Without
 * that an HVM domain, once suspended, could not be resumed.  Changes nothing;
 * may take ten seconds.  -1 with ERR_IO or ERR_TIMEOUT: it does not.
 */
int domain_check_device_model(struct domain *d, struct err *err);

/*
 * domain_flush_disks() - have what its device model keeps of the disks that it
 * serves (qdisk) written to them: what was acknowledged, and where it is.  Only
 * while the domain stands still; meaningful for images with a structure of
 * their own (qcow2), since what is acknowledged of a raw one is in this host's
 * page cache.  Milliseconds, or as long as the storage takes.  -1 with ERR_IO:
 * a view would not be whole.
 */
int domain_flush_disks(struct domain *d, struct err *err);

/*
 * domain_rebuild() - go on from the save file: end the domain if it still
 * stands still, and restore it from @saved->memory, under a monitor of xl's.
 * Its devices connect anew, so a guest needs no fast resume.
 *
 * Only with a file that is whole and durable, and with disks that nobody has
 * written to since.  A domain that runs, or another one of that name, is left
 * alone: then somebody else was quicker, and *@ret_restored is false.  May be
 * called at any time, by any process, again and again.
 *
 * -1 with ERR_IO, ERR_NOMEM, ERR_TIMEOUT or ERR_UNSUPPORTED: the domain may
 * stand still or be gone; the file is untouched.
 */
int domain_rebuild(const struct domain_saved *saved, bool *ret_restored,
		   struct err *err);

/*
 * domain_end() - end domain @domid with @uuid, whatever it is at; what it had
 * in memory is lost, and its disks are nobody's when this returns.  Gone counts
 * as success.  -1 with ERR_IO or ERR_UNSUPPORTED: it may be there still.
 */
int domain_end(uint32_t domid, const char *uuid, struct err *err);

/*
 * domain_quiesce() - have the guest in @d, which is @info, write out its file
 * systems and freeze them.  That takes an agent of ours in it
 * (agent/README.md); a guest without one that obeys Linux's SysRq is told to
 * sync.  @nonce: a word that was never used before.  The domain runs, and
 * nobody saves its memory: with frozen file systems it could not suspend.
 *
 * Blocks for @timeout_ms at most, and after a sync for two seconds more, since
 * nobody tells when that ends; a cancel request ends it early.
 *
 * Returns 0 with *@ret DOMAIN_FROZEN: the guest's writers wait until
 * domain_thaw(), or until its agent's patience ends some seconds after
 * @timeout_ms, whatever becomes of us; ask domain_is_frozen().  Or
 * DOMAIN_SYNCED, after which there is nothing to thaw.  -1 with ERR_UNSUPPORTED
 * (it offers neither), ERR_TIMEOUT, ERR_STATE (its agent could not, and says
 * why), ERR_CANCELLED, ERR_NOTFOUND or ERR_IO: the request is taken back.
 */
int domain_quiesce(struct domain *d, const struct domain_info *info,
		   const char *nonce, unsigned int timeout_ms,
		   enum domain_quiesced *ret, struct err *err);

/*
 * domain_is_frozen() - after domain_quiesce() gave DOMAIN_FROZEN: has the guest
 * not begun to thaw until now?  Its agent says so before it does, so what was
 * held before this call was held while frozen.  Changes nothing.  -1 with
 * ERR_IO: not known.
 */
int domain_is_frozen(struct domain *d, const char *nonce, bool *ret,
		     struct err *err);

/*
 * domain_thaw() - take back whatever domain_quiesce() asked of domain @domid
 * with @uuid: a frozen guest thaws within milliseconds.  Does not wait for
 * that.  Gone, or never asked, counts as success.  May be called by any
 * process, again and again.  -1 with ERR_IO or ERR_UNSUPPORTED: it thaws when
 * its agent's patience ends.
 */
int domain_thaw(uint32_t domid, const char *uuid, struct err *err);

/* domain_state() - the state of domain @domid, DOMAIN_GONE when its uuid is
 * not @uuid.  Changes nothing.  -1 with ERR_IO or ERR_UNSUPPORTED. */
int domain_state(uint32_t domid, const char *uuid, enum domain_state *ret,
		 struct err *err);

/*
 * domain_close() - free @d (NULL is allowed).  A save that domain_finish() has
 * not ended is ended; apart from that the domain is not touched.
 */
void domain_close(struct domain *d);

/* domain_type_name() - "PV", "PVH", "HVM". */
const char *domain_type_name(enum domain_type type);

/* domain_state_name() - "running", "suspended", ... */
const char *domain_state_name(enum domain_state state);

/* domain_quiesced_name() - "none", "sync", "frozen"; "" when not asked. */
const char *domain_quiesced_name(enum domain_quiesced quiesced);

/* The drivers; domain.c picks one. */
extern const struct domain_ops domain_libxl_ops;
extern const struct domain_ops domain_offline_ops;
extern const struct domain_ops domain_sim_ops;

#endif

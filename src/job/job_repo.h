/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_repo.h - the stories about repositories: fill one, empty one, list it.
 * What job.h says of jobs holds here too.
 */
#ifndef XENSNAP_JOB_REPO_H
#define XENSNAP_JOB_REPO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "domain.h"
#include "err.h"
#include "job.h"
#include "keep.h"
#include "repo.h"
#include "repo_prune.h"
#include "xl_safe.h"

/* ---- backup ---- */

/* One of the three is set: a snapshot, a stopped domain, a lone disk. */
struct backup_opts {
	struct repo_how how;
	const char *domain; /* of the snapshot @domain@@snapshot, or NULL */
	const char *snapshot;
	const char
		*config_file; /* xl's, of a domain that does not run, or NULL */
	const char *disk;     /* a file or block device; "-": a stream */
	const char *name;     /* of the backup; NULL: made of the source's */
	int level;            /* of compression; 0: the default */
	unsigned int n_skip;
	char skip[DOMAIN_DISKS_MAX][32]; /* disks to leave out */
	bool disks_only;                 /* leave the memory out */
	bool read_back; /* what was stored, before the backup counts */
	bool no_base;   /* of a lone file nothing stays for the next backup */
	bool dry_run;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct backup_texts; /* what its disks point at */

struct backup_report {
	uint8_t session[SESSION_ID];
	char name[160];
	uint64_t bytes;        /* of the disks */
	uint64_t read_bytes;   /* of them */
	uint64_t new_bytes;    /* that the repository had not */
	uint64_t stored_bytes; /* that they take there */
	uint64_t memory_bytes; /* of the pages that there are; 0: no memory */
	bool memory;
	unsigned int n_disks;
	struct backup_disk *disks; /* as of a struct backup (outcome.h); after a
				    * dry run without what was read */
	struct backup_texts *texts;
	double seconds;
};

/*
 * job_backup() - what @o names as a new backup; @ret, for backup_report_done()
 * in any case, tells of it; after a dry run what it would be.  -1 with the
 * errors of source_open() (backup_source.h), ERR_STATE (the domain was started
 * meanwhile, the repository was set back, or a prune ended the session),
 * ERR_CORRUPT, ERR_NOSPC, ERR_IO, ERR_CANCELLED: then it is not there, or the
 * next who opens the repository sees it whole; nothing that was there is
 * changed.
 */
int job_backup(const struct backup_opts *o, struct backup_report *ret,
	       struct err *err);

/* job_backup_into() - the same into @r, which is open; @o->how is not looked
 * at. */
int job_backup_into(struct repo *r, const struct backup_opts *o,
		    struct backup_report *ret, struct err *err);

/* backup_report_done() - free what @r holds. */
void backup_report_done(struct backup_report *r);

/* ---- restore ---- */

/* Where one disk goes. */
struct restore_map {
	char vdev[32];
	const char *to; /* a path; of a new volume "VG/NAME" or "NAME" */
};

/* Either @to, or @maps, @vg or both. */
struct restore_opts {
	struct repo_how how;
	const char *backup; /* a name, a session, "latest" */
	const char *vdev;   /* with @to: which of its disks; NULL: it has one */
	/*
	 * A new file, or with in_place a file or device; "-": @to_fd, in
	 * sequence; a folder (it is one, or ends with a "/"): all of its disks.
	 */
	const char *to;
	int to_fd;
	unsigned int n_maps;
	struct restore_map maps[DOMAIN_DISKS_MAX];
	const char *vg; /* make volumes in it: of all disks not in @maps */
	const char *pool;
	bool in_place;
	bool disks_only; /* leave the memory out */
	bool start;      /* the domain, once its disks are there */
	/* With start: */
	const char *as; /* it is another one of this name; NULL: itself */
	struct network_want network;
	bool trust_config; /* take all of its configuration */
	/* It is the clone @as of this uuid, whose record is written (cloned.h)
	 * and whose lock is held; NULL: it is not. */
	const char *clone;
	const char *prefix; /* disks in no map become PREFIX-VDEV.img */
	bool dry_run;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct restore_disk {
	char vdev[32];
	char to[PATH_MAX];
	uint64_t bytes;
	uint64_t written_bytes;
	uint64_t kept_bytes;
};

#define RESTORE_FILES_MAX 3

struct restore_report {
	uint8_t session[SESSION_ID];
	char name[160];
	uint64_t bytes;
	uint64_t written_bytes;
	uint64_t kept_bytes;
	unsigned int n_disks;
	struct restore_disk *disks;
	unsigned int n_files; /* of its configuration, in the folder */
	char files[RESTORE_FILES_MAX][16];
	/* Of the domain, if it was to start; ""; */
	char domain[SNAPSHOT_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	char config[PATH_MAX]; /* by which xl starts it */
	bool memory;           /* it goes on from its memory; else it boots */
	struct xl_safe_left left; /* of its configuration */
	double seconds;
};

/*
 * job_restore() - disks of a backup to where @o says, durable when it returns;
 * @ret, for restore_report_done() in any case, tells of it; after a dry run
 * what it would be.  Everything is checked before anything is made.  -1 with
 * ERR_NOTFOUND, ERR_EXISTS (a file, volume or domain is there), ERR_INVALID
 * (too small, or the options make no sense), ERR_BUSY (in use),
 * ERR_UNSUPPORTED, ERR_CORRUPT, ERR_NOSPC, ERR_IO, ERR_CANCELLED: what was made
 * is removed again; what was written over in place holds a mix, and the error
 * says so.  A domain that cannot be started after all leaves its disks and its
 * configuration, whole; the error says that too.
 */
int job_restore(const struct restore_opts *o, struct restore_report *ret,
		struct err *err);

/* restore_report_done() - free what @r holds. */
void restore_report_done(struct restore_report *r);

/* ---- prune ---- */

/* Of one name so many are looked at; older ones are a group of their own. */
#define PRUNE_GROUP_MAX 4096

/* Unless somebody says otherwise. */
#define PRUNE_WAIT_S 600
#define PRUNE_BREAK_DAYS 7
#define PRUNE_REPACK_PERCENT 50

struct prune_opts {
	struct repo_how how;
	const char *name; /* only backups that are called so; or NULL */
	struct keep_rules rules;
	uint32_t yes; /* how many may be forgotten, if that is over half */
	unsigned int wait_s;
	uint64_t break_s;
	unsigned int repack; /* percent; 0: none */
	bool dry_run;
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

struct prune_item {
	uint8_t session[SESSION_ID];
	char name[160];
	uint64_t instant;
	unsigned int reasons; /* to stay (keep.h); 0: forgotten */
};

/* By name, each newest first. */
struct prune_plan {
	uint32_t n;
	struct prune_item *items;
	uint32_t n_forget;
	struct prune_report report;
};

/*
 * job_prune() - forget what no rule keeps, and take away what no backup needs
 * then; the plan, and what was done, in @ret for prune_plan_done(), also on
 * failure.  -1 with ERR_INVALID (more than half would be forgotten, or some
 * while a backup is of later than now, and @o->yes is not that number; nothing
 * is changed), or as repo_prune().
 */
int job_prune(const struct prune_opts *o, struct prune_plan *ret,
	      struct err *err);
void prune_plan_done(struct prune_plan *p);

struct compare_opts {
	struct repo_how how;
	const char *backup; /* NULL: the newest of the source's name */
	const char *domain; /* the source: the snapshot @domain@@snapshot, */
	const char *snapshot;
	const char *disk;        /* or a file or block device */
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

/* One disk of the backup, and the source's. */
struct compared {
	char vdev[32];
	uint64_t bytes;
	uint64_t data_bytes;  /* of memory: of the pages that there are */
	bool is_missing;      /* the source has none of that name */
	uint64_t with_bytes;  /* size of the source's */
	uint64_t other_bytes; /* in chunks that are not the same */
	uint64_t first_other; /* where the first of them begins */
};

/* compared_is_same() - are the two the same? */
static inline bool
compared_is_same(const struct compared *c)
{
	return !c->is_missing && c->with_bytes == c->bytes &&
	       c->other_bytes == 0;
}

struct compare_report {
	uint8_t session[SESSION_ID];
	char name[160];
	bool differs;
	unsigned int n_disks;
	struct compared disks[OUTCOME_DISKS_MAX + BACKUP_IMAGES];
};

/*
 * job_compare() - is backup @o->backup what its source is now?  All of the
 * source is read, and nothing of the backup but its maps; nothing is changed.
 * -1 as repo_open(), source_open(); that they differ is no error.
 */
int job_compare(const struct compare_opts *o, struct compare_report *ret,
		struct err *err);

#endif

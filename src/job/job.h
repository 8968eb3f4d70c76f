/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job.h - the stories: what each command does, told once, in order.
 *
 * A job prints nothing; it reports through base/log.h, a progress callback
 * and its results.  Every job takes the locks it needs, writes the journal
 * before it changes a domain or a device, and undoes what it did when it
 * fails; what is true afterwards is in the error's text.
 */
#ifndef XENSNAP_JOB_H
#define XENSNAP_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "disk.h"
#include "err.h"
#include "snapshot.h"

/* How far long work is: see copy.h. */
typedef copy_progress job_progress;

struct snapshot_id {
	const char *domain, *name;
};

/* ---- create ---- */

enum create_mode {
	CREATE_AUTO, /* live where possible, else stop */
	CREATE_LIVE, /* live, or an error */
	CREATE_STOP,
	CREATE_REBUILD,
	CREATE_DISKS,   /* no memory; the domain is not touched */
	CREATE_OFFLINE, /* no memory; the domain does not run */
};

/* What the plan said of room, beside the snapshot. */
struct create_space {
	unsigned int n;
	struct disk_forecast at[DOMAIN_DISKS_MAX * DISK_SPACES_MAX];
};

struct create_opts {
	enum create_mode mode;
	const char *config_file; /* what an offline domain is, for xl */
	struct disk_cow_size cow;
	const char *stage;          /* "ram", "none", a folder, NULL: as fits */
	unsigned int max_fill;      /* percent; 0: the usual limits */
	struct create_space *space; /* filled by the plan; or NULL */
	bool copy;                  /* disks of which no views can be taken */
	unsigned int quiesce_ms;    /* ask the guest, so long; 0: do not ask */
	unsigned int n_skip;
	char skip[DOMAIN_DISKS_MAX][SNAPSHOT_VDEV_LEN]; /* disks to leave out */
	const char *base_for;   /* see struct snapshot; or NULL */
	bool dry_run;           /* plan and check only */
	job_progress *progress; /* or NULL */
	void *progress_ctx;
};

/*
 * job_create() - freeze the domain @domain and keep it as @domain@@name; an
 * empty @name becomes the time, "20261122-203513".
 *
 * @ret is the committed snapshot; after a dry run, what it would be.  On
 * failure the domain runs as before, and no view and no file is left, or the
 * error says which and what to do.
 */
int job_create(const char *domain, const char *name,
	       const struct create_opts *opts, struct snapshot *ret,
	       struct err *err);

/* ---- delete ---- */

/*
 * job_delete() - remove the snapshot: its views, then its folder.  On failure
 * what is left is finished by `xensnap recover`; it is listed no more.
 */
int job_delete(const char *domain, const char *name, bool dry_run,
	       struct err *err);

/* ---- export ---- */

enum export_format {
	EXPORT_RAW,
	EXPORT_QCOW2,
};

struct export_opts {
	enum export_format format;
	bool no_sums; /* leave SHA256SUMS out */
	bool dry_run;
	job_progress *progress;
	void *progress_ctx;
};

struct export_file {
	char name[64];
	uint64_t bytes;      /* its length */
	uint64_t data_bytes; /* of them not holes */
	char sha256[65];     /* hex, "" without sums */
};

struct export_report {
	char dir[PATH_MAX]; /* absolute */
	bool memory;        /* there is a memory.xl */
	bool config;        /* there is a domain.cfg */
	unsigned int n_files;
	struct export_file files[DOMAIN_DISKS_MAX + 4];
};

/*
 * job_export() - write the snapshot as plain files into the folder @dir, which
 * must not exist or be empty: xvda.img ..., memory.xl (if the snapshot has
 * it), domain.cfg, SHA256SUMS.  Of a domain that did not run a build without
 * libxlutil leaves domain.cfg out, with a warning.  On failure the folder is
 * removed again if we made it, else the files that we made in it.
 */
int job_export(const char *domain, const char *name, const char *dir,
	       const struct export_opts *opts, struct export_report *ret,
	       struct err *err);

/*
 * job_export_disk() - write one disk, raw, to @fd: sparse when @fd is a
 * regular file, in sequence otherwise.
 */
int job_export_disk(const char *domain, const char *name, const char *vdev,
		    int fd, const struct export_opts *opts, struct err *err);

/* ---- diff ---- */

/* @bytes of disk @vdev from @offset on are not the same.  -1 ends the job. */
typedef int diff_range(const char *vdev, uint64_t offset, uint64_t bytes,
		       void *ctx, struct err *err);

struct diff_opts {
	const struct snapshot_id *a, *b;
	const char *vdev;  /* this disk alone; or NULL */
	bool tables;       /* read nothing: what may differ, by the storage */
	diff_range *range; /* told in order; or NULL */
	void *range_ctx;
	job_progress *progress;
	void *progress_ctx;
};

struct diff_disk {
	char vdev[SNAPSHOT_VDEV_LEN];
	char format[16]; /* what the bytes are of: "raw", "qcow2" */
	bool in_a, in_b; /* has it this disk?  If not in both, no more: */
	uint64_t a_bytes, b_bytes;
	uint64_t differ_bytes; /* with opts.tables: at most */
	uint64_t n_ranges;
	uint64_t read_bytes;    /* of each */
	bool by_table;          /* only there it was looked */
	char how[DISK_HOW_LEN]; /* which table, or why none */
};

struct diff_report {
	bool same; /* with opts.tables true only if nothing may differ */
	unsigned int n_disks;
	struct diff_disk disks[2 * DOMAIN_DISKS_MAX];
};

/*
 * job_diff() - which bytes of their disks differ between two snapshots.  The
 * storage's own tables say where to look, if the two views have one that can be
 * relied on; else both are read whole.  Where one ends all that follows in the
 * other differs.  Of qcow2 disks it is the bytes of their images.
 *
 * Nothing is changed, and nobody can delete either meanwhile.  -1 with
 * ERR_NOTFOUND (a snapshot, opts.vdev), ERR_CORRUPT (a view is lost), ERR_BUSY,
 * ERR_IO, ERR_CANCELLED; what was told of ranges by then does not count.
 */
int job_diff(const struct diff_opts *o, struct diff_report *ret,
	     struct err *err);

/* ---- revert ---- */

struct revert_opts {
	bool disks_only; /* boot from the disks, without the memory */
	bool no_keep;    /* take no snapshot of the present before */
	bool dry_run;
	job_progress *progress;
	void *progress_ctx;
};

struct revert_report {
	struct snapshot_id to; /* the caller's own names */
	bool memory;           /* it goes on from its memory */
	bool started;          /* or was booted; if not, it does not run */
	char before[SNAPSHOT_NAME_MAX + 1]; /* has the present; "": nothing */
	unsigned int n_disks;
	uint64_t written_bytes; /* what differed, of all disks */
	double away_ms;         /* between the domain's end and its start */
};

/*
 * job_revert() - the domain becomes what it was at the snapshot: its disks are
 * written back where they differ, and it goes on from the snapshot's memory,
 * under a monitor of xl's.  What it is now is kept before as another snapshot,
 * unless opts->no_keep.  All snapshots stay, older and younger.  A domain of a
 * snapshot without memory is booted, if it ran then; one that is gone is
 * started as well.
 *
 * Until the domain is ended a failure changes nothing, but for the snapshot of
 * the present, which stays.  From then on it is finished by `xensnap recover`;
 * the error says which of both is true.  -1 with ERR_NOTFOUND, ERR_STATE,
 * ERR_CORRUPT, ERR_NOSPC, ERR_BUSY, ERR_UNSUPPORTED, ERR_CANCELLED, ERR_IO.
 */
int job_revert(const struct snapshot_id *to, const struct revert_opts *o,
	       struct revert_report *ret, struct err *err);

/* ---- clone ---- */

#define CLONES_MAX 64

/* The network cards of a domain that is made of another. */
struct network_want {
	enum {
		NETWORK_NONE, /* fenced */
		NETWORK_SAME, /* as the other's */
		NETWORK_BRIDGE,
	} kind;
	const char *bridge; /* of NETWORK_BRIDGE: where all of them are */
};

struct clone_opts {
	bool disks_only; /* boot from the disks, without the memory */
	struct network_want network;
	unsigned int count; /* 1; more: they are called NEW-1, NEW-2 ... */
	struct disk_cow_size cow; /* of disks that are classic LVs */
	bool dry_run;
	job_progress *progress;
	void *progress_ctx;
};

struct clone_made {
	char domain[SNAPSHOT_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	char config[PATH_MAX]; /* by which xl starts it */
	unsigned int n_disks;
	struct {
		char vdev[SNAPSHOT_VDEV_LEN];
		char path[1024];
	} disks[DOMAIN_DISKS_MAX];
};

struct clone_report {
	struct snapshot_id from; /* the caller's own names */
	bool memory; /* they go on from its memory; else they boot */
	unsigned int n;
	struct clone_made clones[CLONES_MAX];
};

/*
 * job_clone() - domains beside the first one, called @name, that go on from the
 * snapshot @from, or boot from its disks, each with a name, uuid, addresses and
 * generation id of its own, on writable disks made of the snapshot's views.
 * The snapshot cannot be deleted until they are (job_unclone()).
 *
 * All of them or none: on failure no domain, no disk and no file is left, or
 * the error says so, and `recover` removes them.  -1 with ERR_NOTFOUND,
 * ERR_EXISTS (a name is taken), ERR_CORRUPT (a view is lost, or its memory is
 * another), ERR_UNSUPPORTED, ERR_NOSPC, ERR_STATE, ERR_CANCELLED, ERR_IO.
 */
int job_clone(const struct snapshot_id *from, const char *name,
	      const struct clone_opts *o, struct clone_report *ret,
	      struct err *err);

/* A clone, as its record has it. */
struct clone_seen {
	const char *domain;
	struct snapshot_id from;
	const char *created; /* UTC, RFC 3339 */
	bool made;           /* if not, it is being made or removed */
	unsigned int n_disks;
	/* Of the area of the fullest of its disks, 0 to 1; less than 0: none
	 * has one, or it cannot be told. */
	double used;
	bool lost; /* such an area ran full */
};

/*
 * job_clones() - call @fn for each clone on this host, of the snapshot @from or
 * (NULL) of any; its -1 stops.  -1 also with ERR_IO, ERR_CORRUPT.
 */
int job_clones(const struct snapshot_id *from,
	       int (*fn)(const struct clone_seen *c, void *ctx), void *ctx,
	       struct err *err);

/*
 * job_unclone() - remove the clone @domain: its disks, and what says that it is
 * one.  -1 with ERR_NOTFOUND (it is no clone), ERR_STATE (it runs, or has
 * snapshots of its own), ERR_BUSY, ERR_IO; how far it came `recover` goes on.
 */
int job_unclone(const char *domain, bool dry_run, struct err *err);

/* ---- recover ---- */

struct recover_note {
	char what[160]; /* "web1@before", "web1", "/dev/vg/..." */
	char did[200];  /* "undone: ...", "finished: ..." */
	/* Of a dry run: a process is at work on it; one died that may have let
	 * its domain stand still. */
	bool busy, touched;
};

#define RECOVER_NOTES_MAX 256

struct recover_report {
	unsigned int n_notes; /* capped; the rest is in n_more */
	unsigned int n_more;
	unsigned int n_failed; /* could not be put right: see warnings */
	struct recover_note notes[RECOVER_NOTES_MAX];
};

/*
 * job_recover() - finish or undo what dead processes left behind: on all
 * domains, or on @domain alone.  Domains on which a process is at work are
 * left to it: after a wait with a warning, in a dry run at once with a note.
 * May be repeated; the second time there is nothing to do.
 */
int job_recover(const char *domain, bool dry_run, struct recover_report *ret,
		struct err *err);

/*
 * job_recover_run() - of that only what makes @domain run again: it is resumed,
 * held disks go on.  Views and folders stay, for job_recover().
 */
int job_recover_run(const char *domain, bool dry_run,
		    struct recover_report *ret, struct err *err);

/* ---- show ---- */

struct view_report {
	bool known; /* if not, health.why says why not, and no more */
	struct disk_view_health health;
};

/*
 * job_check_views() - look at the views of @s on their storage; @ret has
 * s->n_disks entries.  A view that is lost is no failure of this.
 */
int job_check_views(const struct snapshot *s, struct view_report *ret,
		    struct err *err);

/*
 * job_each_snapshot() - snapshot_each(), for an @fn that looks at the views of
 * each: LVM is asked once for all (disk_look_begin()).
 */
int job_each_snapshot(const char *domain,
		      int (*fn)(const struct snapshot *s, const char *domain,
				const char *name, const struct err *bad,
				void *ctx),
		      void *ctx, struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backup_source.h - what a backup is made of: some disks to be read, the
 * domain's configuration, and what is told of both.
 *
 * Three kinds, each in a file of its own: a snapshot that is kept on this host
 * (backup_snapshot.c), a domain that does not run (backup_config.c), a lone
 * disk or a stream (backup_disk.c).
 *
 * Life: source_open() -> for each disk, read it, source_disk_done() ->
 * source_check() -> source_close().  Nothing of it is changed.
 */
#ifndef XENSNAP_BACKUP_SOURCE_H
#define XENSNAP_BACKUP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "domain.h"
#include "err.h"
#include "job_repo.h"
#include "memory_in.h"
#include "reader.h"

struct source_disk {
	char vdev[32];
	char format[16];           /* of the bytes: "raw", "qcow2" */
	char path[TEXT_MAX + 1];   /* of the disk, for people */
	uint64_t bytes;            /* not of a stream */
	bool stream;               /* to be read in sequence until it ends */
	int fd;                    /* open for reading, or -1 */
	const struct reader *from; /* what is read in place of @fd, or NULL */
	/* What is read is a view, as the record has it; or NULL. */
	const struct disk_view_ref *view;
	const struct disk_view_ref *base; /* source_base()'s; or NULL */
};

struct source;

struct source_ops {
	/* See the functions of the same names; NULL where nothing is to do. */
	int (*disk_done)(struct source *s, struct source_disk *d,
			 struct err *err);
	int (*check)(struct source *s, struct err *err);
	int (*base)(struct source *s, const struct backup *was,
		    struct err *err);
	void (*committed)(struct source *s);
	void (*close)(struct source *s);
};

/* Each kind embeds this as its first member. */
struct source {
	const struct source_ops *ops;
	struct backup b; /* what is known of it; without disks and config */
	unsigned int n_disks;
	bool memory; /* it has one, as BACKUP_IMAGES images behind the disks */
	struct source_disk disks[DOMAIN_DISKS_MAX + BACKUP_IMAGES];
	char *config; /* a piece of type 3 (doc/format.md), or NULL */
	size_t config_bytes;
	char repository[2 * REPO_ID + 1]; /* where it goes; the job's */
	char no_base[256]; /* why no view is kept for the next; "": one is */
};

/*
 * source_open() - what @o asks for, all of it checked and its disks open.  For
 * source_close().  -1 with ERR_NOTFOUND, ERR_INVALID, ERR_CORRUPT (a view is
 * lost, and why), ERR_STATE (the domain runs), ERR_BUSY (a disk is in use, the
 * snapshot is being deleted), ERR_UNSUPPORTED, ERR_IO; then nothing is open.
 */
int source_open(const struct backup_opts *o, struct source **ret,
		struct err *err);

/*
 * source_disk_done() - disk @i was read.  -1 with ERR_CORRUPT or ERR_IO: what
 * was read of it does not count.
 */
int source_disk_done(struct source *s, unsigned int i, struct err *err);

/* source_check() - before the commit: was nobody at the disks meanwhile?  -1
 * with ERR_STATE, or why it cannot be told: nothing counts. */
int source_check(struct source *s, struct err *err);

/*
 * source_base() - is what the earlier backup @was was made of still kept here?
 * 1: then the base of each disk that it had is set, and stays until
 * source_close(); 0: no; -1 when that cannot be told.
 */
int source_base(struct source *s, const struct backup *was, struct err *err);

/* source_committed() - it is in the repository: keep what the next backup's
 * source_base() will look for. */
void source_committed(struct source *s);

/* source_close() - close what is open; NULL is allowed. */
void source_close(struct source *s);

/* ---- for the three kinds ---- */

/* The kinds' own source_open(); *@ret is closed by the caller in any case. */
int backup_snapshot_open(const struct backup_opts *o, struct source **ret,
			 struct err *err);
/* see above */
int backup_config_open(const struct backup_opts *o, struct source **ret,
		       struct err *err);
/* see above */
int backup_disk_open(const struct backup_opts *o, struct source **ret,
		     struct err *err);

/* source_new() - @size bytes, zeroed, that begin with a source of @ops.  NULL
 * with ERR_NOMEM. */
void *source_new(size_t size, const struct source_ops *ops, struct err *err);

/*
 * source_add() - its next disk, "raw" and not open.  -1 with ERR_UNSUPPORTED
 * (more than a domain can have, or a name that does not fit).
 */
int source_add(struct source *s, const char *vdev, const char *path,
	       struct source_disk **ret, struct err *err);

/*
 * source_open_path() - open the file or block device @path for @d, with its
 * size.  @excl: a device that is mounted or held is refused, and cannot be
 * mounted meanwhile.  -1 with ERR_NOTFOUND, ERR_INVALID, ERR_BUSY, ERR_IO.
 */
int source_open_path(struct source_disk *d, const char *path, bool excl,
		     struct err *err);

/*
 * source_memory() - @m, which stays the caller's until source_close(), is its
 * memory; all disks have been added.
 */
void source_memory(struct source *s, const struct memory_in *m);

/* source_n_all() - how many disks and images of memory there are. */
unsigned int source_n_all(const struct source *s);

/* source_skips() - does @o leave disk @vdev out? */
bool source_skips(const struct backup_opts *o, const char *vdev);

/*
 * source_config() - @record, a NUL and @text become its configuration.  -1 with
 * ERR_UNSUPPORTED (more than BLOB_RAW_MAX bytes) or ERR_NOMEM.
 */
int source_config(struct source *s, const char *record, const char *text,
		  struct err *err);

/*
 * source_name() - @o->name, or else @name, becomes its name; the domain is
 * @domain.  -1 with ERR_UNSUPPORTED when it is too long.
 */
int source_name(struct source *s, const struct backup_opts *o, const char *name,
		const char *domain, struct err *err);

#endif

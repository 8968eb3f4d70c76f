/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot.h - what is kept on this host: a folder for each snapshot.
 *
 *   /var/lib/xensnap/DOMAIN/NAME/        0700, all files 0600
 *       snapshot.json    this record
 *       domain.json      the domain's configuration, libxl's JSON; of a domain
 *                        that did not run its xl file in place of that,
 *       domain.cfg       as it was
 *       memory.xl        memory in xl's save format: `xl restore` takes it;
 *                        not of a snapshot of the disks alone
 *       VDEV.img         the copy of a disk whose storage has no views
 *   /var/lib/xensnap/DOMAIN/.NAME.partial/    being made
 *   /var/lib/xensnap/DOMAIN/.NAME.deleting/   being deleted
 *   /var/lib/xensnap/DOMAIN/.lock             who is at work on the domain
 *
 * A snapshot exists when its folder has its final name; the rename is the
 * commit.  There is no database: the views carry LVM tags, so each side can be
 * found from the other.  XENSNAP_ROOT in the environment replaces
 * /var/lib/xensnap.
 */
#ifndef XENSNAP_SNAPSHOT_H
#define XENSNAP_SNAPSHOT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "domain.h"
#include "err.h"
#include "sha256.h"

#define SNAPSHOT_NAME_MAX 64 /* bytes, for a domain's and a snapshot's name */
#define SNAPSHOT_PHASES_MAX 8
#define SNAPSHOT_MEMORY "memory.xl"
#define SNAPSHOT_RECORD "snapshot.json"
#define SNAPSHOT_REPO_LEN 32 /* of a repository's id as hex */
#define SNAPSHOT_VDEV_LEN 32 /* of a disk's name, NUL included */

enum snapshot_mode {
	SNAPSHOT_LIVE,    /* memory was copied while the domain ran */
	SNAPSHOT_STOP,    /* memory was copied while it stood still */
	SNAPSHOT_REBUILD, /* the same, and it went on by a restore */
	SNAPSHOT_DISKS,   /* no memory */
	SNAPSHOT_OFFLINE, /* no memory: the domain did not run */
};

struct snapshot_disk {
	char vdev[SNAPSHOT_VDEV_LEN];
	char format[16]; /* of the disk's bytes: "raw", "qcow2" */
	struct disk_view_ref view;
	double io_stall_ms; /* how long its I/O waited, pause included */
};

struct snapshot_phase {
	char name[24];
	double ms;
};

struct snapshot {
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];       /* of the domain, "" unknown */
	char generation[DOMAIN_UUID_LEN + 1]; /* of this instant */
	char created[24];                     /* UTC, RFC 3339 */
	char imported[24]; /* the same: when it came here; "": made here */
	char origin[DOMAIN_UUID_LEN + 1]; /* its generation there, "" unknown */
	enum snapshot_mode mode;
	char type[8];                  /* "PV", "PVH", "HVM" */
	char xen_version[32];          /* "" when the domain did not run */
	enum domain_quiesced quiesced; /* of the disks alone */
	double pause_ms;
	unsigned int n_phases;
	struct snapshot_phase phases[SNAPSHOT_PHASES_MAX];
	uint64_t memory_bytes;               /* size of memory.xl, 0 without */
	char memory_sum[SHA256_HEX_LEN + 1]; /* memory_sum.h; "": not known */
	/* Of which repository a backup was made by it, and what is left of it
	 * afterwards is the next one's base: its id as hex; "": of none. */
	char base_for[SNAPSHOT_REPO_LEN + 1];
	unsigned int n_disks;
	struct snapshot_disk disks[DOMAIN_DISKS_MAX];
	unsigned int n_skipped; /* disks that were left out on request */
	char skipped[DOMAIN_DISKS_MAX][SNAPSHOT_VDEV_LEN];
};

/*
 * snapshot_split_name() - "web1@before" into @domain and @name (each
 * SNAPSHOT_NAME_MAX + 1 bytes).  @name becomes "" when there is no "@NAME";
 * with @need_name that is an error.  Names are 1 to 64 of A-Z a-z 0-9 . _ + -
 * and start with a letter or a digit.  -1 with ERR_INVALID naming the fault.
 */
int snapshot_split_name(const char *text, bool need_name, char *domain,
			char *name, struct err *err);

/* snapshot_is_name() - can @text be a domain's or a snapshot's name, alone? */
bool snapshot_is_name(const char *text);

/* snapshot_root() - "/var/lib/xensnap", or what XENSNAP_ROOT says. */
const char *snapshot_root(void);

/*
 * snapshot_path() - the folder of @domain@@name when it is committed, as an
 * absolute path in @ret (@len bytes).  The root is there.  -1 with ERR_IO,
 * ERR_UNSUPPORTED when it is too long.
 */
int snapshot_path(const char *domain, const char *name, char *ret, size_t len,
		  struct err *err);

/*
 * snapshot_lock() - become the only one at work on @domain's snapshots,
 * waiting at most @wait_ms.  Makes the domain's folder.  Returns a descriptor
 * that child processes made by fork() share: unlocked is when all of them have
 * closed it or died.  -1 with ERR_BUSY naming the holder's pid, ERR_DENIED,
 * ERR_IO.
 */
int snapshot_lock(const char *domain, unsigned int wait_ms, struct err *err);

/* snapshot_unlock() - close *@lock; removes the domain's folder when nothing
 * is kept in it any more. */
void snapshot_unlock(const char *domain, int *lock);

/*
 * snapshot_is_busy() - has somebody @domain's lock at this moment?  Who only
 * looks asks so: nothing is made, held or waited for.  False when it cannot be
 * told.
 */
bool snapshot_is_busy(const char *domain);

/*
 * snapshot_check_free() - can there be a new snapshot @domain@@name?  Changes
 * nothing.  0, or -1 with ERR_EXISTS when the name is taken, ERR_STATE when a
 * dead process left it half made or half deleted, ERR_IO.
 */
int snapshot_check_free(const char *domain, const char *name, struct err *err);

/*
 * snapshot_begin() - make the partial folder for @s (names filled).  Returns
 * its descriptor; -1 with ERR_EXISTS when the name is taken, or ERR_STATE when
 * a dead process left a partial folder (`xensnap recover` clears it).
 * The lock is held.
 */
int snapshot_begin(const struct snapshot *s, struct err *err);

/*
 * snapshot_commit() - write snapshot.json into the partial folder @dirfd and
 * give the folder its final name, durably.  On failure it is partial still.
 */
int snapshot_commit(const struct snapshot *s, int dirfd, struct err *err);

/*
 * snapshot_partial_path() - where @file of the partial folder is, in @ret.  -1
 * with ERR_INVALID when that is too long.
 */
int snapshot_partial_path(const char *domain, const char *name,
			  const char *file, char *ret, size_t len,
			  struct err *err);

/* snapshot_abort() - remove the partial folder of @s; gone is success. */
int snapshot_abort(const char *domain, const char *name, struct err *err);

/*
 * snapshot_load() - read the record of @domain@@name.  -1 with ERR_NOTFOUND
 * (there is no such snapshot), ERR_CORRUPT (there is, but its record is
 * missing or makes no sense), ERR_UNSUPPORTED (another version's), ERR_IO.
 */
int snapshot_load(const char *domain, const char *name, struct snapshot *ret,
		  struct err *err);

/*
 * snapshot_load_dir() - the same from an open folder, also a partial or a
 * deleting one; whose it says it is is not checked.
 */
int snapshot_load_dir(int dirfd, struct snapshot *ret, struct err *err);

/*
 * snapshot_use() - open the folder of a committed snapshot for reading; until
 * the descriptor is closed nobody can delete it.  Several may.  -1 with
 * ERR_NOTFOUND, ERR_BUSY (it is being deleted at this moment), ERR_IO.
 */
int snapshot_use(const char *domain, const char *name, struct err *err);

/*
 * snapshot_use_alone() - the same, and nobody else may.  -1 also with ERR_BUSY
 * when somebody uses it.
 */
int snapshot_use_alone(const char *domain, const char *name, struct err *err);

/*
 * snapshot_each() - call @fn for each committed snapshot, oldest first, of
 * @domain or, when NULL, of all.  A record that cannot be read is given as
 * s == NULL with its names and the error; @fn returning -1 stops.
 */
int snapshot_each(const char *domain,
		  int (*fn)(const struct snapshot *s, const char *domain,
			    const char *name, const struct err *bad, void *ctx),
		  void *ctx, struct err *err);

enum snapshot_leftover {
	SNAPSHOT_PARTIAL,  /* was being made */
	SNAPSHOT_DELETING, /* was being deleted */
};

/*
 * snapshot_leftovers() - call @fn for each folder of @domain that is neither
 * a snapshot nor ours to keep, with a descriptor of it (closed afterwards).
 * @fn may remove the folder; its returning -1 stops.  The lock is held.
 */
int snapshot_leftovers(const char *domain,
		       int (*fn)(enum snapshot_leftover kind, int dirfd,
				 const char *domain, const char *name,
				 void *ctx),
		       void *ctx, struct err *err);

/* What is there, at a glance. */
struct snapshot_glance {
	uint64_t stamp;     /* another one when a snapshot or a clone came
			     * or went */
	uint64_t leftovers; /* the same of what leftovers there are; 0: none */
	unsigned int n_leftovers;
};

/*
 * snapshot_glance() - look at names alone: no record is read and no lock taken,
 * so it may be done often.  What is being made or deleted at this moment looks
 * like a leftover: whose lock is held, is at work.
 */
int snapshot_glance(struct snapshot_glance *ret, struct err *err);

/* snapshot_glance_at() - the same of @domain alone. */
int snapshot_glance_at(const char *domain, struct snapshot_glance *ret,
		       struct err *err);

/*
 * snapshot_domains() - call @fn for each domain that has a folder here; its
 * returning -1 stops.
 */
int snapshot_domains(int (*fn)(const char *domain, void *ctx), void *ctx,
		     struct err *err);

/*
 * snapshot_begin_delete() - rename the folder to its deleting name: from here
 * on it does not exist any more, and recover finishes what is left.  -1 with
 * ERR_NOTFOUND, ERR_BUSY (somebody reads it), ERR_IO; then it is there as
 * before.
 */
int snapshot_begin_delete(const char *domain, const char *name,
			  struct err *err);

/* snapshot_open_deleting() - the deleting folder, open for reading.  -1 with
 * ERR_NOTFOUND, ERR_IO. */
int snapshot_open_deleting(const char *domain, const char *name,
			   struct err *err);

/* snapshot_end_delete() - remove the deleting folder; gone is success. */
int snapshot_end_delete(const char *domain, const char *name, struct err *err);

/*
 * snapshot_end_commit() - give the partial folder that already holds a whole
 * snapshot.json its final name: what recover does when only that was missing.
 */
int snapshot_end_commit(const char *domain, const char *name, struct err *err);

/*
 * snapshot_lessen() - the committed snapshot whose record says more than @s
 * becomes @s, which has no memory: the record durably, then memory.xl goes.  -1
 * with ERR_BUSY (somebody uses it), ERR_IO, ERR_NOSPC: it is as it was.  The
 * lock is held.
 */
int snapshot_lessen(const struct snapshot *s, struct err *err);

/* snapshot_mode_name() - "live", "stop", "rebuild", "disks", "offline". */
const char *snapshot_mode_name(enum snapshot_mode mode);

/* snapshot_has_memory() - or are the disks all there is? */
static inline bool
snapshot_has_memory(enum snapshot_mode mode)
{
	return mode != SNAPSHOT_DISKS && mode != SNAPSHOT_OFFLINE;
}

/* snapshot_config_file() - the name of the configuration in its folder. */
static inline const char *
snapshot_config_file(enum snapshot_mode mode)
{
	return mode == SNAPSHOT_OFFLINE ? "domain.cfg" : "domain.json";
}

/* snapshot_find_disk() - disk @vdev of @s, borrowed from it, or NULL. */
const struct snapshot_disk *snapshot_find_disk(const struct snapshot *s,
					       const char *vdev);

/*
 * snapshot_to_json() - the record, as in snapshot.json and in `--json`; the
 * caller puts it.  NULL with ERR_NOMEM.
 */
struct json_object *snapshot_to_json(const struct snapshot *s, struct err *err);

/* snapshot_from_json() - the reverse; -1 with ERR_CORRUPT. */
int snapshot_from_json(struct json_object *o, struct snapshot *ret,
		       struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk.h - door 2: point-in-time views of virtual disks.
 *
 * A driver makes a read-only view of one disk as its storage can (an LVM
 * snapshot, a thin snapshot), tells what that will cost, reads it, and drops
 * it.  Views outlive this process; they carry LVM tags by which they can be
 * found again.  Storage that can take no views has its disk copied, into the
 * snapshot's own folder, with which the copy comes and goes.  Nothing here
 * knows of domains or of memory.
 *
 * Life of a struct disk, for a snapshot (d: the domain runs, D: it stands
 * still):
 *
 *   d  disk_open()     which driver, which device; changes nothing
 *   d  disk_plan()     what the view will be called, take and cost; changes
 *                      nothing; all that can be wrong is found here, but what
 *                      LVM alone knows
 *   d  disk_rehearse() for who stops here, with disk_close(): would LVM do it?
 *   d  disk_prepare()  whatever can be made beforehand
 *   d  disk_warm()     write out what would have to be written in the pause
 *   D  disk_hold()     drivers with DISK_CAN_HOLD: the view will be of this
 *                      moment; with DISK_CAN_WAIT writes wait from here on
 *   D  disk_view()     drivers without it
 *   d  disk_view()     drivers with it: the view is of the moment of the hold,
 *                      and the disk's writes go on
 *   d  disk_sync()     what disk_view() had no time for: the view is durable
 *      disk_release()  on failure: whatever is held goes on, no view
 *      disk_close()
 *
 * Afterwards, by what the record says: disk_view_open(), disk_view_state(),
 * disk_view_drop().
 *
 * Threads: one thread per struct disk at a time.  disk_view() of disks with
 * the same `group` must not run at the same time; different groups may.
 */
#ifndef XENSNAP_DISK_H
#define XENSNAP_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "copy.h"
#include "err.h"

#define DISK_DEVICE_LEN 128 /* a device-mapper name, NUL included */

enum disk_can {
	DISK_CAN_HOLD = 1, /* the instant is the hold, the view comes later */
	DISK_CAN_WAIT = 2, /* and until then the disk's writes wait */
	/*
	 * It takes no views: disk_view() copies the disk, byte by byte, while
	 * the domain stands still for as long as that takes.
	 */
	DISK_COPIES = 4,
};

/* How large a classic view's copy-on-write area shall be. */
struct disk_cow_size {
	unsigned int percent; /* of the disk, when bytes is 0 */
	uint64_t bytes;
};

/* What ties a view to the snapshot it belongs to: written into its tags. */
struct disk_owner {
	const char *domain;     /* "web1" */
	const char *snapshot;   /* "before-upgrade" */
	const char *generation; /* uuid of this instant */
	const char *vdev;       /* "xvda" */
	const char *folder;     /* the snapshot's, when it is made: absolute */
};

/* Whatever a view takes room of. */
enum disk_space_kind {
	DISK_SPACE_VG,
	DISK_SPACE_POOL_DATA,
	DISK_SPACE_POOL_METADATA,
};

#define DISK_SPACE_LEN 260 /* two names of LVM's and a slash, NUL included */
#define DISK_SPACES_MAX 2  /* of one disk */

/* What the view of one disk takes of it; several disks may share it. */
struct disk_space {
	enum disk_space_kind kind;
	char what[DISK_SPACE_LEN]; /* "vg0", "vg0/pool" */
	uint64_t bytes;
	uint64_t used; /* before the view is made */
	uint64_t takes;
};

/* The same for all disks of a snapshot together. */
struct disk_forecast {
	enum disk_space_kind kind;
	char what[DISK_SPACE_LEN];
	uint64_t bytes;
	uint64_t used_before;
	uint64_t used_after; /* right after the views are made */
	unsigned int limit;  /* percent */
};

/*
 * A view, as a record on disk names it: enough to find it again from nothing.
 */
struct disk_view_ref {
	char driver[16];      /* "classic", "thin", "reflink", "copy" */
	char source[1024];    /* the disk: "/dev/vg/web1-root" */
	char view[1024];      /* the view: "/dev/vg/web1-root.xs-..." */
	char source_uuid[64]; /* LVM's uuid of the disk, a file's inode */
	char view_uuid[64];   /* LVM's uuid of the view, "" before it is made */
	char generation[40];  /* as in the view's tags or attributes */
	uint64_t bytes;       /* size of the disk */
	uint64_t cow_bytes;   /* size of the copy-on-write area, 0 for none */
};

enum disk_view_state {
	DISK_VIEW_GOOD,
	DISK_VIEW_IMPAIRED, /* whole, but not all around it is as it was */
	DISK_VIEW_GONE,     /* no such volume */
	DISK_VIEW_LOST,     /* there, but overflowed or invalid */
	DISK_VIEW_FOREIGN,  /* the name is taken by a volume that isn't ours */
};

struct disk_view_health {
	enum disk_view_state state;
	double used;   /* of its copy-on-write area, 0 to 1, or negative when
			* that means nothing */
	uint64_t area; /* bytes of that as it is now, which may have been
			* extended; 0 when not known, or it has none */
	char why[200]; /* "its copy-on-write area ran full"; "" when GOOD */
};

/* Some bytes of a disk. */
struct disk_extent {
	uint64_t offset;
	uint64_t bytes;
};

#define DISK_HOW_LEN 1200

/* Which bytes of one view may differ from those of an older one. */
struct disk_changes {
	uint64_t n;
	struct disk_extent *e;  /* in order; no two overlap or touch */
	uint64_t bytes;         /* of all of them */
	char how[DISK_HOW_LEN]; /* "exception table of /dev/vg/..." */
};

/* disk_view_is_copy() - is what @ref names a copy in the snapshot's folder? */
static inline bool
disk_view_is_copy(const struct disk_view_ref *ref)
{
	return strcmp(ref->driver, "copy") == 0;
}

/* The caller's end of a disk_view() that takes long (DISK_COPIES). */
struct disk_watch {
	copy_progress *progress; /* told with the vdev; or NULL */
	void *progress_ctx;
	atomic_bool stop; /* when true: give up */
};

struct disk;
struct disk_pair; /* changes.h */
struct changes;

struct disk_ops {
	const char *name;
	unsigned int can; /* enum disk_can */

	/*
	 * claims() - is this path a disk of this driver's kind?  1, 0, or -1
	 * with @err.  The rest: see the functions of the same names below.
	 * rehearse() may be NULL when there is nobody to ask, hold() without
	 * DISK_CAN_HOLD, sync() when view() does its work, and changes() when
	 * the storage keeps no table of them.
	 */
	int (*claims)(const char *path, struct err *err);
	int (*open)(const char *path, struct disk **ret, struct err *err);
	int (*plan)(struct disk *d, const struct disk_owner *owner,
		    const struct disk_cow_size *cow, struct err *err);
	int (*rehearse)(struct disk *d, struct err *err);
	int (*prepare)(struct disk *d, struct err *err);
	int (*hold)(struct disk *d, struct err *err);
	int (*view)(struct disk *d, struct err *err);
	int (*sync)(struct disk *d, struct err *err);
	int (*release)(struct disk *d, struct err *err);
	void (*close)(struct disk *d);
	int (*view_state)(const struct disk_view_ref *ref,
			  struct disk_view_health *ret, struct err *err);
	int (*view_open)(const struct disk_view_ref *ref, int *ret_fd,
			 struct err *err);
	int (*view_close)(const struct disk_view_ref *ref, int fd,
			  struct err *err);
	int (*view_drop)(const struct disk_view_ref *ref, struct err *err);
	int (*changes)(const struct disk_pair *pair, struct changes *ret,
		       struct err *err);
};

/* Drivers embed this as their first member. */
struct disk {
	const struct disk_ops *ops;
	char group[128];              /* the volume group, "" for none */
	char device[DISK_DEVICE_LEN]; /* dm name that hold() suspends, or "" */
	struct disk_view_ref ref;     /* filled by open, plan, view */
	uint64_t need_bytes; /* room the view takes in its group (plan); a copy:
				in the snapshot's folder, at most */
	uint64_t free_bytes; /* room there is in its group (plan) */
	unsigned int n_spaces;
	struct disk_space spaces[DISK_SPACES_MAX]; /* (plan) */
	char chosen[200];  /* what plan() chose, for people */
	uint64_t held_ns;  /* clock_ns() when writes began to wait, or 0 */
	uint64_t freed_ns; /* clock_ns() when they went on, or 0 */
	/*
	 * The caller's, before disk_prepare().  grows: a file whose length is
	 * not the disk's size (qcow2), so that it may become another one before
	 * the instant; ref.bytes is what it was then.  The others: only
	 * DISK_COPIES needs them.
	 */
	bool grows;
	int folder; /* the snapshot's folder while it is being made, or -1 */
	struct disk_watch *watch; /* or NULL */
};

/*
 * disk_open() - find the driver for the disk at @path and open it.  A disk of
 * which no views can be taken gets the driver that copies (DISK_COPIES):
 * whether that is wanted is for the caller to know.
 *
 * Changes nothing.  *@ret is the caller's, to disk_close().  -1 with
 * ERR_NOTFOUND, ERR_UNSUPPORTED (neither a file nor a block device),
 * ERR_DENIED, ERR_IO.
 */
int disk_open(const char *path, struct disk **ret, struct err *err);

/* disk_open_copy() - the same with the driver that copies, whatever else could
 * be done. */
int disk_open_copy(const char *path, struct disk **ret, struct err *err);

/*
 * disk_plan() - choose the view's name and size and check all that can go
 * wrong: names that can be, room in the group, pool in order, origin active and
 * not suspended by others, snapshot target there.  Room is checked for this
 * disk alone: who has several disks asks disk_groups_have_room() too, and
 * whether a pool is too full disk_forecast_check() alone says.  Seconds.
 *
 * Changes nothing (but may load a kernel module).  Fills d->ref (but
 * view_uuid), need_bytes, free_bytes, spaces, chosen, device.  -1 with
 * ERR_NOSPC, ERR_EXISTS, ERR_STATE, ERR_UNSUPPORTED, ERR_INVALID, ERR_IO.
 */
int disk_plan(struct disk *d, const struct disk_owner *owner,
	      const struct disk_cow_size *cow, struct err *err);

/*
 * disk_rehearse() - would LVM itself do what was planned?  For whoever only
 * wants to know: disk_prepare() finds the same, and leaves as little behind.
 * Tenths of a second to seconds.  Changes nothing.  -1 as disk_plan().
 */
int disk_rehearse(struct disk *d, struct err *err);

/*
 * disk_groups_have_room() - is there room for all of @disks together, each
 * planned?  0, or -1 with ERR_NOSPC naming the group, what is needed and what
 * is free.
 */
int disk_groups_have_room(struct disk *const *disks, unsigned int n,
			  struct err *err);

/*
 * disk_forecast() - how full is everything that the views of @disks, each
 * planned, take room of, and how full will it be?  @max_fill: the limit of
 * each in percent; 0 for the usual ones.  Returns how many there are in @ret,
 * which has room for @n times DISK_SPACES_MAX.  Pure.
 */
unsigned int disk_forecast(struct disk *const *disks, unsigned int n,
			   unsigned int max_fill, struct disk_forecast *ret);

/*
 * disk_forecast_check() - say what comes near to being full (-v: all of it),
 * and refuse what would be fuller than its limit: -1 with ERR_NOSPC, naming
 * it, its figures, and LVM's command that extends it.
 */
int disk_forecast_check(const struct disk_forecast *f, unsigned int n,
			struct err *err);

/* disk_forecast_name() - "volume group vg0", "data of thin pool vg0/pool" in
 * @ret; returns @ret. */
const char *disk_forecast_name(const struct disk_forecast *f, char *ret,
			       size_t len);

/* disk_forecast_percent() - @used of all that there is, in percent. */
double disk_forecast_percent(const struct disk_forecast *f, uint64_t used);

/* disk_space_name() - "vg", "pool-data", "pool-metadata". */
const char *disk_space_name(enum disk_space_kind kind);

/*
 * disk_prepare() - make what can be made while the domain runs.  LVM makes a
 * whole view, which is then emptied: it waits to be set to the instant, and
 * until then says nothing about the disk.  Seconds; the disk's writes wait for
 * some milliseconds of that, as at any `lvcreate -s`.  Fills ref.view_uuid and
 * the true ref.cow_bytes.  On failure nothing is left.  What it made goes away
 * by disk_view_drop() on d->ref, and a copy, which is not at its final place
 * yet, with the folder d->folder.
 */
int disk_prepare(struct disk *d, struct err *err);

/*
 * disk_warm() - write out what this host's page cache holds for @disks, while
 * the domain runs, so that disk_hold() has less to wait for.  Best right
 * before the pause.  That it fails is no error.
 */
void disk_warm(struct disk *const *disks, unsigned int n);

/*
 * disk_hold() - fix the moment of the view.  LVM: let the disk's writes wait
 * in device-mapper, after those under way are done; reflink: clone the file.
 * Only drivers with DISK_CAN_HOLD, prepared.  Milliseconds; it does not start
 * programs or take LVM's locks.  The hold outlives this process: it must be in
 * the journal before (d->device).  On
 * failure nothing is held; ERR_BUSY or ERR_STATE when another program was at
 * the disk or its view meanwhile, ERR_TIMEOUT when the disk does not answer.
 * Sets held_ns.
 */
int disk_hold(struct disk *d, struct err *err);

/*
 * disk_view() - make the view.  A held disk's writes go on when it is there
 * (freed_ns): milliseconds, without LVM.  A copy takes as long as it takes
 * (held_ns to freed_ns); d->watch is told how far it is, and can end it, as a
 * request can (cancel.h): -1 with ERR_CANCELLED.  On failure there is no view;
 * a held disk is still held: disk_release() it, and drop what disk_prepare()
 * made.
 */
int disk_view(struct disk *d, struct err *err);

/*
 * disk_sync() - make a view durable that was made while the domain stood
 * still: now it runs again, and nobody waits.  As long as the storage takes.
 * -1 with ERR_IO, ERR_NOSPC: drop the view.
 */
int disk_sync(struct disk *d, struct err *err);

/*
 * disk_release() - let a held disk go on.  No hold counts as success.  A view
 * made later would not be of the instant: drop it.  On failure it is held
 * still.
 */
int disk_release(struct disk *d, struct err *err);

/* disk_close() - free @d (NULL is allowed).  Touches no device. */
void disk_close(struct disk *d);

/*
 * disk_release_device() - resume the dm device called @device if it is
 * suspended: what the watchdog and `recover` do for the dead.  A device that
 * is gone counts as success.  *@ret_resumed tells whether it had to be.
 */
int disk_release_device(const char *device, bool *ret_resumed, struct err *err);

/*
 * disk_view_state() - is the view that a record names still what it was, and
 * if not, why?  What can be read is GOOD or IMPAIRED.  -1 with ERR_IO or
 * ERR_STATE when it cannot be told; then *@ret says nothing.
 */
int disk_view_state(const struct disk_view_ref *ref,
		    struct disk_view_health *ret, struct err *err);

/*
 * disk_look_begin() - from now until disk_look_end() what LVM's metadata says
 * of disks that are opened, and of views, is asked once for all, at the first
 * question, in place of each time: for who looks at many, or at the same ones
 * more than once.  What somebody changes meanwhile is not seen there (it is in
 * what device-mapper says), so make and drop none.  May be nested, and any
 * thread may ask.
 */
void disk_look_begin(void);
void disk_look_end(void);

/*
 * disk_view_open() - open the view for reading (activating it if need be).
 * *@ret_fd goes back to disk_view_close().  -1 with ERR_NOTFOUND (gone, or not
 * ours), ERR_CORRUPT (lost), both with disk_view_state()'s reason, or ERR_IO;
 * then nothing is open or active that wasn't before.
 */
int disk_view_open(const struct disk_view_ref *ref, int *ret_fd,
		   struct err *err);

/*
 * disk_view_close() - close it again.  -1 with ERR_CORRUPT when the view
 * turned out to be lost while it was read: what was read is then of no use.
 */
int disk_view_close(const struct disk_view_ref *ref, int fd, struct err *err);

/*
 * disk_view_drop() - remove the view and whatever belongs to it, also half
 * made.  Gone already counts as success.  Only a volume that carries our tag
 * and, when ref->generation is set, that generation is touched.  -1 with
 * ERR_BUSY (open by somebody), ERR_IO; then it is still there.
 */
int disk_view_drop(const struct disk_view_ref *ref, struct err *err);

/*
 * disk_changes() - which bytes of @view may differ from those of @base, an
 * older view of the same disk, by the storage's own tables: no data is read.
 * @view is open as @fd; with -1 it is opened for as long as this takes.
 * Seconds, more for a large table; @base and @view stay as they are.  Ranges
 * are cut at the end of the longer of the two, and where one ends before the
 * other, all beyond counts as changed.
 *
 * What is not told does not differ.  Whatever is needed to say so is looked at
 * before and after: -1 with the reason, fit to be told, for which the disk has
 * to be read whole: ERR_UNSUPPORTED (no such table, or not by this host's
 * programs), ERR_STATE (it cannot be relied on), ERR_NOTFOUND (a view is
 * gone), ERR_CORRUPT (a view is lost, or a table makes no sense), ERR_BUSY
 * (another program is at the table), ERR_IO, ERR_TIMEOUT, ERR_CANCELLED.
 * *@ret is the caller's, to disk_changes_done() also after a failure.
 */
int disk_changes(const struct disk_view_ref *base,
		 const struct disk_view_ref *view, int fd,
		 struct disk_changes *ret, struct err *err);

/*
 * disk_changes_since() - the same of @base, which is open as @base_fd, and the
 * disk itself, which is open as @fd and to which nobody writes.
 */
int disk_changes_since(const struct disk_view_ref *base, int base_fd, int fd,
		       struct disk_changes *ret, struct err *err);

/*
 * disk_mapped() - which bytes of the disk or view that is open at @fd may be
 * other than zero, by the storage's own tables: no data is read.  Nobody may
 * write to it meanwhile.  @name is for messages.  Else as disk_changes(); most
 * storages have no such table: ERR_UNSUPPORTED.
 */
int disk_mapped(int fd, const char *name, struct disk_changes *ret,
		struct err *err);

/* disk_changes_done() - free what @c owns. */
void disk_changes_done(struct disk_changes *c);

/*
 * disk_changes_recover() - take back what a process that died in
 * disk_changes() left behind: a thin pool's metadata snapshot, which costs
 * room.  The next disk_changes() on that pool would do it as well.
 * *@ret_n: how many there were.  -1 with ERR_IO, ERR_DENIED.
 */
int disk_changes_recover(unsigned int *ret_n, struct err *err);

/*
 * disk_find_views() - all volumes on this host that carry our tags, as refs
 * (with generation; source may be empty for a copy-on-write volume that no
 * disk uses yet); malloc()ed for the caller.  @ret_owners, when not NULL: for
 * each "DOMAIN@NAME" by its tags, a malloc()ed array of malloc()ed strings.
 * No LVM here: none are found, and that is no error.
 */
int disk_find_views(struct disk_view_ref **ret, char ***ret_owners,
		    unsigned int *ret_n, struct err *err);

/*
 * disk_set_alive_fd() - from now on every LVM command that is started holds
 * the descriptor @fd (not below 3; -1: none) open until it ends.  LVM commands
 * outlive us when we are killed: with the write end of a pipe as @fd, the
 * reader knows when the last of them is done, and that nothing of LVM is at
 * work on a device any more.
 */
void disk_set_alive_fd(int fd);

/* The drivers; disk.c asks them in this order. */
extern const struct disk_ops disk_thin_ops;
extern const struct disk_ops disk_classic_ops;
extern const struct disk_ops disk_reflink_ops;
extern const struct disk_ops disk_copy_ops;

#endif

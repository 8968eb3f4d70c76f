/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * extent.c - see extent.h.
 *
 * A block that two files share is never written in place: who writes gets
 * another one.  And it is not given away while one of them has it.  So where
 * both files have the same place, marked as shared, they have the same data.
 * btrfs does so too for files without copy-on-write (`chattr +C`): it writes in
 * place what nobody else has, and copies the rest.
 *
 * Everything else counts as changed; so does an extent of which the place does
 * not tell the content (compressed or encrypted: which part of it; inline; not
 * on the disk yet).  Reserved but never written is like a hole.
 */
#include "extent.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define BATCH 256u

/* Of these the place says nothing about the content. */
#define ODD                                                      \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC |        \
	 FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED |  \
	 FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE | \
	 FIEMAP_EXTENT_DATA_TAIL)
#define HARMLESS                                                               \
	(FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_MERGED | \
	 FIEMAP_EXTENT_SHARED)

enum content {
	CONTENT_ZEROS,
	CONTENT_SHARED, /* whatever is at that place */
	CONTENT_OWN,    /* nobody else has it, or it cannot be told */
};

/* One file, from the beginning to the end. */
struct walk {
	const struct extent_source *src;
	uint64_t at; /* where we are */
	unsigned int n, i;
	bool end; /* there are no more */
	struct fiemap_extent e[BATCH];
};

/* From walk.at on. */
struct piece {
	enum content content;
	uint64_t bytes;
	uint64_t place;
};

/* ---- comparing ---- */

/* Have walk.e[i] be the first extent that reaches over walk.at, if any. */
static int
look_ahead(struct walk *w, struct err *err)
{
	int n;

	while (!w->end) {
		for (; w->i < w->n; w->i++)
			if (w->e[w->i].fe_logical + w->e[w->i].fe_length >
			    w->at)
				return 0;
		n = w->src->more(w->src->ctx, w->at, w->e, BATCH, err);
		if (n < 0)
			return -1;
		w->i = 0;
		w->n = (unsigned int)n;
		w->end = n == 0;
		for (unsigned int k = 0; k < w->n; k++) {
			const struct fiemap_extent *e = &w->e[k];
			uint64_t end,
				from = k ? e[-1].fe_logical + e[-1].fe_length :
					   0;

			if (e->fe_length == 0 || e->fe_logical < from ||
			    __builtin_add_overflow(e->fe_logical, e->fe_length,
						   &end) ||
			    end <= w->at ||
			    __builtin_add_overflow(e->fe_physical, e->fe_length,
						   &end))
				return err_set(
					err, ERR_CORRUPT, 0,
					"a list of extents makes no "
					"sense at byte %llu",
					(unsigned long long)e->fe_logical);
		}
	}
	return 0;
}

static enum content
content_of(const struct fiemap_extent *e)
{
	if (e->fe_flags & (ODD | ~(unsigned int)(ODD | HARMLESS)))
		return CONTENT_OWN;
	if (e->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		return CONTENT_ZEROS;
	return (e->fe_flags & FIEMAP_EXTENT_SHARED) && e->fe_physical ?
		       CONTENT_SHARED :
		       CONTENT_OWN;
}

static int
next_piece(struct walk *w, struct piece *ret, struct err *err)
{
	const struct fiemap_extent *e;
	uint64_t into;

	if (look_ahead(w, err))
		return -1;
	ret->content = CONTENT_ZEROS;
	ret->bytes = w->src->bytes - w->at;
	ret->place = 0;
	if (w->end)
		return 0;
	e = &w->e[w->i];
	if (e->fe_logical > w->at) { /* a hole */
		if (e->fe_logical - w->at < ret->bytes)
			ret->bytes = e->fe_logical - w->at;
		return 0;
	}
	into = w->at - e->fe_logical;
	ret->content = content_of(e);
	ret->place = e->fe_physical + into;
	if (e->fe_length - into < ret->bytes)
		ret->bytes = e->fe_length - into;
	return 0;
}

int
extent_compare(const struct extent_source *base,
	       const struct extent_source *view, struct changes *ret,
	       struct err *err)
{
	struct walk b = { .src = base }, v = { .src = view };
	uint64_t less = base->bytes < view->bytes ? base->bytes : view->bytes;
	uint64_t at = 0;

	while (at < less) {
		struct piece p, q;

		b.at = v.at = at;
		if (next_piece(&b, &p, err) || next_piece(&v, &q, err))
			return -1;
		if (q.bytes < p.bytes)
			p.bytes = q.bytes;
		if ((p.content != q.content || p.content == CONTENT_OWN ||
		     p.place != q.place) &&
		    !(p.content == CONTENT_ZEROS &&
		      q.content == CONTENT_ZEROS) &&
		    changes_add(ret, at, p.bytes, err))
			return -1;
		at += p.bytes;
	}
	return changes_add(
		ret, less,
		(base->bytes > view->bytes ? base->bytes : view->bytes) - less,
		err);
}

/* ---- files ---- */

struct file {
	int fd;
	const char *path;
};

static int
more(void *ctx, uint64_t from, struct fiemap_extent *e, unsigned int n,
     struct err *err)
{
	const struct file *f = ctx;
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) +
			  BATCH * sizeof(struct fiemap_extent)];
	} u;

	memset(&u.map, 0, sizeof(u.map));
	u.map.fm_start = from;
	u.map.fm_length = FIEMAP_MAX_OFFSET - from;
	u.map.fm_flags = FIEMAP_FLAG_SYNC;
	u.map.fm_extent_count = n < BATCH ? n : BATCH;
	if (ioctl(f->fd, FS_IOC_FIEMAP, &u.map))
		return err_set(err,
			       errno == EOPNOTSUPP || errno == ENOTTY ?
				       ERR_UNSUPPORTED :
				       ERR_IO,
			       errno, "list the extents of %s", f->path);
	if (u.map.fm_mapped_extents > n)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s: more extents than were asked for", f->path);
	memcpy(e, u.map.fm_extents, u.map.fm_mapped_extents * sizeof(*e));
	return (int)u.map.fm_mapped_extents;
}

/* On a realtime device of XFS a place would be one of another device. */
static int
check_place(const struct file *f, const struct statfs *fs, struct err *err)
{
	struct fsxattr x;

	if (fs->f_type == BTRFS_SUPER_MAGIC)
		return 0;
	if (fs->f_type != XFS_SUPER_MAGIC)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s: where this file system has put a file does "
			       "not prove what is in it",
			       f->path);
	if (ioctl(f->fd, FS_IOC_FSGETXATTR, &x))
		return err_set(err, ERR_IO, errno, "look at %s", f->path);
	if (x.fsx_xflags & FS_XFLAG_REALTIME)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is on a realtime device", f->path);
	return 0;
}

static int
check_file(const struct file *f, struct stat *ret, struct err *err)
{
	struct statfs fs;

	if (fstat(f->fd, ret) || fstatfs(f->fd, &fs))
		return err_set(err, ERR_IO, errno, "look at %s", f->path);
	if (!S_ISREG(ret->st_mode))
		return err_set(err, ERR_STATE, 0, "%s is no file", f->path);
	if (ret->st_mode & 0222)
		return err_set(err, ERR_STATE, 0,
			       "%s is no longer read-only, so it may have been "
			       "written to",
			       f->path);
	return check_place(f, &fs, err);
}

/*
 * Twice: a file system that moves data (btrfs balance, xfs_fsr) might put an
 * extent of one file where one of the other was a moment ago.
 */
int
extent_changes(const struct disk_pair *pair, struct changes *ret,
	       struct err *err)
{
	struct file b = { pair->base_fd, pair->base->view };
	struct file v = { pair->view_fd, pair->view->view };
	struct extent_source base = { more, &b, pair->base->bytes };
	struct extent_source view = { more, &v, pair->view->bytes };
	struct stat st_b, st_v;

	if (check_file(&b, &st_b, err) || check_file(&v, &st_v, err))
		return -1;
	if (st_b.st_dev != st_v.st_dev)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are not in one file system", b.path,
			       v.path);
	for (int i = 0; i < 2; i++)
		if (extent_compare(&base, &view, ret, err))
			return -1;
	snprintf(ret->how, sizeof(ret->how), "shared extents of %s",
		 pair->base->view);
	return 0;
}

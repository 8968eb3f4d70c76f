/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import_copy.c - see import.h: what is there becomes ours, and what is ours is
 * checked.  Whoever can still write to the folder that we read can no longer
 * change what was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "copy.h"
#include "fail.h"
#include "fd.h"
#include "file_view.h"
#include "import.h"
#include "log.h"
#include "memory_sum.h"
#include "qcow2.h"
#include "stream.h"

#define PIECE (1u << 20)

static int
make(struct import *x, const char *name)
{
	int fd = openat(x->dirfd, name,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd < 0)
		err_set(x->err, fd_code(errno), errno, "make %s", name);
	return fd;
}

/* ---- disks ---- */

/* A file system without attributes knows it by its place. */
static int
mark(struct import *x, int to, const struct disk_view_ref *v)
{
	char owner[2 * SNAPSHOT_NAME_MAX + 2];

	snprintf(owner, sizeof(owner), "%s@%s", x->s->domain, x->s->name);
	if (file_view_mark(to, v, owner, x->err) == 0)
		return 0;
	if (x->err->code != ERR_UNSUPPORTED)
		return -1;
	log_debug("%s", x->err->text);
	err_clear(x->err);
	return 0;
}

/* Of the copy. */
static int
check_copy(struct import *x, const struct import_file *f,
	   const struct snapshot_disk *d, int to)
{
	char sum[SHA256_HEX_LEN + 1];
	struct copy_task t = {
		.what = "sums",
		.from = to,
		.to = -1,
		.bytes = d->view.bytes,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};

	if (strcmp(d->format, "qcow2") == 0 &&
	    qcow2_check_fd(to, f->name, x->err))
		return -1;
	if (!f->sha256[0])
		return 0;
	if (copy_sum(&t, sum, x->err))
		return -1;
	return import_file_sum(f, sum, x->err);
}

static int
fill(struct import *x, const struct import_file *f,
     const struct snapshot_disk *d, int to)
{
	struct copy_task t = {
		.what = d->vdev,
		.to = to,
		.bytes = d->view.bytes,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	uint64_t data;
	int rc = -1;

	t.from = import_file_open(&x->dir, f, x->err);
	if (t.from < 0)
		return -1;
	if (mark(x, to, &d->view) == 0 && copy_clone(&t, &data, x->err) == 0 &&
	    import_file_check(f, t.from, x->err) == 0)
		rc = 0;
	fd_close(&t.from);
	return rc;
}

static int
copy_disk(struct import *x, const struct import_file *f,
	  const struct snapshot_disk *d)
{
	char name[IMPORT_NAME_LEN];
	int to, rc = -1;

	snprintf(name, sizeof(name), "%s.img", d->vdev);
	to = make(x, name);
	if (to < 0)
		return -1;
	fail_here("import.disk.made");
	if (fill(x, f, d, to) == 0 && check_copy(x, f, d, to) == 0)
		rc = fd_sync(to, name, x->err);
	(void)posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED);
	fd_close(&to);
	fail_here("import.disk");
	return rc;
}

int
import_copy(struct import *x)
{
	for (unsigned int i = 0; i < x->s->n_disks; i++)
		if (cancel_check(x->err) ||
		    copy_disk(x, x->files[i], &x->s->disks[i]))
			return -1;
	return 0;
}

/* ---- memory ---- */

struct stream {
	struct import *x;
	const struct import_file *f;
	int to;
	struct sha256 *h;
	uint8_t *piece; /* PIECE bytes */
};

static int
add_sum(struct stream *s, const void *p, size_t len)
{
	return sha256_add(s->h, p, len) ?
		       err_set(s->x->err, ERR_IO, 0, "SHA-256 fails") :
		       0;
}

/* Each byte is read once, summed and written: what is behind the header. */
static int
copy_stream_of(struct stream *s)
{
	const struct import_opts *o = s->x->o;
	uint64_t at, end = (uint64_t)s->f->st.st_size;
	ssize_t n;

	for (at = s->x->header.len; at < end; at += (uint64_t)n) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;

		if (cancel_check(s->x->err))
			return -1;
		n = fd_pread_full(s->x->memory, s->piece, want, at, s->x->err);
		if (n < 0)
			return -1;
		if ((size_t)n < want)
			return err_set(s->x->err, ERR_CORRUPT, 0,
				       "%s was changed meanwhile", s->f->name);
		if (add_sum(s, s->piece, want) ||
		    fd_write_all(s->to, s->piece, want, s->x->err))
			return -1;
		if (o->progress)
			o->progress("memory", at + want, end, o->progress_ctx);
	}
	return 0;
}

static int
check_sum(struct stream *s)
{
	char hex[SHA256_HEX_LEN + 1];

	if (sha256_hex(s->h, hex))
		return err_set(s->x->err, ERR_IO, 0, "SHA-256 fails");
	return import_file_sum(s->f, hex, s->x->err);
}

/* Of what was written; its length and sum are the record's. */
static int
check_stream(struct stream *s)
{
	struct import *x = s->x;
	uint64_t head, size;
	struct stream_walked is;
	struct stat st;

	if (fstat(s->to, &st))
		return err_set(x->err, ERR_IO, errno, "look at %s", s->f->name);
	size = (uint64_t)st.st_size;
	head = size - ((uint64_t)s->f->st.st_size - x->header.len);
	if (stream_walk(s->to, head, size, NULL, &is, x->err))
		return err_add(x->err, "%s", s->f->name);
	if (is.pv != (x->info.type == DOMAIN_PV))
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s is of %s guest, and its configuration of a "
			       "%s one",
			       s->f->name, is.pv ? "a PV" : "an HVM or PVH",
			       x->s->type);
	x->s->memory_bytes = size;
	return memory_sum(s->to, x->s->memory_sum, x->err);
}

static int
copy_memory(struct stream *s)
{
	struct import *x = s->x;

	if (!s->h || !s->piece)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	if (add_sum(s, x->header.bytes, x->header.len) ||
	    xl_header_write(s->to, x->safe, x->err) || copy_stream_of(s) ||
	    check_sum(s) || import_file_check(s->f, x->memory, x->err) ||
	    check_stream(s))
		return -1;
	return fd_sync(s->to, s->f->name, x->err);
}

int
import_memory(struct import *x)
{
	struct stream s = { .x = x };
	int rc;

	if (x->memory < 0)
		return 0;
	s.f = import_dir_find(&x->dir, SNAPSHOT_MEMORY);
	s.to = make(x, SNAPSHOT_MEMORY);
	if (s.to < 0)
		return -1;
	s.h = sha256_new();
	s.piece = malloc(PIECE);
	rc = copy_memory(&s);
	sha256_free(s.h);
	free(s.piece);
	fd_close(&s.to);
	fail_here("import.memory");
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy.c - move the bytes of a disk from one descriptor to another.
 *
 * The source is cut into segments.  Workers take the next segment in turn,
 * skip what the source says is a hole, read the rest piece by piece, and write
 * the runs of blocks that are not zero.  Segments do not depend on each other,
 * so no order has to be kept and a slow write does not stop the reading.
 *
 * Unless the caller is in a hurry, what was written is sent to the device at
 * once and dropped from the page cache some writes later: the fsync at the end
 * has little to wait for, dom0's memory is not filled with what nobody reads
 * again, and the next write finds pages that are still in the processor's
 * cache.
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "fd.h"

#define SEGMENT ((uint64_t)64 << 20)
#define HURRY_SEGMENT ((uint64_t)1 << 20) /* the workers stay side by side */
#define PIECE ((uint64_t)256 << 10)       /* fits a processor's cache */
#define N_WORKERS 2
#define BLOCK 4096u /* the unit in which zeros are left out */
#define TRAIL (COPY_IN_FLIGHT / N_WORKERS / PIECE)

struct copy_state {
	const struct copy_task *t;
	atomic_uint_fast64_t next; /* offset of the next free segment */
	atomic_uint_fast64_t data;
	atomic_bool stop;
	pthread_mutex_t mutex; /* for all below */
	uint64_t done;
	struct err err;
};

/* The last writes of one worker, which may still be on their way. */
struct trail {
	unsigned int n;
	struct {
		off_t offset;
		off_t len;
	} run[TRAIL];
};

struct worker {
	struct copy_state *c;
	unsigned char *buf; /* PIECE bytes */
	struct trail trail;
};

static void
fail(struct copy_state *c, const struct err *e)
{
	pthread_mutex_lock(&c->mutex);
	if (c->err.code == ERR_NONE)
		c->err = *e;
	pthread_mutex_unlock(&c->mutex);
	atomic_store(&c->stop, true);
}

/* An all-zero block equals itself shifted by one byte, if it begins with 0. */
static bool
is_zero(const unsigned char *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

/*
 * Begin to send a run to the device, and let go of the one that was written
 * TRAIL runs ago.  All of it is advice: what fails here fails nowhere else, or
 * in the fsync that the caller owes.
 */
static void
trail_add(struct trail *t, int fd, uint64_t offset, size_t len)
{
	unsigned int i = t->n++ % TRAIL;

	if (t->n > TRAIL) {
		(void)sync_file_range(fd, t->run[i].offset, t->run[i].len,
				      SYNC_FILE_RANGE_WAIT_BEFORE |
					      SYNC_FILE_RANGE_WRITE |
					      SYNC_FILE_RANGE_WAIT_AFTER);
		(void)posix_fadvise(fd, t->run[i].offset, t->run[i].len,
				    POSIX_FADV_DONTNEED);
	}
	t->run[i].offset = (off_t)offset;
	t->run[i].len = (off_t)len;
	(void)sync_file_range(fd, (off_t)offset, (off_t)len,
			      SYNC_FILE_RANGE_WRITE);
}

/* Write the runs of blocks in the worker's buffer that are not zero. */
static int
write_runs(struct worker *w, size_t len, uint64_t offset, struct err *err)
{
	const unsigned char *buf = w->buf;
	struct copy_state *c = w->c;
	size_t start, end;

	for (start = 0; start < len; start = end) {
		size_t n = len - start < BLOCK ? len - start : BLOCK;

		end = start + n;
		if (is_zero(buf + start, n))
			continue;
		while (end < len) {
			n = len - end < BLOCK ? len - end : BLOCK;
			if (is_zero(buf + end, n))
				break;
			end += n;
		}
		if (fd_pwrite_all(c->t->to, buf + start, end - start,
				  offset + start, err))
			return -1;
		atomic_fetch_add(&c->data, end - start);
		if (!c->t->hurry)
			trail_add(&w->trail, c->t->to, offset + start,
				  end - start);
	}
	return 0;
}

/* A hole at the end, or the end?  A short file is no sparse one. */
static int
check_end(int from, uint64_t end, struct err *err)
{
	off_t size = lseek(from, 0, SEEK_END);

	if (size >= 0 && (uint64_t)size >= end)
		return 0;
	return err_set(err, ERR_IO, 0,
		       "it ends at %jd bytes, where %ju were expected",
		       (intmax_t)size, (uintmax_t)end);
}

int
copy_next_data(int from, uint64_t end, uint64_t *offset, uint64_t *ret_len,
	       struct err *err)
{
	off_t data = lseek(from, (off_t)*offset, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return check_end(from, end, err);
	if (data >= 0 && (uint64_t)data >= end)
		return 0;
	if (data >= 0)
		*offset = (uint64_t)data;
	*ret_len = end - *offset;
	hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
	if (hole >= 0 && (uint64_t)hole < end)
		*ret_len = (uint64_t)hole - *offset;
	return 1;
}

static int
read_exactly(const struct copy_task *t, unsigned char *buf, size_t len,
	     uint64_t offset, struct err *err)
{
	ssize_t n = fd_pread_full(t->from, buf, len, offset, err);

	if (n < 0)
		return err_add(err, "read %s", t->what);
	if ((size_t)n < len)
		return err_set(err, ERR_IO, 0,
			       "%s ends at %ju bytes, where %ju were expected",
			       t->what, (uintmax_t)(offset + (size_t)n),
			       (uintmax_t)t->bytes);
	return 0;
}

static int
check_stop(const struct copy_task *t, struct err *err)
{
	if (t->stop && atomic_load(t->stop))
		return err_set(err, ERR_CANCELLED, 0, "%s was given up",
			       t->what);
	return cancel_check(err);
}

static int
copy_segment(struct worker *w, uint64_t offset, uint64_t end, struct err *err)
{
	const struct copy_task *t = w->c->t;
	uint64_t len = 0;
	int r;

	while (offset < end) {
		if (check_stop(t, err))
			return -1;
		r = copy_next_data(t->from, end, &offset, &len, err);
		if (r < 0)
			return err_add(err, "read %s", t->what);
		if (r == 0)
			break;
		if (len > PIECE)
			len = PIECE;
		if (read_exactly(t, w->buf, (size_t)len, offset, err) ||
		    write_runs(w, (size_t)len, offset, err))
			return -1;
		offset += len;
	}
	return 0;
}

static void
tell(struct copy_state *c, uint64_t len)
{
	if (!c->t->progress)
		return;
	/* Counted under the lock, so that it never goes back. */
	pthread_mutex_lock(&c->mutex);
	c->done += len;
	c->t->progress(c->t->what, c->done, c->t->bytes, c->t->progress_ctx);
	pthread_mutex_unlock(&c->mutex);
}

static void *
work(void *arg)
{
	struct worker w = { .c = arg };
	struct copy_state *c = arg;
	uint64_t segment = c->t->hurry ? HURRY_SEGMENT : SEGMENT;
	struct err e = ERR_INIT;

	if (posix_memalign((void **)&w.buf, BLOCK, PIECE)) {
		err_set(&e, ERR_NOMEM, 0, "out of memory");
		fail(c, &e);
		return NULL;
	}
	while (!atomic_load(&c->stop)) {
		uint64_t offset = atomic_fetch_add(&c->next, segment);
		uint64_t end = offset + segment;

		if (offset >= c->t->bytes)
			break;
		if (end > c->t->bytes)
			end = c->t->bytes;
		if (copy_segment(&w, offset, end, &e)) {
			fail(c, &e);
			break;
		}
		tell(c, end - offset);
	}
	free(w.buf);
	return NULL;
}

int
copy_sparse(const struct copy_task *t, uint64_t *ret_data, struct err *err)
{
	struct copy_state c = { .t = t, .mutex = PTHREAD_MUTEX_INITIALIZER };
	pthread_t other;
	bool two;

	if (ftruncate(t->to, (off_t)t->bytes))
		return err_set(err, ERR_IO, errno, "make %s %ju bytes long",
			       t->what, (uintmax_t)t->bytes);
	/* Without a second thread the first does all: slower, not wrong. */
	two = pthread_create(&other, NULL, work, &c) == 0;
	work(&c);
	if (two)
		pthread_join(other, NULL);
	*ret_data = atomic_load(&c.data);
	if (c.err.code) {
		*err = c.err;
		return -1;
	}
	return 0;
}

int
copy_clone(const struct copy_task *t, uint64_t *ret_data, struct err *err)
{
	struct stat st;

	if (ioctl(t->to, FICLONE, t->from))
		return copy_sparse(t, ret_data, err);
	*ret_data = 0;
	if (fstat(t->to, &st) || ftruncate(t->to, (off_t)t->bytes))
		return err_set(err, ERR_IO, errno, "make %s %ju bytes long",
			       t->what, (uintmax_t)t->bytes);
	if ((uint64_t)st.st_size >= t->bytes)
		return 0;
	return err_set(err, ERR_IO, 0,
		       "%s ends at %jd bytes, where %ju were expected", t->what,
		       (intmax_t)st.st_size, (uintmax_t)t->bytes);
}

int
copy_stream(const struct copy_task *t, struct err *err)
{
	unsigned char *buf = malloc(PIECE);
	uint64_t offset, len;
	int rc = -1;

	if (!buf)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (offset = 0; offset < t->bytes; offset += len) {
		len = t->bytes - offset < PIECE ? t->bytes - offset : PIECE;
		if (check_stop(t, err) ||
		    read_exactly(t, buf, (size_t)len, offset, err) ||
		    fd_write_all(t->to, buf, (size_t)len, err))
			goto out;
		if (t->progress)
			t->progress(t->what, offset + len, t->bytes,
				    t->progress_ctx);
	}
	rc = 0;
out:
	free(buf);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* differ.c - see differ.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "differ.h"
#include "fd.h"

#define PIECE_BYTES (1u << 20) /* read at once, of each */
#define PIECE_ALIGN 4096       /* views may be open with O_DIRECT */

struct differing {
	const struct differ *d;
	uint8_t *a, *b;    /* PIECE_BYTES each */
	uint64_t from, to; /* of the range that may go on */
	uint64_t done, total;
	struct differ_count count;
};

/* The range is at its end. */
static int
tell(struct differing *x, struct err *err)
{
	uint64_t from = x->from, bytes = x->to - x->from;

	x->from = x->to;
	if (bytes == 0)
		return 0;
	x->count.n++;
	x->count.bytes += bytes;
	return x->d->range ? x->d->range(x->d->what, from, bytes,
					 x->d->range_ctx, err) :
			     0;
}

static int
add(struct differing *x, uint64_t at, uint64_t bytes, struct err *err)
{
	if (at != x->to) {
		if (tell(x, err))
			return -1;
		x->from = at;
	}
	x->to = at + bytes;
	return 0;
}

static int
read_whole(const struct differing *x, int fd, uint8_t *to, uint64_t at,
	   size_t n, struct err *err)
{
	ssize_t r = fd_pread_full(fd, to, n, at, err);

	if (r < 0)
		return err_add(err, "read %s", x->d->what);
	if ((size_t)r < n)
		return err_set(err, ERR_IO, 0, "%s ends at byte %llu of %llu",
			       x->d->what, (unsigned long long)at + (size_t)r,
			       (unsigned long long)x->d->bytes);
	return 0;
}

/* @len bytes at @at are other ones in @b; in the pieces they are at @i. */
static int
mend(const struct differing *x, size_t i, uint64_t at, size_t len,
     struct err *err)
{
	if (x->d->mend && fd_pwrite_all(x->d->b, x->a + i, len, at, err))
		return err_add(err, "write %s", x->d->what);
	return 0;
}

/* @n bytes at @at, at most PIECE_BYTES. */
static int
compare(struct differing *x, uint64_t at, size_t n, struct err *err)
{
	if (read_whole(x, x->d->a, x->a, at, n, err) ||
	    read_whole(x, x->d->b, x->b, at, n, err))
		return -1;
	x->count.read += n;
	if (memcmp(x->a, x->b, n) == 0)
		return 0;
	for (size_t i = 0, len; i < n; i += len) {
		len = DIFFER_BLOCK - (at + i) % DIFFER_BLOCK;
		if (len > n - i)
			len = n - i;
		if (memcmp(x->a + i, x->b + i, len) != 0 &&
		    (add(x, at + i, len, err) || mend(x, i, at + i, len, err)))
			return -1;
	}
	return 0;
}

/* Where @fd's next data begins; @at itself where that cannot be told. */
static uint64_t
data_from(int fd, uint64_t at, uint64_t end)
{
	off_t r = lseek(fd, (off_t)at, SEEK_DATA);

	if (r >= 0)
		return (uint64_t)r < end ? (uint64_t)r : end;
	return errno == ENXIO ? end : at;
}

static int
look_at(struct differing *x, uint64_t at, uint64_t end, struct err *err)
{
	while (at < end) {
		uint64_t a = data_from(x->d->a, at, end);
		uint64_t b = data_from(x->d->b, at, end);
		uint64_t next = a < b ? a : b, n = PIECE_BYTES;

		x->done += next - at;
		at = next;
		if (n > end - at)
			n = end - at;
		if ((!x->d->steady && cancel_check(err)) ||
		    (n && compare(x, at, (size_t)n, err)))
			return -1;
		at += n;
		x->done += n;
		if (x->d->progress)
			x->d->progress(x->d->what, x->done, x->total,
				       x->d->progress_ctx);
	}
	return 0;
}

int
differ_run(const struct differ *d, struct differ_count *ret, struct err *err)
{
	struct disk_extent all = { .bytes = d->bytes };
	const struct disk_extent *e = d->ranges ? d->ranges : &all;
	size_t n = d->ranges ? d->n_ranges : 1;
	struct differing x = { .d = d };
	int rc = 0;

	x.a = aligned_alloc(PIECE_ALIGN, PIECE_BYTES);
	x.b = aligned_alloc(PIECE_ALIGN, PIECE_BYTES);
	if (!x.a || !x.b)
		rc = err_set(err, ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++)
		x.total += e[i].bytes;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = look_at(&x, e[i].offset, e[i].offset + e[i].bytes, err);
	if (rc == 0)
		rc = tell(&x, err);
	*ret = x.count;
	free(x.a);
	free(x.b);
	return rc;
}

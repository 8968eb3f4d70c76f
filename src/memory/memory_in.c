/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_in.c - see memory_in.h. */
#include "memory_in.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "frame.h"
#include "page_index.h"
#include "stream.h"
#include "xl_header.h"

#define PAGES 256u   /* whose places are looked up at once */
#define PARTS 65536u /* a real one has two dozen records besides pages */

/* Neighbouring bytes of the file that are no pages. */
struct part {
	uint64_t offset, len;
};

struct memory_in {
	struct reader pages, frame;
	int fd;
	struct page_index index;
	bool seen_pages;
	struct frame f;
	struct part *parts; /* in order, before the pages and behind them */
	size_t n_parts;
	uint8_t header[FRAME_HEADER];
};

/* ---- what the file has ---- */

static int
add_part(uint64_t offset, uint64_t len, void *ctx, struct err *err)
{
	struct memory_in *m = ctx;
	struct part *last = m->n_parts ? &m->parts[m->n_parts - 1] : NULL;
	struct part *more;

	if (m->seen_pages)
		m->f.behind += len;
	else
		m->f.before += len;
	if (last && last->offset + last->len == offset) {
		last->len += len;
		return 0;
	}
	if (m->n_parts == PARTS)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "its memory has over %u records that are no "
			       "pages",
			       PARTS);
	more = reallocarray(m->parts, m->n_parts + 1, sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	m->parts = more;
	more[m->n_parts++] = (struct part){ offset, len };
	return 0;
}

static int
add_pages(const uint64_t *entries, unsigned int n, uint64_t data, void *ctx,
	  struct err *err)
{
	struct memory_in *m = ctx;

	m->seen_pages = true;
	return page_index_set(&m->index, entries, n, data, err);
}

static int
walk(struct memory_in *m, struct err *err)
{
	struct stream_visitor v = {
		.other = add_part,
		.pages = add_pages,
		.ctx = m,
	};
	struct stream_walked s;
	struct xl_header h;
	struct stat st;
	int rc = -1;

	if (fstat(m->fd, &st))
		return err_set(err, ERR_IO, errno, "look at the memory");
	if (xl_header_read(m->fd, 0, XL_CONFIG_MAX, &h, err) == 0 &&
	    add_part(0, h.len, m, err) == 0)
		rc = stream_walk(m->fd, h.len, (uint64_t)st.st_size, &v, &s,
				 err);
	xl_header_done(&h);
	m->f.n_pfns = m->index.n;
	frame_encode(&m->f, m->header);
	return rc;
}

/* ---- pages ---- */

/* So many of @e lie one behind the other in the file, or have no data. */
static unsigned int
run_of(const uint64_t *e, unsigned int n)
{
	unsigned int k = 1;

	while (k < n && PAGE_INDEX_HAS_DATA(e[k]) == PAGE_INDEX_HAS_DATA(e[0]))
		if (PAGE_INDEX_HAS_DATA(e[0]) &&
		    PAGE_INDEX_AT(e[k]) !=
			    PAGE_INDEX_AT(e[0]) + (uint64_t)k * STREAM_PAGE)
			break;
		else
			k++;
	return k;
}

static int
read_file(const struct memory_in *m, uint8_t *to, size_t len, uint64_t offset,
	  struct err *err)
{
	struct reader_fd file = reader_fd(m->fd);

	return reader_read(&file.base, to, len, offset, err);
}

static int
read_some(const struct memory_in *m, uint64_t first, unsigned int n,
	  uint8_t *to, struct err *err)
{
	uint64_t e[PAGES];

	if (page_index_get(&m->index, first, n, e, err))
		return -1;
	for (unsigned int i = 0, k; i < n; i += k) {
		size_t len;

		k = run_of(e + i, n - i);
		len = (size_t)k * STREAM_PAGE;
		if (!PAGE_INDEX_HAS_DATA(e[i]))
			memset(to, 0, len);
		else if (read_file(m, to, len, PAGE_INDEX_AT(e[i]), err))
			return -1;
		to += len;
	}
	return 0;
}

static const struct memory_in *
of_pages(const struct reader *r)
{
	return (const struct memory_in *)((const char *)r -
					  offsetof(struct memory_in, pages));
}

/* Whole pages: an image is cut at multiples of 4096. */
static int
read_pages(const struct reader *r, uint8_t *to, size_t len, uint64_t offset,
	   struct err *err)
{
	const struct memory_in *m = of_pages(r);

	while (len) {
		size_t n = len / STREAM_PAGE;

		if (n > PAGES)
			n = PAGES;
		if (n == 0 || offset % STREAM_PAGE)
			return err_set(err, ERR_INVALID, 0, "a part of a page");
		if (read_some(m, offset / STREAM_PAGE, (unsigned int)n, to,
			      err))
			return -1;
		to += n * STREAM_PAGE;
		offset += n * STREAM_PAGE;
		len -= n * STREAM_PAGE;
	}
	return 0;
}

static int
next_pages(const struct reader *r, uint64_t end, uint64_t *offset,
	   uint64_t *ret_len, struct err *err)
{
	const struct memory_in *m = of_pages(r);
	uint64_t first = *offset / STREAM_PAGE, n = 0;
	int found =
		page_index_next(&m->index, end / STREAM_PAGE, &first, &n, err);

	if (found <= 0)
		return found;
	*offset = first * STREAM_PAGE;
	*ret_len = n * STREAM_PAGE;
	return 1;
}

static const struct reader_ops pages_ops = {
	.read = read_pages,
	.next_data = next_pages,
};

/* ---- frame ---- */

static const struct memory_in *
of_frame(const struct reader *r)
{
	return (const struct memory_in *)((const char *)r -
					  offsetof(struct memory_in, frame));
}

/* The types of as many pages as @len from page @first on. */
static int
read_types(const struct memory_in *m, uint8_t *to, size_t len, uint64_t first,
	   struct err *err)
{
	uint64_t e[PAGES];

	while (len) {
		unsigned int n = len < PAGES ? (unsigned int)len : PAGES;

		if (page_index_get(&m->index, first, n, e, err))
			return -1;
		for (unsigned int i = 0; i < n; i++)
			to[i] = e[i] ? (uint8_t)(STREAM_TYPE(e[i]) + 1) : 0;
		to += n;
		first += n;
		len -= n;
	}
	return 0;
}

/* At most @len bytes at @at of what is no page; *@ret_len of them. */
static int
read_part(const struct memory_in *m, uint8_t *to, size_t len, uint64_t at,
	  size_t *ret_len, struct err *err)
{
	for (size_t i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->parts[i];

		if (at >= p->len) {
			at -= p->len;
			continue;
		}
		*ret_len = len < p->len - at ? len : (size_t)(p->len - at);
		return read_file(m, to, *ret_len, p->offset + at, err);
	}
	return err_set(err, ERR_IO, 0, "there is no such part");
}

/* The next bytes of one kind: at most @len at @at, *@ret_len of them. */
static int
read_kind(const struct memory_in *m, uint8_t *to, size_t len, uint64_t at,
	  size_t *ret_len, struct err *err)
{
	uint64_t parts = FRAME_HEADER + m->f.before + m->f.behind;
	uint64_t types = frame_types(&m->f), end;

	end = at < FRAME_HEADER ? FRAME_HEADER :
	      at < types        ? types :
				  UINT64_MAX;
	if (at >= FRAME_HEADER && at < parts)
		end = parts;
	*ret_len = len < end - at ? len : (size_t)(end - at);
	if (at < FRAME_HEADER)
		memcpy(to, m->header + at, *ret_len);
	else if (at < parts)
		return read_part(m, to, *ret_len, at - FRAME_HEADER, ret_len,
				 err);
	else if (at < types)
		memset(to, 0, *ret_len);
	else
		return read_types(m, to, *ret_len, at - types, err);
	return 0;
}

static int
read_frame(const struct reader *r, uint8_t *to, size_t len, uint64_t offset,
	   struct err *err)
{
	const struct memory_in *m = of_frame(r);
	size_t n;

	if (offset + len > frame_bytes(&m->f))
		return err_set(err, ERR_IO, 0, "it ends before that");
	for (; len; len -= n, to += n, offset += n)
		if (read_kind(m, to, len, offset, &n, err))
			return -1;
	return 0;
}

static int
next_frame(const struct reader *r, uint64_t end, uint64_t *offset,
	   uint64_t *ret_len, struct err *err)
{
	(void)r;
	(void)err;
	if (*offset >= end)
		return 0;
	*ret_len = end - *offset;
	return 1;
}

static const struct reader_ops frame_ops = {
	.read = read_frame,
	.next_data = next_frame,
};

/* ---- both ---- */

int
memory_in_open(int fd, int dirfd, struct memory_in **ret, struct err *err)
{
	struct memory_in *m = calloc(1, sizeof(*m));

	*ret = NULL;
	if (!m)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	m->pages.ops = &pages_ops;
	m->frame.ops = &frame_ops;
	m->fd = fd;
	if (page_index_make(dirfd, &m->index, err) || walk(m, err)) {
		memory_in_close(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void
memory_in_close(struct memory_in *m)
{
	if (!m)
		return;
	page_index_done(&m->index);
	free(m->parts);
	free(m);
}

const struct reader *
memory_in_pages(const struct memory_in *m, uint64_t *ret_bytes)
{
	*ret_bytes = m->index.n * STREAM_PAGE;
	return &m->pages;
}

const struct reader *
memory_in_frame(const struct memory_in *m, uint64_t *ret_bytes)
{
	*ret_bytes = frame_bytes(&m->f);
	return &m->frame;
}

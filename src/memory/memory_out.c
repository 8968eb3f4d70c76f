/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory_out.c - see memory_out.h.
 *
 * What a save without "live" writes: libxc's xg_sr_save.c, send_all_pages() and
 * write_batch().
 */
#include "memory_out.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fd.h"
#include "frame.h"
#include "stream.h"
#include "stream_cpu.h"
#include "xl_header.h"

#define BATCH 1024u /* numbers of pages in a record: MAX_BATCH_SIZE */
#define RECORD_PAGES 1u
#define PIECE 65536u

struct memory_out {
	int frame, to;
	struct frame f;
	struct xl_header h;
	uint64_t next; /* page that is to come */
	/* Of the batch that it is in, from its beginning: types as in the
	 * frame. */
	uint8_t types[BATCH];
	uint8_t *record; /* what stands before the pages of a batch */
};

/* ---- is it what it should be? ---- */

/* Where records begin in the frame: are the pages to go between two? */
struct seam {
	uint64_t at;
	bool found;
};

static int
look_for_seam(uint64_t offset, uint64_t len, void *ctx, struct err *err)
{
	struct seam *s = ctx;

	(void)len;
	(void)err;
	s->found |= offset == s->at;
	return 0;
}

/* Without its pages it is a stream as well: from here to there in the frame. */
static uint64_t
stream_from(const struct memory_out *m)
{
	return FRAME_HEADER + m->h.len;
}

static uint64_t
stream_end(const struct memory_out *m)
{
	return FRAME_HEADER + m->f.before + m->f.behind;
}

static int
check(struct memory_out *m, struct err *err)
{
	struct seam seam = { .at = FRAME_HEADER + m->f.before };
	struct stream_visitor v = { .other = look_for_seam, .ctx = &seam };
	struct stream_walked s;

	if (stream_walk(m->frame, stream_from(m), stream_end(m), &v, &s, err))
		return -1;
	if (s.n_pages)
		return err_set(err, ERR_CORRUPT, 0,
			       "the frame of its memory has pages in it");
	if (m->f.n_pfns &&
	    (!seam.found || seam.at < s.libxc_from || seam.at > s.libxc_to))
		return err_set(err, ERR_CORRUPT, 0,
			       "the pages of its memory are to go where no "
			       "pages can be");
	return 0;
}

int
memory_out_open(int frame, uint64_t bytes, struct memory_out **ret,
		struct err *err)
{
	struct memory_out *m = calloc(1, sizeof(*m));
	uint8_t header[FRAME_HEADER];
	ssize_t n;

	*ret = m;
	if (!m)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	m->frame = frame;
	m->record = malloc(16 + 8ul * BATCH);
	if (!m->record)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	n = fd_pread_full(frame, header, sizeof(header), 0, err);
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof(header))
		return err_set(err, ERR_CORRUPT, 0,
			       "the frame of its memory is cut off");
	if (frame_decode(header, bytes, &m->f, err) ||
	    xl_header_read(frame, FRAME_HEADER, XL_CONFIG_MAX, &m->h, err))
		return -1;
	if (m->h.len > m->f.before)
		return err_set(err, ERR_CORRUPT, 0, "its header is cut off");
	return check(m, err);
}

void
memory_out_close(struct memory_out *m)
{
	if (!m)
		return;
	xl_header_done(&m->h);
	free(m->record);
	free(m);
}

uint64_t
memory_out_page_bytes(const struct memory_out *m)
{
	return m->f.n_pfns * STREAM_PAGE;
}

const char *
memory_out_config(const struct memory_out *m)
{
	return m->h.config;
}

int
memory_out_cpu(const struct memory_out *m, struct cpu_features *ret,
	       struct err *err)
{
	bool pv;

	return stream_cpu(m->frame, stream_from(m), stream_end(m), ret, &pv,
			  err);
}

/* ---- write ---- */

/* The bytes of the frame from @from to @end. */
static int
write_part(const struct memory_out *m, uint64_t from, uint64_t end,
	   struct err *err)
{
	uint8_t piece[PIECE];

	while (from < end) {
		size_t len = end - from < PIECE ? (size_t)(end - from) : PIECE;
		ssize_t n = fd_pread_full(m->frame, piece, len, from, err);

		if (n < 0)
			return -1;
		if ((size_t)n < len)
			return err_set(err, ERR_IO, 0, "the frame is cut off");
		if (fd_write_all(m->to, piece, len, err))
			return -1;
		from += len;
	}
	return 0;
}

int
memory_out_begin(struct memory_out *m, int to, const char *config,
		 struct err *err)
{
	uint64_t from = FRAME_HEADER;

	m->to = to;
	if (config) {
		if (xl_header_write(to, config, err))
			return -1;
		from += m->h.len;
	}
	return write_part(m, from, FRAME_HEADER + m->f.before, err);
}

static bool
has_data(uint8_t type)
{
	return type && type - 1u < STREAM_TYPE_BARE;
}

/* What types the @n pages of the batch are of. */
static int
read_types(struct memory_out *m, unsigned int n, struct err *err)
{
	ssize_t got = fd_pread_full(m->frame, m->types, n,
				    frame_types(&m->f) + m->next, err);

	if (got < 0)
		return -1;
	if ((size_t)got < n)
		return err_set(err, ERR_IO, 0, "the frame is cut off");
	for (unsigned int i = 0; i < n; i++)
		if (m->types[i] > 16 || (m->types[i] >= 6 && m->types[i] <= 9))
			return err_set(err, ERR_CORRUPT, 0,
				       "a page of its memory is of a type "
				       "that cannot be");
	return 0;
}

/* The record of the batch that begins with the next page, up to its pages. */
static int
begin_batch(struct memory_out *m, struct err *err)
{
	uint64_t left = m->f.n_pfns - m->next;
	unsigned int n = left < BATCH ? (unsigned int)left : BATCH;
	unsigned int count = 0, data = 0;

	if (read_types(m, n, err))
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		if (!m->types[i])
			continue;
		le64_to(m->record + 16 + 8ul * count,
			STREAM_ENTRY(m->next + i, m->types[i] - 1u));
		count++;
		data += has_data(m->types[i]);
	}
	if (count == 0)
		return 0;
	le32_to(m->record, RECORD_PAGES);
	le32_to(m->record + 4, 8 + 8 * count + STREAM_PAGE * data);
	le32_to(m->record + 8, count);
	le32_to(m->record + 12, 0);
	return fd_write_all(m->to, m->record, 16 + 8ul * count, err);
}

/* Of the next @n pages, all of one batch, those that are there. */
static int
write_run(struct memory_out *m, const uint8_t *p, unsigned int n,
	  struct err *err)
{
	const uint8_t *types = m->types + m->next % BATCH;

	for (unsigned int i = 0, k; i < n; i += k) {
		bool data = has_data(types[i]);

		for (k = 1; i + k < n && has_data(types[i + k]) == data; k++)
			;
		if (data && fd_write_all(m->to, p + (size_t)i * STREAM_PAGE,
					 (size_t)k * STREAM_PAGE, err))
			return -1;
	}
	m->next += n;
	return 0;
}

int
memory_out_pages(struct memory_out *m, const uint8_t *p, size_t len,
		 struct err *err)
{
	if (len % STREAM_PAGE || len / STREAM_PAGE > m->f.n_pfns - m->next)
		return err_set(err, ERR_CORRUPT, 0,
			       "its memory has more pages than its frame");
	while (len) {
		size_t n = BATCH - m->next % BATCH;

		if (n > len / STREAM_PAGE)
			n = len / STREAM_PAGE;
		if (m->next % BATCH == 0 && begin_batch(m, err))
			return -1;
		if (write_run(m, p, (unsigned int)n, err))
			return -1;
		p += n * STREAM_PAGE;
		len -= n * STREAM_PAGE;
	}
	return 0;
}

int
memory_out_end(struct memory_out *m, struct err *err)
{
	uint64_t from = FRAME_HEADER + m->f.before;

	if (m->next != m->f.n_pfns)
		return err_set(err, ERR_CORRUPT, 0,
			       "its memory has fewer pages than its frame");
	return write_part(m, from, from + m->f.behind, err);
}

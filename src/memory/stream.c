/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream.c - see stream.h.
 *
 * As Xen's docs/specs/libxl-migration-stream.pandoc (revision 2) and
 * libxc-migration-stream.pandoc (revision 3) have it:
 *
 *   libxl's header    "LibxlFmt", u32 version, u32 options, big-endian
 *   LIBXC_CONTEXT     a record without a body; libxc's stream follows:
 *     image header    u64 all ones, "XENF", u32 version, big-endian,
 *                     u16 options, 6 bytes of zeros
 *     domain header   u32 type, u16 page shift, u16 0, u32 and u32 of Xen's
 *                     version
 *     records         up to END
 *   records           of libxl, up to END
 *
 * A record of either is u32 type, u32 length, the body, padded to 8 bytes.
 */
#include "stream.h"

#include <inttypes.h>
#include <string.h>

#include "buf.h"
#include "cancel.h"
#include "fd.h"

#define LIBXL_HEADER 16u
#define IMAGE_HEADER 24u
#define DOMAIN_HEADER 16u
#define RECORD_HEADER 8u
#define RECORD_MAX (128u << 20) /* REC_LENGTH_MAX of libxc's */
#define OPTIONAL 0x80000000u    /* of libxc's: may be passed over */
#define PAGE_SHIFT 12
#define WINDOW 16384u
#define ENTRIES 1024u /* at a time; a record of libxc's has as many */

enum libxl_record {
	LIBXL_END,
	LIBXL_LIBXC_CONTEXT,
	LIBXL_EMULATOR_XENSTORE_DATA,
	LIBXL_EMULATOR_CONTEXT,
	/* 4, 5: checkpoints, for Remus and COLO */
};

enum libxc_record {
	LIBXC_END,
	LIBXC_PAGE_DATA,
	LIBXC_TOOLSTACK = 0x0b, /* of before Xen 4.9 */
	LIBXC_VERIFY = 0x0d,
	LIBXC_CHECKPOINT = 0x0e,
	LIBXC_CHECKPOINT_DIRTY_PFN_LIST = 0x0f,
	LIBXC_X86_CPUID_POLICY = STREAM_X86_CPUID_POLICY,
	LIBXC_X86_MSR_POLICY, /* the last one that there is */
};

/* The file, read in order, a small window at a time. */
struct reader {
	int fd;
	uint64_t at, end;
	uint64_t from; /* of the window in the file */
	size_t len;
	uint8_t window[WINDOW];
	bool verify; /* what follows would only be compared */
	const struct stream_visitor *v;
	struct stream_walked *ret;
	struct err *err;
};

struct record {
	uint32_t type, len;
	uint64_t at; /* of its header, for errors */
};

/* The next @n bytes, at most a window; NULL with the error set. */
static const uint8_t *
next(struct reader *r, size_t n)
{
	ssize_t got;

	if (r->end - r->at < n) {
		err_set(r->err, ERR_CORRUPT, 0,
			"it is cut off: it ends at byte %" PRIu64, r->end);
		return NULL;
	}
	if (r->at < r->from || r->at + n > r->from + r->len) {
		if (cancel_check(r->err))
			return NULL;
		got = fd_pread_full(r->fd, r->window, WINDOW, r->at, r->err);
		if (got < 0)
			return NULL;
		r->from = r->at;
		r->len = (size_t)got;
		if (r->len < n) {
			err_set(r->err, ERR_CORRUPT, 0, "it became shorter");
			return NULL;
		}
	}
	r->at += n;
	return r->window + (r->at - n - r->from);
}

/* A record's header; its body, with the padding, is in the file too. */
static int
next_record(struct reader *r, struct record *ret)
{
	const uint8_t *p;

	ret->at = r->at;
	p = next(r, RECORD_HEADER);
	if (!p)
		return -1;
	ret->type = le32_at(p);
	ret->len = le32_at(p + 4);
	if (ret->len > RECORD_MAX)
		return err_set(r->err, ERR_CORRUPT, 0,
			       "the record at byte %" PRIu64
			       " cannot have %u bytes",
			       ret->at, ret->len);
	if (r->end - r->at < ((ret->len + 7u) & ~7u))
		return err_set(r->err, ERR_CORRUPT, 0,
			       "it is cut off in the record at byte %" PRIu64,
			       ret->at);
	r->ret->n_records++;
	return 0;
}

static void
skip_body(struct reader *r, const struct record *rec)
{
	r->at = rec->at + RECORD_HEADER + ((rec->len + 7u) & ~7u);
}

/* All from @from on, up to here, is no page. */
static int
show(struct reader *r, uint64_t from)
{
	if (!r->v || !r->v->other)
		return 0;
	return r->v->other(from, r->at - from, r->v->ctx, r->err);
}

static int
bad_record(const struct reader *r, const struct record *rec, const char *what)
{
	return err_set(r->err, ERR_CORRUPT, 0,
		       "the record at byte %" PRIu64
		       " (type 0x%x, %u bytes) %s",
		       rec->at, rec->type, rec->len, what);
}

/* ---- libxc ---- */

static int
walk_image(struct reader *r)
{
	static const uint8_t marker[12] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					    0xff, 0xff, 'X',  'E',  'N',  'F' };
	uint64_t from = r->at;
	const uint8_t *p = next(r, IMAGE_HEADER);

	if (!p)
		return -1;
	if (memcmp(p, marker, sizeof(marker)) != 0)
		return err_set(r->err, ERR_CORRUPT, 0,
			       "there is no stream of libxc's in it");
	if (p[12] || p[13] || p[14] || p[15] < 2 || p[15] > 3)
		return err_set(r->err, ERR_UNSUPPORTED, 0,
			       "its memory is in version %u of libxc's stream, "
			       "not 2 or 3",
			       p[15]);
	if (p[16] || p[17])
		return err_set(r->err, ERR_UNSUPPORTED, 0,
			       "its memory is big-endian, or in some way that "
			       "is not known");
	p = next(r, DOMAIN_HEADER);
	if (!p)
		return -1;
	if ((le32_at(p) != 1 && le32_at(p) != 2) || p[4] != PAGE_SHIFT || p[5])
		return err_set(r->err, ERR_CORRUPT, 0,
			       "it is of no kind of guest that there is");
	r->ret->pv = le32_at(p) == 1;
	return show(r, from);
}

static bool
can_be(uint64_t entry)
{
	unsigned int type = STREAM_TYPE(entry);

	return (type < 5 || type > 8) && STREAM_PFN(entry) < STREAM_PFNS_MAX &&
	       (entry >> 52 & 0xff) == 0;
}

/* The next @n entries; *@data is where the pages of those that follow are. */
static int
walk_entries(struct reader *r, const struct record *rec, unsigned int n,
	     uint64_t *data)
{
	const uint8_t *p = next(r, n * 8ul);
	uint64_t entries[ENTRIES], from = *data;

	if (!p)
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		entries[i] = le64_at(p + 8ul * i);
		if (!can_be(entries[i]))
			return bad_record(r, rec,
					  "names a page that cannot be");
		if (STREAM_TYPE(entries[i]) < STREAM_TYPE_BARE)
			*data += STREAM_PAGE;
	}
	if (r->verify || !r->v || !r->v->pages)
		return 0;
	return r->v->pages(entries, n, from, r->v->ctx, r->err);
}

/* u32 count, u32 0, count times u64, then the pages of some of those. */
static int
walk_pages(struct reader *r, const struct record *rec)
{
	uint64_t data, end = rec->at + RECORD_HEADER + rec->len;
	const uint8_t *p;
	uint32_t count;

	if (rec->len < 8)
		return bad_record(r, rec, "is too short for pages");
	p = next(r, 8);
	if (!p)
		return -1;
	count = le32_at(p);
	if (count == 0 || le32_at(p + 4) || count > (rec->len - 8) / 8)
		return bad_record(r, rec, "has not the pages that it names");
	r->ret->n_pages += count;
	data = r->at + count * 8ul;
	while (count) {
		uint32_t n = count < ENTRIES ? count : ENTRIES;

		if (walk_entries(r, rec, n, &data))
			return -1;
		count -= n;
	}
	return data == end ?
		       0 :
		       bad_record(r, rec, "has other pages than it names");
}

static int
show_record(const struct reader *r, const struct record *rec)
{
	if (!r->v || !r->v->record)
		return 0;
	return r->v->record(rec->type, rec->at + RECORD_HEADER, rec->len,
			    r->v->ctx, r->err);
}

static bool
is_refused(const struct record *rec)
{
	return rec->type == LIBXC_CHECKPOINT ||
	       rec->type == LIBXC_CHECKPOINT_DIRTY_PFN_LIST ||
	       rec->type == LIBXC_TOOLSTACK ||
	       (rec->type > LIBXC_X86_MSR_POLICY && !(rec->type & OPTIONAL));
}

static int
walk_libxc(struct reader *r)
{
	struct record rec;

	if (walk_image(r))
		return -1;
	r->ret->libxc_from = r->at;
	do {
		if (next_record(r, &rec))
			return -1;
		if (is_refused(&rec))
			return err_set(r->err, ERR_UNSUPPORTED, 0,
				       "its memory has a record that no "
				       "restore takes (type 0x%x, at byte "
				       "%" PRIu64 ")",
				       rec.type, rec.at);
		if (rec.type == LIBXC_END && rec.len)
			return bad_record(r, &rec, "is no end");
		if (rec.type == LIBXC_PAGE_DATA && walk_pages(r, &rec))
			return -1;
		skip_body(r, &rec);
		r->verify |= rec.type == LIBXC_VERIFY;
		if (rec.type != LIBXC_PAGE_DATA && rec.type != LIBXC_VERIFY &&
		    (show_record(r, &rec) || show(r, rec.at)))
			return -1;
	} while (rec.type != LIBXC_END);
	r->ret->libxc_to = rec.at;
	return 0;
}

/* ---- libxl ---- */

static int
walk_libxl_header(struct reader *r)
{
	static const uint8_t want[LIBXL_HEADER] = "LibxlFmt\0\0\0\2\0\0\0";
	uint64_t from = r->at;
	const uint8_t *p = next(r, LIBXL_HEADER);

	if (!p)
		return -1;
	if (memcmp(p, want, 8) != 0)
		return err_set(r->err, ERR_CORRUPT, 0,
			       "there is no stream of libxl's in it");
	if (memcmp(p, want, sizeof(want)) != 0)
		return err_set(r->err, ERR_UNSUPPORTED, 0,
			       "its stream is not of version 2 of libxl's, or "
			       "has options that are not known");
	return show(r, from);
}

static int
walk_libxl(struct reader *r)
{
	bool has_libxc = false;
	struct record rec;

	if (walk_libxl_header(r))
		return -1;
	do {
		if (next_record(r, &rec))
			return -1;
		if (rec.type > LIBXL_EMULATOR_CONTEXT)
			return err_set(r->err, ERR_UNSUPPORTED, 0,
				       "it has a record that no restore takes "
				       "(type 0x%x, at byte %" PRIu64 ")",
				       rec.type, rec.at);
		/* Each once, without a body, in this order. */
		if (rec.type <= LIBXL_LIBXC_CONTEXT &&
		    (rec.len || (rec.type == LIBXL_END) != has_libxc))
			return bad_record(r, &rec, "does not belong there");
		skip_body(r, &rec);
		if (show(r, rec.at))
			return -1;
		if (rec.type == LIBXL_LIBXC_CONTEXT && walk_libxc(r))
			return -1;
		has_libxc |= rec.type == LIBXL_LIBXC_CONTEXT;
	} while (rec.type != LIBXL_END);
	return 0;
}

int
stream_walk(int fd, uint64_t offset, uint64_t end,
	    const struct stream_visitor *v, struct stream_walked *ret,
	    struct err *err)
{
	struct reader r = {
		.fd = fd,
		.at = offset,
		.end = end,
		.v = v,
		.ret = ret,
		.err = err,
	};

	memset(ret, 0, sizeof(*ret));
	if (offset > end)
		return err_set(err, ERR_CORRUPT, 0, "it is cut off");
	if (walk_libxl(&r))
		return -1;
	if (r.at != end)
		return err_set(err, ERR_CORRUPT, 0,
			       "%" PRIu64 " bytes follow its end", end - r.at);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_run_out.c - writing a run: see index_run.h, index_run_file.h. */
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "index_run.h"
#include "index_run_file.h"

int
run_sum(const void *p, size_t len, uint8_t ret[SUM], struct err *err)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_of(p, len, sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	memcpy(ret, sum, SUM);
	return 0;
}

static void
entry_to(uint8_t *p, const struct index_entry *e)
{
	memcpy(p, e->id, INDEX_ID);
	le32_to(p + 16, e->pack);
	le32_to(p + 20, e->offset);
	le32_to(p + 24, e->sealed_and_place);
}

/* ---- what it is about ---- */

void
run_about_pack(struct run_about *a, const uint8_t sum[SHA256_BYTES],
	       uint64_t bytes)
{
	put_bytes(&a->packs, sum, SHA256_BYTES);
	put_u64(&a->packs, bytes);
}

void
run_about_part(struct run_about *a, const struct run_part *part)
{
	put_bytes(&a->parts, part->name, SHA256_BYTES);
	put_u32(&a->parts, part->n_slots);
	put_u32(&a->parts, part->n_entries);
}

void
run_about_done(struct run_about *a)
{
	buf_done(&a->packs);
	buf_done(&a->parts);
}

/* ---- writing ---- */

struct run_out {
	int fd;
	uint64_t n_entries;
	uint64_t n_pages; /* that are written */
	unsigned int n;   /* in the page below */
	uint8_t page[PAGE];
	struct index_entry last;
	struct buf first; /* 8 bytes for each page, big-endian */
};

struct run_out *
run_out_new(int dirfd, struct err *err)
{
	struct run_out *o = calloc(1, sizeof(*o));

	if (!o) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	o->fd = fd_open_scratch(dirfd, err);
	if (o->fd >= 0)
		return o;
	err_add(err, "the index");
	free(o);
	return NULL;
}

static int
write_page(struct run_out *o, struct err *err)
{
	if (o->n == 0)
		return 0;
	put_bytes(&o->first, o->page + SUM, 8);
	memset(o->page + SUM + (size_t)o->n * ENTRY, 0,
	       PAGE - SUM - (size_t)o->n * ENTRY);
	if (run_sum(o->page + SUM, PAGE - SUM, o->page, err) ||
	    fd_pwrite_all(o->fd, o->page, PAGE, o->n_pages * PAGE, err))
		return -1;
	o->n_pages++;
	o->n = 0;
	return buf_check(&o->first, err);
}

static bool
same(const struct index_entry *a, const struct index_entry *b)
{
	return memcmp(a->id, b->id, INDEX_ID) == 0 && a->pack == b->pack &&
	       a->offset == b->offset &&
	       a->sealed_and_place == b->sealed_and_place;
}

int
run_out_add(struct run_out *o, const struct index_entry *e, struct err *err)
{
	if (o->n_entries && same(e, &o->last))
		return 0;
	entry_to(o->page + SUM + (size_t)o->n * ENTRY, e);
	o->last = *e;
	o->n++;
	o->n_entries++;
	return o->n == PER_PAGE ? write_page(o, err) : 0;
}

/* What comes behind the pages, behind the first ids. */
static int
end_tail(struct run_out *o, const struct run_about *about, struct err *err)
{
	static const struct run_about nothing;
	struct buf *b = &o->first;
	uint8_t sum[SUM];

	if (!about)
		about = &nothing;
	if (buf_check(&about->packs, err) || buf_check(&about->parts, err))
		return -1;
	put_bytes(b, about->packs.data, about->packs.len);
	put_bytes(b, about->parts.data, about->parts.len);
	put_bytes(b, MAGIC, 8);
	put_bytes(b, about->repo_id, REPO_ID);
	put_u64(b, o->n_entries);
	put_u32(b, (uint32_t)(about->packs.len / PACK_BYTES));
	put_u32(b, (uint32_t)(about->parts.len / PART_BYTES));
	if (buf_check(b, err) || run_sum(b->data, b->len, sum, err))
		return -1;
	put_bytes(b, sum, SUM);
	return buf_check(b, err);
}

struct index_run *
run_out_end(struct run_out *o, const struct run_about *about, struct err *err)
{
	struct index_run *r = NULL;
	int fd;

	if (write_page(o, err) || end_tail(o, about, err) ||
	    fd_pwrite_all(o->fd, o->first.data, o->first.len, o->n_pages * PAGE,
			  err))
		goto out;
	buf_done(&o->first);
	fd = o->fd;
	o->fd = -1;
	r = index_run_open(fd, err);
out:
	run_out_free(o);
	return r;
}

void
run_out_free(struct run_out *o)
{
	if (!o)
		return;
	fd_close(&o->fd);
	buf_done(&o->first);
	free(o);
}

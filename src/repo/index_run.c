/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_run.c - see index_run.h.  The file:
 *
 *	pages of 4096 bytes: 8 of a sum, then 146 entries of 28 (fewer in the
 *		last page, filled up with zeros)
 *	the first 8 bytes of each page's first id
 *	magic, number of entries, sum of the two and of the ids before
 *
 * Sums are the first 8 bytes of SHA-256: against accidents, since whoever can
 * write to this folder of root's has no need to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"
#include "index_run.h"
#include "sha256.h"

#define PAGE 4096
#define SUM 8
#define ENTRY 28
#define PER_PAGE ((PAGE - SUM) / ENTRY)
#define MAGIC "xsnaprun"
#define TAIL (8 + 8 + SUM)

struct index_run {
	int fd;
	uint64_t n_entries;
	uint64_t n_pages;
	uint64_t *first; /* of each page, as numbers that sort like the ids */
};

static uint64_t
big_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static int
sum_of(const void *p, size_t len, uint8_t ret[SUM], struct err *err)
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

static void
entry_at(const uint8_t *p, struct index_entry *ret)
{
	memcpy(ret->id, p, INDEX_ID);
	ret->pack = le32_at(p + 16);
	ret->offset = le32_at(p + 20);
	ret->sealed_and_place = le32_at(p + 24);
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
	o->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (o->fd >= 0)
		return o;
	err_set(err, ERR_IO, errno, "make a file for the index");
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
	if (sum_of(o->page + SUM, PAGE - SUM, o->page, err) ||
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

struct index_run *
run_out_end(struct run_out *o, struct err *err)
{
	struct index_run *r = NULL;
	uint8_t sum[SUM];
	int fd;

	if (write_page(o, err))
		goto out;
	put_bytes(&o->first, MAGIC, 8);
	put_u64(&o->first, o->n_entries);
	if (buf_check(&o->first, err) ||
	    sum_of(o->first.data, o->first.len, sum, err))
		goto out;
	put_bytes(&o->first, sum, SUM);
	if (buf_check(&o->first, err) ||
	    fd_pwrite_all(o->fd, o->first.data, o->first.len, o->n_pages * PAGE,
			  err))
		goto out;
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

/* ---- reading ---- */

static int
no_run(struct err *err)
{
	return err_set(err, ERR_CORRUPT, 0, "an index file is damaged");
}

/* The first ids, checked by their sum. */
static int
load(struct index_run *r, uint64_t bytes, struct err *err)
{
	size_t len = (size_t)(bytes - r->n_pages * PAGE);
	uint8_t *p = malloc(len), sum[SUM];
	int rc = -1;

	r->first = calloc(r->n_pages + 1, sizeof(*r->first));
	if (!p || !r->first) {
		err_set(err, ERR_NOMEM, 0, "no memory for an index");
		goto out;
	}
	if (fd_pread_full(r->fd, p, len, r->n_pages * PAGE, err) !=
		    (ssize_t)len ||
	    sum_of(p, len - SUM, sum, err))
		goto out;
	if (memcmp(sum, p + len - SUM, SUM) != 0) {
		no_run(err);
		goto out;
	}
	for (uint64_t i = 0; i < r->n_pages; i++)
		r->first[i] = big_endian(p + 8 * i);
	rc = 0;
out:
	free(p);
	return rc;
}

/* How many entries and pages a file of @bytes has, by its end. */
static int
look(struct index_run *r, uint64_t bytes, struct err *err)
{
	uint8_t tail[TAIL];

	if (bytes < TAIL ||
	    fd_pread_full(r->fd, tail, TAIL, bytes - TAIL, err) != TAIL ||
	    memcmp(tail, MAGIC, 8) != 0)
		return no_run(err);
	r->n_entries = le64_at(tail + 8);
	r->n_pages = r->n_entries / PER_PAGE + (r->n_entries % PER_PAGE != 0);
	if (r->n_entries > bytes ||
	    r->n_pages * PAGE + r->n_pages * 8 + TAIL != bytes)
		return no_run(err);
	return 0;
}

struct index_run *
index_run_open(int fd, struct err *err)
{
	struct index_run *r = calloc(1, sizeof(*r));
	struct stat st;

	if (!r) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		fd_close(&fd);
		return NULL;
	}
	r->fd = fd;
	if (fstat(fd, &st))
		err_set(err, ERR_IO, errno, "look at an index file");
	else if (look(r, (uint64_t)st.st_size, err) == 0 &&
		 load(r, (uint64_t)st.st_size, err) == 0)
		return r;
	index_run_free(r);
	return NULL;
}

int
index_run_fd(const struct index_run *r)
{
	return r->fd;
}

uint64_t
index_run_entries(const struct index_run *r)
{
	return r->n_entries;
}

/* How many entries page @i has; it is read into @page. */
static int
read_page(const struct index_run *r, uint64_t i, uint8_t page[PAGE],
	  struct err *err)
{
	uint64_t left = r->n_entries - i * PER_PAGE;
	uint8_t sum[SUM];

	if (fd_pread_full(r->fd, page, PAGE, i * PAGE, err) != PAGE ||
	    sum_of(page + SUM, PAGE - SUM, sum, err) ||
	    memcmp(sum, page, SUM) != 0)
		return no_run(err);
	return left < PER_PAGE ? (int)left : PER_PAGE;
}

/* The last page that may hold what begins with @key, or -1. */
static int64_t
page_for(const struct index_run *r, uint64_t key)
{
	uint64_t low = 0, high = r->n_pages;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (r->first[mid] <= key)
			low = mid + 1;
		else
			high = mid;
	}
	return (int64_t)low - 1;
}

/* The first entry of @page, which has @n, that is not below @id. */
static int
first_in(const uint8_t page[PAGE], int n, const uint8_t id[INDEX_ID])
{
	int low = 0, high = n;

	while (low < high) {
		int mid = (low + high) / 2;
		const uint8_t *p = page + SUM + (size_t)mid * ENTRY;

		if (memcmp(p, id, INDEX_ID) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
pack_counts(const struct pack_skip *s, uint32_t pack)
{
	for (; s; s = s->more)
		if (s->skip && pack < s->n && s->skip[pack])
			return false;
	return true;
}

/* Is it in @page?  1: in *@ret; 0: no. */
static int
find_in(const uint8_t page[PAGE], int n, const uint8_t id[INDEX_ID],
	const struct pack_skip *skip, struct index_entry *ret)
{
	for (int i = first_in(page, n, id); i < n; i++) {
		entry_at(page + SUM + (size_t)i * ENTRY, ret);
		if (memcmp(ret->id, id, INDEX_ID) != 0)
			return 0;
		if (pack_counts(skip, ret->pack))
			return 1;
	}
	return 0;
}

int
index_run_find(const struct index_run *r, const uint8_t id[INDEX_ID],
	       const struct pack_skip *skip, struct index_entry *ret,
	       struct err *err)
{
	uint64_t key = big_endian(id);
	int64_t i = page_for(r, key);
	uint8_t page[PAGE];

	/* Ids that share their first 8 bytes may begin pages before. */
	for (; i >= 0; i--) {
		int n = read_page(r, (uint64_t)i, page, err);

		if (n < 0)
			return -1;
		if (find_in(page, n, id, skip, ret))
			return 1;
		if (r->first[i] < key)
			break;
	}
	return 0;
}

void
run_at_begin(struct run_at *a, const struct index_run *run)
{
	memset(a, 0, sizeof(*a));
	a->run = run;
}

int
run_at_next(struct run_at *a, struct index_entry *ret, struct err *err)
{
	int n;

	if (a->at == a->n) {
		if (a->page == a->run->n_pages)
			return 0;
		n = read_page(a->run, a->page, a->bytes, err);
		if (n < 0)
			return -1;
		a->n = (unsigned int)n;
		a->at = 0;
		a->page++;
	}
	entry_at(a->bytes + SUM + (size_t)a->at++ * ENTRY, ret);
	return 1;
}

void
index_run_free(struct index_run *r)
{
	if (!r)
		return;
	fd_close(&r->fd);
	free(r->first);
	free(r);
}

/* ---- merging ---- */

struct source {
	struct run_at at;
	struct index_entry e; /* the next one */
	bool more;
};

static int
advance(struct source *s, uint32_t shift, struct err *err)
{
	int r = run_at_next(&s->at, &s->e, err);

	s->more = r > 0;
	if (s->more)
		s->e.pack += shift;
	return r < 0 ? -1 : 0;
}

/* The source with the lowest id; of equal ones the first. */
static struct source *
lowest(struct source *s, unsigned int n)
{
	struct source *best = NULL;

	for (unsigned int i = 0; i < n; i++)
		if (s[i].more &&
		    (!best || memcmp(s[i].e.id, best->e.id, INDEX_ID) < 0))
			best = &s[i];
	return best;
}

struct index_run *
index_run_merge(int dirfd, struct index_run *const *runs, const uint32_t *shift,
		unsigned int n, struct err *err)
{
	struct source *s = calloc(n ? n : 1, sizeof(*s)), *next;
	struct run_out *o = NULL;

	if (!s) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto failed;
	}
	o = run_out_new(dirfd, err);
	if (!o)
		goto failed;
	for (unsigned int i = 0; i < n; i++) {
		run_at_begin(&s[i].at, runs[i]);
		if (advance(&s[i], shift ? shift[i] : 0, err))
			goto failed;
	}
	while ((next = lowest(s, n)) != NULL)
		if (run_out_add(o, &next->e, err) ||
		    advance(next, shift ? shift[next - s] : 0, err))
			goto failed;
	free(s);
	return run_out_end(o, err);
failed:
	run_out_free(o);
	free(s);
	return NULL;
}

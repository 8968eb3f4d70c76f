/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_run.c - see index_run.h; the file is in index_run_file.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fd.h"
#include "index_run.h"
#include "index_run_file.h"

struct index_run {
	int fd;
	uint64_t n_entries;
	uint64_t n_pages;
	uint64_t *first; /* of each page, as numbers that sort like the ids */
	uint32_t n_slots, n_parts;
	uint8_t *packs; /* PACK_BYTES for each slot; until there are: */
	uint32_t *numbers;
	uint8_t *parts; /* PART_BYTES each */
	uint8_t repo_id[REPO_ID];
	uint8_t tag[SUM];
	int64_t at; /* the page below, or -1 */
	uint8_t page[PAGE];
};

static uint64_t
big_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
entry_at(const uint8_t *p, struct index_entry *ret)
{
	memcpy(ret->id, p, INDEX_ID);
	ret->pack = le32_at(p + 16);
	ret->offset = le32_at(p + 20);
	ret->sealed_and_place = le32_at(p + 24);
}

/* ---- reading ---- */

static int
no_run(struct err *err)
{
	return err_set(err, ERR_CORRUPT, 0, "an index file is damaged");
}

/* Do the parts have all slots and entries? */
static bool
is_sound(const struct index_run *r)
{
	uint64_t slots = 0, entries = 0;
	struct run_part part;

	for (uint32_t i = 0; i < r->n_parts; i++) {
		index_run_part(r, i, &part);
		slots += part.n_slots;
		entries += part.n_entries;
	}
	return slots == r->n_slots && (!r->n_parts || entries >= r->n_entries);
}

/* Take apart the bytes behind the pages, which are as they were written. */
static int
take_tail(struct index_run *r, const uint8_t *p, struct err *err)
{
	size_t packs = (size_t)r->n_slots * PACK_BYTES;
	size_t parts = (size_t)r->n_parts * PART_BYTES;

	r->first = calloc(r->n_pages + 1, sizeof(*r->first));
	r->packs = malloc(packs + 1);
	r->parts = malloc(parts + 1);
	if (!r->first || !r->packs || !r->parts)
		return err_set(err, ERR_NOMEM, 0, "no memory for an index");
	for (uint64_t i = 0; i < r->n_pages; i++)
		r->first[i] = big_endian(p + 8 * i);
	memcpy(r->packs, p + 8 * r->n_pages, packs);
	memcpy(r->parts, p + 8 * r->n_pages + packs, parts);
	return is_sound(r) ? 0 : no_run(err);
}

/* What is behind the pages, checked by its sum. */
static int
load(struct index_run *r, uint64_t bytes, struct err *err)
{
	size_t len = (size_t)(bytes - r->n_pages * PAGE);
	uint8_t *p = malloc(len), sum[SUM];
	int rc = -1;

	if (!p) {
		err_set(err, ERR_NOMEM, 0, "no memory for an index");
		goto out;
	}
	if (fd_pread_full(r->fd, p, len, r->n_pages * PAGE, err) !=
		    (ssize_t)len ||
	    run_sum(p, len - SUM, sum, err)) {
		no_run(err);
		goto out;
	}
	memcpy(r->tag, sum, SUM);
	rc = memcmp(sum, p + len - SUM, SUM) == 0 ? take_tail(r, p, err) :
						    no_run(err);
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
	memcpy(r->repo_id, tail + 8, REPO_ID);
	r->n_entries = le64_at(tail + 8 + REPO_ID);
	r->n_slots = le32_at(tail + 16 + REPO_ID);
	r->n_parts = le32_at(tail + 20 + REPO_ID);
	r->n_pages = r->n_entries / PER_PAGE + (r->n_entries % PER_PAGE != 0);
	if (r->n_entries > bytes ||
	    r->n_pages * (PAGE + 8) + (uint64_t)r->n_slots * PACK_BYTES +
			    (uint64_t)r->n_parts * PART_BYTES + TAIL !=
		    bytes)
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
	r->at = -1;
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

const uint8_t *
index_run_tag(const struct index_run *r)
{
	return r->tag;
}

bool
index_run_is_of(const struct index_run *r, const uint8_t id[REPO_ID])
{
	return memcmp(r->repo_id, id, REPO_ID) == 0;
}

uint32_t
index_run_parts(const struct index_run *r)
{
	return r->n_parts;
}

void
index_run_part(const struct index_run *r, uint32_t i, struct run_part *ret)
{
	const uint8_t *p = r->parts + (size_t)i * PART_BYTES;

	memcpy(ret->name, p, SHA256_BYTES);
	ret->n_slots = le32_at(p + SHA256_BYTES);
	ret->n_entries = le32_at(p + SHA256_BYTES + 4);
}

uint32_t
index_run_slots(const struct index_run *r)
{
	return r->n_slots;
}

const uint8_t *
index_run_slot(const struct index_run *r, uint32_t i, uint64_t *ret_bytes)
{
	const uint8_t *p = r->packs + (size_t)i * PACK_BYTES;

	*ret_bytes = le64_at(p + SHA256_BYTES);
	return p;
}

void
index_run_set_numbers(struct index_run *r, uint32_t *numbers)
{
	free(r->packs);
	r->packs = NULL;
	free(r->numbers);
	r->numbers = numbers;
}

const uint32_t *
index_run_numbers(const struct index_run *r)
{
	return r->numbers;
}

/* How many entries page @i has; it is read into @page. */
static int
read_page(const struct index_run *r, uint64_t i, uint8_t page[PAGE],
	  struct err *err)
{
	uint64_t left = r->n_entries - i * PER_PAGE;
	uint8_t sum[SUM];

	if (fd_pread_full(r->fd, page, PAGE, i * PAGE, err) != PAGE ||
	    run_sum(page + SUM, PAGE - SUM, sum, err) ||
	    memcmp(sum, page, SUM) != 0 ||
	    big_endian(page + SUM) != r->first[i])
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

/* The number of the pack that entry @e names, and does it count? */
static bool
counts(const struct index_run *r, struct index_entry *e,
       const struct pack_skip *skip)
{
	if (r->numbers)
		e->pack = e->pack < r->n_slots ? r->numbers[e->pack] :
						 RUN_NOWHERE;
	return e->pack != RUN_NOWHERE && pack_counts(skip, e->pack);
}

/* Is it in the page at hand, which has @n?  1: in *@ret; 0: no. */
static int
find_in(const struct index_run *r, int n, const uint8_t id[INDEX_ID],
	const struct pack_skip *skip, struct index_entry *ret)
{
	for (int i = first_in(r->page, n, id); i < n; i++) {
		entry_at(r->page + SUM + (size_t)i * ENTRY, ret);
		if (memcmp(ret->id, id, INDEX_ID) != 0)
			return 0;
		if (counts(r, ret, skip))
			return i + 1;
	}
	return 0;
}

/* How many entries page @i has; it is in @r->page then. */
static int
hold_page(struct index_run *r, int64_t i, struct err *err)
{
	uint64_t left = r->n_entries - (uint64_t)i * PER_PAGE;
	int n;

	if (i == r->at)
		return left < PER_PAGE ? (int)left : PER_PAGE;
	r->at = -1;
	n = read_page(r, (uint64_t)i, r->page, err);
	if (n >= 0)
		r->at = i;
	return n;
}

int
index_run_find(struct index_run *r, const uint8_t id[INDEX_ID],
	       const struct pack_skip *skip, struct index_entry *ret,
	       uint64_t *ret_at, struct err *err)
{
	uint64_t key = big_endian(id);

	/* Ids that share their first 8 bytes may begin pages before. */
	for (int64_t i = page_for(r, key); i >= 0; i--) {
		int n = hold_page(r, i, err), k;

		if (n < 0)
			return -1;
		k = find_in(r, n, id, skip, ret);
		if (k && ret_at)
			*ret_at = (uint64_t)i * PER_PAGE + (uint64_t)k - 1;
		if (k)
			return 1;
		if (r->first[i] < key)
			break;
	}
	return 0;
}

int
index_run_check(const struct index_run *r, struct err *err)
{
	uint8_t page[PAGE];

	for (uint64_t i = 0; i < r->n_pages; i++)
		if (read_page(r, i, page, err) < 0)
			return -1;
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
	free(r->packs);
	free(r->numbers);
	free(r->parts);
	free(r);
}

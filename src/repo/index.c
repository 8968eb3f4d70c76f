/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index.c - see index.h. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "index_own.h"
#include "index_part.h"
#include "object.h"

#define RUNS_MAX INDEX_MERGE_MAX

struct known_pack {
	uint8_t sum[SHA256_BYTES];
	uint64_t bytes;
	bool named;
};

struct index {
	int dirfd;
	struct index_run *runs[RUNS_MAX];
	unsigned int n_runs;
	struct buf packs;     /* struct known_pack, by number */
	struct buf condemned; /* a byte for each */
	uint32_t *by_sum;     /* numbers + 1, hashed by sum */
	uint32_t sum_slots;
	pthread_mutex_t lock; /* of own and packs */
	struct index_own own;
};

struct index *
index_new(int dirfd, struct err *err)
{
	struct index *ix = calloc(1, sizeof(*ix));

	if (!ix) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	ix->dirfd = dirfd;
	pthread_mutex_init(&ix->lock, NULL);
	return ix;
}

void
index_free(struct index *ix)
{
	if (!ix)
		return;
	for (unsigned int i = 0; i < ix->n_runs; i++)
		index_run_free(ix->runs[i]);
	buf_done(&ix->packs);
	buf_done(&ix->condemned);
	free(ix->by_sum);
	index_own_done(&ix->own);
	pthread_mutex_destroy(&ix->lock);
	free(ix);
}

/* ---- packs ---- */

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, 0, "no memory for the index");
}

uint32_t
index_packs(const struct index *ix)
{
	return (uint32_t)(ix->packs.len / sizeof(struct known_pack));
}

static struct known_pack *
pack_at(const struct index *ix, uint32_t pack)
{
	assert(pack < index_packs(ix));
	return (struct known_pack *)(void *)ix->packs.data + pack;
}

const uint8_t *
index_pack(const struct index *ix, uint32_t pack, uint64_t *ret_bytes)
{
	if (ret_bytes)
		*ret_bytes = pack_at(ix, pack)->bytes;
	return pack_at(ix, pack)->sum;
}

/* The slot of @sum among the pack's sums: its own, or the free one for it. */
static uint32_t *
sum_slot(const struct index *ix, const uint8_t sum[SHA256_BYTES])
{
	uint32_t i = le32_at(sum) & (ix->sum_slots - 1);

	while (ix->by_sum[i] && memcmp(pack_at(ix, ix->by_sum[i] - 1)->sum, sum,
				       SHA256_BYTES) != 0)
		i = (i + 1) & (ix->sum_slots - 1);
	return &ix->by_sum[i];
}

static int
grow_sums(struct index *ix, struct err *err)
{
	uint32_t n = index_packs(ix), *old = ix->by_sum;

	if (2 * (n + 1) <= ix->sum_slots)
		return 0;
	ix->sum_slots = ix->sum_slots ? 2 * ix->sum_slots : 64;
	ix->by_sum = calloc(ix->sum_slots, sizeof(*ix->by_sum));
	if (!ix->by_sum) {
		ix->by_sum = old;
		ix->sum_slots /= 2;
		return no_memory(err);
	}
	for (uint32_t i = 0; i < n; i++)
		if (pack_at(ix, i)->named)
			*sum_slot(ix, pack_at(ix, i)->sum) = i + 1;
	free(old);
	return 0;
}

int
index_new_pack(struct index *ix, uint32_t *ret, struct err *err)
{
	int rc = -1;

	pthread_mutex_lock(&ix->lock);
	*ret = index_packs(ix);
	if (grow_sums(ix, err))
		goto out;
	put_zeros(&ix->packs, sizeof(struct known_pack));
	put_u8(&ix->condemned, 0);
	if (buf_check(&ix->packs, err) == 0)
		rc = buf_check(&ix->condemned, err);
out:
	pthread_mutex_unlock(&ix->lock);
	return rc;
}

void
index_named_pack(struct index *ix, uint32_t pack,
		 const uint8_t sum[SHA256_BYTES], uint64_t bytes)
{
	struct known_pack *p;

	pthread_mutex_lock(&ix->lock);
	p = pack_at(ix, pack);
	memcpy(p->sum, sum, SHA256_BYTES);
	p->bytes = bytes;
	p->named = true;
	*sum_slot(ix, sum) = pack + 1;
	pthread_mutex_unlock(&ix->lock);
}

bool
index_has_pack(const struct index *ix, const uint8_t sum[SHA256_BYTES],
	       uint32_t *ret)
{
	uint32_t n = ix->sum_slots ? *sum_slot(ix, sum) : 0;

	if (n)
		*ret = n - 1;
	return n != 0;
}

int
index_add_pack(struct index *ix, const uint8_t sum[SHA256_BYTES],
	       uint64_t bytes, uint32_t *ret, struct err *err)
{
	if (index_has_pack(ix, sum, ret))
		return 0;
	if (index_new_pack(ix, ret, err))
		return -1;
	index_named_pack(ix, *ret, sum, bytes);
	return 0;
}

void
index_condemn(struct index *ix, uint32_t pack)
{
	ix->condemned.data[pack] = 1;
}

/* ---- what was there before ---- */

static int
add_run(struct index *ix, struct index_run *r, struct err *err)
{
	struct index_run *all;

	if (!r)
		return -1;
	if (ix->n_runs < RUNS_MAX) {
		ix->runs[ix->n_runs++] = r;
		return 0;
	}
	all = index_run_merge(ix->dirfd, ix->runs, NULL, RUNS_MAX, err);
	if (!all) {
		index_run_free(r);
		return -1;
	}
	while (ix->n_runs > 0)
		index_run_free(ix->runs[--ix->n_runs]);
	ix->runs[ix->n_runs++] = all;
	ix->runs[ix->n_runs++] = r;
	return 0;
}

/* The numbers here of the packs that a part lists; NULL with @err. */
static uint32_t *
take_packs(struct index *ix, const struct index_part *part, struct err *err)
{
	uint32_t *numbers = calloc((size_t)part->n_packs + 1, sizeof(*numbers));
	uint64_t bytes;

	if (!numbers) {
		no_memory(err);
		return NULL;
	}
	for (uint32_t i = 0; i < part->n_packs; i++) {
		const uint8_t *sum = index_part_pack(part, i, &bytes);

		if (index_add_pack(ix, sum, bytes, &numbers[i], err)) {
			free(numbers);
			return NULL;
		}
	}
	return numbers;
}

int
index_add_part(struct index *ix, const uint8_t *p, size_t len, struct err *err)
{
	struct index_part part;
	struct index_entry e;
	struct run_out *o = NULL;
	uint32_t *numbers = NULL;
	int rc = -1;

	if (index_part_take(p, len, &part, err))
		return -1;
	numbers = take_packs(ix, &part, err);
	if (numbers)
		o = run_out_new(ix->dirfd, err);
	if (!o)
		goto out;
	for (uint32_t i = 0; i < part.n; i++) {
		index_part_entry(&part, i, &e);
		e.pack = numbers[e.pack];
		if (run_out_add(o, &e, err))
			goto out;
	}
	rc = add_run(ix, run_out_end(o, err), err);
	o = NULL;
out:
	run_out_free(o);
	free(numbers);
	return rc;
}

/* ---- pieces ---- */

static int
find_in_runs(const struct index *ix, const uint8_t id[NAME_BYTES],
	     const struct pack_skip *skip, struct index_entry *ret,
	     struct err *err)
{
	for (unsigned int i = ix->n_runs; i-- > 0;) {
		int r = index_run_find(ix->runs[i], id, skip, ret, err);

		if (r)
			return r;
	}
	return 0;
}

/* The packs that are condemned, and those that are @tried. */
static struct pack_skip
skip_condemned(const struct index *ix, const struct pack_skip *tried)
{
	struct pack_skip skip = {
		.skip = ix->condemned.data,
		.n = (uint32_t)ix->condemned.len,
		.more = tried,
	};

	return skip;
}

int
index_find_but(struct index *ix, const uint8_t id[NAME_BYTES],
	       const struct pack_skip *tried, struct index_entry *ret,
	       struct err *err)
{
	struct pack_skip skip;
	int r;

	pthread_mutex_lock(&ix->lock);
	skip = skip_condemned(ix, tried);
	r = index_own_find(&ix->own, id, ret) && pack_counts(tried, ret->pack);
	if (r == 0)
		r = find_in_runs(ix, id, &skip, ret, err);
	if (r == 0)
		r = find_in_runs(ix, id, tried, ret, err);
	pthread_mutex_unlock(&ix->lock);
	return r;
}

int
index_find(struct index *ix, const uint8_t id[NAME_BYTES],
	   struct index_entry *ret, struct err *err)
{
	return index_find_but(ix, id, NULL, ret, err);
}

int
index_claim(struct index *ix, const uint8_t id[NAME_BYTES], struct err *err)
{
	struct pack_skip skip;
	struct index_entry e;
	int r;

	pthread_mutex_lock(&ix->lock);
	skip = skip_condemned(ix, NULL);
	r = find_in_runs(ix, id, &skip, &e, err);
	if (r == 0)
		r = index_own_claim(&ix->own, id, err);
	pthread_mutex_unlock(&ix->lock);
	return r;
}

void
index_fill(struct index *ix, const uint8_t id[NAME_BYTES], uint32_t pack,
	   uint32_t offset, uint32_t sealed_len, unsigned int place)
{
	struct index_entry e = {
		.pack = pack,
		.offset = offset,
		.sealed_and_place = sealed_len | (uint32_t)place
							 << INDEX_PLACE_SHIFT,
	};

	memcpy(e.id, id, INDEX_ID);
	pthread_mutex_lock(&ix->lock);
	index_own_fill(&ix->own, &e);
	pthread_mutex_unlock(&ix->lock);
}

uint64_t
index_unwritten(struct index *ix)
{
	uint64_t n;

	pthread_mutex_lock(&ix->lock);
	n = ix->own.n;
	pthread_mutex_unlock(&ix->lock);
	return n;
}

/* ---- writing them down ---- */

/* What one part has room for. */
struct part_room {
	const struct index *ix;
	size_t left;
	bool *has; /* by the pack's number: it is in the list */
};

static bool
goes_in(uint32_t pack, void *ctx)
{
	struct part_room *room = ctx;
	size_t takes =
		INDEX_PART_ENTRY + (room->has[pack] ? 0 : INDEX_PART_PACK);

	if (!pack_at(room->ix, pack)->named || takes > room->left)
		return false;
	room->has[pack] = true;
	room->left -= takes;
	return true;
}

/* The body of the part, in which packs are numbered by themselves. */
static int
encode(struct index *ix, const struct index_entry *list, uint32_t n,
       struct buf *b, struct err *err)
{
	uint32_t packs = index_packs(ix), n_here = 0, *here;

	here = calloc((size_t)packs + 1, sizeof(*here));
	if (!here)
		return no_memory(err);
	put_u32(b, 0);
	put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct known_pack *p = pack_at(ix, list[i].pack);

		if (here[list[i].pack])
			continue;
		here[list[i].pack] = ++n_here;
		put_bytes(b, p->sum, SHA256_BYTES);
		put_u64(b, p->bytes);
	}
	for (uint32_t i = 0; i < n; i++) {
		put_bytes(b, list[i].id, INDEX_ID);
		put_u32(b, here[list[i].pack] - 1);
		put_u32(b, list[i].offset);
		put_u32(b, list[i].sealed_and_place);
	}
	free(here);
	if (buf_check(b, err))
		return -1;
	le32_to(b->data, n_here);
	return 0;
}

static int
keep(struct index *ix, const struct index_entry *list, uint32_t n,
     struct err *err)
{
	struct run_out *o = run_out_new(ix->dirfd, err);

	if (!o)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (run_out_add(o, &list[i], err)) {
			run_out_free(o);
			return -1;
		}
	return add_run(ix, run_out_end(o, err), err);
}

static int
flush(struct index *ix, struct buf *b, struct err *err)
{
	struct part_room room = { .ix = ix, .left = SIZE_MAX };
	struct index_entry *list = NULL;
	uint32_t n = 0;
	int rc = -1;

	if (b)
		room.left = INDEX_PART_MAX - RECORD_EXTRA - INDEX_PART_HEAD;
	room.has = calloc((size_t)index_packs(ix) + 1, sizeof(*room.has));
	if (!room.has) {
		no_memory(err);
		goto out;
	}
	list = index_own_take(&ix->own, goes_in, &room, &n, err);
	if (!list)
		goto out;
	rc = n ? (b && encode(ix, list, n, b, err)) || keep(ix, list, n, err) :
		 0;
out:
	free(room.has);
	free(list);
	return rc ? -1 : 0;
}

int
index_flush(struct index *ix, struct buf *b, struct err *err)
{
	int rc;

	pthread_mutex_lock(&ix->lock);
	rc = flush(ix, b, err);
	pthread_mutex_unlock(&ix->lock);
	return rc;
}

int
index_spill(struct index *ix, struct err *err)
{
	return index_flush(ix, NULL, err);
}

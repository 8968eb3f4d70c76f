/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index.c - see index.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "index_own.h"
#include "index_packs.h"
#include "index_part.h"
#include "object.h"

struct index {
	int dirfd;
	pthread_mutex_t lock; /* of all below */
	struct pack_table packs;
	struct index_runs runs;
	struct index_cache cache;
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
	ix->cache.dirfd = -1;
	ix->runs.dirfd = dirfd;
	ix->runs.packs = &ix->packs;
	pthread_mutex_init(&ix->lock, NULL);
	return ix;
}

void
index_free(struct index *ix)
{
	if (!ix)
		return;
	index_runs_done(&ix->runs);
	index_cache_done(&ix->cache);
	pack_table_done(&ix->packs);
	index_own_done(&ix->own);
	pthread_mutex_destroy(&ix->lock);
	free(ix);
}

/* ---- packs ---- */

uint32_t
index_packs(const struct index *ix)
{
	return pack_table_n(&ix->packs);
}

const uint8_t *
index_pack(const struct index *ix, uint32_t pack, uint64_t *ret_bytes)
{
	const struct known_pack *p = pack_table_at(&ix->packs, pack);

	if (ret_bytes)
		*ret_bytes = p->bytes;
	return p->sum;
}

int
index_new_pack(struct index *ix, uint32_t *ret, struct err *err)
{
	int rc;

	pthread_mutex_lock(&ix->lock);
	rc = pack_table_new(&ix->packs, ret, err);
	pthread_mutex_unlock(&ix->lock);
	return rc;
}

void
index_named_pack(struct index *ix, uint32_t pack,
		 const uint8_t sum[SHA256_BYTES], uint64_t bytes)
{
	pthread_mutex_lock(&ix->lock);
	pack_table_name(&ix->packs, pack, sum, bytes);
	pthread_mutex_unlock(&ix->lock);
}

bool
index_has_pack(const struct index *ix, const uint8_t sum[SHA256_BYTES],
	       uint32_t *ret)
{
	return pack_table_has(&ix->packs, sum, ret);
}

int
index_add_pack(struct index *ix, const uint8_t sum[SHA256_BYTES],
	       uint64_t bytes, uint32_t *ret, struct err *err)
{
	return pack_table_add(&ix->packs, sum, bytes, ret, err);
}

void
index_condemn(struct index *ix, uint32_t pack)
{
	ix->packs.condemned.data[pack] = 1;
}

/* ---- what was there before ---- */

int
index_keep(struct index *ix, const struct index_source *from, struct err *err)
{
	memcpy(ix->runs.repo_id, from->repo_id, REPO_ID);
	ix->runs.fetch = from->fetch;
	ix->runs.fetch_ctx = from->fetch_ctx;
	ix->runs.gone = index_cache_gone;
	ix->runs.gone_ctx = &ix->cache;
	index_cache_open(&ix->cache, ix->dirfd);
	return index_cache_load(&ix->cache, &ix->runs, from->use, from->use_ctx,
				from->tidy, err);
}

int
index_add_part(struct index *ix, const uint8_t name[SHA256_BYTES],
	       const uint8_t *p, size_t len, struct err *err)
{
	return index_runs_add_part(&ix->runs, name, p, len, err);
}

int
index_settle(struct index *ix, struct err *err)
{
	if (index_runs_settle(&ix->runs, err))
		return -1;
	index_cache_save(&ix->cache, &ix->runs);
	return 0;
}

/* ---- pieces ---- */

/* The packs that are condemned, and those that are @tried. */
static struct pack_skip
skip_condemned(const struct index *ix, const struct pack_skip *tried)
{
	struct pack_skip skip = {
		.skip = ix->packs.condemned.data,
		.n = (uint32_t)ix->packs.condemned.len,
		.more = tried,
	};

	return skip;
}

/* A piece, and the packs in which it is not wanted. */
struct wanted {
	const uint8_t *id;
	const struct pack_skip *tried;
};

/* In the runs, in a pack that was not tried, nor is condemned unless @any. */
static int
find_in_runs(struct index *ix, const struct wanted *w, bool any,
	     struct index_entry *ret, uint64_t *ret_at, struct err *err)
{
	int r;

	do {
		struct pack_skip skip = skip_condemned(ix, w->tried);

		r = index_runs_find(&ix->runs, w->id, any ? w->tried : &skip,
				    ret, ret_at, err);
	} while (r == RUNS_AGAIN);
	return r;
}

/* Rather in a pack that is not condemned. */
static int
find_somewhere(struct index *ix, const struct wanted *w,
	       struct index_entry *ret, uint64_t *ret_at, struct err *err)
{
	int r = find_in_runs(ix, w, false, ret, ret_at, err);

	return r ? r : find_in_runs(ix, w, true, ret, ret_at, err);
}

int
index_find_but(struct index *ix, const uint8_t id[NAME_BYTES],
	       const struct pack_skip *tried, struct index_entry *ret,
	       struct err *err)
{
	const struct wanted w = { id, tried };
	int r;

	pthread_mutex_lock(&ix->lock);
	r = index_own_find(&ix->own, id, ret) && pack_counts(tried, ret->pack);
	if (r == 0)
		r = find_somewhere(ix, &w, ret, NULL, err);
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
index_find_at(struct index *ix, const uint8_t id[NAME_BYTES],
	      struct index_entry *ret, uint64_t *ret_at, struct err *err)
{
	const struct wanted w = { id, NULL };
	int r;

	pthread_mutex_lock(&ix->lock);
	r = find_somewhere(ix, &w, ret, ret_at, err);
	pthread_mutex_unlock(&ix->lock);
	return r;
}

uint64_t
index_positions(struct index *ix)
{
	uint64_t n;

	pthread_mutex_lock(&ix->lock);
	n = ix->runs.positions;
	pthread_mutex_unlock(&ix->lock);
	return n;
}

int
index_claim(struct index *ix, const uint8_t id[NAME_BYTES], struct err *err)
{
	const struct wanted w = { id, NULL };
	struct index_entry e;
	int r;

	pthread_mutex_lock(&ix->lock);
	r = find_in_runs(ix, &w, false, &e, NULL, err);
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

	if (!pack_table_at(&room->ix->packs, pack)->named || takes > room->left)
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
		return err_set(err, ERR_NOMEM, 0, "no memory for the index");
	put_u32(b, 0);
	put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct known_pack *p =
			pack_table_at(&ix->packs, list[i].pack);

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
flush(struct index *ix, struct buf *b, struct err *err)
{
	struct part_room room = {
		.ix = ix,
		.left = INDEX_PART_MAX - RECORD_EXTRA - INDEX_PART_HEAD,
	};
	struct index_entry *list = NULL;
	uint32_t n = 0;
	int rc = -1;

	room.has = calloc((size_t)index_packs(ix) + 1, sizeof(*room.has));
	if (!room.has) {
		err_set(err, ERR_NOMEM, 0, "no memory for the index");
		goto out;
	}
	list = index_own_take(&ix->own, goes_in, &room, &n, err);
	if (!list)
		goto out;
	rc = n ? encode(ix, list, n, b, err) ||
			     index_runs_add_own(&ix->runs, list, n, err) :
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

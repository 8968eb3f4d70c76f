/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * put.c - see put.h.
 *
 * The story of a piece is putter_put(): name it, is it known, gather the new
 * ones, compress them together, add them to the pack.  The thread that fills a
 * pack writes it out, while the others fill the next.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "log.h"
#include "object.h"
#include "pack_pool.h"
#include "put.h"
#include "put_resume.h"
#include "rand.h"
#include "read_back.h"
#include "repo_harden.h"
#include "repo_index.h"
#include "session_file.h"
#include "zero.h"

struct put {
	struct repo *r;
	struct put_how how;
	uint8_t session[SESSION_ID];
	struct index *index;
	char host_name[OUTCOME_TEXT];
	pthread_mutex_t lock; /* of all below */
	struct pack_pool *packs;
	struct pack_out *pack; /* that is being filled, or NULL */
	uint32_t pack_number;
	struct buf parts; /* sums of index parts */
	struct put_count count;
	int file; /* session_file.h */
};

/* A record of that kind, of ours. */
static struct object
record_of(const struct put *p, enum record_kind kind)
{
	struct object o = {
		.store = p->r->store,
		.key = p->r->key,
		.kind = kind,
		.realm = p->how.realm,
	};

	return o;
}

/* ---- the session ---- */

static int
put_session(struct put *p, struct err *err)
{
	struct object o = record_of(p, RECORD_SESSION);
	struct buf b = BUF_INIT;
	int rc;

	object_name("sessions", p->session, SESSION_ID, o.name);
	put_bytes(&b, p->r->state.host, HOST_ID);
	put_text_into(&b, p->host_name, sizeof(p->host_name));
	put_u64(&b, (uint64_t)time(NULL));
	put_u8(&b, (uint8_t)p->how.purpose);
	rc = object_put_record(&o, &b, err);
	buf_done(&b);
	return rc ? -1 : store_sync(p->r->store, err);
}

struct put *
put_begin(struct repo *r, const struct put_how *how, struct err *err)
{
	struct put *p = calloc(1, sizeof(*p));

	if (!p) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	p->r = r;
	p->how = *how;
	p->file = -1;
	pthread_mutex_init(&p->lock, NULL);
	if (gethostname(p->host_name, sizeof(p->host_name) - 1))
		strcpy(p->host_name, "?");
	p->packs = pack_pool_new(err);
	if (!p->packs || rand_bytes(p->session, SESSION_ID, err))
		goto failed;
	p->file = session_file_new(r->statefd, p->session, err);
	if (p->file < 0 || put_session(p, err))
		goto failed;
	fail_here("put.session");
	/* What was read before the session was there may be gone by now. */
	if (repo_load(r, err) || repo_harden(r, err))
		goto failed;
	p->index = repo_index(r, how->realm, err);
	if (p->index && put_resume(r, p->index, how, p->file, err) == 0)
		return p;
failed:
	put_free(p);
	return NULL;
}

void
put_free(struct put *p)
{
	if (!p)
		return;
	if (p->packs)
		pack_pool_give(p->packs, p->pack);
	pack_pool_free(p->packs);
	index_free(p->index);
	buf_done(&p->parts);
	fd_close(&p->file);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

struct index *
put_index(struct put *p)
{
	return p->index;
}

void
put_counts(struct put *p, struct put_count *ret)
{
	pthread_mutex_lock(&p->lock);
	*ret = p->count;
	pthread_mutex_unlock(&p->lock);
}

/* ---- packs ---- */

static void
count_stored(struct put *p, uint64_t bytes)
{
	pthread_mutex_lock(&p->lock);
	p->count.stored_bytes += bytes;
	pthread_mutex_unlock(&p->lock);
}

/* Write down where things are that were stored.  1; 0: there were none; -1. */
static int
put_part(struct put *p, struct err *err)
{
	struct buf body = BUF_INIT, b = BUF_INIT;
	uint8_t sum[SHA256_BYTES];
	char name[OBJECT_NAME_MAX];
	int rc = -1;

	if (index_flush(p->index, &body, err))
		goto out;
	rc = 0;
	if (body.len == 0)
		goto out;
	rc = object_seal_index(p->r->key, p->how.realm, &body, &b, sum, err);
	if (rc)
		goto out;
	object_name("index", sum, sizeof(sum), name);
	rc = store_put(p->r->store, name, b.data, b.len, err);
	if (rc)
		goto out;
	fail_here("put.part");
	if (p->how.read_back) {
		rc = read_back_part(p->r, sum, err);
		if (rc)
			goto out;
	}
	count_stored(p, b.len);
	pthread_mutex_lock(&p->lock);
	put_bytes(&p->parts, sum, sizeof(sum));
	rc = buf_check(&p->parts, err) ? -1 : 1;
	pthread_mutex_unlock(&p->lock);
out:
	buf_done(&body);
	buf_done(&b);
	return rc;
}

/* All of them: a part has a limit (doc/format.md). */
static int
put_parts(struct put *p, struct err *err)
{
	int r;

	do
		r = put_part(p, err);
	while (r > 0);
	return r;
}

/* Is the pack there as it was meant?  If not, who goes on after us shall not
 * take it, nor its neighbours, for good. */
static int
read_back(struct put *p, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	struct err more = ERR_INIT;

	if (!p->how.read_back || read_back_pack(p->r, sum, err) == 0)
		return 0;
	if (session_file_distrust(p->file, &more))
		log_warning("%s", more.text);
	return -1;
}

/* Write out @pack, which nobody adds to any more; it goes back. */
static int
finish_pack(struct put *p, struct pack_out *pack, uint32_t number,
	    struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	char name[PACK_NAME];
	const uint8_t *data;
	size_t len;
	int rc = -1;

	if (pack_out_end(pack, &data, &len, sum, err))
		goto out;
	pack_name(sum, name);
	/* First: what is stored and not noted is stored again after a death. */
	rc = session_file_note(p->file, sum, err);
	if (rc)
		goto out;
	rc = store_put(p->r->store, name, data, len, err);
	if (rc)
		goto out;
	fail_here("put.pack");
	index_named_pack(p->index, number, sum, len);
out:
	/* First: somebody who has the lock may wait for it. */
	pack_pool_give(p->packs, pack);
	if (rc == 0)
		rc = read_back(p, sum, err);
	if (rc == 0)
		count_stored(p, len);
	if (rc == 0 && index_unwritten(p->index) > p->r->part_entries)
		rc = put_parts(p, err);
	return rc;
}

static int
new_pack(struct put *p, struct err *err)
{
	struct pack_out *o = pack_pool_take(p->packs, err);

	if (!o)
		return -1;
	if (pack_out_begin(o, p->r->key, p->how.realm, err) ||
	    index_new_pack(p->index, &p->pack_number, err)) {
		pack_pool_give(p->packs, o);
		return -1;
	}
	p->pack = o;
	return 0;
}

struct putter {
	struct put *p;
	struct namer *namer;
	struct press *press;
	uint8_t *body;   /* BLOB_BODY_MAX */
	uint8_t *staged; /* BLOB_RAW_MAX: new pieces that are no neighbours */
};

/* The blob of @len bytes at @t->body into the pack. */
static int
add_blob(struct putter *t, size_t len, const struct pack_group *g,
	 struct err *err)
{
	struct put *p = t->p;
	struct pack_out *full = NULL;
	uint32_t offset, number = 0;
	int rc = -1;

	pthread_mutex_lock(&p->lock);
	if (!p->pack && new_pack(p, err))
		goto out;
	rc = pack_out_add(p->pack, t->body, len, g, &offset, err);
	if (rc)
		goto out;
	for (unsigned int i = 0; i < g->n; i++) {
		p->count.new_bytes += g->pieces[i].len;
		index_fill(p->index, g->ids + (size_t)i * NAME_BYTES,
			   p->pack_number, offset,
			   (uint32_t)len + PACK_BLOB_EXTRA, i);
	}
	if (pack_out_bytes(p->pack) >= PACK_TARGET) {
		full = p->pack;
		number = p->pack_number;
		p->pack = NULL;
	}
out:
	pthread_mutex_unlock(&p->lock);
	return full ? finish_pack(p, full, number, err) : rc;
}

/* ---- pieces ---- */

void
putter_free(struct putter *t)
{
	if (!t)
		return;
	namer_free(t->namer);
	press_free(t->press);
	free(t->body);
	free(t->staged);
	free(t);
}

struct putter *
putter_new(struct put *p, struct err *err)
{
	struct putter *t = calloc(1, sizeof(*t));
	uint8_t key[KEY_BYTES];

	if (!t)
		goto nomem;
	t->p = p;
	if (key_name(p->r->key, p->how.realm, key, err))
		goto failed;
	t->namer = namer_new(key, err);
	explicit_bzero(key, sizeof(key));
	t->press = press_new(p->how.level, err);
	if (!t->namer || !t->press)
		goto failed;
	t->body = malloc(BLOB_BODY_MAX);
	t->staged = malloc(BLOB_RAW_MAX);
	if (t->body && t->staged)
		return t;
nomem:
	err_set(err, ERR_NOMEM, 0, "out of memory");
failed:
	putter_free(t);
	return NULL;
}

/* 1: to be stored; 0: it is zero, or known. */
static int
is_new(struct putter *t, const struct blob_piece *piece, uint8_t *ret_id,
       struct err *err)
{
	int r;

	if (zero_is(piece->p, piece->len)) {
		memset(ret_id, 0, NAME_BYTES);
		return 0;
	}
	if (namer_name(t->namer, piece->type, piece->p, piece->len, ret_id,
		       err))
		return -1;
	r = index_claim(t->p->index, ret_id, err);
	return r < 0 ? -1 : !r;
}

/* Make @n pieces neighbours in memory. */
static void
stage(struct putter *t, struct blob_piece *pieces, unsigned int n)
{
	uint32_t at = 0;
	bool apart = false;

	for (unsigned int i = 1; i < n; i++)
		apart |= pieces[i].p != pieces[i - 1].p + pieces[i - 1].len;
	for (unsigned int i = 0; apart && i < n; i++) {
		memcpy(t->staged + at, pieces[i].p, pieces[i].len);
		pieces[i].p = t->staged + at;
		at += pieces[i].len;
	}
}

int
putter_put(struct putter *t, const struct blob_piece *pieces, unsigned int n,
	   uint8_t *ret_ids, struct err *err)
{
	struct blob_piece new[BLOB_PIECES_MAX];
	uint8_t ids[BLOB_PIECES_MAX * NAME_BYTES];
	struct pack_group g = { .pieces = new, .ids = ids };
	long len;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *id = ret_ids + (size_t)i * NAME_BYTES;
		int r = is_new(t, &pieces[i], id, err);

		if (r < 0)
			return -1;
		if (r == 0)
			continue;
		new[g.n] = pieces[i];
		memcpy(ids + (size_t)g.n++ * NAME_BYTES, id, NAME_BYTES);
	}
	if (g.n == 0)
		return 0;
	stage(t, new, g.n);
	len = blob_encode(t->press, new, g.n, t->body, err);
	if (len < 0)
		return -1;
	fail_flip("put.encoded", t->body, (size_t)len);
	return add_blob(t, (size_t)len, &g, err);
}

/* ---- the outcome ---- */

static int
put_outcome(struct put *p, const struct backup *backup, uint8_t *ret_sum,
	    struct err *err)
{
	struct outcome o = {
		.what = OUTCOME_COMMIT,
		.purpose = p->how.purpose,
		.sequence = p->r->state.sequence + 1,
		.ended = (uint64_t)time(NULL),
		.n_index = (uint32_t)(p->parts.len / SHA256_BYTES),
		.index = p->parts.data,
		.new_bytes = p->count.new_bytes,
		.stored_bytes = p->count.stored_bytes,
	};
	struct object rec = record_of(p, RECORD_OUTCOME);
	struct buf b = BUF_INIT;
	int rc;

	memcpy(o.host, p->r->state.host, HOST_ID);
	strcpy(o.host_name, p->host_name);
	memcpy(o.previous, p->r->state.previous, SHA256_BYTES);
	if (backup)
		o.backup = *backup;
	object_name("outcomes", p->session, SESSION_ID, rec.name);
	outcome_encode(&o, &b);
	rc = object_put_record(&rec, &b, err);
	memcpy(ret_sum, rec.sum, SHA256_BYTES);
	buf_done(&b);
	if (rc && err->code == ERR_EXISTS)
		err_set(err, ERR_STATE, 0,
			"a prune ended this session, which it took for dead; "
			"start it anew");
	return rc;
}

/* One after another on this host: each outcome names the one before it. */
static int
commit_in_turn(struct put *p, const struct backup *backup, struct err *err)
{
	struct repo *r = p->r;
	uint8_t sum[SHA256_BYTES];
	int lock = repo_state_lock(r->statefd, err);
	int rc = -1;

	if (lock < 0)
		return -1;
	repo_state_done(&r->state);
	if (repo_state_load(r->statefd, &r->state, err))
		goto out;
	repo_catch_up(r);
	if (put_outcome(p, backup, sum, err) == 0 &&
	    store_sync(r->store, err) == 0) {
		fail_here("put.committed");
		rc = repo_added(r, p->session, sum, err);
		session_file_done(r->statefd, p->session, &p->file);
	}
out:
	fd_close(&lock);
	return rc;
}

int
put_commit(struct put *p, const struct backup *backup,
	   uint8_t ret_session[SESSION_ID], struct err *err)
{
	struct pack_out *last = p->pack;
	struct err why = ERR_INIT;

	p->pack = NULL;
	if (last && finish_pack(p, last, p->pack_number, err))
		return -1;
	if (put_parts(p, err) || store_sync(p->r->store, err))
		return -1;
	fail_here("put.synced");
	memcpy(ret_session, p->session, SESSION_ID);
	if (commit_in_turn(p, backup, err))
		return -1;
	/* So that all of it can be pruned once; without room it stays as it
	 * is. */
	if (store_reserve(p->r->store,
			  repo_reserve_bytes(index_packs(p->index)), &why))
		log_debug("no more room is kept for prunes: %s", why.text);
	return 0;
}

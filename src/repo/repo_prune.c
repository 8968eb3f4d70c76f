/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_prune.c - see repo_prune.h.
 *
 *	condemn		mark, and say in a head what is not needed
 *	wait		for all sessions that were at work then, or break them
 *	sweep		mark again: what they needed is rescued; fold the index;
 *			say so in a head, delete, say in a head that it is done
 *
 * Whoever dies leaves a head that says how far it is; the next one goes on.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"
#include "fold.h"
#include "log.h"
#include "mark.h"
#include "object.h"
#include "pack.h"
#include "prune_wait.h"
#include "repack.h"
#include "repo_harden.h"
#include "repo_head.h"
#include "repo_prune.h"

struct pruning {
	struct repo *r;
	const struct prune_how *how;
	struct prune_report *report;
	struct mark *mark;
	struct buf condemned; /* struct head_condemned */
	struct buf old;       /* sums of packs that were repacked, in order */
	struct err *err;
};

/* ---- forget ---- */

int
repo_forget(struct repo *r, const uint8_t id[SESSION_ID], struct err *err)
{
	struct object o = { .store = r->store,
			    .key = r->key,
			    .kind = RECORD_FORGET };
	struct buf b = BUF_INIT;
	int rc;

	object_name("forgets", id, SESSION_ID, o.name);
	put_bytes(&b, id, SESSION_ID);
	put_bytes(&b, r->state.host, HOST_ID);
	put_u64(&b, (uint64_t)time(NULL));
	rc = object_put_record(&o, &b, err);
	buf_done(&b);
	if (rc && err->code == ERR_EXISTS) {
		err_clear(err);
		rc = 0;
	}
	return rc;
}

/* ---- heads ---- */

/* The next head after the one that was loaded: all but its lists copied. */
static void
next_head(const struct pruning *p, enum head_phase phase, struct head *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->number = p->r->head.number + 1;
	memcpy(ret->previous, p->r->head_sum, SHA256_BYTES);
	ret->phase = phase;
	ret->time = (uint64_t)time(NULL);
}

static void *
copy_of(const void *from, size_t bytes, struct err *err)
{
	void *p = malloc(bytes + 1);

	if (!p)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else if (bytes)
		memcpy(p, from, bytes);
	return p;
}

/* Take over base, known and removed as they are; not the condemned. */
static int
copy_lists(const struct head *from, struct head *to, struct err *err)
{
	to->n_base = from->n_base;
	to->base = copy_of(from->base, from->n_base * sizeof(*from->base), err);
	to->n_known = from->n_known;
	to->known =
		copy_of(from->known, from->n_known * sizeof(*from->known), err);
	to->n_removed = from->n_removed;
	to->removed = copy_of(from->removed,
			      (size_t)from->n_removed * SESSION_ID, err);
	return to->base && to->known && to->removed ? 0 : -1;
}

/* Put it, and load what is true then. */
static int
put_head(struct pruning *p, const struct head *h)
{
	if (repo_head_put(p->r->store, p->r->key, h, NULL, p->err)) {
		if (p->err->code == ERR_EXISTS)
			err_set(p->err, ERR_BUSY, 0,
				"another prune was faster; nothing is lost");
		return -1;
	}
	if (store_sync(p->r->store, p->err))
		return -1;
	return repo_load(p->r, p->err);
}

/* ---- condemn ---- */

static int
condemn(struct pruning *p, enum condemned_kind kind,
	const uint8_t name[SHA256_BYTES], struct err *err)
{
	struct head_condemned c = { .kind = kind };

	memcpy(c.name, name, SHA256_BYTES);
	put_bytes(&p->condemned, &c, sizeof(c));
	return buf_check(&p->condemned, err);
}

static int
look_at_pack(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct pruning *p = ctx;
	uint8_t sum[SHA256_BYTES];

	(void)bytes;
	if (!pack_name_parse(name, sum))
		return 0;
	p->report->n_packs++;
	return mark_needs(p->mark, sum) ? 0 :
					  condemn(p, CONDEMNED_PACK, sum, err);
}

/* Does the head, or a commit that it does not know, name that index part? */
static bool
is_part_needed(const struct repo *r, const uint8_t sum[SHA256_BYTES])
{
	for (uint32_t i = 0; i < r->head.n_base; i++)
		if (memcmp(r->head.base[i].name, sum, SHA256_BYTES) == 0)
			return true;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct outcome *o = &r->commits[i].outcome;

		if (head_knows(&r->head, r->commits[i].session))
			continue;
		for (uint32_t k = 0; k < o->n_index; k++)
			if (memcmp(o->index + k * SHA256_BYTES, sum,
				   SHA256_BYTES) == 0)
				return true;
	}
	return false;
}

static int
look_at_part(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct pruning *p = ctx;
	uint8_t sum[SHA256_BYTES];

	(void)bytes;
	if (!object_id(name, "index", sum, sizeof(sum)) ||
	    is_part_needed(p->r, sum))
		return 0;
	return condemn(p, CONDEMNED_INDEX, sum, err);
}

static int
by_sum(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

static bool
is_old(const uint8_t sum[SHA256_BYTES], void *ctx)
{
	const struct buf *old = ctx;

	return old->len && bsearch(sum, old->data, old->len / SHA256_BYTES,
				   SHA256_BYTES, by_sum);
}

static int
mark(struct pruning *p)
{
	struct mark_how how = { .avoid = is_old,
				.avoid_ctx = &p->old,
				.progress = p->how->progress,
				.progress_ctx = p->how->progress_ctx };

	mark_free(p->mark);
	p->mark = NULL;
	return mark_backups(p->r, &how, &p->mark, p->err);
}

/* A prune is of use without it too. */
static bool
may_go_on(const struct err *why)
{
	return why->code != ERR_CANCELLED && why->code != ERR_NOMEM;
}

/* Mark, and once more when packs were put anew. */
static int
mark_and_repack(struct pruning *p)
{
	struct repack_how how = { .percent = p->how->repack,
				  .progress = p->how->progress,
				  .progress_ctx = p->how->progress_ctx };
	struct repack_done done;
	struct err why = ERR_INIT;

	if (mark(p) || !how.percent)
		return p->mark ? 0 : -1;
	if (repack(p->r, p->mark, &how, &done, &why)) {
		if (!may_go_on(&why)) {
			buf_done(&done.old);
			*p->err = why;
			return -1;
		}
		log_warning("packs of which little is needed stay as they are: "
			    "%s",
			    why.text);
	}
	p->old = done.old;
	p->report->n_repacked = (uint32_t)(done.old.len / SHA256_BYTES);
	p->report->repacked_bytes = done.bytes;
	if (repo_load(p->r, p->err))
		return -1;
	if (p->r->head.phase != HEAD_IDLE)
		return err_set(p->err, ERR_BUSY, 0,
			       "another prune was faster; nothing is lost");
	return done.old.len ? mark(p) : 0;
}

/* Say what is not needed; 1, or 0 if all is. */
static int
condemn_all(struct pruning *p)
{
	struct head h;
	int rc = -1;

	p->condemned.len = 0;
	p->report->n_packs = 0;
	if (mark_and_repack(p) ||
	    store_list(p->r->store, "packs/", look_at_pack, p, p->err) ||
	    store_list(p->r->store, "index/", look_at_part, p, p->err))
		return -1;
	if (p->condemned.len == 0)
		return 0;
	next_head(p, HEAD_CONDEMNED, &h);
	h.n_condemned = (uint32_t)(p->condemned.len / sizeof(*h.condemned));
	h.condemned = copy_of(p->condemned.data, p->condemned.len, p->err);
	if (h.condemned && copy_lists(&p->r->head, &h, p->err) == 0 &&
	    put_head(p, &h) == 0)
		rc = 1;
	head_done(&h);
	fail_here("prune.condemned");
	return rc;
}

/* ---- sweep ---- */

/* Of what is condemned, what is still not needed, into @h. */
static int
rescue(struct pruning *p, struct head *h)
{
	const struct head *was = &p->r->head;

	h->condemned =
		calloc((size_t)was->n_condemned + 1, sizeof(*h->condemned));
	if (!h->condemned)
		return err_set(p->err, ERR_NOMEM, 0, "out of memory");
	for (uint32_t i = 0; i < was->n_condemned; i++) {
		const struct head_condemned *c = &was->condemned[i];

		if (c->kind == CONDEMNED_PACK ?
			    mark_needs(p->mark, c->name) != 0 :
			    is_part_needed(p->r, c->name))
			continue;
		h->condemned[h->n_condemned++] = *c;
	}
	return 0;
}

/* All commits, as known from now on. */
static int
know_all(struct pruning *p, struct head *h)
{
	const struct repo *r = p->r;

	h->known = calloc((size_t)r->n_commits + 1, sizeof(*h->known));
	h->n_removed = r->head.n_removed;
	h->removed = copy_of(r->head.removed,
			     (size_t)r->head.n_removed * SESSION_ID, p->err);
	if (!h->known || !h->removed)
		return err_set(p->err, ERR_NOMEM, 0, "out of memory");
	h->n_known = r->n_commits;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		memcpy(h->known[i].session, r->commits[i].session, SESSION_ID);
		memcpy(h->known[i].sum, r->commits[i].sum, SHA256_BYTES);
	}
	return 0;
}

static int
begin_sweep(struct pruning *p)
{
	struct head h;
	int rc = -1;

	/* What was committed meanwhile counts. */
	if (repo_load(p->r, p->err) || repo_harden(p->r, p->err) || mark(p))
		return -1;
	next_head(p, HEAD_SWEEP, &h);
	if (rescue(p, &h) == 0 && know_all(p, &h) == 0 &&
	    fold_base(p->r, p->mark, &h, p->err) == 0)
		rc = put_head(p, &h);
	head_done(&h);
	fail_here("prune.swept");
	return rc;
}

static int
drop_condemned(struct pruning *p)
{
	char name[OBJECT_NAME_MAX];
	uint64_t bytes;

	for (uint32_t i = 0; i < p->r->head.n_condemned; i++) {
		const struct head_condemned *c = &p->r->head.condemned[i];

		if (c->kind == CONDEMNED_PACK)
			pack_name(c->name, name);
		else
			object_name("index", c->name, SHA256_BYTES, name);
		if (store_size(p->r->store, name, &bytes, p->err)) {
			if (p->err->code != ERR_NOTFOUND)
				return -1;
			err_clear(p->err);
			continue;
		}
		if (store_drop(p->r->store, name, p->err))
			return -1;
		p->report->deleted_bytes += bytes;
		p->report->n_deleted += c->kind == CONDEMNED_PACK;
		fail_here("prune.dropped");
	}
	return 0;
}

/* Known and forgotten: gone from the next head on. */
static int
remove_forgotten(struct pruning *p, struct head *h)
{
	const struct repo *r = p->r;
	uint32_t n = 0, room = h->n_removed + r->n_commits + 1;
	void *list = realloc(h->removed, (size_t)room * SESSION_ID);

	if (!list)
		return err_set(p->err, ERR_NOMEM, 0, "out of memory");
	h->removed = list;
	for (uint32_t i = 0; i < h->n_known; i++) {
		struct repo_commit *c =
			repo_commit_of(p->r, h->known[i].session);

		if (c && c->forgotten)
			memcpy(h->removed[h->n_removed++], c->session,
			       SESSION_ID);
		else
			h->known[n++] = h->known[i];
	}
	h->n_known = n;
	if (h->n_removed > HEAD_REMOVED_MAX) {
		memmove(h->removed, h->removed[h->n_removed - HEAD_REMOVED_MAX],
			(size_t)HEAD_REMOVED_MAX * SESSION_ID);
		h->n_removed = HEAD_REMOVED_MAX;
	}
	return 0;
}

/* The objects of sessions that the head says are removed. */
static int
drop_removed(struct pruning *p)
{
	static const char *const folders[] = { "outcomes", "sessions",
					       "forgets" };
	const struct head *h = &p->r->head;
	char name[OBJECT_NAME_MAX];

	for (uint32_t i = 0; i < h->n_removed; i++)
		for (size_t k = 0; k < 3; k++) {
			object_name(folders[k], h->removed[i], SESSION_ID,
				    name);
			if (store_drop(p->r->store, name, p->err))
				return -1;
		}
	return store_sync(p->r->store, p->err);
}

static int
end_sweep(struct pruning *p)
{
	struct head h;
	int rc = -1;

	/* By a head that may be another's, who died before he synced it. */
	if (repo_harden(p->r, p->err) || store_sync(p->r->store, p->err) ||
	    drop_condemned(p) || store_sync(p->r->store, p->err))
		return -1;
	next_head(p, HEAD_IDLE, &h);
	if (copy_lists(&p->r->head, &h, p->err) == 0 &&
	    remove_forgotten(p, &h) == 0 && put_head(p, &h) == 0)
		rc = drop_removed(p);
	head_done(&h);
	return rc;
}

int
repo_may_prune(const struct repo *r, struct err *err)
{
	return r->key->full ? 0 :
			      err_set(err, ERR_DENIED, 0,
				      "this key can only add; a prune needs a "
				      "full one");
}

int
repo_prune(struct repo *r, const struct prune_how *how,
	   struct prune_report *ret, struct err *err)
{
	struct pruning p = { .r = r, .how = how, .report = ret, .err = err };
	int rc = 0, go = 1;

	memset(ret, 0, sizeof(*ret));
	if (repo_may_prune(r, err))
		return -1;
	ret->adopted = r->head.phase != HEAD_IDLE;
	if (r->head.phase == HEAD_SWEEP)
		rc = end_sweep(&p);
	if (rc == 0 && r->head.phase == HEAD_IDLE)
		go = condemn_all(&p);
	if (rc == 0 && go > 0)
		go = prune_wait(r, how, ret, err);
	if (rc == 0 && go > 0)
		rc = begin_sweep(&p) || end_sweep(&p);
	if (rc == 0 && go >= 0)
		rc = store_tidy(r->store, &ret->n_tidied, err);
	mark_free(p.mark);
	buf_done(&p.condemned);
	buf_done(&p.old);
	return rc || go < 0 ? -1 : 0;
}

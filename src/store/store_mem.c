/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_mem.c - see store_mem.h. */
#include "store_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem_world.h"

/* Every list begins somewhere else: nobody may rely on an order. */
#define LIST_STEP 7

struct mem_store {
	struct store base;
	struct mem_world *world;
	uint64_t bit; /* which handle this is */
};

static const struct store_ops mem_ops;

static struct mem_store *
of(struct store *s)
{
	return (struct mem_store *)s;
}

static struct mem_world *
enter(struct store *s)
{
	struct mem_world *w = of(s)->world;

	pthread_mutex_lock(&w->lock);
	return w;
}

static void
leave(struct mem_world *w)
{
	pthread_mutex_unlock(&w->lock);
}

/* Somebody else's change of @o that is not durable is now of this sync too. */
static void
rely_on(struct mem_object *o, uint64_t bit)
{
	if (o && o->n > 1)
		o->versions[o->n - 1].by |= bit;
}

/* ---- the driver ---- */

static int
mem_put(struct store *s, const char *name, const void *p, size_t len,
	struct err *err)
{
	struct mem_world *w = enter(s);
	struct mem_object *o = mem_world_find(w, name);
	int rc = -1;

	if (mem_object_now(o)->there) {
		rely_on(o, of(s)->bit);
		err_set(err, ERR_EXISTS, 0, "put %s: it is there", name);
	} else if (len > w->limit || mem_world_bytes(w) > w->limit - len) {
		err_set(err, ERR_NOSPC, 0, "put %s: no room", name);
	} else {
		rc = mem_world_change(w, name, p ? p : "", len, of(s)->bit,
				      err);
	}
	leave(w);
	return rc;
}

static int
not_there(const char *name, struct err *err)
{
	return err_set(err, ERR_NOTFOUND, 0, "there is no %s", name);
}

static int
mem_get(struct store *s, const char *name, uint64_t offset, void *p, size_t len,
	size_t *ret_len, struct err *err)
{
	struct mem_world *w = enter(s);
	const struct mem_version *v = mem_object_now(mem_world_find(w, name));
	int rc = 0;

	if (!v->there) {
		rc = not_there(name, err);
	} else if (offset >= v->len) {
		*ret_len = 0;
	} else {
		*ret_len = v->len - offset < len ? v->len - (size_t)offset :
						   len;
		if (len > 0)
			memcpy(p, v->data + offset, *ret_len);
	}
	leave(w);
	return rc;
}

static int
mem_size(struct store *s, const char *name, uint64_t *ret, struct err *err)
{
	struct mem_world *w = enter(s);
	const struct mem_version *v = mem_object_now(mem_world_find(w, name));
	int rc = 0;

	if (v->there)
		*ret = v->len;
	else
		rc = not_there(name, err);
	leave(w);
	return rc;
}

struct listed {
	char name[STORE_NAME_MAX + 1];
	uint64_t bytes;
};

/* What begins with @prefix, at *@ret, for free(). */
static size_t
collect(struct mem_world *w, const char *prefix, struct listed **ret)
{
	struct listed *all = calloc(w->n + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < w->n; i++) {
		const struct mem_object *o =
			w->objects[(i + w->lists * LIST_STEP) % w->n];

		if (!mem_object_now(o)->there ||
		    strncmp(o->name, prefix, strlen(prefix)) != 0)
			continue;
		memcpy(all[n].name, o->name, sizeof(o->name));
		all[n++].bytes = mem_object_now(o)->len;
	}
	w->lists++;
	*ret = all;
	return n;
}

static int
mem_list(struct store *s, const char *prefix, store_list_fn *fn, void *ctx,
	 struct err *err)
{
	struct mem_world *w = enter(s);
	struct listed *all;
	size_t n = collect(w, prefix, &all);
	int rc = 0;

	leave(w);
	if (!all)
		return err_set(err, ERR_NOMEM, 0, "list %s: out of memory",
			       prefix);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = fn(all[i].name, all[i].bytes, ctx, err);
	free(all);
	return rc;
}

static int
mem_drop(struct store *s, const char *name, struct err *err)
{
	struct mem_world *w = enter(s);
	struct mem_object *o = mem_world_find(w, name);
	int rc = 0;

	if (mem_object_now(o)->there)
		rc = mem_world_change(w, name, NULL, 0, of(s)->bit, err);
	else
		rely_on(o, of(s)->bit);
	leave(w);
	return rc;
}

static int
mem_harden(struct store *s, const char *name, struct err *err)
{
	struct mem_world *w = enter(s);
	struct mem_object *o = mem_world_find(w, name);
	int rc = 0;

	if (mem_object_now(o)->there)
		rely_on(o, of(s)->bit);
	else
		rc = not_there(name, err);
	leave(w);
	return rc;
}

/* A put in memory leaves nothing. */
static int
mem_tidy(struct store *s, unsigned int *ret_n, struct err *err)
{
	(void)s;
	(void)ret_n;
	(void)err;
	return 0;
}

/* What this handle changed last in @o is durable, and so all before it. */
static void
sync_object(struct mem_object *o, uint64_t bit)
{
	for (size_t i = o->n; i-- > 1;)
		if (o->versions[i].by & bit) {
			mem_object_settle(o, i, false);
			return;
		}
}

static int
mem_sync(struct store *s, struct err *err)
{
	struct mem_world *w = enter(s);

	(void)err;
	for (size_t i = 0; !w->lies && i < w->n; i++)
		sync_object(w->objects[i], of(s)->bit);
	mem_world_sweep(w);
	leave(w);
	return 0;
}

static void
mem_close(struct store *s)
{
	struct mem_world *w = enter(s);
	bool last = --w->users == 0;

	leave(w);
	if (last)
		mem_world_free(w);
	free(s);
}

static const struct store_ops mem_ops = {
	.name = "mem",
	.put = mem_put,
	.get = mem_get,
	.size = mem_size,
	.list = mem_list,
	.drop = mem_drop,
	.harden = mem_harden,
	.sync = mem_sync,
	.tidy = mem_tidy,
	.close = mem_close,
};

/* ---- handles ---- */

/* A handle on @w, whose lock is held unless nobody else knows it. */
static struct store *
handle(struct mem_world *w)
{
	struct mem_store *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->base.ops = &mem_ops;
	m->world = w;
	m->bit = (uint64_t)1 << (w->handles++ % 64);
	w->users++;
	return &m->base;
}

static struct store *
first_handle(struct mem_world *w)
{
	struct store *s = w ? handle(w) : NULL;

	if (!s)
		mem_world_free(w);
	return s;
}

struct store *
store_mem_new(void)
{
	return first_handle(mem_world_new());
}

struct store *
store_mem_clone(struct store *s)
{
	struct mem_world *w = enter(s);
	struct store *clone = handle(w);

	leave(w);
	return clone;
}

struct store *
store_mem_copy(struct store *s)
{
	struct mem_world *w = enter(s);
	struct mem_world *copy = mem_world_copy(w);
	struct store *ret = first_handle(copy);

	/* So that it can go on, and sync, as the one that it is a copy of. */
	if (ret)
		of(ret)->bit = of(s)->bit;
	leave(w);
	return ret;
}

/* ---- power cuts ---- */

void
store_mem_crash(struct store *s, uint64_t seed)
{
	struct mem_world *w = enter(s);

	for (size_t i = 0; i < w->n; i++) {
		struct mem_object *o = w->objects[i];
		size_t keep;

		if (o->n == 1)
			continue;
		keep = (size_t)(mem_random(&seed) % o->n);
		mem_object_settle(o, keep, true);
		if (w->lies && keep > 0 && o->versions[0].there)
			mem_version_tear(&o->versions[0], &seed);
	}
	mem_world_sweep(w);
	leave(w);
}

void
store_mem_crash_bits(struct store *s, uint64_t bits)
{
	struct mem_world *w = enter(s);
	unsigned int bit = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct mem_object *o = w->objects[i];

		if (o->n == 1)
			continue;
		mem_object_settle(o, bits >> bit & 1 ? o->n - 1 : 0, true);
		if (bit < 63)
			bit++;
	}
	mem_world_sweep(w);
	leave(w);
}

size_t
store_mem_unsynced(struct store *s)
{
	struct mem_world *w = enter(s);
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->objects[i]->n > 1;
	leave(w);
	return n;
}

void
store_mem_lie(struct store *s, bool lies)
{
	struct mem_world *w = enter(s);

	w->lies = lies;
	leave(w);
}

/* ---- what is in it ---- */

void
store_mem_limit(struct store *s, uint64_t bytes)
{
	struct mem_world *w = enter(s);

	w->limit = bytes;
	leave(w);
}

size_t
store_mem_count(struct store *s, const char *prefix)
{
	struct mem_world *w = enter(s);
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += mem_object_now(w->objects[i])->there &&
		     strncmp(w->objects[i]->name, prefix, strlen(prefix)) == 0;
	leave(w);
	return n;
}

/* The object @name with nothing but what it is now, or NULL. */
static struct mem_version *
settled(struct mem_world *w, const char *name)
{
	struct mem_object *o = mem_world_find(w, name);

	if (!mem_object_now(o)->there)
		return NULL;
	mem_object_settle(o, o->n - 1, true);
	return &o->versions[0];
}

const uint8_t *
store_mem_look(struct store *s, const char *name, size_t *ret_len)
{
	struct mem_world *w = enter(s);
	const struct mem_version *v = mem_object_now(mem_world_find(w, name));

	if (v->there)
		*ret_len = v->len;
	leave(w);
	return v->there ? v->data : NULL;
}

bool
store_mem_set(struct store *s, const char *name, const void *p, size_t len)
{
	struct mem_world *w = enter(s);
	struct err err = ERR_INIT;
	bool ok;

	ok = mem_world_change(w, name, p ? p : "", len, 0, &err) == 0;
	if (ok)
		settled(w, name);
	leave(w);
	return ok;
}

bool
store_mem_flip(struct store *s, const char *name, size_t at, uint8_t mask)
{
	struct mem_world *w = enter(s);
	struct mem_version *v = settled(w, name);
	bool ok = v && at < v->len;

	if (ok)
		v->data[at] ^= mask;
	leave(w);
	return ok;
}

bool
store_mem_cut(struct store *s, const char *name, size_t len)
{
	struct mem_world *w = enter(s);
	struct mem_version *v = settled(w, name);
	bool ok = v && len <= v->len;

	if (ok)
		v->len = len;
	leave(w);
	return ok;
}

bool
store_mem_remove(struct store *s, const char *name)
{
	struct mem_world *w = enter(s);
	struct mem_version *v = settled(w, name);

	if (v) {
		v->there = false;
		v->len = 0;
		mem_world_sweep(w);
	}
	leave(w);
	return v != NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_fault.c - see store_fault.h. */
#include "store_fault.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct fault_store {
	struct store base;
	struct store *inner;
	pthread_mutex_t lock; /* of what follows */
	struct store_fault fault;
	uint64_t calls;
	store_fault_fn *before;
	void *ctx;
};

/* What is to become of a call. */
struct fate {
	bool wrong;
	enum store_fault_kind kind;
	enum err_code code;
	uint64_t call; /* its number */
};

static struct fault_store *
of(struct store *s)
{
	return (struct fault_store *)s;
}

static bool
counts(const struct store_fault *f, enum store_op op)
{
	return f->ops == 0 || (f->ops & op) != 0;
}

/* Count the call, and tell in @fate what becomes of it. */
static void
decide(struct fault_store *f, enum store_op op, struct fate *fate)
{
	const struct store_fault *fault = &f->fault;

	fate->wrong = false;
	fate->kind = fault->kind;
	fate->code = fault->code == ERR_NONE ? ERR_IO : fault->code;
	if (!counts(fault, op))
		return;
	fate->call = ++f->calls;
	if (fault->at > 0)
		fate->wrong = fault->onwards ? f->calls >= fault->at :
					       f->calls == fault->at;
}

static int
fail(const struct fate *fate, const char *what, const char *name,
     struct err *err)
{
	return err_set(err, fate->code, 0,
		       "simulated: %s %s failed, call %" PRIu64, what, name,
		       fate->call);
}

/* Before any call.  -1: it is not to be passed on. */
static int
begin(struct fault_store *f, enum store_op op, const char *what,
      const char *name, struct fate *fate, struct err *err)
{
	store_fault_fn *before;
	void *ctx;

	pthread_mutex_lock(&f->lock);
	decide(f, op, fate);
	before = f->before;
	ctx = f->ctx;
	pthread_mutex_unlock(&f->lock);
	if (before && before(op, name, ctx, err))
		return -1;
	if (fate->wrong && fate->kind == STORE_FAULT_FAIL)
		return fail(fate, what, name, err);
	return 0;
}

/* After a call that was passed on: was its answer lost? */
static int
end(const struct fate *fate, const char *what, const char *name,
    struct err *err)
{
	if (fate->wrong && fate->kind == STORE_FAULT_LOST)
		return fail(fate, what, name, err);
	return 0;
}

static int
fault_put(struct store *s, const char *name, const void *p, size_t len,
	  struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_PUT, "put", name, &fate, err) ||
	    store_put(of(s)->inner, name, p, len, err))
		return -1;
	return end(&fate, "put", name, err);
}

static int
fault_get(struct store *s, const char *name, uint64_t offset, void *p,
	  size_t len, size_t *ret_len, struct err *err)
{
	struct fate fate;
	size_t n;

	if (begin(of(s), STORE_GET, "get", name, &fate, err) ||
	    store_get(of(s)->inner, name, offset, p, len, &n, err))
		return -1;
	if (fate.wrong && fate.kind == STORE_FAULT_CUT)
		n /= 2;
	if (fate.wrong && fate.kind == STORE_FAULT_FLIP && n > 0)
		((uint8_t *)p)[n / 2] ^= 1;
	*ret_len = n;
	return end(&fate, "get", name, err);
}

static int
fault_size(struct store *s, const char *name, uint64_t *ret, struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_SIZE, "size", name, &fate, err) ||
	    store_size(of(s)->inner, name, ret, err))
		return -1;
	return end(&fate, "size", name, err);
}

/* A list that breaks off behind its first object. */
struct broken_list {
	store_list_fn *fn;
	void *ctx;
	const struct fate *fate;
	bool told;
};

static int
tell_one(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct broken_list *b = ctx;

	if (b->told)
		return fail(b->fate, "list", name, err);
	b->told = true;
	return b->fn(name, bytes, b->ctx, err);
}

static int
fault_list(struct store *s, const char *prefix, store_list_fn *fn, void *ctx,
	   struct err *err)
{
	struct fate fate;
	struct broken_list broken = { .fn = fn, .ctx = ctx, .fate = &fate };

	if (begin(of(s), STORE_LIST, "list", prefix, &fate, err))
		return -1;
	if (!fate.wrong || fate.kind != STORE_FAULT_LOST)
		return store_list(of(s)->inner, prefix, fn, ctx, err);
	if (store_list(of(s)->inner, prefix, tell_one, &broken, err))
		return -1;
	return end(&fate, "list", prefix, err);
}

static int
fault_drop(struct store *s, const char *name, struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_DROP, "drop", name, &fate, err) ||
	    store_drop(of(s)->inner, name, err))
		return -1;
	return end(&fate, "drop", name, err);
}

static int
fault_harden(struct store *s, const char *name, struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_HARDEN, "harden", name, &fate, err) ||
	    store_harden(of(s)->inner, name, err))
		return -1;
	return end(&fate, "harden", name, err);
}

static int
fault_tidy(struct store *s, unsigned int *ret_n, struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_TIDY, "tidy", "", &fate, err) ||
	    store_tidy(of(s)->inner, ret_n, err))
		return -1;
	return end(&fate, "tidy", "", err);
}

static int
fault_sync(struct store *s, struct err *err)
{
	struct fate fate;

	if (begin(of(s), STORE_SYNC, "sync", "", &fate, err) ||
	    store_sync(of(s)->inner, err))
		return -1;
	return end(&fate, "sync", "", err);
}

static void
fault_close(struct store *s)
{
	store_close(of(s)->inner);
	pthread_mutex_destroy(&of(s)->lock);
	free(s);
}

static const struct store_ops fault_ops = {
	.name = "fault",
	.put = fault_put,
	.get = fault_get,
	.size = fault_size,
	.list = fault_list,
	.drop = fault_drop,
	.harden = fault_harden,
	.sync = fault_sync,
	.tidy = fault_tidy,
	.close = fault_close,
};

struct store *
store_fault_new(struct store *inner)
{
	struct fault_store *f = calloc(1, sizeof(*f));

	if (!f || !inner) {
		store_close(inner);
		free(f);
		return NULL;
	}
	f->base.ops = &fault_ops;
	f->inner = inner;
	pthread_mutex_init(&f->lock, NULL);
	return &f->base;
}

void
store_fault_set(struct store *s, const struct store_fault *fault)
{
	static const struct store_fault none;
	struct fault_store *f = of(s);

	pthread_mutex_lock(&f->lock);
	f->fault = fault ? *fault : none;
	f->calls = 0;
	pthread_mutex_unlock(&f->lock);
}

uint64_t
store_fault_calls(struct store *s)
{
	struct fault_store *f = of(s);
	uint64_t n;

	pthread_mutex_lock(&f->lock);
	n = f->calls;
	pthread_mutex_unlock(&f->lock);
	return n;
}

void
store_fault_before(struct store *s, store_fault_fn *fn, void *ctx)
{
	struct fault_store *f = of(s);

	pthread_mutex_lock(&f->lock);
	f->before = fn;
	f->ctx = ctx;
	pthread_mutex_unlock(&f->lock);
}

struct store *
store_fault_inner(struct store *s)
{
	return of(s)->inner;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_open.c - who opens "mem:"; see store_mem.h. */
#include "store_mem.h"

/* Or nobody: then we make a new one. */
static store_mem_fn *serve;
static void *serve_ctx;

void
store_mem_serve(store_mem_fn *fn, void *ctx)
{
	serve = fn;
	serve_ctx = ctx;
}

int
store_mem_open(const char *address, bool create, struct store **ret,
	       struct err *err)
{
	struct store *s;

	if (serve) {
		s = serve(create, serve_ctx, err);
		if (s)
			*ret = s;
		return s ? 0 : -1;
	}
	if (!create)
		return err_set(err, ERR_NOTFOUND, 0,
			       "%s: there is nothing in memory yet", address);
	s = store_mem_new();
	if (!s)
		return err_set(err, ERR_NOMEM, 0, "%s: out of memory", address);
	*ret = s;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store_kinds.h - the same tests of every driver of store.h, and of every way
 * in which one does its work.
 */
#ifndef XENSNAP_STORE_KINDS_H
#define XENSNAP_STORE_KINDS_H

#include "store.h"

/* The store of the test that runs: new, empty. */
extern struct store *s;

/* store_kinds_run() - run the @n functions at @tests (struct CMUnitTest, with
 * no setup of their own) with all kinds of store; what main() returns. */
int store_kinds_run(const void *tests, size_t n);

/* store_kinds_put() - put an object; fails the test when that fails. */
void store_kinds_put(const char *name, const void *p, size_t len);

/* store_kinds_holds() - assert that @name is @len bytes at @want. */
void store_kinds_holds(const char *name, const void *want, size_t len);

/* What a list told. */
struct seen {
	unsigned int n;
	uint64_t bytes;
	char last[STORE_NAME_MAX + 1];
};

/* store_kinds_see() - a store_list_fn for a struct seen. */
int store_kinds_see(const char *name, uint64_t bytes, void *ctx,
		    struct err *err);

/* store_kinds_list() - list @prefix; fails the test when that fails. */
struct seen store_kinds_list(const char *prefix);

#endif

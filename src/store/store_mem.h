/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store_mem.h - a store in memory, for tests (builds with -Dsim=true): it can
 * lose its power, and the objects in it can be damaged.
 *
 * Several handles may be on the same objects, as several hosts are.  A sync of
 * one makes durable what went through that handle, and nothing else: as little
 * as store.h promises.  (There are 64 kinds of handle; the 65th is as the
 * first.)  All functions may be called from several threads.
 */
#ifndef XENSNAP_STORE_MEM_H
#define XENSNAP_STORE_MEM_H

#include "store.h"

/* store_mem_new() - an empty one, for store_close(); NULL: no memory. */
struct store *store_mem_new(void);

/*
 * store_mem_open() - "mem:", for store_open(): a new one with @create.  -1 with
 * ERR_NOTFOUND without it: what is in memory does not outlive its last handle.
 */
int store_mem_open(const char *address, bool create, struct store **ret,
		   struct err *err);

/*
 * store_mem_serve() - from now on "mem:" is opened by @fn, which returns a
 * store, or NULL with its error: so that a test can give what it made, faults
 * and all, to whoever opens a repository.  NULL: as above.  Not while one is
 * opened.
 */
typedef struct store *store_mem_fn(bool create, void *ctx, struct err *err);
void store_mem_serve(store_mem_fn *fn, void *ctx);

/* store_mem_clone() - another handle on the same objects, for store_close(). */
struct store *store_mem_clone(struct store *s);

/*
 * store_mem_copy() - a store of its own that is just the same, also in what is
 * not durable: to try several power cuts at one place.
 */
struct store *store_mem_copy(struct store *s);

/* ---- power cuts ---- */

/*
 * store_mem_crash() - the power is cut: each object with changes that were not
 * synced is as it was at the last sync or after any of the changes since, each
 * for itself.  The same @seed does the same.  Handles can be used on.
 */
void store_mem_crash(struct store *s, uint64_t seed);

/* store_mem_unsynced() - of how many objects the last change is not durable. */
size_t store_mem_unsynced(struct store *s);

/*
 * store_mem_crash_bits() - a power cut of which it is said what it does: of the
 * store_mem_unsynced() objects, by name, the first is as it is now if bit 0 of
 * @bits is set, else as it was at the last sync, and so on; from the 65th on
 * they are as bit 63 says.
 */
void store_mem_crash_bits(struct store *s, uint64_t bits);

/*
 * store_mem_lie() - from now on (@lies) syncs do nothing, as with a disk that
 * does not flush; and after a crash what was put meanwhile may be torn: cut
 * short, or with sectors of zeros.
 */
void store_mem_lie(struct store *s, bool lies);

/* ---- what is in it; all of this is durable at once ---- */

/* store_mem_limit() - from now on there is room for @bytes; a put of more is
 * refused with ERR_NOSPC. */
void store_mem_limit(struct store *s, uint64_t bytes);

/* store_mem_count() - how many objects begin with @prefix. */
size_t store_mem_count(struct store *s, const char *prefix);

/* store_mem_look() - the bytes of @name, NULL if there is no such object; good
 * until it is changed. */
const uint8_t *store_mem_look(struct store *s, const char *name,
			      size_t *ret_len);

/* store_mem_set() - make @name @len bytes at @p, whatever it was.  false: no
 * memory. */
bool store_mem_set(struct store *s, const char *name, const void *p,
		   size_t len);

/* store_mem_flip() - flip the bits @mask of byte @at of @name.  false: there is
 * no such byte. */
bool store_mem_flip(struct store *s, const char *name, size_t at, uint8_t mask);

/* store_mem_cut() - make @name @len bytes long.  false: it is no longer. */
bool store_mem_cut(struct store *s, const char *name, size_t len);

/* store_mem_remove() - make @name gone.  false: there was none. */
bool store_mem_remove(struct store *s, const char *name);

#endif

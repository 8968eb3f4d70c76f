/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - the door to where a repository's objects are kept.
 *
 * An object is a byte string with a name, put once, whole, and never changed.
 * A store promises (doc/format.md, reliability rests on it):
 *
 *	put	creates, or fails with ERR_EXISTS; of two that put the same
 *		name one wins
 *	get	after a put that succeeded sees all of it
 *	list	tells every object that was there all the while; of others
 *		maybe.  An error is never an end
 *	sync	after it, all that was put and dropped before by this struct
 *		store is so also after a power cut, and so is what a put of
 *		its found there already (ERR_EXISTS).  Without it an object may
 *		be lost, but not torn.  What others put is durable by their
 *		sync, not by ours: whoever must rely on it hardens it and syncs
 *
 * Names are 1 to STORE_NAME_MAX of a-z 0-9 - . and /, no part of them empty or
 * beginning with a dot; all functions refuse others with ERR_INVALID.  The text
 * of an error names the object.  Wherever ERR_IO is named, ERR_DENIED,
 * ERR_NOMEM and ERR_NOSPC may come as well.
 *
 * Threads: all functions of one store may be called from several at once, but
 * close.  A sync is of what was put before it was called.
 *
 * Addresses: a path (a directory), or "mem:" for tests (store_mem.h).  Other
 * words with a colon are kept for drivers to come: the folder "a:b" is "./a:b".
 */
#ifndef XENSNAP_STORE_H
#define XENSNAP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define STORE_NAME_MAX 96

struct store;

/* What store_list() calls for each object: its name and length.  0 to go on, or
 * -1 with @err: the list ends with that error.  It may call the store. */
typedef int store_list_fn(const char *name, uint64_t bytes, void *ctx,
			  struct err *err);

/* A driver.  @s is its own, which begins with a struct store.  Names have been
 * checked when it sees them, and offsets fit into an off_t. */
struct store_ops {
	const char *name;
	int (*put)(struct store *s, const char *name, const void *p, size_t len,
		   struct err *err);
	int (*get)(struct store *s, const char *name, uint64_t offset, void *p,
		   size_t len, size_t *ret_len, struct err *err);
	int (*size)(struct store *s, const char *name, uint64_t *ret,
		    struct err *err);
	int (*list)(struct store *s, const char *prefix, store_list_fn *fn,
		    void *ctx, struct err *err);
	int (*drop)(struct store *s, const char *name, struct err *err);
	int (*harden)(struct store *s, const char *name, struct err *err);
	int (*sync)(struct store *s, struct err *err);
	int (*tidy)(struct store *s, unsigned int *ret_n, struct err *err);
	/* NULL: there is no such thing. */
	int (*reserve)(struct store *s, uint64_t bytes, struct err *err);
	int (*spend)(struct store *s, struct err *err);
	void (*close)(struct store *s);
};

struct store {
	const struct store_ops *ops;
};

/* store_name_fits() - can an object, or a folder of some, be called @name? */
bool store_name_fits(const char *name);

/*
 * store_open() - the store at @address in *@ret, for store_close().  @create:
 * it must be a directory that is missing, which is made, or that holds nothing
 * but empty folders and what an init that died left, keys and a first head,
 * which the caller has to drop: nobody else is at it meanwhile.  Else it must
 * be there.  -1 with ERR_NOTFOUND, ERR_EXISTS (not empty), ERR_BUSY (another
 * create is at work), ERR_UNSUPPORTED (it cannot create exclusively, or not
 * durably), ERR_INVALID (no such driver) or ERR_IO; nothing is owned then, and
 * the error tells the address.  A directory that cannot be written to, or is
 * full, is opened all the same: to be read.
 */
int store_open(const char *address, bool create, struct store **ret,
	       struct err *err);

/*
 * store_may_create() - would store_open() refuse to create it at @address, as
 * far as can be told when nothing is made?  -1 as there, ERR_NOTFOUND when the
 * folder is not there in which it would be.
 */
int store_may_create(const char *address, struct err *err);

/*
 * store_put() - create object @name of @len bytes.  -1 with ERR_EXISTS
 * (something of that name is there, whatever it is), ERR_NOSPC or ERR_IO: there
 * is no such object by us, but after ERR_IO it may appear later (a reply that
 * was lost).
 */
int store_put(struct store *s, const char *name, const void *p, size_t len,
	      struct err *err);

/*
 * store_get() - up to @len bytes at @offset into @p; *@ret_len is how many
 * there were, fewer only at the object's end, 0 behind it.  -1 with
 * ERR_NOTFOUND, ERR_CORRUPT (it is no plain file) or ERR_IO; what is in @p then
 * is unknown.
 */
int store_get(struct store *s, const char *name, uint64_t offset, void *p,
	      size_t len, size_t *ret_len, struct err *err);

/*
 * store_size() - length of object @name.  -1 with ERR_NOTFOUND, ERR_CORRUPT (it
 * is no plain file) or ERR_IO.
 */
int store_size(struct store *s, const char *name, uint64_t *ret,
	       struct err *err);

/*
 * store_list() - @fn for each object whose name begins with @prefix ("packs/";
 * "": all), in no order; none is no error.  What is no object of ours (other
 * names, folders where none belongs, symbolic links) is passed over.  -1 with
 * ERR_CORRUPT (@prefix's folder is none), ERR_IO or @fn's error.
 */
int store_list(struct store *s, const char *prefix, store_list_fn *fn,
	       void *ctx, struct err *err);

/*
 * store_drop() - remove object @name; gone already is as good.  -1 with
 * ERR_CORRUPT (it is a folder) or ERR_IO: it may be there or not.
 */
int store_drop(struct store *s, const char *name, struct err *err);

/*
 * store_harden() - object @name, whoever put it, is to be durable by the next
 * sync.  -1 with ERR_NOTFOUND, ERR_CORRUPT (it is no plain file) or ERR_IO.
 */
int store_harden(struct store *s, const char *name, struct err *err);

/*
 * store_sync() - see above.  -1 with ERR_IO: what was put since the last one
 * may be lost at a power cut, and must not be relied on.  All later syncs fail
 * too, until it is opened anew: nobody knows any more what is durable.
 */
int store_sync(struct store *s, struct err *err);

/*
 * store_tidy() - remove what puts left that were killed over a day ago, by the
 * store's own clock; nothing of it is an object.  *@ret_n: how many.  -1 with
 * ERR_IO: some may be left.
 */
int store_tidy(struct store *s, unsigned int *ret_n, struct err *err);

/*
 * store_reserve() - keep up to @bytes of room, less where little is free, for
 * when there is no other; what is kept already counts.  Some stores, and some
 * file systems, keep none.  -1 with ERR_NOSPC, ERR_DENIED or ERR_IO: there may
 * be none.
 */
int store_reserve(struct store *s, uint64_t bytes, struct err *err);

/* store_spend() - give that room up.  1; 0: there was none; -1 with ERR_DENIED
 * or ERR_IO. */
int store_spend(struct store *s, struct err *err);

/* store_close() - let go of it (NULL is allowed).  Syncs nothing. */
void store_close(struct store *s);

#endif

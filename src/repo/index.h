/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index.h - where each piece is, as far as a session may rely on it: what was
 * committed before (runs that never change), and what it added itself.
 *
 * Packs have numbers here, in the order in which they became known.  Those that
 * are condemned are not found, so that what is in them alone is stored anew.
 *
 * Threads: index_find(), index_claim() and index_fill() from several at once;
 * the others from one, while no other function runs.
 */
#ifndef XENSNAP_INDEX_H
#define XENSNAP_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "index_cache.h"
#include "index_run.h"
#include "name.h"
#include "sha256.h"

/* Entries after which a session writes down what it has. */
#define INDEX_PART_ENTRIES 250000

struct index;

/* index_new() - an empty one, with its files in folder @dirfd, which stays the
 * caller's.  NULL with ERR_NOMEM.  For index_free(). */
struct index *index_new(int dirfd, struct err *err);

/* index_free() - NULL is allowed. */
void index_free(struct index *ix);

/* ---- packs ---- */

/*
 * index_add_pack() - the pack with @sum, @bytes long, is known; its number, the
 * same for the same sum, in *@ret.  -1 with ERR_NOMEM.
 */
int index_add_pack(struct index *ix, const uint8_t sum[SHA256_BYTES],
		   uint64_t bytes, uint32_t *ret, struct err *err);

/* index_has_pack() - is the pack with @sum known?  Its number in *@ret then. */
bool index_has_pack(const struct index *ix, const uint8_t sum[SHA256_BYTES],
		    uint32_t *ret);

/*
 * index_new_pack() - a number for a pack that is being built;
 * index_named_pack() - its sum and length when it is.  -1 with ERR_NOMEM.
 */
int index_new_pack(struct index *ix, uint32_t *ret, struct err *err);
void index_named_pack(struct index *ix, uint32_t pack,
		      const uint8_t sum[SHA256_BYTES], uint64_t bytes);

/* index_pack() - the sum and length of pack @pack. */
const uint8_t *index_pack(const struct index *ix, uint32_t pack,
			  uint64_t *ret_bytes);

/* index_packs() - how many have numbers. */
uint32_t index_packs(const struct index *ix);

/* index_condemn() - pack @pack does not count any more. */
void index_condemn(struct index *ix, uint32_t pack);

/* ---- what was there before ---- */

/*
 * index_keep() - it is of repository @repo_id, and what is added to it by
 * index_add_part() is kept for the next process: what an earlier one kept is
 * taken into it first, as far as @use tells (index_cache.h; @tidy too).  What
 * turns out to be damaged is read anew by @fetch.  -1 with ERR_NOMEM or ERR_IO.
 */
struct index_source {
	uint8_t repo_id[REPO_ID];
	index_use_fn *use; /* while index_keep() runs */
	void *use_ctx;
	index_fetch_fn *fetch; /* while any function of the index runs */
	void *fetch_ctx;
	bool tidy;
};
int index_keep(struct index *ix, const struct index_source *from,
	       struct err *err);

/*
 * index_add_part() - the entries of the index part called @name, with body @p.
 * -1 with ERR_CORRUPT, ERR_NOMEM, ERR_IO or ERR_NOSPC.
 */
int index_add_part(struct index *ix, const uint8_t name[SHA256_BYTES],
		   const uint8_t *p, size_t len, struct err *err);

/*
 * index_settle() - all parts were added: make few files of them, and keep
 * those.  -1 with ERR_CORRUPT, ERR_NOMEM or ERR_IO.
 */
int index_settle(struct index *ix, struct err *err);

/* ---- pieces ---- */

/*
 * index_find() - where piece @id is.  1: in *@ret, in a condemned pack only if
 * in no other; 0: it is not known, or being stored just now; -1 with
 * ERR_CORRUPT or ERR_IO.
 */
int index_find(struct index *ix, const uint8_t id[NAME_BYTES],
	       struct index_entry *ret, struct err *err);

/*
 * index_find_but() - the same, but in none of the packs that are @tried.
 */
int index_find_but(struct index *ix, const uint8_t id[NAME_BYTES],
		   const struct pack_skip *tried, struct index_entry *ret,
		   struct err *err);

/*
 * index_find_at() - the same, and *@ret_at, a number that no other piece has,
 * below index_positions(); one that was damaged on this host's disk, and is
 * read anew, may get another.
 */
int index_find_at(struct index *ix, const uint8_t id[NAME_BYTES],
		  struct index_entry *ret, uint64_t *ret_at, struct err *err);
uint64_t index_positions(struct index *ix);

/*
 * index_claim() - is piece @id to be stored?  1: no, it is known, or another
 * thread is at it; 0: yes, by the caller, who says where by index_fill(); -1
 * with ERR_CORRUPT, ERR_IO or ERR_NOMEM.
 */
int index_claim(struct index *ix, const uint8_t id[NAME_BYTES],
		struct err *err);

/* index_fill() - what was claimed is stored in pack @pack, as piece @place of
 * the blob at @offset. */
void index_fill(struct index *ix, const uint8_t id[NAME_BYTES], uint32_t pack,
		uint32_t offset, uint32_t sealed_len, unsigned int place);

/* index_unwritten() - how many entries are in no part yet. */
uint64_t index_unwritten(struct index *ix);

/*
 * index_flush() - own entries that are in named packs, as many as an index part
 * has room for, as its body in @b; there are no more if @b is empty then.  They
 * stay known.  -1 with ERR_NOMEM, ERR_IO or ERR_NOSPC.
 */
int index_flush(struct index *ix, struct buf *b, struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_run.h - a file of index entries, sorted by id, that never changes.
 *
 * A repository of 10 TiB has 160 million of them: they stay in the file, and
 * only the first id of each page is in memory, 9 MiB then.  A look-up reads one
 * page.  The file is a cache and may be lost; each page carries a sum, since an
 * entry that is wrong would make a backup point at nothing.
 */
#ifndef XENSNAP_INDEX_RUN_H
#define XENSNAP_INDEX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define INDEX_ID 16 /* bytes of an id that an index keeps */
#define INDEX_PLACE_SHIFT 24

/* Where a piece is: doc/format.md, "Index part". */
struct index_entry {
	uint8_t id[INDEX_ID];
	uint32_t pack;
	uint32_t offset;
	uint32_t sealed_and_place;
};

/* ---- writing one ---- */

struct run_out;

/*
 * run_out_new() - an empty one, in a file without a name in folder @dirfd.
 * NULL with ERR_IO, ERR_NOSPC or ERR_NOMEM.  run_out_end() or run_out_free()
 * it.
 */
struct run_out *run_out_new(int dirfd, struct err *err);

/*
 * run_out_add() - one more, whose id is not below the last one's.  A piece may
 * be in several packs: each is kept, but no entry twice.  -1 with ERR_IO or
 * ERR_NOSPC.
 */
int run_out_add(struct run_out *o, const struct index_entry *e,
		struct err *err);

struct index_run;

/* run_out_end() - the run, for index_run_free(); @o is gone, also on failure:
 * NULL with ERR_IO, ERR_NOSPC or ERR_NOMEM. */
struct index_run *run_out_end(struct run_out *o, struct err *err);

/* run_out_free() - give it up (NULL is allowed). */
void run_out_free(struct run_out *o);

/* ---- reading one ---- */

/*
 * index_run_open() - the run in file @fd, which it owns from now on, also on
 * failure: NULL with ERR_CORRUPT (no run, or damaged) or ERR_IO.
 */
struct index_run *index_run_open(int fd, struct err *err);

/* index_run_fd() - its file, to be given a name or copied. */
int index_run_fd(const struct index_run *r);

/* index_run_entries() - how many there are. */
uint64_t index_run_entries(const struct index_run *r);

/* Packs that don't count: one byte for each, not 0 if it doesn't. */
struct pack_skip {
	const uint8_t *skip; /* NULL: all count */
	uint32_t n;
	const struct pack_skip *more; /* nor do these; or NULL */
};

/* pack_counts() - does pack @pack?  @s NULL: all do. */
bool pack_counts(const struct pack_skip *s, uint32_t pack);

/*
 * index_run_find() - an entry with @id in a pack that counts.  1: in *@ret; 0:
 * there is none; -1 with ERR_CORRUPT or ERR_IO.  From several threads at once.
 */
int index_run_find(const struct index_run *r, const uint8_t id[INDEX_ID],
		   const struct pack_skip *skip, struct index_entry *ret,
		   struct err *err);

/* Reading all of one, in order. */
struct run_at {
	const struct index_run *run;
	uint64_t page;
	unsigned int at, n; /* in the page below */
	uint8_t bytes[4096];
};

/* run_at_begin() - before the first entry of @run. */
void run_at_begin(struct run_at *a, const struct index_run *run);

/* run_at_next() - 1: the next entry in *@ret; 0: there is none; -1 with
 * ERR_CORRUPT or ERR_IO. */
int run_at_next(struct run_at *a, struct index_entry *ret, struct err *err);

/* index_run_free() - NULL is allowed; a file without a name is gone then. */
void index_run_free(struct index_run *r);

/*
 * index_run_merge() - one run of the @n runs at @runs, at most INDEX_MERGE_MAX;
 * with all their entries.  Each pack's number in run i has @shift[i] added
 * (NULL: nothing).  NULL with ERR_IO, ERR_NOSPC, ERR_NOMEM or
 * ERR_CORRUPT; the runs stay.
 */
#define INDEX_MERGE_MAX 64
struct index_run *index_run_merge(int dirfd, struct index_run *const *runs,
				  const uint32_t *shift, unsigned int n,
				  struct err *err);

#endif

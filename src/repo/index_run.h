/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_run.h - a file of index entries, sorted by id, that never changes.
 *
 * A repository of 10 TiB has 160 million of them: they stay in the file, and
 * only the first id of each page is in memory, 9 MiB then.  A look-up reads one
 * page.  The file is a cache and may be lost; each page carries a sum, since an
 * entry that is wrong would make a backup point at nothing.
 *
 * A run may tell of which index parts it is, and the packs of each: then its
 * entries name packs by *slot*, the place in that list, and whoever uses it
 * says which number each slot has, or that it does not count.
 */
#ifndef XENSNAP_INDEX_RUN_H
#define XENSNAP_INDEX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"
#include "sha256.h"

#define INDEX_ID 16 /* bytes of an id that an index keeps */
#define INDEX_PLACE_SHIFT 24

/* Where a piece is: doc/format.md, "Index part". */
struct index_entry {
	uint8_t id[INDEX_ID];
	uint32_t pack;
	uint32_t offset;
	uint32_t sealed_and_place;
};

/* A slot that does not count. */
#define RUN_NOWHERE UINT32_MAX

/* What a run tells of itself; all zero: nothing. */
struct run_about {
	uint8_t repo_id[REPO_ID];
	struct buf packs; /* run_about_pack(), by slot */
	struct buf parts; /* run_about_part(), in the order of their slots */
};

/* One index part whose entries are in a run. */
struct run_part {
	uint8_t name[SHA256_BYTES];
	uint32_t n_slots, n_entries;
};

/* run_about_pack(), run_about_part() - one more; buf_check() is the
 * caller's.  run_about_done() - free what is in it. */
void run_about_pack(struct run_about *a, const uint8_t sum[SHA256_BYTES],
		    uint64_t bytes);
void run_about_part(struct run_about *a, const struct run_part *part);
void run_about_done(struct run_about *a);

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

/* run_out_end() - the run, of which is told what @about says (NULL: nothing),
 * for index_run_free(); @o is gone, also on failure: NULL with ERR_IO,
 * ERR_NOSPC or ERR_NOMEM. */
struct index_run *run_out_end(struct run_out *o, const struct run_about *about,
			      struct err *err);

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

/* index_run_tag() - what its contents alone decide, to name it by. */
#define RUN_TAG 8
const uint8_t *index_run_tag(const struct index_run *r);

/* index_run_is_of() - was it written for repository @id? */
bool index_run_is_of(const struct index_run *r, const uint8_t id[REPO_ID]);

/* index_run_parts(), index_run_part() - how many index parts it tells of, and
 * part @i.  index_run_slots() - how many slots they have together. */
uint32_t index_run_parts(const struct index_run *r);
void index_run_part(const struct index_run *r, uint32_t i,
		    struct run_part *ret);
uint32_t index_run_slots(const struct index_run *r);

/* index_run_slot() - the sum and length of the pack of slot @i, until its
 * numbers are set. */
const uint8_t *index_run_slot(const struct index_run *r, uint32_t i,
			      uint64_t *ret_bytes);

/* index_run_set_numbers() - which number, or RUN_NOWHERE, each slot has:
 * malloc()ed, and the run's from now on.  index_run_numbers() - them, or NULL:
 * its entries have numbers themselves. */
void index_run_set_numbers(struct index_run *r, uint32_t *numbers);
const uint32_t *index_run_numbers(const struct index_run *r);

/* index_run_check() - read all of it.  -1 with ERR_CORRUPT or ERR_IO. */
int index_run_check(const struct index_run *r, struct err *err);

/* Packs that don't count: one byte for each, not 0 if it doesn't. */
struct pack_skip {
	const uint8_t *skip; /* NULL: all count */
	uint32_t n;
	const struct pack_skip *more; /* nor do these; or NULL */
};

/* pack_counts() - does pack @pack?  @s NULL: all do. */
bool pack_counts(const struct pack_skip *s, uint32_t pack);

/*
 * index_run_find() - an entry with @id in a pack that counts.  1: in *@ret,
 * with the pack's number, and its place in the run in *@ret_at (NULL: not
 * wanted); 0: there is none; -1 with ERR_CORRUPT or ERR_IO.  From one thread
 * at a time.
 */
int index_run_find(struct index_run *r, const uint8_t id[INDEX_ID],
		   const struct pack_skip *skip, struct index_entry *ret,
		   uint64_t *ret_at, struct err *err);

/* Reading all of one, in order. */
struct run_at {
	const struct index_run *run;
	uint64_t page;
	unsigned int at, n; /* in the page below */
	uint8_t bytes[4096];
};

/* run_at_begin() - before the first entry of @run. */
void run_at_begin(struct run_at *a, const struct index_run *run);

/* run_at_next() - 1: the next entry, as it is in the file, in *@ret; 0: there
 * is none; -1 with ERR_CORRUPT or ERR_IO. */
int run_at_next(struct run_at *a, struct index_entry *ret, struct err *err);

/* index_run_free() - NULL is allowed; a file without a name is gone then. */
void index_run_free(struct index_run *r);

#endif

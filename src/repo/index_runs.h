/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_runs.h - the runs of one index: those of index parts, which may be kept
 * for the next process (index_cache.h), and those of the session's own.
 *
 * There are few of them, since each costs a look-up a page: small ones are
 * merged into larger ones, so that each is several times as large as all behind
 * it, and an entry is written anew a logarithm of times.
 *
 * No locks: index.c has one.
 */
#ifndef XENSNAP_INDEX_RUNS_H
#define XENSNAP_INDEX_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "index_merge.h"
#include "index_packs.h"
#include "index_run.h"

/* What an index part is to an index. */
enum part_use {
	PART_GONE = 0, /* no head and no commit names it any more */
	PART_OTHER,    /* it is not asked for: another realm's */
	PART_USED,     /* its entries count */
};

#define RUN_FILE 24 /* bytes of a run's name, NUL included */

struct used_run {
	struct index_run *run;
	uint8_t *uses;       /* enum part_use of each part */
	uint64_t n_used;     /* entries that count, as its parts say */
	uint64_t base;       /* position of its first entry */
	bool fixed;          /* parts of others are in it: not to be merged */
	char file[RUN_FILE]; /* its name in the cache, or "" */
};

struct run_list {
	struct used_run at[INDEX_MERGE_MAX];
	unsigned int n;
	unsigned int bad; /* the one at which the last search failed */
};

/* An index part's body, appended to @b: *@ret, *@ret_len bytes in it.  -1 with
 * any error. */
typedef int index_fetch_fn(const uint8_t name[SHA256_BYTES], struct buf *b,
			   const uint8_t **ret, size_t *ret_len, void *ctx,
			   struct err *err);

struct index_runs {
	int dirfd; /* for files without a name */
	uint8_t repo_id[REPO_ID];
	struct pack_table *packs;
	struct run_list parts, own;
	uint64_t positions;    /* how many were given out */
	index_fetch_fn *fetch; /* NULL: what is damaged stays so */
	void *fetch_ctx;
	/* A run whose file is damaged, or that was merged into another. */
	void (*gone)(const char *file, bool damaged, void *ctx);
	void *gone_ctx;
	bool told; /* that there is no room to merge */
};

/*
 * index_runs_add_part() - the entries of the index part called @name, whose
 * body is the @len bytes at @p.  index_runs_add_own() - the @n entries at
 * @list, sorted, whose packs are numbers.  -1 with ERR_CORRUPT, ERR_NOMEM,
 * ERR_IO or ERR_NOSPC: then nothing of them is known.
 */
int index_runs_add_part(struct index_runs *rs, const uint8_t name[SHA256_BYTES],
			const uint8_t *p, size_t len, struct err *err);
int index_runs_add_own(struct index_runs *rs, const struct index_entry *list,
		       uint32_t n, struct err *err);

/*
 * index_runs_take() - run @u, with the uses of its parts, from the cache; all
 * of it is ours from now on.  -1 with ERR_NOMEM: then it is freed.
 */
int index_runs_take(struct index_runs *rs, struct used_run *u, struct err *err);

/* index_runs_settle() - all parts are there: as few runs as they shall be.  -1
 * with ERR_CORRUPT, ERR_NOMEM or ERR_IO; without room they stay as they are. */
int index_runs_settle(struct index_runs *rs, struct err *err);

/*
 * index_runs_find() - as index_run_find(), in all runs, the newest first; the
 * position is that of no other entry, but one that was damaged and read anew
 * gets another.  RUNS_AGAIN: a run was damaged, and was made anew of its index
 * parts: @skip may be out of date, so ask again.
 */
#define RUNS_AGAIN 2
int index_runs_find(struct index_runs *rs, const uint8_t id[INDEX_ID],
		    const struct pack_skip *skip, struct index_entry *ret,
		    uint64_t *ret_at, struct err *err);

/* index_runs_done() - free what @rs holds; files in the cache stay. */
void index_runs_done(struct index_runs *rs);

/* used_run_free() - what @u holds. */
void used_run_free(struct used_run *u);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_cache.h - runs that stay on this host for the next process: files in
 * folder "index" of what it remembers of the repository (repo_state.h).
 *
 * They may be lost, and are believed in little.  A file tells what is in index
 * parts, whose names are sums of what they hold, so it cannot be out of date:
 * which parts count is asked of the repository each time.  What has another
 * sum, or is another repository's, is removed.  Files are made whole before
 * they have a name and never change: several processes may add and remove them
 * at once.
 */
#ifndef XENSNAP_INDEX_CACHE_H
#define XENSNAP_INDEX_CACHE_H

#include <stdbool.h>

#include "err.h"
#include "index_runs.h"

struct index_cache {
	int dirfd;       /* -1: there is none */
	struct buf drop; /* names, RUN_FILE each, that others replaced */
};

#define INDEX_CACHE_INIT    \
	{                   \
		.dirfd = -1 \
	}

/*
 * index_cache_open() - the cache in folder @statefd; without one, which is told
 * as a notice, all is done without.
 */
void index_cache_open(struct index_cache *c, int statefd);

/* What an index part is to us; PART_USED for each at most once. */
typedef enum part_use index_use_fn(const uint8_t name[SHA256_BYTES], void *ctx);

/*
 * index_cache_load() - what there is into @rs, with the uses that @use tells.
 * @tidy: what is of no use goes.  -1 with ERR_NOMEM or as index_runs_take().
 */
int index_cache_load(struct index_cache *c, struct index_runs *rs,
		     index_use_fn *use, void *ctx, bool tidy, struct err *err);

/* index_cache_save() - give names to what has none, and remove what it
 * replaces.  When that fails it is told, and the next process does it again. */
void index_cache_save(struct index_cache *c, struct index_runs *rs);

/* index_cache_gone() - file @file was replaced, or is @damaged; for struct
 * index_runs, whose @ctx is a struct index_cache. */
void index_cache_gone(const char *file, bool damaged, void *ctx);

/* index_cache_done() - close it. */
void index_cache_done(struct index_cache *c);

#endif

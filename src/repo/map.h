/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * map.h - a disk as a tree of ids (doc/format.md, "Pieces"): being made, and
 * read back.
 *
 * While it is made the ids of all levels are in a file, as an array each,
 * since those of a disk of 10 TiB would not fit into memory.  Only nodes whose
 * children were set are computed; the others stay what they were, zero or the
 * parent's.
 */
#ifndef XENSNAP_MAP_H
#define XENSNAP_MAP_H

#include <stdint.h>

#include "err.h"
#include "get.h"
#include "name.h"
#include "put.h"
#include "tree.h"

struct map;

/*
 * map_new() - of a disk of @bytes, all zero, in a file without a name in
 * folder @dirfd.  NULL with ERR_UNSUPPORTED (too large), ERR_IO or ERR_NOMEM.
 * For map_free().
 */
struct map *map_new(int dirfd, uint64_t bytes, uint32_t chunk,
		    unsigned int fanout_log2, struct err *err);
void map_free(struct map *m);

/*
 * map_grow() - make it the map of a disk of @bytes, which are no fewer than
 * before; what was set stays set.  No other call meanwhile, and none of
 * map_build() or map_load() before.  -1 as map_new(): then it is of no use.
 */
int map_grow(struct map *m, uint64_t bytes, struct err *err);

/* map_tree() - its shape. */
const struct tree *map_tree(const struct map *m);

/*
 * map_set() - the ids of @n chunks from chunk @first on.  From several
 * threads, if they set different chunks.  -1 with ERR_IO or ERR_NOSPC.
 */
int map_set(struct map *m, uint64_t first, unsigned int n, const uint8_t *ids,
	    struct err *err);

/* map_get() - the ids of @n chunks from @first on.  -1 with ERR_IO. */
int map_get(const struct map *m, uint64_t first, unsigned int n, uint8_t *ret,
	    struct err *err);

/*
 * map_next() - the first chunk from @first on that may be one that was loaded
 * and is not zero; the number of all chunks: there is none.  Of a map that
 * was loaded whole, into which nothing was set.
 */
uint64_t map_next(const struct map *m, uint64_t first);

/*
 * map_build() - compute and put the nodes above all chunks that were set; the
 * root's id into @ret_root.  -1 as putter_put().
 */
int map_build(struct map *m, struct putter *t, uint8_t ret_root[NAME_BYTES],
	      struct err *err);

/*
 * map_load() - make @m the map with @root, read by @g: what was set before is
 * lost, and counts as not set.  -1 as getter_get(); or ERR_CORRUPT.
 */
int map_load(struct map *m, struct getter *g, const uint8_t root[NAME_BYTES],
	     struct err *err);

/* Chunks, from @first on. */
struct map_range {
	uint64_t first;
	uint64_t n;
};

/*
 * map_load_parts() - the same, but of what is below the root only as much as
 * it takes to set chunks in the @n ranges at @ranges, which are in order:
 * others can be neither set nor got.
 */
int map_load_parts(struct map *m, struct getter *g,
		   const uint8_t root[NAME_BYTES],
		   const struct map_range *ranges, size_t n, struct err *err);

/* map_zero() - the ids of @n chunks from @first on become those of zeros.  As
 * map_set(). */
int map_zero(struct map *m, uint64_t first, uint64_t n, struct err *err);

/*
 * map_walk() - @fn for each lowest node below @root that is not all zero, in
 * order: the ids of @n chunks from chunk @first on.  -1 as getter_get(),
 * ERR_CORRUPT, or @fn's error.
 */
typedef int map_walk_fn(uint64_t first, unsigned int n, const uint8_t *ids,
			void *ctx, struct err *err);
int map_walk(struct getter *g, const struct tree *t,
	     const uint8_t root[NAME_BYTES], map_walk_fn *fn, void *ctx,
	     struct err *err);

#endif

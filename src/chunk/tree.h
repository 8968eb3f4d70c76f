/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.h - the shape of a map: how many chunks a disk has, how many nodes are
 * above them (doc/format.md, "Pieces").  Arithmetic only.
 *
 * Level 0 are the chunks, 1 the nodes that name chunks, and so on up to the
 * root, node 0 of the highest level.
 */
#ifndef XENSNAP_TREE_H
#define XENSNAP_TREE_H

#include <stddef.h>
#include <stdint.h>

#define TREE_LEVELS_MAX 14 /* 2^4 children each, 2^52 chunks */

struct tree {
	uint64_t bytes; /* of the disk */
	uint32_t chunk; /* bytes of a chunk */
	unsigned int fanout_log2;
	unsigned int levels;             /* 0 for an empty disk */
	uint64_t n[TREE_LEVELS_MAX + 1]; /* things at each level */
};

/* tree_init() - the shape of a disk of @bytes.  -1 when it is larger than a map
 * can be (2^63 bytes). */
int tree_init(struct tree *t, uint64_t bytes, uint32_t chunk,
	      unsigned int fanout_log2);

/* tree_chunk_bytes() - length of chunk @i, which for the last may be less. */
uint32_t tree_chunk_bytes(const struct tree *t, uint64_t i);

/* tree_children() - how many children node @i of @level has. */
uint32_t tree_children(const struct tree *t, unsigned int level, uint64_t i);

#endif

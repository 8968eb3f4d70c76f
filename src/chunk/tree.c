/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree.c - see tree.h. */
#include <string.h>

#include "tree.h"

int
tree_init(struct tree *t, uint64_t bytes, uint32_t chunk,
	  unsigned int fanout_log2)
{
	uint64_t mask = ((uint64_t)1 << fanout_log2) - 1;

	memset(t, 0, sizeof(*t));
	if (bytes > INT64_MAX)
		return -1;
	t->bytes = bytes;
	t->chunk = chunk;
	t->fanout_log2 = fanout_log2;
	t->n[0] = bytes / chunk + (bytes % chunk != 0);
	if (bytes == 0)
		return 0;
	do {
		if (t->levels == TREE_LEVELS_MAX)
			return -1;
		t->n[t->levels + 1] = (t->n[t->levels] + mask) >> fanout_log2;
		t->levels++;
	} while (t->n[t->levels] > 1);
	return 0;
}

uint32_t
tree_chunk_bytes(const struct tree *t, uint64_t i)
{
	uint64_t left = t->bytes - i * t->chunk;

	return left < t->chunk ? (uint32_t)left : t->chunk;
}

uint32_t
tree_children(const struct tree *t, unsigned int level, uint64_t i)
{
	uint64_t first = i << t->fanout_log2;
	uint64_t left = t->n[level - 1] - first;
	uint64_t fanout = (uint64_t)1 << t->fanout_log2;

	return (uint32_t)(left < fanout ? left : fanout);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_part.c - see index_part.h. */
#include <string.h>

#include "index_part.h"
#include "pack.h"
#include "take.h"

/* Is blob @e of pack @e->pack inside that pack? */
static bool
is_inside(const struct index_part *part, const struct index_entry *e)
{
	uint32_t sealed = e->sealed_and_place & ((1u << INDEX_PLACE_SHIFT) - 1);
	uint64_t bytes;

	index_part_pack(part, e->pack, &bytes);
	return e->offset >= PACK_HEADER &&
	       (uint64_t)e->offset + sealed <= bytes;
}

static void
check_entries(struct take *t, const struct index_part *part)
{
	struct index_entry e, last = { .pack = 0 };

	for (uint32_t i = 0; i < part->n && !t->wrong; i++) {
		index_part_entry(part, i, &e);
		if (e.pack >= part->n_packs)
			take_refuse(t, "an entry names no pack");
		else if (memcmp(e.id, last.id, INDEX_ID) < 0)
			take_refuse(t, "its entries are not in order");
		else if (!is_inside(part, &e))
			take_refuse(t, "an entry lies outside its pack");
		last = e;
	}
}

int
index_part_take(const uint8_t *p, size_t len, struct index_part *ret,
		struct err *err)
{
	struct take t = take_from(p, len);

	ret->n_packs = take_u32(&t);
	ret->n = take_u32(&t);
	ret->packs = take_skip(&t, (size_t)ret->n_packs * INDEX_PART_PACK);
	ret->entries = take_skip(&t, (size_t)ret->n * INDEX_PART_ENTRY);
	if (!t.wrong && t.left == 0)
		check_entries(&t, ret);
	return take_end(&t, "an index part", err);
}

const uint8_t *
index_part_pack(const struct index_part *part, uint32_t i, uint64_t *ret_bytes)
{
	const uint8_t *p = part->packs + (size_t)i * INDEX_PART_PACK;

	*ret_bytes = le64_at(p + SHA256_BYTES);
	return p;
}

void
index_part_entry(const struct index_part *part, uint32_t i,
		 struct index_entry *ret)
{
	const uint8_t *p = part->entries + (size_t)i * INDEX_PART_ENTRY;

	memcpy(ret->id, p, INDEX_ID);
	ret->pack = le32_at(p + 16);
	ret->offset = le32_at(p + 20);
	ret->sealed_and_place = le32_at(p + 24);
}

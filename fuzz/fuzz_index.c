/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_index.c - the body of an index part: all that an accepted one says is
 * found again, in a pack that it names and inside of it.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "index.h"
#include "index_part.h"
#include "pack.h"

/* The same entry of @ix, or another one of that piece. */
static void
find(struct index *ix, const struct index_part *part,
     const struct index_entry *e)
{
	uint8_t id[NAME_BYTES] = { 0 };
	struct err err = ERR_INIT;
	struct index_entry found;
	uint64_t bytes;

	memcpy(id, e->id, INDEX_ID);
	must(index_find(ix, id, &found, &err) == 1);
	must(memcmp(found.id, e->id, INDEX_ID) == 0);
	must(found.pack < index_packs(ix));
	index_pack(ix, found.pack, &bytes);
	must(index_packs(ix) <= part->n_packs && found.offset >= PACK_HEADER);
}

static void
check(const struct index_part *part, const uint8_t *p, size_t len)
{
	static const uint8_t name[SHA256_BYTES];
	struct index *ix;
	struct err err = ERR_INIT;
	struct index_entry e;
	uint64_t bytes;

	must(len == INDEX_PART_HEAD +
			    (uint64_t)part->n_packs * INDEX_PART_PACK +
			    (uint64_t)part->n * INDEX_PART_ENTRY);
	ix = index_new(fuzz_folder(), &err);
	must(ix && index_add_part(ix, name, p, len, &err) == 0);
	must(index_settle(ix, &err) == 0);
	for (uint32_t i = 0; i < part->n; i++) {
		index_part_entry(part, i, &e);
		must(e.pack < part->n_packs);
		index_part_pack(part, e.pack, &bytes);
		must(e.offset >= PACK_HEADER && e.offset <= bytes);
		find(ix, part, &e);
	}
	index_free(ix);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	struct index_part part;

	if (index_part_take(copy, len, &part, &err) == 0)
		check(&part, copy, len);
	else
		fuzz_refused(&err, CORRUPT);
	free(copy);
	return 0;
}

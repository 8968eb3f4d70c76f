/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_packs.c - see index_packs.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "index_packs.h"

uint32_t
pack_table_n(const struct pack_table *t)
{
	return (uint32_t)(t->packs.len / sizeof(struct known_pack));
}

struct known_pack *
pack_table_at(const struct pack_table *t, uint32_t pack)
{
	assert(pack < pack_table_n(t));
	return (struct known_pack *)(void *)t->packs.data + pack;
}

/* The slot of @sum among the packs' sums: its own, or the free one for it. */
static uint32_t *
sum_slot(const struct pack_table *t, const uint8_t sum[SHA256_BYTES])
{
	uint32_t i = le32_at(sum) & (t->sum_slots - 1);

	while (t->by_sum[i] && memcmp(pack_table_at(t, t->by_sum[i] - 1)->sum,
				      sum, SHA256_BYTES) != 0)
		i = (i + 1) & (t->sum_slots - 1);
	return &t->by_sum[i];
}

static int
grow_sums(struct pack_table *t, struct err *err)
{
	uint32_t n = pack_table_n(t), *old = t->by_sum;

	if (2 * (n + 1) <= t->sum_slots)
		return 0;
	t->sum_slots = t->sum_slots ? 2 * t->sum_slots : 64;
	t->by_sum = calloc(t->sum_slots, sizeof(*t->by_sum));
	if (!t->by_sum) {
		t->by_sum = old;
		t->sum_slots /= 2;
		return err_set(err, ERR_NOMEM, 0, "no memory for the index");
	}
	for (uint32_t i = 0; i < n; i++)
		if (pack_table_at(t, i)->named)
			*sum_slot(t, pack_table_at(t, i)->sum) = i + 1;
	free(old);
	return 0;
}

int
pack_table_new(struct pack_table *t, uint32_t *ret, struct err *err)
{
	*ret = pack_table_n(t);
	if (grow_sums(t, err))
		return -1;
	put_zeros(&t->packs, sizeof(struct known_pack));
	put_u8(&t->condemned, 0);
	return buf_check(&t->packs, err) ? -1 : buf_check(&t->condemned, err);
}

void
pack_table_name(struct pack_table *t, uint32_t pack,
		const uint8_t sum[SHA256_BYTES], uint64_t bytes)
{
	struct known_pack *p = pack_table_at(t, pack);

	memcpy(p->sum, sum, SHA256_BYTES);
	p->bytes = bytes;
	p->named = true;
	*sum_slot(t, sum) = pack + 1;
}

bool
pack_table_has(const struct pack_table *t, const uint8_t sum[SHA256_BYTES],
	       uint32_t *ret)
{
	uint32_t n = t->sum_slots ? *sum_slot(t, sum) : 0;

	if (n)
		*ret = n - 1;
	return n != 0;
}

int
pack_table_add(struct pack_table *t, const uint8_t sum[SHA256_BYTES],
	       uint64_t bytes, uint32_t *ret, struct err *err)
{
	if (pack_table_has(t, sum, ret))
		return 0;
	if (pack_table_new(t, ret, err))
		return -1;
	pack_table_name(t, *ret, sum, bytes);
	return 0;
}

void
pack_table_done(struct pack_table *t)
{
	buf_done(&t->packs);
	buf_done(&t->condemned);
	free(t->by_sum);
	memset(t, 0, sizeof(*t));
}

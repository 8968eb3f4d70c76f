/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_own.c - see index_own.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "index_own.h"

#define NOWHERE UINT32_MAX /* the pack of what is only claimed */
#define SLOTS_MIN (1u << 12)

/* The slot of @id in @o: its own, or the free one for it. */
static uint32_t
slot_of(const struct index_own *o, const uint8_t id[INDEX_ID])
{
	uint32_t i = le32_at(id) & (o->slots - 1);

	while (o->used[i] && memcmp(o->at[i].id, id, INDEX_ID) != 0)
		i = (i + 1) & (o->slots - 1);
	return i;
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, 0, "no memory for the index");
}

/* All that is used into a table of @slots. */
static int
resize(struct index_own *o, uint32_t slots, struct err *err)
{
	struct index_own new = { .slots = slots };

	new.at = calloc(slots, sizeof(*new.at));
	new.used = calloc(slots, sizeof(*new.used));
	if (!new.at || !new.used) {
		index_own_done(&new);
		return no_memory(err);
	}
	for (uint32_t i = 0; i < o->slots; i++) {
		uint32_t k;

		if (!o->used[i])
			continue;
		k = slot_of(&new, o->at[i].id);
		new.at[k] = o->at[i];
		new.used[k] = true;
		new.n++;
	}
	index_own_done(o);
	*o = new;
	return 0;
}

int
index_own_find(const struct index_own *o, const uint8_t id[INDEX_ID],
	       struct index_entry *ret)
{
	uint32_t i;

	if (o->slots == 0)
		return 0;
	i = slot_of(o, id);
	if (!o->used[i] || o->at[i].pack == NOWHERE)
		return 0;
	*ret = o->at[i];
	return 1;
}

int
index_own_claim(struct index_own *o, const uint8_t id[INDEX_ID],
		struct err *err)
{
	uint32_t i;

	if (2 * (o->n + 1) > o->slots &&
	    resize(o, o->slots ? 2 * o->slots : SLOTS_MIN, err))
		return -1;
	i = slot_of(o, id);
	if (o->used[i])
		return 1;
	memcpy(o->at[i].id, id, INDEX_ID);
	o->at[i].pack = NOWHERE;
	o->used[i] = true;
	o->n++;
	return 0;
}

void
index_own_fill(struct index_own *o, const struct index_entry *e)
{
	o->at[slot_of(o, e->id)] = *e;
}

static int
by_id(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;

	return memcmp(x->id, y->id, INDEX_ID);
}

struct index_entry *
index_own_take(struct index_own *o, index_ready_fn *ready, void *ctx,
	       uint32_t *ret_n, struct err *err)
{
	struct index_entry *list;
	uint32_t n = 0;

	list = calloc((size_t)o->n + 1, sizeof(*list));
	if (!list) {
		no_memory(err);
		return NULL;
	}
	for (uint32_t i = 0; i < o->slots; i++)
		if (o->used[i] && o->at[i].pack != NOWHERE &&
		    ready(o->at[i].pack, ctx)) {
			list[n++] = o->at[i];
			o->used[i] = false;
		}
	/* The gaps would end searches too early. */
	if (n && resize(o, o->slots, err)) {
		free(list);
		return NULL;
	}
	qsort(list, n, sizeof(*list), by_id);
	*ret_n = n;
	return list;
}

void
index_own_done(struct index_own *o)
{
	free(o->at);
	free(o->used);
	memset(o, 0, sizeof(*o));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* head.c - see head.h. */
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "take.h"

#define BASE_BYTES (4 + SHA256_BYTES)
#define KNOWN_BYTES (SESSION_ID + SHA256_BYTES)

void
head_encode(const struct head *h, struct buf *b)
{
	put_u64(b, h->number);
	put_bytes(b, h->previous, SHA256_BYTES);
	put_u8(b, (uint8_t)h->phase);
	put_u64(b, h->time);
	put_u32(b, h->n_condemned);
	for (uint32_t i = 0; i < h->n_condemned; i++) {
		put_u8(b, (uint8_t)h->condemned[i].kind);
		put_bytes(b, h->condemned[i].name, SHA256_BYTES);
	}
	put_u32(b, h->n_base);
	for (uint32_t i = 0; i < h->n_base; i++) {
		put_u32(b, h->base[i].realm);
		put_bytes(b, h->base[i].name, SHA256_BYTES);
	}
	put_u32(b, h->n_known);
	for (uint32_t i = 0; i < h->n_known; i++) {
		put_bytes(b, h->known[i].session, SESSION_ID);
		put_bytes(b, h->known[i].sum, SHA256_BYTES);
	}
	put_u32(b, h->n_removed);
	for (uint32_t i = 0; i < h->n_removed; i++)
		put_bytes(b, h->removed[i], SESSION_ID);
}

/* @n things of @size bytes, or NULL; wrong when there is no memory. */
static void *
room_for(struct take *t, uint32_t n, size_t size)
{
	void *p = calloc((size_t)n + 1, size);

	if (!p)
		take_refuse(t, "there is no memory for it");
	return p;
}

static void
take_condemned(struct take *t, struct head *h)
{
	h->n_condemned = take_count(t, 1 + SHA256_BYTES, UINT32_MAX);
	h->condemned = room_for(t, h->n_condemned, sizeof(*h->condemned));
	for (uint32_t i = 0; i < h->n_condemned && !t->wrong; i++) {
		uint8_t kind = take_u8(t);

		if (kind != CONDEMNED_PACK && kind != CONDEMNED_INDEX)
			take_refuse(t, "it condemns something that we don't "
				       "know");
		h->condemned[i].kind = (enum condemned_kind)kind;
		take_bytes(t, h->condemned[i].name, SHA256_BYTES);
	}
}

/* Those that are gone: none of them is known any more. */
static void
take_removed(struct take *t, struct head *h)
{
	h->n_removed = take_count(t, SESSION_ID, HEAD_REMOVED_MAX);
	h->removed = room_for(t, h->n_removed, SESSION_ID);
	for (uint32_t i = 0; h->removed && i < h->n_removed && !t->wrong; i++) {
		take_bytes(t, h->removed[i], SESSION_ID);
		if (head_knows(h, h->removed[i]))
			take_refuse(t, "a session is known and removed");
	}
}

static void
take_known(struct take *t, struct head *h)
{
	h->n_known = take_count(t, KNOWN_BYTES, UINT32_MAX);
	h->known = room_for(t, h->n_known, sizeof(*h->known));
	for (uint32_t i = 0; h->known && i < h->n_known && !t->wrong; i++) {
		take_bytes(t, h->known[i].session, SESSION_ID);
		take_bytes(t, h->known[i].sum, SHA256_BYTES);
		if (i && memcmp(h->known[i - 1].session, h->known[i].session,
				SESSION_ID) >= 0)
			take_refuse(t, "its sessions are not in order");
	}
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

int
head_decode(const uint8_t *p, size_t len, struct head *ret, struct err *err)
{
	struct take t = take_from(p, len);

	memset(ret, 0, sizeof(*ret));
	ret->number = take_u64(&t);
	take_bytes(&t, ret->previous, SHA256_BYTES);
	if ((ret->number == 1) != is_zero(ret->previous, SHA256_BYTES))
		take_refuse(&t, "it has a previous one, or none, against its "
				"number");
	ret->phase = (enum head_phase)take_u8(&t);
	if (ret->phase > HEAD_SWEEP)
		take_refuse(&t, "it has a phase that we don't know");
	ret->time = take_u64(&t);
	take_condemned(&t, ret);
	if (ret->phase == HEAD_IDLE && ret->n_condemned)
		take_refuse(&t, "it condemns, and no prune is under way");
	ret->n_base = take_count(&t, BASE_BYTES, UINT32_MAX);
	ret->base = room_for(&t, ret->n_base, sizeof(*ret->base));
	for (uint32_t i = 0; i < ret->n_base && !t.wrong; i++) {
		ret->base[i].realm = take_u32(&t);
		take_bytes(&t, ret->base[i].name, SHA256_BYTES);
	}
	take_known(&t, ret);
	take_removed(&t, ret);
	if (take_end(&t, "a head", err) == 0)
		return 0;
	head_done(ret);
	return -1;
}

static int
by_session(const void *id, const void *known)
{
	return memcmp(id, ((const struct head_known *)known)->session,
		      SESSION_ID);
}

const struct head_known *
head_knows(const struct head *h, const uint8_t id[SESSION_ID])
{
	if (h->n_known == 0)
		return NULL;
	return bsearch(id, h->known, h->n_known, sizeof(*h->known), by_session);
}

bool
head_removed(const struct head *h, const uint8_t id[SESSION_ID])
{
	for (uint32_t i = h->n_removed; i-- > 0;)
		if (memcmp(h->removed[i], id, SESSION_ID) == 0)
			return true;
	return false;
}

void
head_done(struct head *h)
{
	free(h->condemned);
	free(h->base);
	free(h->known);
	free(h->removed);
	memset(h, 0, sizeof(*h));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* buf.c - see buf.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "text.h"

uint8_t *
buf_more(struct buf *b, size_t len)
{
	size_t room = b->room ? b->room : 256;
	uint8_t *data;

	if (b->no_room || len > SIZE_MAX / 4 - b->len)
		goto none;
	while (room < b->len + len)
		room *= 2;
	if (room > b->room) {
		data = realloc(b->data, room);
		if (!data)
			goto none;
		b->data = data;
		b->room = room;
	}
	b->len += len;
	return b->data + b->len - len;
none:
	b->no_room = true;
	return NULL;
}

static void
put_le(struct buf *b, uint64_t v, size_t len)
{
	uint8_t *p = buf_more(b, len);

	for (size_t i = 0; p && i < len; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void
put_u8(struct buf *b, uint8_t v)
{
	put_le(b, v, 1);
}

void
put_u16(struct buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void
put_u32(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void
put_u64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void
put_bytes(struct buf *b, const void *p, size_t len)
{
	uint8_t *to = buf_more(b, len);

	if (to && len)
		memcpy(to, p, len);
}

void
put_zeros(struct buf *b, size_t len)
{
	uint8_t *to = buf_more(b, len);

	if (to && len)
		memset(to, 0, len);
}

void
put_text(struct buf *b, const char *text)
{
	put_text_into(b, text, TEXT_MAX + 1);
}

void
put_text_into(struct buf *b, const char *text, size_t size)
{
	char plain[TEXT_MAX + 1];
	size_t len;

	if (size > sizeof(plain))
		size = sizeof(plain);
	len = text_escape(text, plain, size);

	put_u16(b, (uint16_t)len);
	put_bytes(b, plain, len);
}

int
buf_check(const struct buf *b, struct err *err)
{
	return b->no_room ? err_set(err, ERR_NOMEM, 0, "out of memory") : 0;
}

void
buf_done(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->room);
	buf_done(b);
}

static uint64_t
le_at(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	while (len-- > 0)
		v = v << 8 | p[len];
	return v;
}

uint16_t
le16_at(const uint8_t *p)
{
	return (uint16_t)le_at(p, 2);
}

uint32_t
le32_at(const uint8_t *p)
{
	return (uint32_t)le_at(p, 4);
}

uint64_t
le64_at(const uint8_t *p)
{
	return le_at(p, 8);
}

void
le32_to(uint8_t *p, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void
le64_to(uint8_t *p, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* take.c - see take.h. */
#include <string.h>

#include "take.h"
#include "text.h"

struct take
take_from(const void *p, size_t len)
{
	struct take t = { .at = p, .left = len };

	return t;
}

void
take_refuse(struct take *t, const char *what)
{
	if (!t->wrong)
		t->wrong = what;
	t->left = 0;
}

const uint8_t *
take_skip(struct take *t, size_t len)
{
	const uint8_t *p = t->at;

	if (t->wrong || len > t->left) {
		take_refuse(t, "it is too short");
		return NULL;
	}
	t->at += len;
	t->left -= len;
	return p;
}

uint8_t
take_u8(struct take *t)
{
	const uint8_t *p = take_skip(t, 1);

	return p ? *p : 0;
}

uint16_t
take_u16(struct take *t)
{
	const uint8_t *p = take_skip(t, 2);

	return p ? le16_at(p) : 0;
}

uint32_t
take_u32(struct take *t)
{
	const uint8_t *p = take_skip(t, 4);

	return p ? le32_at(p) : 0;
}

uint64_t
take_u64(struct take *t)
{
	const uint8_t *p = take_skip(t, 8);

	return p ? le64_at(p) : 0;
}

void
take_bytes(struct take *t, void *ret, size_t len)
{
	const uint8_t *p = take_skip(t, len);

	if (p)
		memcpy(ret, p, len);
	else
		memset(ret, 0, len);
}

void
take_zeros(struct take *t, size_t len)
{
	const uint8_t *p = take_skip(t, len);

	for (size_t i = 0; p && i < len; i++)
		if (p[i]) {
			take_refuse(t, "reserved bytes are set");
			return;
		}
}

void
take_text(struct take *t, char *ret, size_t size)
{
	size_t len = take_u16(t);
	const uint8_t *p;

	ret[0] = '\0';
	if (len >= size || len > TEXT_MAX) {
		take_refuse(t, "a text is too long");
		return;
	}
	p = take_skip(t, len);
	if (!p)
		return;
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] == 0x7f) {
			take_refuse(t, "a text has control characters");
			return;
		}
	memcpy(ret, p, len);
	ret[len] = '\0';
	if (text_is_plain(ret))
		return;
	take_refuse(t, "a text is no UTF-8");
	ret[0] = '\0';
}

uint32_t
take_count(struct take *t, size_t each, uint32_t max)
{
	uint32_t n = take_u32(t);

	if (n <= max && n <= t->left / each)
		return n;
	take_refuse(t, "a number of things cannot be");
	return 0;
}

int
take_end(const struct take *t, const char *what, struct err *err)
{
	if (t->wrong)
		return err_set(err, ERR_CORRUPT, 0, "%s: %s", what, t->wrong);
	if (t->left)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s: %zu bytes too many at its end", what,
			       t->left);
	return 0;
}

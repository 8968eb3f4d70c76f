/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text.c - one pass over UTF-8.  Terminals act on C1 controls and on the
 * direction marks as well as on ESC, so all of them go.
 */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes and value of the character at @p; 0 bytes when it is not UTF-8. */
static size_t
decode(const unsigned char *p, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		c = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		c = p[0] & 0x0fu;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		c = p[0] & 0x07u;
	} else {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) /* also the NUL at the end */
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static bool
harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	       c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

char *
text_clean(char *s)
{
	unsigned char *from = (unsigned char *)s;
	unsigned char *to = from;
	uint32_t c = 0;
	size_t n;

	while (*from) {
		n = decode(from, &c);
		if (n == 0 || harmful(c)) {
			*to++ = '?';
			from += n ? n : 1;
			continue;
		}
		while (n-- > 0)
			*to++ = *from++;
	}
	*to = '\0';
	return s;
}

/* Bytes of the plain character at @p, or 0. */
static size_t
plain(const unsigned char *p)
{
	uint32_t c = 0;
	size_t n = decode(p, &c);

	return c < 0x20 || c == 0x7f ? 0 : n;
}

bool
text_is_plain(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		size_t n = plain(p);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

size_t
text_escape(const char *s, char *ret, size_t size)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = 0;

	while (*p) {
		size_t n = plain(p), takes = n ? n : 4;

		if (len + takes >= size)
			break;
		if (n)
			memcpy(ret + len, p, n);
		else
			snprintf(ret + len, 5, "\\x%02x", *p);
		len += takes;
		p += n ? n : 1;
	}
	ret[len] = '\0';
	return len;
}

size_t
text_cut(const char *s, size_t len)
{
	size_t n = strnlen(s, len + 1);

	if (n <= len)
		return n;
	n = len;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

int
text_copy(char *ret, size_t len, const char *text, const char *what,
	  struct err *err)
{
	if (!text)
		text = "";
	if (strlen(text) >= len)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the %s \"%.40s...\" is too long", what, text);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

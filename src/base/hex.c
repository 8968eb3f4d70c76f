/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hex.c - see hex.h. */
#include <string.h>

#include "hex.h"

static const char digits[] = "0123456789abcdef";

void
hex_text(const void *p, size_t len, char *ret)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[b[i] >> 4];
		*ret++ = digits[b[i] & 15];
	}
	*ret = '\0';
}

bool
hex_parse(const char *text, uint8_t *ret, size_t len)
{
	if (strlen(text) != 2 * len || strspn(text, digits) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned int high, low;

		high = (unsigned int)(strchr(digits, text[2 * i]) - digits);
		low = (unsigned int)(strchr(digits, text[2 * i + 1]) - digits);
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uuid.c - random names for instants. */
#include "uuid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "hex.h"

void
uuid_text(const uint8_t b[UUID_BYTES], char *ret)
{
	snprintf(ret, UUID_TEXT_LEN + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
}

int
uuid_new(char *ret, struct err *err)
{
	uint8_t b[UUID_BYTES];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_set(err, ERR_IO, errno, "read random bytes");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant 1 */
	uuid_text(b, ret);
	return 0;
}

bool
uuid_read(const char *text, uint8_t ret[UUID_BYTES])
{
	char digits[2 * UUID_BYTES + 1];
	size_t n = 0;

	memset(ret, 0, UUID_BYTES);
	if (strlen(text) != UUID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
		} else {
			digits[n++] = text[i];
		}
	}
	digits[n] = '\0';
	if (hex_parse(digits, ret, UUID_BYTES))
		return true;
	memset(ret, 0, UUID_BYTES);
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crc32c.c - the Castagnoli checksum, "slicing by 8".
 *
 * table[k][b] is the effect of byte b followed by k zero bytes, so eight
 * look-ups advance the checksum by eight bytes at once.
 */
#include <string.h>

#include "crc32c.h"

#define POLY_REFLECTED 0x82f63b78u

static uint32_t table[8][256];

void
crc32c_init(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t c = b;

		for (int i = 0; i < 8; i++)
			c = (c & 1) ? (c >> 1) ^ POLY_REFLECTED : c >> 1;
		table[0][b] = c;
	}
	for (uint32_t b = 0; b < 256; b++) {
		for (int k = 1; k < 8; k++) {
			uint32_t before = table[k - 1][b];

			table[k][b] = (before >> 8) ^ table[0][before & 0xff];
		}
	}
}

uint32_t
crc32c(const void *p, size_t len)
{
	const uint8_t *byte = p;
	uint32_t c = 0xffffffffu;

	for (; len >= 8; len -= 8, byte += 8) {
		uint32_t lo, hi;

		memcpy(&lo, byte, 4);
		memcpy(&hi, byte + 4, 4);
		lo ^= c;
		c = table[7][lo & 0xff] ^ table[6][(lo >> 8) & 0xff] ^
		    table[5][(lo >> 16) & 0xff] ^ table[4][lo >> 24] ^
		    table[3][hi & 0xff] ^ table[2][(hi >> 8) & 0xff] ^
		    table[1][(hi >> 16) & 0xff] ^ table[0][hi >> 24];
	}
	for (; len > 0; len--, byte++)
		c = (c >> 8) ^ table[0][(c ^ *byte) & 0xff];
	return ~c;
}

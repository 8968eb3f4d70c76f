/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slot_file.c - a key file's text, which people may have to type. */
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "slot.h"

#define RAW 32
#define SUM 4
#define DIGITS (2 * (RAW + SUM))
#define GROUP 8
#define WORD "xensnap-key-1 "
#define WORD_BARE "xensnapkey1" /* as it is read */

static int
digest(const uint8_t raw[RAW], uint8_t ret[crypto_hash_sha256_BYTES])
{
	return crypto_hash_sha256(ret, raw, RAW);
}

void
slot_file_text(const uint8_t raw[32], char *ret)
{
	uint8_t sum[crypto_hash_sha256_BYTES], all[RAW + SUM];
	char hex[DIGITS + 1], *to = ret + sizeof(WORD) - 1;

	digest(raw, sum);
	memcpy(all, raw, RAW);
	memcpy(all + RAW, sum, SUM);
	sodium_bin2hex(hex, sizeof(hex), all, sizeof(all));
	memcpy(ret, WORD, sizeof(WORD));
	for (size_t i = 0; i < DIGITS; i++) {
		if (i && i % GROUP == 0)
			*to++ = '-';
		*to++ = hex[i];
	}
	memcpy(to, "\n", 2);
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(all, sizeof(all));
	sodium_memzero(sum, sizeof(sum));
}

/*
 * @text without what does not matter, at most @size - 1 characters of it;
 * returns how many there would be.
 */
static size_t
bare(const char *text, char *ret, size_t size)
{
	size_t n = 0;

	for (; *text; text++) {
		char c = *text;

		if (c == '-' || c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (n < size - 1)
			ret[n] = c;
		n++;
	}
	ret[n < size ? n : size - 1] = '\0';
	return n;
}

/* The digits of @text, bare, into @ret. */
static int
parse(const char *bare_text, size_t n, uint8_t ret[RAW + SUM], struct err *err)
{
	const size_t word = sizeof(WORD_BARE) - 1;
	size_t len;

	if (memcmp(bare_text, WORD_BARE, word) != 0)
		return err_set(err, ERR_INVALID, 0,
			       "this is no key: it does not begin with %s",
			       WORD);
	if (n != word + DIGITS)
		return err_set(err, ERR_INVALID, 0,
			       "the key has %zu digits instead of %d", n - word,
			       DIGITS);
	if (sodium_hex2bin(ret, RAW + SUM, bare_text + word, DIGITS, NULL, &len,
			   NULL) ||
	    len != RAW + SUM)
		return err_set(err, ERR_INVALID, 0,
			       "the key has characters that are no digits 0 "
			       "to 9 and a to f");
	return 0;
}

int
slot_file_parse(const char *text, uint8_t ret[32], struct err *err)
{
	char digits[sizeof(WORD_BARE) + DIGITS] = ""; /* zeros to its end */
	uint8_t all[RAW + SUM], sum[crypto_hash_sha256_BYTES];
	size_t n = bare(text, digits, sizeof(digits));
	int rc = -1;

	if (parse(digits, n, all, err))
		goto out;
	digest(all, sum);
	if (sodium_memcmp(sum, all + RAW, SUM) != 0) {
		err_set(err, ERR_INVALID, 0,
			"the key has a mistake in it: its sum is wrong");
		goto out;
	}
	memcpy(ret, all, RAW);
	rc = 0;
out:
	sodium_memzero(digits, sizeof(digits));
	sodium_memzero(all, sizeof(all));
	sodium_memzero(sum, sizeof(sum));
	return rc;
}

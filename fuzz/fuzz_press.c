/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_press.c - a frame from nobody knows where: two bytes of the length that
 * it should have, then the frame.  The other way round: what is compressed
 * comes back.
 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "press.h"

static void
expand(struct press *c, const uint8_t *p, size_t len, size_t raw_len)
{
	struct err err = ERR_INIT;
	uint8_t *ret = malloc(raw_len ? raw_len : 1);

	must(ret);
	if (press_expand(c, p, len, ret, raw_len, &err))
		fuzz_refused(&err, CORRUPT);
	free(ret);
}

static void
there_and_back(struct press *c, const uint8_t *p, size_t len)
{
	uint8_t *in = malloc(len + 1024), *out = malloc(len + 1);
	struct err err = ERR_INIT;
	long n;

	must(in && out);
	n = press(c, p, len, in, len + 1024, &err);
	must(n > 0 && press_expand(c, in, (size_t)n, out, len, &err) == 0);
	must(memcmp(p, out, len) == 0);
	free(in);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct press *c; /* used again and again, as it is elsewhere */
	struct err err = ERR_INIT;

	if (len < 2)
		return 0;
	if (!c)
		c = press_new(PRESS_LEVEL_DEFAULT, &err);
	must(c);
	expand(c, p + 2, len - 2, le16_at(p));
	there_and_back(c, p + 2, len - 2);
	return 0;
}

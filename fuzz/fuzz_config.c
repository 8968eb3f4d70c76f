/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_config.c - the object "config" as it is, and with the sum that it should
 * have: then what is accepted encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "repo_config.h"

static void
check(const struct repo_config *c, uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	must(len == CONFIG_BYTES);
	must(c->chunk >= CHUNK_MIN && c->chunk <= CHUNK_MAX);
	must((c->chunk & (c->chunk - 1)) == 0);
	must(c->fanout_log2 >= 4 && c->fanout_log2 <= 10);
	must(key_mac_config(fuzz_key(), p, len - KEY_BYTES, p + len - KEY_BYTES,
			    &err) == 0);
	must(repo_config_check(p, len, fuzz_key(), &err) == 0);
	must(repo_config_encode(c, fuzz_key(), &b, &err) == 0);
	must(b.len == len && memcmp(b.data, p, len) == 0);
	p[len - 1] ^= 1;
	must(repo_config_check(p, len, fuzz_key(), &err));
	fuzz_refused(&err, CORRUPT);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	struct repo_config c;

	if (repo_config_decode(copy, len, &c, &err) == 0)
		check(&c, copy, len);
	else
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	free(copy);
	return 0;
}

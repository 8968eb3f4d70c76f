/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_thin_delta.c - what thin_delta prints, and its version: as many blocks
 * are among the changes as it says differ, for as far as the disk goes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "thin_delta.h"

#define BLOCK 65536u

static void
check(const struct thin_delta *d, struct changes *c)
{
	uint64_t sum = 0, end = 0;

	changes_settle(c, 1);
	for (size_t i = 0; i < c->n; i++) {
		must(i == 0 || c->e[i].offset > end);
		must(c->e[i].offset % BLOCK == 0 && c->e[i].bytes > 0);
		end = c->e[i].offset + c->e[i].bytes;
		must(end > c->e[i].offset && end <= c->bytes);
		sum += c->e[i].bytes;
	}
	must(sum / BLOCK == d->differs + d->left_only + d->right_only);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct thin_delta d = { .left = 1, .right = 2, .block_bytes = BLOCK };
	int fd = fuzz_memory(p, len);
	char *text = fuzz_text(p, len);
	struct err err = ERR_INIT;
	struct changes c;

	changes_init(&c, UINT64_MAX);
	if (thin_delta_read(fd, &d, &c, &err) == 0)
		check(&d, &c);
	else
		fuzz_refused(&err, CORRUPT);
	changes_done(&c);
	err_clear(&err);
	if (thin_delta_known(text, &err))
		fuzz_refused(&err, UNSUPPORTED);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_head.c - the body of a head: what is accepted is in order, and encodes
 * to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "head.h"

static void
check(const struct head *h, const uint8_t *p, size_t len)
{
	static const uint8_t zeros[SHA256_BYTES];
	struct buf b = BUF_INIT;

	head_encode(h, &b);
	must(!b.no_room && b.len == len && memcmp(b.data, p, len) == 0);
	buf_done(&b);
	must(h->phase <= HEAD_SWEEP);
	must(h->phase != HEAD_IDLE || h->n_condemned == 0);
	must((h->number == 1) == (memcmp(h->previous, zeros, 32) == 0));
	must(h->n_removed <= HEAD_REMOVED_MAX);
	for (uint32_t i = 0; i < h->n_known; i++)
		must(head_knows(h, h->known[i].session) == &h->known[i]);
	for (uint32_t i = 0; i < h->n_removed; i++) {
		must(head_removed(h, h->removed[i]));
		must(!head_knows(h, h->removed[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	struct head h;

	if (head_decode(copy, len, &h, &err) == 0) {
		check(&h, p, len);
		head_done(&h);
	} else {
		fuzz_refused(&err, CORRUPT);
		must(!h.condemned && !h.base && !h.known && !h.removed);
	}
	free(copy);
	return 0;
}

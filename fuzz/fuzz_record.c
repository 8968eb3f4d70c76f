/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_record.c - records and headers of packs from nobody knows where, read
 * with a full and with a put-only key: refused, by one of the errors that
 * record.h and box.h name.  And with the bytes as its body a record that we
 * seal opens, until a bit of it, which the first byte chooses, is another one.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "fuzz.h"
#include "record.h"

static void
records(const struct key *k, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	const uint8_t *ret;
	size_t ret_len;
	uint32_t realm;

	must(copy);
	for (int kind = RECORD_SESSION; kind <= RECORD_INDEX; kind++) {
		struct err err = ERR_INIT;

		memcpy(copy, p, len);
		/* It would have to be signed. */
		must(record_open(k, (enum record_kind)kind, "heads/1", copy,
				 len, &ret, &ret_len, &realm, &err));
		fuzz_refused(&err, CORRUPT | UNSUPPORTED | DENIED);
	}
	free(copy);
}

static void
packs(const struct key *k, const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	uint32_t realm;

	if (len < BOX_HEADER)
		return;
	must(!box_open(k, p, &realm, &err)); /* it has not our commit */
	fuzz_refused(&err, CORRUPT | UNSUPPORTED | DENIED);
}

static void
there_and_back(const struct key *k, const uint8_t *p, size_t len)
{
	enum record_kind kind = len % 2 ? RECORD_HEAD : RECORD_OUTCOME;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	const uint8_t *ret;
	size_t at, ret_len;
	uint32_t realm;
	uint8_t *copy;

	must(record_seal(k, kind, 1, "a/1", p, len, &b, &err) == 0);
	copy = fuzz_copy(b.data, b.len);
	must(record_open(k, kind, "a/1", copy, b.len, &ret, &ret_len, &realm,
			 &err) == 0);
	must(ret_len == len && (!len || memcmp(ret, p, len) == 0));
	must(realm == (kind == RECORD_HEAD ? REALM_NONE : 1));
	if (len) {
		at = (size_t)p[0] * 8191 % (8 * b.len);
		b.data[at / 8] ^= (uint8_t)(1 << at % 8);
		must(record_open(k, kind, "a/1", b.data, b.len, &ret, &ret_len,
				 &realm, &err));
		fuzz_refused(&err, CORRUPT | UNSUPPORTED | DENIED);
	}
	free(copy);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct key *put;
	struct err err = ERR_INIT;

	if (!put)
		put = key_put_only(fuzz_key(), 1, &err);
	must(put);
	records(fuzz_key(), p, len);
	records(put, p, len);
	packs(fuzz_key(), p, len);
	packs(put, p, len);
	there_and_back(fuzz_key(), p, len);
	return 0;
}

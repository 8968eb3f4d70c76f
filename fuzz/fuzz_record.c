/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_record.c - records and packs from nobody knows where, read with a full
 * and with a put-only key: refused, by one of the errors that record.h and
 * box.h name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
refused(const struct err *err)
{
	if (err->code != ERR_CORRUPT && err->code != ERR_UNSUPPORTED &&
	    err->code != ERR_DENIED)
		abort();
}

static void
records(const struct key *k, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	const uint8_t *ret;
	size_t ret_len;
	uint32_t realm;

	if (!copy)
		abort();
	for (int kind = RECORD_SESSION; kind <= RECORD_INDEX; kind++) {
		struct err err = ERR_INIT;

		memcpy(copy, p, len);
		if (record_open(k, (enum record_kind)kind, "heads/1", copy, len,
				&ret, &ret_len, &realm, &err) == 0)
			abort(); /* it would have to be signed */
		refused(&err);
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
	if (box_open(k, p, &realm, &err))
		abort(); /* it would have to have our commit */
	refused(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const uint8_t zeros[KEY_BYTES];
	static struct key *full, *put;
	struct err err = ERR_INIT;

	if (!full) {
		full = key_new(zeros, zeros, &err);
		if (!full)
			abort();
		put = key_put_only(full, 1, &err);
		if (!put)
			abort();
	}
	records(full, p, len);
	records(put, p, len);
	packs(full, p, len);
	packs(put, p, len);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_slot.c - key slots and key files from nobody knows where.  Slots for
 * passphrases are only looked at: opening one costs what it says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
slots(const uint8_t *p, size_t len)
{
	static const uint8_t raw[32];
	struct slot_opener o = { SLOT_KEY_FILE, raw, sizeof(raw) };
	struct err err = ERR_INIT;
	char label[SLOT_LABEL];
	struct slot_info info;
	struct key *k = NULL;

	if (slot_look(p, len, &info, &err) == 0) {
		if (info.kib > SLOT_KIB_MAX || info.passes > SLOT_PASSES_MAX)
			abort();
	} else if (err.code != ERR_CORRUPT && err.code != ERR_UNSUPPORTED) {
		abort();
	}
	if (slot_open(p, len, &o, &k, label, &err) == 0)
		abort(); /* it would have to have our check */
}

static void
files(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	char *text = malloc(len + 1), again[SLOT_FILE_TEXT];
	uint8_t raw[32], same[32];

	if (!text)
		abort();
	memcpy(text, p, len);
	text[len] = '\0';
	if (slot_file_parse(text, raw, &err) == 0) {
		slot_file_text(raw, again);
		if (slot_file_parse(again, same, &err) ||
		    memcmp(raw, same, sizeof(raw)) != 0)
			abort();
	} else if (err.code != ERR_INVALID) {
		abort();
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	slots(p, len);
	files(p, len);
	return 0;
}

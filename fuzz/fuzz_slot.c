/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_slot.c - key slots and key files.  The bytes are taken for a whole slot;
 * for what is sealed in one that our key file opens, a kind before it; and for
 * the text of a key file.  Slots for passphrases are only looked at: opening
 * one costs what it says.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "fuzz.h"
#include "repo_slot.h"
#include "slot.h"
#include "text.h"

static const uint8_t secret[32];
static const struct slot_opener opener = { SLOT_KEY_FILE, secret, 32 };

static void
slots(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	char label[SLOT_LABEL];
	struct slot_info info;
	struct key *k = NULL;

	if (slot_look(copy, len, &info, &err) == 0)
		must(info.kib <= SLOT_KIB_MAX &&
		     info.passes <= SLOT_PASSES_MAX);
	else
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	/* It would have to have our check. */
	must(slot_open(copy, len, &opener, &k, label, &err));
	fuzz_refused(&err, CORRUPT | UNSUPPORTED | DENIED);
	free(copy);
}

/* ---- what is in a slot ---- */

/* A slot for our key file, of @kind, that holds the @len bytes at @p: by
 * doc/format.md, since the program seals no others than it should. */
static void
seal(uint8_t kind, const uint8_t *p, size_t len, struct buf *b)
{
	static const char file[] = "xensnap 1 key file";
	static const char word[] = "xensnap 1 check";
	crypto_generichash_state h;
	uint8_t kek[32], *to;
	struct err err = ERR_INIT;

	put_bytes(b, "xsnapkey", 8);
	put_u16(b, 1);
	put_u8(b, kind);
	put_u8(b, 2);
	put_zeros(b, 16 + 16 + 4 + 4 + 16);
	must(!b->no_room &&
	     hkdf_sha256(secret, 32, b->data + 52, 16, file, sizeof(file) - 1,
			 kek, sizeof(kek), &err) == 0);
	crypto_generichash_init(&h, kek, 32, 32);
	crypto_generichash_update(&h, (const uint8_t *)word, sizeof(word) - 1);
	crypto_generichash_update(&h, b->data, b->len);
	to = buf_more(b, 32);
	must(to);
	crypto_generichash_final(&h, to, 32);
	put_zeros(b, 24);
	put_u16(b, (uint16_t)(len + 16));
	to = buf_more(b, len + 16);
	must(to && crypto_aead_xchacha20poly1305_ietf_encrypt(
			   to, NULL, p, len, b->data, 126, NULL, b->data + 100,
			   kek) == 0);
}

/* What was opened, encoded, is what was sealed, up to the label. */
static void
check_key(const struct key *k, const char *label, const uint8_t *p, size_t len)
{
	struct buf b = BUF_INIT;
	uint8_t kind;

	must(text_is_plain(label) && strlen(label) < SLOT_LABEL);
	key_encode(k, &b, &kind);
	put_text(&b, label);
	must(kind == (k->full ? 1 : 2));
	must(k->full || (k->realm != 0 && k->realm != REALM_NONE));
	must(!b.no_room && b.len == len && memcmp(b.data, p, len) == 0);
	buf_done(&b);
}

static void
inside(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	char label[SLOT_LABEL];
	struct key *k = NULL;

	if (len < 1 || len > SLOT_MAX)
		return;
	seal(p[0], p + 1, len - 1, &b);
	if (slot_open(b.data, b.len, &opener, &k, label, &err) == 0) {
		must(p[0] == (k->full ? 1 : 2));
		check_key(k, label, p + 1, len - 1);
		key_free(k);
	} else {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	}
	buf_done(&b);
}

/* ---- key files ---- */

static void
files(const uint8_t *p, size_t len)
{
	char *text = fuzz_text(p, len), again[SLOT_FILE_TEXT];
	uint8_t raw[32], same[32];
	struct err err = ERR_INIT;

	if (slot_file_parse(text, raw, &err) == 0) {
		slot_file_text(raw, again);
		must(slot_file_parse(again, same, &err) == 0);
		must(memcmp(raw, same, sizeof(raw)) == 0);
	} else {
		fuzz_refused(&err, INVALID);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	slots(p, len);
	inside(p, len);
	files(p, len);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slot.h - a key, locked by a passphrase or by a key file: the objects
 * keys/ID-1 and keys/ID-2 of doc/format.md, byte by byte.
 */
#ifndef XENSNAP_SLOT_H
#define XENSNAP_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"

#define SLOT_ID 16
#define SLOT_MAX 4096 /* bytes that a slot can have */
#define SLOT_LABEL 64
#define SLOT_FILE_TEXT 128 /* a key file as text, NUL included */

/* Argon2id: what a new slot takes, and what a reader never exceeds. */
#define SLOT_PASSES 3
#define SLOT_KIB (256u << 10)
#define SLOT_PASSES_MAX 64
#define SLOT_KIB_MIN 8192
#define SLOT_KIB_MAX (4u << 20)

enum slot_kdf {
	SLOT_PASSPHRASE = 1,
	SLOT_KEY_FILE = 2,
};

/* What opens a slot: a passphrase, or the 32 bytes of a key file. */
struct slot_opener {
	enum slot_kdf kdf;
	const void *p;
	size_t len;
};

/* What a slot says of itself without being opened. */
struct slot_info {
	uint8_t id[SLOT_ID];
	uint8_t repo_id[REPO_ID];
	bool full;
	enum slot_kdf kdf;
	uint32_t passes;
	uint32_t kib;
};

/*
 * slot_seal() - @k, with @label (for people, at most SLOT_LABEL - 1 bytes),
 * for whoever has @opener, appended to @b; its new id in @ret_id.  @kib and
 * @passes: for a passphrase; 0 for the defaults above.  -1 with ERR_INVALID
 * (an empty passphrase, a label or costs out of bounds), ERR_NOMEM (Argon2id
 * has no memory) or ERR_IO; then @b is as it was.
 */
int slot_seal(const struct key *k, const char *label,
	      const struct slot_opener *opener, uint32_t passes, uint32_t kib,
	      struct buf *b, uint8_t ret_id[SLOT_ID], struct err *err);

/*
 * slot_look() - what the @len bytes at @p say.  -1 with ERR_CORRUPT (not a
 * slot, or limits exceeded: before anything is computed) or ERR_UNSUPPORTED (a
 * version, kind or kdf that we don't know).
 */
int slot_look(const void *p, size_t len, struct slot_info *ret,
	      struct err *err);

/*
 * slot_open() - the key in *@ret, for key_free(), and the label into
 * @ret_label of SLOT_LABEL bytes.  -1 with ERR_DENIED when @opener is not the
 * one (or what comes before the check is damaged, which looks the same),
 * ERR_CORRUPT when it is but what it opens cannot be, ERR_NOMEM, ERR_IO, or as
 * slot_look().
 */
int slot_open(const void *p, size_t len, const struct slot_opener *opener,
	      struct key **ret, char *ret_label, struct err *err);

/*
 * slot_file_text() - the text of a key file of 32 bytes @raw, newline included,
 * into @ret of SLOT_FILE_TEXT bytes.
 */
void slot_file_text(const uint8_t raw[32], char *ret);

/*
 * slot_file_parse() - the reverse; white space, case and the dashes don't
 * matter, so that it can be typed.  -1 with ERR_INVALID, which says whether it
 * is no key or one with a mistake in it (the sum is wrong).
 */
int slot_file_parse(const char *text, uint8_t ret[32], struct err *err);

#endif

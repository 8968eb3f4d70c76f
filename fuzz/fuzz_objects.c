/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_objects.c - a record that is sealed as it should be, and whose body
 * nobody may trust: one byte of its kind, then the body, as the only object of
 * a repository that is verified.  What is wrong with it is told, once; what is
 * not told of is such a body, byte by byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "index_part.h"
#include "object.h"
#include "text.h"
#include "verify_objects.h"

static const struct {
	const char *folder;
	enum record_kind kind;
} kinds[] = {
	{ "sessions", RECORD_SESSION }, { "outcomes", RECORD_OUTCOME },
	{ "heads", RECORD_HEAD },       { "forgets", RECORD_FORGET },
	{ "index", RECORD_INDEX },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static unsigned int n_told;

static void
problem(const char *line, void *ctx)
{
	must(text_is_plain(line) && strncmp(line, ctx, strlen(ctx)) == 0);
	n_told++;
}

/* As doc/format.md has it, and not by the decoder's own means. */
static bool
is_session(const uint8_t *p, size_t len)
{
	size_t text;
	char *name;
	bool plain;

	if (len < 27)
		return false;
	text = le16_at(p + 16);
	if (text > 255 || len != 27 + text || p[len - 1] < 1 || p[len - 1] > 2)
		return false;
	name = fuzz_text(p + 18, text);
	plain = text_is_plain(name) && strlen(name) == text;
	free(name);
	return plain;
}

static bool
is_good(enum record_kind kind, const uint8_t *p, size_t len)
{
	static const uint8_t zeros[SESSION_ID];
	struct err err = ERR_INIT;
	struct index_part part;
	struct outcome o;
	struct head h;

	switch (kind) {
	case RECORD_SESSION:
		return is_session(p, len);
	case RECORD_FORGET:
		return len == 40 && memcmp(p, zeros, SESSION_ID) == 0;
	case RECORD_INDEX:
		return index_part_take(p, len, &part, &err) == 0;
	case RECORD_OUTCOME:
		if (outcome_decode(p, len, &o, &err))
			return false;
		outcome_done(&o);
		return true;
	case RECORD_HEAD:
		if (head_decode(p, len, &h, &err))
			return false;
		head_done(&h);
		return true;
	}
	return false;
}

/* The body, sealed, under its name, which is that of session 0 or a sum. */
static void
put(struct store *s, size_t which, const uint8_t *p, size_t len, char *ret_name)
{
	static const uint8_t zeros[SESSION_ID];
	uint8_t sum[SHA256_BYTES];
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	object_name(kinds[which].folder, zeros,
		    kinds[which].kind == RECORD_HEAD ? 8 : SESSION_ID,
		    ret_name);
	must(record_seal(fuzz_key(), kinds[which].kind, 0, ret_name, p, len, &b,
			 &err) == 0);
	if (kinds[which].kind == RECORD_INDEX) {
		must(sha256_of(b.data, b.len, sum) == 0);
		object_name("index", sum, sizeof(sum), ret_name);
	}
	fuzz_put(s, ret_name, b.data, b.len);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct repo r = { .key = fuzz_key() };
	char name[OBJECT_NAME_MAX];
	struct verify_how how = { .problem = problem, .problem_ctx = name };
	struct err err = ERR_INIT;
	uint32_t n_bad;
	size_t which;

	if (len < 1)
		return 0;
	which = p[0] % N_KINDS;
	r.store = fuzz_store();
	put(r.store, which, p + 1, len - 1, name);
	n_told = 0;
	must(verify_objects(&r, &how, &n_bad, &err) == 0);
	must(n_bad == n_told && n_bad <= 1);
	must((n_bad == 0) == is_good(kinds[which].kind, p + 1, len - 1));
	store_close(r.store);
	return 0;
}

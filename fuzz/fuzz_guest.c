/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_guest.c - what a guest's agent says (the bytes are the state, for the
 * request "n-1"), and what the agent reads of its own kernel: the table of
 * mounts.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mounts.h"
#include "quiesce.h"

#define NONCE "n-1"
#define MOUNTS_MAX 8

/* "%9u" has room for so many file systems. */
#define MANY 999999999u

static void
reply(const char *text)
{
	struct quiesce_reply r;

	quiesce_parse(text, NONCE, &r);
	must(r.word <= QUIESCE_THAWED);
	must(memchr(r.why, '\0', sizeof(r.why)));
	must((r.word == QUIESCE_FAILED) == (r.why[0] != '\0') ||
	     r.word == QUIESCE_FAILED);
	if (r.word == QUIESCE_FROZEN)
		must(r.n_frozen <= MANY && r.n_synced <= MANY);
	if (r.word != QUIESCE_OTHER)
		must(strstr(text, NONCE));
	/* Of another request it says nothing. */
	quiesce_parse(text, "n-2 or another one", &r);
	must(r.word == QUIESCE_OTHER);
}

static void
mounts(const char *text, size_t len)
{
	char *cut = fuzz_text(text, len);
	struct mount m[MOUNTS_MAX];
	int n = mounts_parse(cut, m, MOUNTS_MAX);

	must(n >= -1 && n <= MOUNTS_MAX);
	for (int i = 0; i < n; i++) {
		must(m[i].point >= cut && m[i].point < cut + len);
		must(m[i].type >= cut && m[i].type < cut + len);
		must(m[i].source >= cut && m[i].source < cut + len);
		must(strlen(m[i].point) < len && strlen(m[i].source) < len);
		must(!mounts_on_disk(&m[i]) || m[i].writable);
		must(mounts_same(&m[i], &m[i]));
	}
	free(cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *text = fuzz_text(p, len);

	reply(text);
	mounts(text, strlen(text));
	free(text);
	return 0;
}

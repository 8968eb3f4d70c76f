/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_state.c - what this host remembers of a repository, with the sum that it
 * should have: what is loaded is saved as the same bytes.  And the file of a
 * session that died: each whole sum in it is told, and then it is gone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "repo_state.h"
#include "session_file.h"

#define DEAD "session-00000000000000000000000000000000"

static void
saved(const struct repo_state *s, const struct buf *b)
{
	struct err err = ERR_INIT;
	uint8_t *again = malloc(b->len + 1);
	int fd;

	must(again && repo_state_save(fuzz_folder(), s, &err) == 0);
	fd = openat(fuzz_folder(), "state", O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && read(fd, again, b->len + 1) == (ssize_t)b->len);
	must(memcmp(again, b->data, b->len) == 0);
	close(fd);
	free(again);
}

static void
state(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	struct repo_state s;
	uint8_t sum[SHA256_BYTES];

	must(sha256_of(p, len, sum) == 0);
	put_bytes(&b, p, len);
	put_bytes(&b, sum, sizeof(sum));
	must(!b.no_room);
	fuzz_file("state", b.data, b.len);
	if (repo_state_load(fuzz_folder(), &s, &err) == 0) {
		must(!s.is_new);
		saved(&s, &b);
		repo_state_done(&s);
	} else {
		fuzz_refused(&err, CORRUPT);
		must(!s.known);
	}
	buf_done(&b);
}

struct told {
	const uint8_t *p;
	size_t n;
};

static int
tell(const uint8_t sum[SHA256_BYTES], void *ctx, struct err *err)
{
	struct told *t = ctx;

	(void)err;
	must(memcmp(sum, t->p + t->n * SHA256_BYTES, SHA256_BYTES) == 0);
	t->n++;
	return 0;
}

static void
session(const uint8_t *p, size_t len)
{
	struct told t = { .p = p };
	struct err err = ERR_INIT;

	fuzz_file(DEAD, p, len);
	must(session_file_each_dead(fuzz_folder(), tell, &t, &err) == 0);
	must(t.n == len / SHA256_BYTES);
	must(faccessat(fuzz_folder(), DEAD, F_OK, 0) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);

	state(copy, len);
	session(copy, len);
	free(copy);
	return 0;
}

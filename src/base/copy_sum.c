/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy_sum.c - the SHA-256 of a sparse file, as sha256sum(1) would tell it. */
#include <stdlib.h>

#include "cancel.h"
#include "copy.h"
#include "fd.h"
#include "sha256.h"

#define STEP (1u << 20)

static const unsigned char zeros[STEP];

struct sum {
	struct sha256 *h;
	const struct copy_task *t;
	unsigned char *buf; /* STEP bytes */
};

static int
add_bytes(struct sum *s, const void *p, uint64_t at, size_t len,
	  struct err *err)
{
	const struct copy_task *t = s->t;

	if (cancel_check(err))
		return -1;
	if (sha256_add(s->h, p, len))
		return err_set(err, ERR_IO, 0, "SHA-256 failed");
	if (t->progress)
		t->progress(t->what, at + len, t->bytes, t->progress_ctx);
	return 0;
}

static int
add_hole(struct sum *s, uint64_t at, uint64_t end, struct err *err)
{
	size_t n;

	for (; at < end; at += n) {
		n = end - at < STEP ? (size_t)(end - at) : STEP;
		if (add_bytes(s, zeros, at, n, err))
			return -1;
	}
	return 0;
}

static int
add_data(struct sum *s, uint64_t at, uint64_t end, struct err *err)
{
	ssize_t got;
	size_t n;

	for (; at < end; at += n) {
		n = end - at < STEP ? (size_t)(end - at) : STEP;
		got = fd_pread_full(s->t->from, s->buf, n, at, err);
		if (got < 0)
			return -1;
		if ((size_t)got < n)
			return err_set(err, ERR_IO, 0, "it is too short");
		if (add_bytes(s, s->buf, at, n, err))
			return -1;
	}
	return 0;
}

static int
add_all(struct sum *s, struct err *err)
{
	uint64_t end = s->t->bytes, at = 0, data, len;
	int r;

	while (at < end) {
		data = at;
		len = 0;
		r = copy_next_data(s->t->from, end, &data, &len, err);
		if (r < 0)
			return -1;
		if (r == 0)
			data = end;
		if (add_hole(s, at, data, err) ||
		    add_data(s, data, data + len, err))
			return -1;
		at = data + len;
	}
	return 0;
}

int
copy_sum(const struct copy_task *t, char *ret, struct err *err)
{
	struct sum s = { sha256_new(), t, malloc(STEP) };
	int rc = -1;

	if (!s.buf || !s.h) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (add_all(&s, err)) {
		err_add(err, "sum of %s", t->what);
		goto out;
	}
	if (sha256_hex(s.h, ret)) {
		err_set(err, ERR_IO, 0, "SHA-256 failed");
		goto out;
	}
	rc = 0;
out:
	sha256_free(s.h);
	free(s.buf);
	return rc;
}

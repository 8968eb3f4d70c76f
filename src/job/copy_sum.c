/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy_sum.c - the SHA-256 of a sparse file, as sha256sum(1) would tell it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "copy.h"
#include "fd.h"
#include "sha256.h"

#define STEP (1u << 20)

static const unsigned char zeros[STEP];

static int
add(struct sha256 *h, const void *p, size_t len, struct err *err)
{
	if (sha256_add(h, p, len))
		return err_set(err, ERR_IO, 0, "SHA-256 failed");
	return 0;
}

/* Add @len bytes at @offset, which are zeros when @hole. */
static int
add_range(struct sha256 *h, const struct copy_task *t, unsigned char *buf,
	  uint64_t offset, uint64_t len, bool hole, struct err *err)
{
	while (len > 0) {
		size_t n = len < STEP ? (size_t)len : STEP;
		ssize_t got = (ssize_t)n;

		if (!hole) {
			got = fd_pread_full(t->from, buf, n, offset, err);
			if (got < 0)
				return -1;
		}
		if ((size_t)got < n)
			return err_set(err, ERR_IO, 0, "%s is too short",
				       t->what);
		if (cancel_check(err) || add(h, hole ? zeros : buf, n, err))
			return -1;
		offset += n;
		len -= n;
		if (t->progress)
			t->progress(t->what, offset, t->bytes, t->progress_ctx);
	}
	return 0;
}

static int
add_all(struct sha256 *h, const struct copy_task *t, unsigned char *buf,
	struct err *err)
{
	uint64_t offset = 0;

	while (offset < t->bytes) {
		off_t data = lseek(t->from, (off_t)offset, SEEK_DATA);
		off_t hole;

		if (data < 0 && errno != ENXIO)
			data = (off_t)offset; /* knows no holes */
		if (data < 0 || (uint64_t)data > t->bytes)
			data = (off_t)t->bytes;
		if (add_range(h, t, buf, offset, (uint64_t)data - offset, true,
			      err))
			return -1;
		offset = (uint64_t)data;
		if (offset == t->bytes)
			break;
		hole = lseek(t->from, data, SEEK_HOLE);
		if (hole < 0 || (uint64_t)hole > t->bytes)
			hole = (off_t)t->bytes;
		if (add_range(h, t, buf, offset, (uint64_t)hole - offset, false,
			      err))
			return -1;
		offset = (uint64_t)hole;
	}
	return 0;
}

int
copy_sum(const struct copy_task *t, char *ret, struct err *err)
{
	unsigned char *buf = malloc(STEP);
	struct sha256 *h = sha256_new();
	int rc = -1;

	if (!buf || !h) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (add_all(h, t, buf, err))
		goto out;
	if (sha256_hex(h, ret)) {
		err_set(err, ERR_IO, 0, "SHA-256 failed");
		goto out;
	}
	rc = 0;
out:
	sha256_free(h);
	free(buf);
	return rc;
}

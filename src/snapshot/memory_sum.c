/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory_sum.c - see memory_sum.h. */
#include "memory_sum.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fd.h"

#define PIECES 64u
#define PIECE_BYTES 16384u
#define WHOLE_BYTES (PIECES * PIECE_BYTES) /* so much is taken as it is */

static int
add(struct sha256 *h, int fd, uint64_t at, size_t n, struct err *err)
{
	uint8_t piece[PIECE_BYTES];
	ssize_t r = fd_pread_full(fd, piece, n, at, err);

	if (r < 0)
		return -1;
	if ((size_t)r < n)
		return err_set(err, ERR_IO, 0, "it became shorter");
	return sha256_add(h, piece, n) ?
		       err_set(err, ERR_IO, 0, "SHA-256 fails") :
		       0;
}

static int
add_all(struct sha256 *h, int fd, uint64_t bytes, struct err *err)
{
	for (uint64_t at = 0; at < bytes; at += PIECE_BYTES)
		if (add(h, fd, at,
			bytes - at < PIECE_BYTES ? (size_t)(bytes - at) :
						   PIECE_BYTES,
			err))
			return -1;
	return 0;
}

static int
add_samples(struct sha256 *h, int fd, uint64_t bytes, struct err *err)
{
	uint64_t step = (bytes - PIECE_BYTES) / (PIECES - 1);

	for (uint64_t i = 0; i + 1 < PIECES; i++)
		if (add(h, fd, i * step, PIECE_BYTES, err))
			return -1;
	return add(h, fd, bytes - PIECE_BYTES, PIECE_BYTES, err);
}

static int
add_length(struct sha256 *h, uint64_t bytes, struct err *err)
{
	uint8_t le[8];

	for (unsigned int i = 0; i < sizeof(le); i++)
		le[i] = (uint8_t)(bytes >> 8 * i);
	return sha256_add(h, le, sizeof(le)) ?
		       err_set(err, ERR_IO, 0, "SHA-256 fails") :
		       0;
}

int
memory_sum(int fd, char ret[SHA256_HEX_LEN + 1], struct err *err)
{
	struct sha256 *h = sha256_new();
	struct stat st;
	uint64_t bytes;
	int rc = -1;

	if (!h)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (fstat(fd, &st)) {
		err_set(err, ERR_IO, errno, "look at the memory");
		goto out;
	}
	bytes = (uint64_t)st.st_size;
	if (add_length(h, bytes, err) ||
	    (bytes <= WHOLE_BYTES ? add_all(h, fd, bytes, err) :
				    add_samples(h, fd, bytes, err)))
		goto out;
	rc = sha256_hex(h, ret) ? err_set(err, ERR_IO, 0, "SHA-256 fails") : 0;
out:
	sha256_free(h);
	return rc ? err_add(err, "the sum of the memory") : 0;
}

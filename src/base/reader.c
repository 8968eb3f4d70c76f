/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reader.c - see reader.h. */
#include "reader.h"

#include <inttypes.h>

#include "copy.h"
#include "fd.h"

static int
read_fd(const struct reader *r, uint8_t *to, size_t len, uint64_t offset,
	struct err *err)
{
	const struct reader_fd *f = (const struct reader_fd *)r;
	ssize_t n = fd_pread_full(f->fd, to, len, offset, err);

	if (n < 0)
		return -1;
	if ((size_t)n < len)
		return err_set(err, ERR_IO, 0,
			       "it ends after %" PRIu64 " bytes",
			       offset + (uint64_t)n);
	return 0;
}

static int
next_data_fd(const struct reader *r, uint64_t end, uint64_t *offset,
	     uint64_t *ret_len, struct err *err)
{
	const struct reader_fd *f = (const struct reader_fd *)r;

	return copy_next_data(f->fd, end, offset, ret_len, err);
}

static const struct reader_ops fd_ops = {
	.read = read_fd,
	.next_data = next_data_fd,
};

struct reader_fd
reader_fd(int fd)
{
	return (struct reader_fd){ .base = { .ops = &fd_ops }, .fd = fd };
}

int
reader_read(const struct reader *r, uint8_t *to, size_t len, uint64_t offset,
	    struct err *err)
{
	return r->ops->read(r, to, len, offset, err);
}

int
reader_next_data(const struct reader *r, uint64_t end, uint64_t *offset,
		 uint64_t *ret_len, struct err *err)
{
	return r->ops->next_data(r, end, offset, ret_len, err);
}

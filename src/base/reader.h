/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reader.h - bytes that are read by their offset: a file's, or what is made of
 * a file while it is read.  From several threads.
 */
#ifndef XENSNAP_READER_H
#define XENSNAP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct reader;

/* See the functions of the same names. */
struct reader_ops {
	int (*read)(const struct reader *r, uint8_t *to, size_t len,
		    uint64_t offset, struct err *err);
	int (*next_data)(const struct reader *r, uint64_t end, uint64_t *offset,
			 uint64_t *ret_len, struct err *err);
};

/* Each kind embeds this as its first member. */
struct reader {
	const struct reader_ops *ops;
};

/* The bytes of a file or a block device. */
struct reader_fd {
	struct reader base;
	int fd;
};

/* reader_fd() - of @fd, which stays the caller's. */
struct reader_fd reader_fd(int fd);

/* reader_read() - the @len bytes at @offset into @to.  -1 with ERR_IO, also
 * when there are fewer. */
int reader_read(const struct reader *r, uint8_t *to, size_t len,
		uint64_t offset, struct err *err);

/* reader_next_data() - as copy_next_data(). */
int reader_next_data(const struct reader *r, uint64_t end, uint64_t *offset,
		     uint64_t *ret_len, struct err *err);

#endif

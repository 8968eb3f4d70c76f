/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buf.h - bytes that grow at their end, and little-endian fields put there.
 *
 * A buffer that could not grow stays as it was and remembers it: a writer puts
 * all its fields and asks once, by buf_check().
 *
 *	struct buf b = BUF_INIT;
 *
 *	put_u32(&b, n);
 *	put_bytes(&b, name, 32);
 *	if (buf_check(&b, err)) ...
 *	buf_done(&b);
 */
#ifndef XENSNAP_BUF_H
#define XENSNAP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t room;  /* how many bytes @data has place for */
	bool no_room; /* a put found no memory, or a text was too long */
};

#define BUF_INIT             \
	{                    \
		.data = NULL \
	}

/* What format.md calls a text is at most so long. */
#define TEXT_MAX 1024

/*
 * buf_more() - make @b longer by @len bytes, not yet set; returns where they
 * are, or NULL when there is no memory.  Earlier such places become invalid.
 */
uint8_t *buf_more(struct buf *b, size_t len);

/* put_u8() and the like - append one integer. */
void put_u8(struct buf *b, uint8_t v);
void put_u16(struct buf *b, uint16_t v);
void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);

/* put_bytes() - append @len bytes at @p. */
void put_bytes(struct buf *b, const void *p, size_t len);

/* put_zeros() - append @len zero bytes. */
void put_zeros(struct buf *b, size_t len);

/*
 * put_text() - append a text: its length as u16, its bytes.  What is no plain
 * text in it is escaped (text.h), what is longer than TEXT_MAX is cut between
 * two characters: a text is for people.
 */
void put_text(struct buf *b, const char *text);

/* put_text_into() - the same for a reader who has @size bytes for it, NUL
 * included. */
void put_text_into(struct buf *b, const char *text, size_t size);

/* buf_check() - 0, or -1 with ERR_NOMEM if any put since the start failed. */
int buf_check(const struct buf *b, struct err *err);

/* buf_done() - free what @b holds and make it BUF_INIT. */
void buf_done(struct buf *b);

/* buf_wipe() - the same of secrets: overwritten first. */
void buf_wipe(struct buf *b);

/* le16_at(), le32_at(), le64_at() - the integer in the bytes at @p. */
uint16_t le16_at(const uint8_t *p);
uint32_t le32_at(const uint8_t *p);
uint64_t le64_at(const uint8_t *p);

/* le32_to(), le64_to() - the bytes of @v at @p. */
void le32_to(uint8_t *p, uint32_t v);
void le64_to(uint8_t *p, uint64_t v);

#endif

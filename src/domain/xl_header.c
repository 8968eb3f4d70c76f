/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_header.c - see xl_header.h. */
#include "xl_header.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fd.h"

/*
 * Offset  What
 *  0      magic, 32 bytes
 * 32      byte order mark 0x01020304, in the writer's byte order
 * 36      mandatory flags: what a reader must understand
 * 40      optional flags
 * 44      length of the optional data
 * 48      optional data: u32 length of the configuration, its bytes with NUL
 *
 * We write little-endian, as every x86 does.
 */
#define MAGIC_LEN 32
#define FIXED_LEN 48 /* up to the optional data */
#define BYTE_ORDER_MARK 0x01020304u
#define FLAG_JSON 1u      /* the configuration is JSON */
#define FLAG_STREAM_V2 2u /* libxl's stream, version 2, follows */

static const char magic[MAGIC_LEN] = "Xen saved domain, xl format\n \0 \r";

int
xl_header_write(int fd, const char *config_json, struct err *err)
{
	size_t config_len = strlen(config_json) + 1;
	uint8_t head[FIXED_LEN + 4];

	if (config_len > XL_CONFIG_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the domain's "
			       "configuration is too long for a save file");
	memcpy(head, magic, MAGIC_LEN);
	le32_to(head + 32, BYTE_ORDER_MARK);
	le32_to(head + 36, FLAG_JSON | FLAG_STREAM_V2);
	le32_to(head + 40, 0);
	le32_to(head + 44, (uint32_t)config_len + 4);
	le32_to(head + 48, (uint32_t)config_len);
	if (fd_write_all(fd, head, sizeof(head), err) ||
	    fd_write_all(fd, config_json, config_len, err))
		return -1;
	return 0;
}

/* ---- read one ---- */

/* The fixed part: how long is the optional data? */
static int
read_fixed(const uint8_t *head, size_t config_max, uint32_t *ret,
	   struct err *err)
{
	uint32_t must = le32_at(head + 36), len = le32_at(head + 44);

	if (memcmp(head, magic, MAGIC_LEN) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "it is no save file of xl's");
	if (le32_at(head + 32) != BYTE_ORDER_MARK)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "it was written on another kind of machine");
	if (must != (FLAG_JSON | FLAG_STREAM_V2))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "xl's flags in it are 0x%x, and only a "
			       "configuration in JSON before a stream of "
			       "version 2 (0x3) is known",
			       must);
	if (len < 4 || len - 4 > config_max)
		return err_set(err, ERR_CORRUPT, 0,
			       "the configuration in it cannot have %u bytes",
			       len);
	*ret = len;
	return 0;
}

/* What is behind the configuration xl passes over. */
static int
read_config(struct xl_header *h, struct err *err)
{
	const uint8_t *at = h->bytes + FIXED_LEN + 4;
	uint32_t len = le32_at(h->bytes + FIXED_LEN);

	if (len > h->len - FIXED_LEN - 4)
		return err_set(err, ERR_CORRUPT, 0,
			       "its configuration is longer than its header");
	if (len && at[len - 1] == '\0')
		len--;
	if (memchr(at, '\0', len))
		return err_set(err, ERR_CORRUPT, 0,
			       "its configuration is no text");
	h->config = strndup((const char *)at, len);
	return h->config ? 0 : err_set(err, ERR_NOMEM, 0, "out of memory");
}

int
xl_header_read(int fd, uint64_t at, size_t config_max, struct xl_header *ret,
	       struct err *err)
{
	uint8_t head[FIXED_LEN];
	uint32_t more = 0;
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	n = fd_pread_full(fd, head, sizeof(head), at, err);
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof(head))
		return err_set(err, ERR_CORRUPT, 0, "its header is cut off");
	if (read_fixed(head, config_max, &more, err))
		return -1;
	ret->len = sizeof(head) + more;
	ret->bytes = malloc(ret->len);
	if (!ret->bytes)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memcpy(ret->bytes, head, sizeof(head));
	n = fd_pread_full(fd, ret->bytes + sizeof(head), more,
			  at + sizeof(head), err);
	if (n < 0)
		return -1;
	if ((size_t)n < more)
		return err_set(err, ERR_CORRUPT, 0, "its header is cut off");
	return read_config(ret, err);
}

void
xl_header_done(struct xl_header *h)
{
	free(h->bytes);
	free(h->config);
	memset(h, 0, sizeof(*h));
}

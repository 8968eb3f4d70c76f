/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_header.c - see xl_header.h. */
#include "xl_header.h"

#include <stdint.h>
#include <string.h>

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
#define FLAG_JSON 1u      /* the configuration is JSON */
#define FLAG_STREAM_V2 2u /* libxl's stream, version 2, follows */

static const char magic[MAGIC_LEN] = "Xen saved domain, xl format\n \0 \r";

static void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
}

int
xl_header_write(int fd, const char *config_json, struct err *err)
{
	size_t config_len = strlen(config_json) + 1;
	uint8_t head[MAGIC_LEN + 5 * 4];

	if (config_len > XL_CONFIG_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the domain's "
			       "configuration is too long for a save file");
	memcpy(head, magic, MAGIC_LEN);
	put_u32(head + 32, 0x01020304);
	put_u32(head + 36, FLAG_JSON | FLAG_STREAM_V2);
	put_u32(head + 40, 0);
	put_u32(head + 44, (uint32_t)config_len + 4);
	put_u32(head + 48, (uint32_t)config_len);
	if (fd_write_all(fd, head, sizeof(head), err) ||
	    fd_write_all(fd, config_json, config_len, err))
		return -1;
	return 0;
}

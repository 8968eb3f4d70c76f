/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_header.h - what xl puts in front of a save stream. */
#ifndef XENSNAP_XL_HEADER_H
#define XENSNAP_XL_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * xl_header_write() - write xl's header, with the domain's configuration
 * @config_json, to @fd; libxl's stream follows it, and `xl restore` takes the
 * whole.  -1 with ERR_IO, ERR_NOSPC, or ERR_UNSUPPORTED for a configuration of
 * over XL_CONFIG_MAX bytes; then @fd holds a part of it.
 */
int xl_header_write(int fd, const char *config_json, struct err *err);

#define XL_CONFIG_MAX (16u << 20)

/* The header of a save file that somebody else wrote. */
struct xl_header {
	uint8_t *bytes; /* as they are in the file */
	size_t len;     /* libxl's stream begins behind them */
	char *config;   /* libxl's JSON; not looked at */
};

/*
 * xl_header_read() - the header at @at (a save file's: 0) of the file @fd, with
 * a configuration of at most @config_max bytes; each byte is read once, and
 * nothing of it is believed.  For xl_header_done() in any case.  -1 with
 * ERR_CORRUPT (it is no save file, or cut off, or its lengths cannot be),
 * ERR_UNSUPPORTED (xl says something that we do not know, or has its
 * configuration not as JSON), ERR_NOMEM, ERR_IO.
 */
int xl_header_read(int fd, uint64_t at, size_t config_max,
		   struct xl_header *ret, struct err *err);

/* xl_header_done() - free what @h owns. */
void xl_header_done(struct xl_header *h);

#endif

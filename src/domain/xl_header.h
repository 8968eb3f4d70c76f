/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_header.h - what xl puts in front of a save stream. */
#ifndef XENSNAP_XL_HEADER_H
#define XENSNAP_XL_HEADER_H

#include <stddef.h>

#include "err.h"

/*
 * xl_header_write() - write xl's header, with the domain's configuration
 * @config_json, to @fd; libxl's stream follows it, and `xl restore` takes the
 * whole.  -1 with ERR_IO, ERR_NOSPC, or ERR_UNSUPPORTED for a configuration of
 * over XL_CONFIG_MAX bytes; then @fd holds a part of it.
 */
int xl_header_write(int fd, const char *config_json, struct err *err);

#define XL_CONFIG_MAX (16u << 20)

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uuid.h - random names for instants. */
#ifndef XENSNAP_UUID_H
#define XENSNAP_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define UUID_TEXT_LEN 36
#define UUID_BYTES 16

/*
 * uuid_new() - a random (version 4, RFC 4122) uuid in @ret, UUID_TEXT_LEN + 1
 * bytes.  -1 with ERR_IO when the kernel gives no random bytes.
 */
int uuid_new(char *ret, struct err *err);

/* uuid_text() - @bytes as text in @ret, UUID_TEXT_LEN + 1 bytes. */
void uuid_text(const uint8_t bytes[UUID_BYTES], char *ret);

/* uuid_read() - @text, in lower case, as its bytes.  False when it is none;
 * @ret is all zero then. */
bool uuid_read(const char *text, uint8_t ret[UUID_BYTES]);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uuid.h - random names for instants. */
#ifndef XENSNAP_UUID_H
#define XENSNAP_UUID_H

#include "err.h"

#define UUID_TEXT_LEN 36

/*
 * uuid_new() - a random (version 4, RFC 4122) uuid in @ret, UUID_TEXT_LEN + 1
 * bytes.  -1 with ERR_IO when the kernel gives no random bytes.
 */
int uuid_new(char *ret, struct err *err);

#endif

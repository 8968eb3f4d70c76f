/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hex.h - bytes as lower-case hex, and back. */
#ifndef XENSNAP_HEX_H
#define XENSNAP_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* hex_text() - @len bytes at @p as text in @ret, 2 * @len + 1 bytes. */
void hex_text(const void *p, size_t len, char *ret);

/*
 * hex_parse() - the reverse: @text must be just 2 * @len digits, lower-case
 * only, since it is a name and a thing has one name.  False when it is not;
 * @ret is undefined then.
 */
bool hex_parse(const char *text, uint8_t *ret, size_t len);

#endif

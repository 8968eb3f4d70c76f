/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seal_help.h - the key and the bytes that the tests of seal/ have in common.
 *
 * The frozen bytes were made by another program, from doc/format.md alone; they
 * never change: what was written once must open for ever.
 */
#ifndef XENSNAP_SEAL_HELP_H
#define XENSNAP_SEAL_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "key.h"

/* unhex() - the bytes of @hex into @ret, @size at most; how many. */
size_t unhex(const char *hex, uint8_t *ret, size_t size);

/* assert_hex() - the bytes at @p are those of @hex. */
void assert_hex(const void *p, const char *hex);

/*
 * frozen_key() - the full key of all frozen bytes: MK 00 01 .. 1f of repository
 * 10 11 .. 1f.  other_repo(): the same MK of another repository.
 * other_master(): another MK of the same.
 */
struct key *frozen_key(void);
struct key *other_repo(void);
struct key *other_master(void);

/* frozen_put_only() - what it gives to realm @realm. */
struct key *frozen_put_only(uint32_t realm);

/* counting() - @len bytes @from, @from + 1 ... into @ret. */
void counting(uint8_t *ret, uint8_t from, size_t len);

#endif

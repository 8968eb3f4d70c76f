/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_config.h - the object "config" (doc/format.md): to bytes and back. */
#ifndef XENSNAP_REPO_CONFIG_H
#define XENSNAP_REPO_CONFIG_H

#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"

#define CONFIG_NAME "config"
#define CONFIG_BYTES 80
#define CHUNK_MIN (4u << 10)
#define CHUNK_MAX (1u << 20)

struct repo_config {
	uint8_t repo_id[REPO_ID];
	uint32_t chunk;
	unsigned int fanout_log2;
	uint64_t created;
};

/*
 * repo_config_encode() - @c, with its sum by @k, appended to @b.  -1 with
 * ERR_IO or ERR_NOMEM.
 */
int repo_config_encode(const struct repo_config *c, const struct key *k,
		       struct buf *b, struct err *err);

/*
 * repo_config_decode() - the reverse; its sum is not checked, since the key
 * that could is found by what it says: repo_config_check() does that.  -1 with
 * ERR_CORRUPT or ERR_UNSUPPORTED (a newer version, or flags that we don't
 * know).
 */
int repo_config_decode(const uint8_t *p, size_t len, struct repo_config *ret,
		       struct err *err);

/*
 * repo_config_check() - were the @len bytes at @p written by who had @k?  -1
 * with ERR_CORRUPT or ERR_IO.
 */
int repo_config_check(const uint8_t *p, size_t len, const struct key *k,
		      struct err *err);

#endif

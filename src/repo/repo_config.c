/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_config.c - see repo_config.h. */
#include <string.h>

#include "repo_config.h"
#include "take.h"

#define MAGIC "xsnaprep"
#define VERSION 1

int
repo_config_encode(const struct repo_config *c, const struct key *k,
		   struct buf *b, struct err *err)
{
	size_t start = b->len;
	uint8_t mac[KEY_BYTES];

	put_bytes(b, MAGIC, 8);
	put_u16(b, VERSION);
	put_u16(b, (uint16_t)c->fanout_log2);
	put_u32(b, c->chunk);
	put_bytes(b, c->repo_id, REPO_ID);
	put_u64(b, c->created);
	put_zeros(b, 8);
	if (buf_check(b, err) ||
	    key_mac_config(k, b->data + start, b->len - start, mac, err))
		return -1;
	put_bytes(b, mac, sizeof(mac));
	return buf_check(b, err);
}

int
repo_config_decode(const uint8_t *p, size_t len, struct repo_config *ret,
		   struct err *err)
{
	struct take t = take_from(p, len);
	const uint8_t *magic = take_skip(&t, 8);
	unsigned int version = take_u16(&t);

	if (!magic || memcmp(magic, MAGIC, 8) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       CONFIG_NAME ": it is no repository's");
	if (version != VERSION)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       CONFIG_NAME ": the repository has format %u; "
					   "this program knows %u",
			       version, VERSION);
	ret->fanout_log2 = take_u16(&t);
	ret->chunk = take_u32(&t);
	take_bytes(&t, ret->repo_id, REPO_ID);
	ret->created = take_u64(&t);
	if (take_u32(&t) != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       CONFIG_NAME ": the repository uses something "
					   "that this program does not know");
	take_zeros(&t, 4);
	take_skip(&t, KEY_BYTES);
	if (ret->chunk < CHUNK_MIN || ret->chunk > CHUNK_MAX ||
	    (ret->chunk & (ret->chunk - 1)) != 0 || ret->fanout_log2 < 4 ||
	    ret->fanout_log2 > 10)
		take_refuse(&t, "its sizes cannot be");
	return take_end(&t, CONFIG_NAME, err);
}

int
repo_config_check(const uint8_t *p, size_t len, const struct key *k,
		  struct err *err)
{
	uint8_t mac[KEY_BYTES];

	if (key_mac_config(k, p, len - KEY_BYTES, mac, err))
		return -1;
	if (memcmp(mac, p + len - KEY_BYTES, KEY_BYTES) == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, 0,
		       CONFIG_NAME ": it is not what was written");
}

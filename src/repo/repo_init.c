/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_init.c - a new repository: its key, its config, head 1.  "config" comes
 * last: without it nothing is a repository.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "object.h"
#include "rand.h"
#include "repo.h"
#include "repo_config.h"
#include "repo_head.h"

#define RESERVE_MIN (1u << 20)
#define RESERVE_PACK (16u << 10)
#define RESERVE_MAX (64u << 20)

static int
put_slot(struct store *s, const struct key *k, const char *label,
	 const struct slot_opener *opener, struct err *err)
{
	uint8_t id[SLOT_ID];
	struct buf b = BUF_INIT;
	int rc;

	rc = slot_seal(k, label, opener, 0, 0, &b, id, err);
	if (rc == 0)
		rc = repo_slot_complete(s, id, &b, err);
	buf_wipe(&b);
	return rc;
}

static int
put_first_head(struct store *s, const struct key *k, uint64_t now,
	       struct err *err)
{
	struct head h = { .number = 1, .time = now };

	return repo_head_put(s, k, &h, NULL, err);
}

static int
put_config(struct store *s, const struct key *k, uint32_t chunk, uint64_t now,
	   struct err *err)
{
	struct repo_config c = {
		.chunk = chunk,
		.fanout_log2 = REPO_FANOUT_LOG2,
		.created = now,
	};
	struct buf b = BUF_INIT;
	int rc = -1;

	memcpy(c.repo_id, k->repo_id, REPO_ID);
	if (repo_config_encode(&c, k, &b, err) == 0)
		rc = store_put(s, CONFIG_NAME, b.data, b.len, err);
	buf_done(&b);
	return rc;
}

static int
note_name(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct buf *names = ctx;

	(void)bytes;
	put_bytes(names, name, strlen(name) + 1);
	return buf_check(names, err);
}

/* What an init that died has left: the first head would be in the way, and keys
 * open nothing. */
static int
drop_leftovers(struct store *s, struct err *err)
{
	struct buf names = BUF_INIT;
	int rc;

	rc = store_list(s, "keys/", note_name, &names, err);
	if (rc == 0)
		rc = store_list(s, "heads/", note_name, &names, err);
	for (size_t at = 0; rc == 0 && at < names.len;) {
		const char *name = (const char *)names.data + at;

		rc = store_drop(s, name, err);
		at += strlen(name) + 1;
	}
	buf_done(&names);
	return rc;
}

uint64_t
repo_reserve_bytes(uint32_t n_packs)
{
	uint64_t bytes = RESERVE_MIN + n_packs * (uint64_t)RESERVE_PACK;

	return bytes < RESERVE_MAX ? bytes : RESERVE_MAX;
}

static int
check_chunk(uint32_t chunk, struct err *err)
{
	if (chunk >= CHUNK_MIN && chunk <= CHUNK_MAX &&
	    (chunk & (chunk - 1)) == 0)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "a chunk has a power of two of bytes, %u to %u, not %u",
		       CHUNK_MIN, CHUNK_MAX, chunk);
}

int
repo_may_init(const char *address, uint32_t chunk_bytes, struct err *err)
{
	if (chunk_bytes && check_chunk(chunk_bytes, err))
		return -1;
	return store_may_create(address, err);
}

int
repo_init(const char *address, const struct slot_opener *opener,
	  const char *label, uint32_t chunk_bytes, struct err *err)
{
	uint32_t chunk = chunk_bytes ? chunk_bytes : REPO_CHUNK_DEFAULT;
	uint8_t master[KEY_BYTES], id[REPO_ID];
	uint64_t now = (uint64_t)time(NULL);
	struct store *s = NULL;
	struct key *k = NULL;
	struct err why = ERR_INIT;
	int rc = -1;

	if (check_chunk(chunk, err))
		return -1;
	if (rand_bytes(master, sizeof(master), err) ||
	    rand_bytes(id, sizeof(id), err))
		return -1;
	k = key_new(id, master, err);
	explicit_bzero(master, sizeof(master));
	if (!k || store_open(address, true, &s, err))
		goto out;
	if (drop_leftovers(s, err) || put_slot(s, k, label, opener, err) ||
	    put_first_head(s, k, now, err) || store_sync(s, err) ||
	    put_config(s, k, chunk, now, err) || store_sync(s, err))
		goto out;
	rc = 0;
	if (store_reserve(s, repo_reserve_bytes(0), &why))
		log_notice("no room is kept for prunes: %s", why.text);
out:
	store_close(s);
	key_free(k);
	return rc;
}

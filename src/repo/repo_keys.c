/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_keys.c - see repo_keys.h. */
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "hex.h"
#include "object.h"
#include "rand.h"
#include "repo_keys.h"

#define PREFIX_MIN 6
#define REALM_TRIES 8

/* ---- which there are ---- */

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, SLOT_ID);
}

static int
note_id(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct buf *ids = ctx;
	uint8_t id[SLOT_ID];
	unsigned int copy;

	(void)bytes;
	if (repo_slot_parse(name, id, &copy))
		put_bytes(ids, id, SLOT_ID);
	return buf_check(ids, err);
}

/* The ids of all slots, in order, each once. */
static int
list_ids(struct store *s, struct buf *ret, struct err *err)
{
	size_t n = 0;

	if (store_list(s, SLOT_PREFIX, note_id, ret, err))
		return -1;
	if (ret->len)
		qsort(ret->data, ret->len / SLOT_ID, SLOT_ID, by_id);
	for (size_t at = 0; at < ret->len; at += SLOT_ID) {
		if (n && memcmp(ret->data + n - SLOT_ID, ret->data + at,
				SLOT_ID) == 0)
			continue;
		memmove(ret->data + n, ret->data + at, SLOT_ID);
		n += SLOT_ID;
	}
	ret->len = n;
	return 0;
}

/* Both copies of @e->id. */
static int
look_at(struct repo *r, struct repo_key_entry *e, struct err *err)
{
	struct buf copies[SLOT_COPIES] = { BUF_INIT, BUF_INIT };
	char name[OBJECT_NAME_MAX];
	struct slot_info info;
	int rc = 0;

	for (unsigned int i = 0; i < SLOT_COPIES && rc == 0; i++) {
		repo_slot_name(e->id, i + 1, name);
		if (repo_slot_get(r->store, name, r->id, &copies[i], &info,
				  err) == 0) {
			e->n_whole++;
			e->info = info;
			continue;
		}
		copies[i].len = 0;
		if (object_is_damaged(err))
			e->n_damaged++;
		else if (err->code != ERR_NOTFOUND)
			rc = -1;
		if (rc == 0)
			err_clear(err);
	}
	e->differ =
		e->n_whole == SLOT_COPIES &&
		(copies[0].len != copies[1].len ||
		 memcmp(copies[0].data, copies[1].data, copies[0].len) != 0);
	for (unsigned int i = 0; i < SLOT_COPIES; i++)
		buf_wipe(&copies[i]);
	return rc;
}

int
repo_keys_list(struct repo *r, struct repo_keys *ret, struct err *err)
{
	struct buf ids = BUF_INIT;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (list_ids(r->store, &ids, err))
		goto out;
	ret->list = calloc(ids.len / SLOT_ID + 1, sizeof(*ret->list));
	if (!ret->list) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	rc = 0;
	for (size_t at = 0; at < ids.len && rc == 0; at += SLOT_ID) {
		struct repo_key_entry *e = &ret->list[ret->n++];

		memcpy(e->id, ids.data + at, SLOT_ID);
		e->is_own = memcmp(e->id, r->slot.info.id, SLOT_ID) == 0;
		rc = look_at(r, e, err);
	}
out:
	buf_done(&ids);
	if (rc)
		repo_keys_done(ret);
	return rc;
}

void
repo_keys_done(struct repo_keys *k)
{
	free(k->list);
	memset(k, 0, sizeof(*k));
}

const struct repo_key_entry *
repo_keys_find(const struct repo_keys *k, const char *what, struct err *err)
{
	const struct repo_key_entry *found = NULL;
	char hex[2 * SLOT_ID + 1];
	unsigned int n = 0;
	bool own = strcmp(what, "own") == 0;

	for (uint32_t i = 0; i < k->n; i++) {
		hex_text(k->list[i].id, SLOT_ID, hex);
		if (own ? !k->list[i].is_own :
			  strlen(what) < PREFIX_MIN ||
				    strncmp(hex, what, strlen(what)) != 0)
			continue;
		found = &k->list[i];
		n++;
	}
	if (n == 1)
		return found;
	if (n > 1)
		err_set(err, ERR_INVALID, 0, "%u keys begin with %s", n, what);
	else
		err_set(err, ERR_NOTFOUND, 0,
			"no key of the repository begins with %s (at least "
			"%d digits; 'key list' shows them)",
			what, PREFIX_MIN);
	return NULL;
}

/* ---- one more ---- */

/* Both lead to the same secrets. */
static bool
same_key(const struct key *a, const struct key *b)
{
	if (a->full || b->full)
		return a->full && b->full;
	return a->realm == b->realm &&
	       memcmp(a->realm_key, b->realm_key, KEY_BYTES) == 0;
}

/*
 * Does @how's secret open a slot already?  1: just such a one, made whole now;
 * 0: none; -1.
 */
static int
is_there(struct repo *r, const struct repo_key_new *how,
	 uint8_t ret_id[SLOT_ID], struct err *err)
{
	struct repo_slot slot;
	char hex[2 * SLOT_ID + 1];
	int rc = -1;

	if (repo_slot_find(r->store, r->id, &how->opener, &slot, err)) {
		if (err->code != ERR_DENIED)
			return -1;
		err_clear(err);
		return 0;
	}
	hex_text(slot.info.id, SLOT_ID, hex);
	if (memcmp(slot.info.id, r->slot.info.id, SLOT_ID) == 0) {
		err_set(err, ERR_EXISTS, 0,
			"the new secret is the one of key %.8s, which opened "
			"the repository; take another one",
			hex);
	} else if (how->put_only ? slot.key->full :
				   !same_key(slot.key, r->key)) {
		err_set(err, ERR_EXISTS, 0,
			"the new secret opens key %.8s already, which is %s; "
			"take another one",
			hex, slot.key->full ? "full" : "put-only");
	} else if (repo_slot_complete(r->store, slot.info.id, &slot.bytes,
				      err) == 0) {
		memcpy(ret_id, slot.info.id, SLOT_ID);
		rc = 1;
	}
	repo_slot_done(&slot);
	return rc;
}

static int
put_key(struct repo *r, const struct key *k, const struct repo_key_new *how,
	uint8_t ret_id[SLOT_ID], struct err *err)
{
	struct buf b = BUF_INIT;
	int rc;

	rc = slot_seal(k, how->label, &how->opener, 0, 0, &b, ret_id, err);
	if (rc == 0)
		rc = repo_slot_complete(r->store, ret_id, &b, err);
	buf_wipe(&b);
	return rc;
}

/* Does another slot than @but have an id that begins as @realm?  1, 0, -1. */
static int
is_of_another(struct repo *r, uint32_t realm, const uint8_t *but,
	      struct err *err)
{
	struct buf ids = BUF_INIT;
	int rc = list_ids(r->store, &ids, err);

	for (size_t at = 0; at < ids.len && rc == 0; at += SLOT_ID)
		rc = le32_at(ids.data + at) == realm &&
		     (!but || memcmp(ids.data + at, but, SLOT_ID) != 0);
	buf_done(&ids);
	return rc;
}

/* Is there, or was there, something of @realm?  1, 0, -1. */
static int
is_taken(struct repo *r, uint32_t realm, struct err *err)
{
	if (realm == 0 || realm == REALM_NONE)
		return 1;
	for (uint32_t i = 0; i < r->head.n_base; i++)
		if (r->head.base[i].realm == realm)
			return 1;
	for (uint32_t i = 0; i < r->n_commits; i++)
		if (r->commits[i].realm == realm)
			return 1;
	return is_of_another(r, realm, NULL, err);
}

static int
drop_both(struct repo *r, const uint8_t id[SLOT_ID], struct err *err)
{
	char name[OBJECT_NAME_MAX];

	for (unsigned int copy = 1; copy <= SLOT_COPIES; copy++) {
		repo_slot_name(id, copy, name);
		if (store_drop(r->store, name, err))
			return -1;
	}
	return store_sync(r->store, err);
}

/*
 * A put-only key of a realm that nobody has.  1: it is there; 0: another one
 * took that realm at the same time, so it was taken away again; -1.
 */
static int
put_in_realm(struct repo *r, const struct repo_key_new *how,
	     uint8_t ret_id[SLOT_ID], struct err *err)
{
	uint8_t random[4];
	struct key *k;
	int rc;

	do {
		if (rand_bytes(random, sizeof(random), err))
			return -1;
		rc = is_taken(r, le32_at(random), err);
	} while (rc > 0);
	if (rc < 0)
		return -1;
	k = key_put_only(r->key, le32_at(random), err);
	rc = k ? put_key(r, k, how, ret_id, err) : -1;
	key_free(k);
	if (rc == 0)
		rc = is_of_another(r, le32_at(random), ret_id, err);
	if (rc < 0)
		return -1;
	return rc ? drop_both(r, ret_id, err) : 1;
}

int
repo_keys_add(struct repo *r, const struct repo_key_new *how,
	      uint8_t ret_id[SLOT_ID], struct err *err)
{
	int rc;

	if (how->put_only && !r->key->full)
		return err_set(err, ERR_DENIED, 0,
			       "this key can only add backups; another key "
			       "takes a full one");
	rc = is_there(r, how, ret_id, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (!how->put_only)
		return put_key(r, r->key, how, ret_id, err);
	for (int i = 0; i < REALM_TRIES && rc == 0; i++)
		rc = put_in_realm(r, how, ret_id, err);
	if (rc == 0)
		return err_set(err, ERR_BUSY, 0,
			       "others add keys all the while; nothing was "
			       "added");
	return rc < 0 ? -1 : 0;
}

/* ---- one less ---- */

/* How many full keys but @id are there twice? */
static int
other_full(struct repo *r, const uint8_t id[SLOT_ID], uint32_t *ret,
	   struct err *err)
{
	struct repo_keys k;

	*ret = 0;
	if (repo_keys_list(r, &k, err))
		return -1;
	for (uint32_t i = 0; i < k.n; i++)
		*ret += k.list[i].n_whole == SLOT_COPIES && !k.list[i].differ &&
			k.list[i].info.full &&
			memcmp(k.list[i].id, id, SLOT_ID) != 0;
	repo_keys_done(&k);
	return 0;
}

static bool
is_own(const struct repo *r, const uint8_t id[SLOT_ID])
{
	return memcmp(r->slot.info.id, id, SLOT_ID) == 0;
}

int
repo_keys_may_remove(struct repo *r, const uint8_t id[SLOT_ID], struct err *err)
{
	uint32_t n;

	if (!r->key->full && !is_own(r, id))
		return err_set(err, ERR_DENIED, 0,
			       "this key can only add backups; to remove "
			       "another key takes a full one");
	if (other_full(r, id, &n, err))
		return -1;
	if (n || (r->key->full && !is_own(r, id)))
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "without it no full key would be left that is there "
		       "twice, and nobody could read the repository; nothing "
		       "was removed. Add one first: 'key add'");
}

/* The copy that is to go first: one that is damaged, so that a whole one is the
 * last; its bytes in @b, unless there are none. */
static int
first_to_go(struct repo *r, const uint8_t id[SLOT_ID], unsigned int *ret,
	    struct buf *b, struct err *err)
{
	char name[OBJECT_NAME_MAX];

	*ret = 1;
	for (unsigned int copy = SLOT_COPIES; copy >= 1; copy--) {
		struct slot_info info;

		repo_slot_name(id, copy, name);
		b->len = 0;
		if (repo_slot_get(r->store, name, r->id, b, &info, err) == 0)
			continue;
		if (err->code != ERR_NOTFOUND && !object_is_damaged(err))
			return -1;
		err_clear(err);
		b->len = 0;
		*ret = copy;
		break;
	}
	return 0;
}

/* It is half gone, so that others who remove keys see it.  Is there still one
 * that they have not touched? */
static int
look_again(struct repo *r, const uint8_t id[SLOT_ID], const char *name,
	   const struct buf *was, struct err *err)
{
	uint32_t n;

	if (other_full(r, id, &n, err))
		return -1;
	if (n)
		return 0;
	if (was->len && store_put(r->store, name, was->data, was->len, err) &&
	    err->code != ERR_EXISTS)
		return -1;
	err_clear(err);
	if (store_sync(r->store, err))
		return -1;
	return err_set(err, ERR_BUSY, 0,
		       "the last other full key is being removed at the same "
		       "time; this one was left as it is");
}

int
repo_keys_remove(struct repo *r, const uint8_t id[SLOT_ID], struct err *err)
{
	char name[OBJECT_NAME_MAX];
	struct buf was = BUF_INIT;
	unsigned int first;
	int rc = -1;

	if (repo_keys_may_remove(r, id, err))
		return -1;
	/* Ours is what is left: it shall count. */
	if (!is_own(r, id) &&
	    repo_slot_complete(r->store, r->slot.info.id, &r->slot.bytes, err))
		return -1;
	if (first_to_go(r, id, &first, &was, err))
		goto out;
	repo_slot_name(id, first, name);
	if (store_drop(r->store, name, err) || store_sync(r->store, err))
		goto out;
	fail_here("key.half");
	if (look_again(r, id, name, &was, err))
		goto out;
	rc = drop_both(r, id, err);
	if (rc == 0)
		fail_here("key.removed");
out:
	buf_wipe(&was);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_slot.c - see repo_slot.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "log.h"
#include "repo_slot.h"

#define ID_DIGITS (2 * (size_t)SLOT_ID)

void
repo_slot_name(const uint8_t id[SLOT_ID], unsigned int copy,
	       char ret[OBJECT_NAME_MAX])
{
	char name[OBJECT_NAME_MAX];

	object_name("keys", id, SLOT_ID, name);
	snprintf(ret, OBJECT_NAME_MAX, "%.*s-%u",
		 (int)(strlen(SLOT_PREFIX) + ID_DIGITS), name, copy % 10);
}

bool
repo_slot_parse(const char *name, uint8_t ret_id[SLOT_ID],
		unsigned int *ret_copy)
{
	const size_t len = strlen(SLOT_PREFIX) + ID_DIGITS;
	char first[OBJECT_NAME_MAX];

	if (strlen(name) != len + 2 || name[len] != '-' ||
	    (name[len + 1] != '1' && name[len + 1] != '2'))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)len, name);
	*ret_copy = (unsigned int)(name[len + 1] - '0');
	return object_id(first, "keys", ret_id, SLOT_ID);
}

int
repo_slot_get(struct store *s, const char *name, const uint8_t repo_id[REPO_ID],
	      struct buf *b, struct slot_info *ret, struct err *err)
{
	size_t begin = b->len;
	uint8_t id[SLOT_ID];
	unsigned int copy;

	if (object_get(s, name, SLOT_MAX, b, err))
		return -1;
	if (slot_look(b->data + begin, b->len - begin, ret, err))
		return err_add(err, "%s", name);
	if (memcmp(ret->repo_id, repo_id, REPO_ID) != 0)
		return err_set(err, ERR_CORRUPT, 0, "%s: of another repository",
			       name);
	if (!repo_slot_parse(name, id, &copy) ||
	    memcmp(ret->id, id, SLOT_ID) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s: it is another key than its name says",
			       name);
	return 0;
}

/* 1: copy @copy is just @b; 0: it is not; -1. */
static int
is_copy(struct store *s, const char *name, const struct buf *b, struct err *err)
{
	struct buf is = BUF_INIT;
	int rc = 0;

	if (object_get(s, name, SLOT_MAX, &is, err) == 0)
		rc = is.len == b->len && memcmp(is.data, b->data, b->len) == 0;
	else if (err->code == ERR_NOTFOUND || err->code == ERR_CORRUPT)
		err_clear(err);
	else
		rc = -1;
	buf_wipe(&is);
	return rc;
}

int
repo_slot_complete(struct store *s, const uint8_t id[SLOT_ID],
		   const struct buf *b, struct err *err)
{
	char name[OBJECT_NAME_MAX];

	for (unsigned int copy = 1; copy <= SLOT_COPIES; copy++) {
		int r;

		repo_slot_name(id, copy, name);
		r = is_copy(s, name, b, err);
		if (r < 0 ||
		    (r == 0 && (store_drop(s, name, err) ||
				store_put(s, name, b->data, b->len, err))))
			return -1;
		if (copy == 1)
			fail_here("key.copy");
	}
	if (store_sync(s, err))
		return -1;
	fail_here("key.added");
	return 0;
}

/* ---- the one that opens ---- */

/* A slot that is opened by a passphrase, and what that costs. */
struct dear {
	uint64_t cost;
	char name[OBJECT_NAME_MAX];
};

struct search {
	struct store *store;
	const uint8_t *repo_id;
	const struct slot_opener *opener;
	struct repo_slot *ret;
	struct buf dear;  /* those to be tried when all are known */
	struct buf tried; /* sums: the two copies cost only once */
	unsigned int n_slots, n_damaged;
	struct err failed; /* what stopped us from trying one */
};

static bool
is_tried(struct search *f, const struct buf *b)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_of(b->data, b->len, sum))
		return false;
	for (size_t at = 0; at < f->tried.len; at += SHA256_BYTES)
		if (memcmp(f->tried.data + at, sum, SHA256_BYTES) == 0)
			return true;
	put_bytes(&f->tried, sum, sizeof(sum));
	return false;
}

/* Whatever one slot does to us, another may open. */
static void
try_slot(struct search *f, const char *name)
{
	struct repo_slot *slot = f->ret;
	struct err e = ERR_INIT;

	f->n_slots++;
	if (slot->info.kdf != f->opener->kdf || is_tried(f, &slot->bytes) ||
	    slot_open(slot->bytes.data, slot->bytes.len, f->opener, &slot->key,
		      slot->label, &e) == 0 ||
	    e.code == ERR_DENIED)
		return;
	if (e.code != ERR_CORRUPT)
		f->failed = e;
	log_warning("%s: %s", name, e.text);
}

static int
by_cost(const void *a, const void *b)
{
	const struct dear *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Who can write to the store can put slots there that cost GiB and minutes;
 * none of them is tried before the one that opens, if that costs less. */
static int
put_off(struct search *f, const char *name, struct err *err)
{
	const struct slot_info *i = &f->ret->info;
	struct dear d = { .cost = (uint64_t)i->passes * i->kib };

	snprintf(d.name, sizeof(d.name), "%s", name);
	put_bytes(&f->dear, &d, sizeof(d));
	return buf_check(&f->dear, err);
}

/* Slot @name; one that costs something is put off if @may. */
static int
look_at(struct search *f, const char *name, bool may, struct err *err)
{
	struct err e = ERR_INIT;

	f->ret->bytes.len = 0;
	if (repo_slot_get(f->store, name, f->repo_id, &f->ret->bytes,
			  &f->ret->info, &e) == 0) {
		if (may && f->ret->info.kdf == SLOT_PASSPHRASE &&
		    f->opener->kdf == SLOT_PASSPHRASE)
			return put_off(f, name, err);
		try_slot(f, name);
	} else if (e.code == ERR_NOMEM) {
		*err = e;
		return -1;
	} else if (e.code != ERR_NOTFOUND) {
		log_warning("%s", e.text);
		f->n_damaged++;
	}
	return 0;
}

static int
look(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct search *f = ctx;
	uint8_t id[SLOT_ID];
	unsigned int copy;

	(void)bytes;
	if (f->ret->key || !repo_slot_parse(name, id, &copy))
		return 0;
	return look_at(f, name, true, err);
}

static int
try_dear(struct search *f, struct err *err)
{
	struct dear *d = (struct dear *)(void *)f->dear.data;
	size_t n = f->dear.len / sizeof(*d);

	if (n)
		qsort(d, n, sizeof(*d), by_cost);
	for (size_t i = 0; i < n && !f->ret->key; i++)
		if (look_at(f, d[i].name, false, err))
			return -1;
	return 0;
}

int
repo_slot_find(struct store *s, const uint8_t repo_id[REPO_ID],
	       const struct slot_opener *opener, struct repo_slot *ret,
	       struct err *err)
{
	struct search f = {
		.store = s, .repo_id = repo_id, .opener = opener, .ret = ret
	};
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (store_list(s, SLOT_PREFIX, look, &f, err) || try_dear(&f, err))
		goto out;
	if (ret->key)
		rc = 0;
	else if (f.failed.code)
		*err = f.failed;
	else if (f.n_slots == 0)
		err_set(err, ERR_CORRUPT, 0,
			"the repository has no key slot that is whole and "
			"agrees with its config (%u do not)",
			f.n_damaged);
	else
		err_set(err, ERR_DENIED, 0,
			opener->kdf == SLOT_PASSPHRASE ?
				"no key of the repository has this "
				"passphrase" :
				"no key of the repository is in this key file");
out:
	buf_done(&f.dear);
	buf_done(&f.tried);
	if (rc)
		repo_slot_done(ret);
	return rc;
}

void
repo_slot_done(struct repo_slot *slot)
{
	key_free(slot->key);
	buf_wipe(&slot->bytes);
	explicit_bzero(slot, sizeof(*slot));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_keys.h - the keys of a repository: which there are, one more, one less.
 *
 * There are no locks: what keeps two who remove keys from removing the last
 * two, or two who add put-only keys from giving both one realm, is that each
 * looks again after he has done something that the other must see
 * (doc/format.md, "Keys").
 */
#ifndef XENSNAP_REPO_KEYS_H
#define XENSNAP_REPO_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "repo.h"

/* One key, as far as it can be known without opening it. */
struct repo_key_entry {
	uint8_t id[SLOT_ID];
	unsigned int n_whole;   /* copies that are what they should be */
	unsigned int n_damaged; /* that are there and are not */
	bool differ;            /* both look whole, and are not the same */
	struct slot_info info;  /* with n_whole */
	bool is_own;            /* the one that opened the repository */
};

struct repo_keys {
	uint32_t n;
	struct repo_key_entry *list; /* in order of id */
};

/*
 * repo_keys_list() - all keys of @r, for repo_keys_done().  -1 with ERR_NOMEM
 * or the store's errors.
 */
int repo_keys_list(struct repo *r, struct repo_keys *ret, struct err *err);

/* repo_keys_done() - free what @k holds. */
void repo_keys_done(struct repo_keys *k);

/*
 * repo_keys_find() - the key called @what: "own", or the beginning of its id, 6
 * digits at least.  NULL with ERR_NOTFOUND, or ERR_INVALID when several begin
 * so.
 */
const struct repo_key_entry *repo_keys_find(const struct repo_keys *k,
					    const char *what, struct err *err);

/* A key that is to be added. */
struct repo_key_new {
	struct slot_opener opener;
	const char *label;
	bool put_only; /* with a realm of its own; else as the own one */
};

/*
 * repo_keys_add() - a key for whoever has @how->opener; its id in @ret_id.  If
 * that opens just such a key already, which somebody who died may have left
 * half, it is made whole.  With @how->put_only @r must be loaded.  -1 with
 * ERR_DENIED (the own key is put-only, and another one is wanted), ERR_EXISTS
 * (it opens another kind of key, or the own one), ERR_INVALID (a passphrase or
 * label that cannot be) or the store's errors: then it may be there once.
 */
int repo_keys_add(struct repo *r, const struct repo_key_new *how,
		  uint8_t ret_id[SLOT_ID], struct err *err);

/*
 * repo_keys_may_remove() - could key @id go?  repo_keys_remove() - it is gone.
 * What was encrypted stays as it is, and whoever had it may have kept what it
 * opens.  -1 with ERR_STATE (it would be the last full key that is there
 * twice), ERR_BUSY (another full key is being removed at the same time),
 * ERR_DENIED (by a put-only key: another than itself) or the store's errors:
 * then one copy, which opens, may be left; again is as good.
 */
int repo_keys_may_remove(struct repo *r, const uint8_t id[SLOT_ID],
			 struct err *err);
int repo_keys_remove(struct repo *r, const uint8_t id[SLOT_ID],
		     struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_slot.h - a repository's key slots as objects: keys/ID-1 and keys/ID-2,
 * the same bytes.  What is in them is seal/slot.h's part.
 */
#ifndef XENSNAP_REPO_SLOT_H
#define XENSNAP_REPO_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "object.h"
#include "slot.h"
#include "store.h"

#define SLOT_PREFIX "keys/"
#define SLOT_COPIES 2

/* repo_slot_name() - the name of copy @copy (1 or 2) of slot @id. */
void repo_slot_name(const uint8_t id[SLOT_ID], unsigned int copy,
		    char ret[OBJECT_NAME_MAX]);

/* repo_slot_parse() - the reverse; false when @name is none. */
bool repo_slot_parse(const char *name, uint8_t ret_id[SLOT_ID],
		     unsigned int *ret_copy);

/*
 * repo_slot_get() - the slot in object @name of repository @repo_id, appended
 * to @b, and what it says of itself.  -1 with ERR_NOTFOUND, ERR_CORRUPT (also
 * one of another repository, or under another's name), ERR_UNSUPPORTED or
 * ERR_IO.
 */
int repo_slot_get(struct store *s, const char *name,
		  const uint8_t repo_id[REPO_ID], struct buf *b,
		  struct slot_info *ret, struct err *err);

/*
 * repo_slot_complete() - slot @id is there twice, as the bytes @b: what is
 * missing is put, what differs is replaced; durable.  -1 with the store's
 * errors: then it may be there once.
 */
int repo_slot_complete(struct store *s, const uint8_t id[SLOT_ID],
		       const struct buf *b, struct err *err);

/* A slot that was opened. */
struct repo_slot {
	struct key *key; /* for key_free() */
	struct slot_info info;
	char label[SLOT_LABEL];
	struct buf bytes; /* the object */
};

/*
 * repo_slot_find() - the slot that @opener opens, for repo_slot_done().  What
 * is damaged, or cannot be tried, is passed over: each is there twice.  Of
 * those that a passphrase opens, what costs least is tried first.  -1 with
 * ERR_DENIED (none), ERR_CORRUPT (none is whole), ERR_NOMEM (a passphrase takes
 * more memory than there is) or the store's errors.
 */
int repo_slot_find(struct store *s, const uint8_t repo_id[REPO_ID],
		   const struct slot_opener *opener, struct repo_slot *ret,
		   struct err *err);

/* repo_slot_done() - wipe and free what @slot holds. */
void repo_slot_done(struct repo_slot *slot);

#endif

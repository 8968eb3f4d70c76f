/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo.h - a repository: made, opened, listed.  Filling it is put.h's part,
 * emptying it get.h's.
 *
 * What a repository holds is loaded at one moment: the newest head, and the
 * outcomes that were there then, decoded for the realms of our key.  Who adds
 * to it loads after its session is there, and not before (put.h).
 *
 * Threads: one, but where put.h and get.h say otherwise.
 */
#ifndef XENSNAP_REPO_H
#define XENSNAP_REPO_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "head.h"
#include "key.h"
#include "outcome.h"
#include "repo_slot.h"
#include "repo_state.h"
#include "slot.h"
#include "store.h"

#define REPO_CHUNK_DEFAULT (64u << 10)
#define REPO_FANOUT_LOG2 8

/* A session whose outcome is a commit. */
struct repo_commit {
	uint8_t session[SESSION_ID];
	uint8_t sum[SHA256_BYTES]; /* of the object */
	uint32_t realm;
	bool forgotten;
	bool ours; /* of a realm that our key can read: then @outcome is set */
	struct outcome outcome;
};

struct repo {
	struct store *store;
	char *address;
	struct key *key;       /* of the slot: */
	struct repo_slot slot; /* which opened it */
	uint8_t id[REPO_ID];
	uint32_t chunk;
	unsigned int fanout_log2;
	uint64_t created;
	int statefd;
	bool accept_head;
	bool salvage;        /* as in repo_how */
	uint32_t n_left_out; /* for that reason */
	bool indexed;        /* what is left out of the index was told */
	bool no_cache; /* index parts are read anew, whatever is kept here */
	/* After so many entries an index part is written: INDEX_PART_ENTRIES,
	 * but for tests of what large repositories do. */
	uint32_t part_entries;
	struct repo_state state;
	struct head head;
	uint8_t head_sum[SHA256_BYTES];
	uint32_t n_commits;
	struct repo_commit *commits; /* in order of session */
};

/*
 * repo_init() - make a repository at @address, with one full key that @opener
 * opens.  @chunk_bytes: 0 for the default.  -1 with ERR_EXISTS (something is
 * there), ERR_INVALID, or as store_open(), slot_seal(); what was made of it by
 * then stays, opens for nobody, and is no hindrance to the next repo_init().
 */
int repo_init(const char *address, const struct slot_opener *opener,
	      const char *label, uint32_t chunk_bytes, struct err *err);

/*
 * repo_may_init() - would repo_init() be refused, as far as can be told when
 * nothing is made?  -1 with its errors.
 */
int repo_may_init(const char *address, uint32_t chunk_bytes, struct err *err);

/* How a repository is opened. */
struct repo_how {
	const char *address;
	struct slot_opener opener;
	bool accept_head; /* take it as it is, whatever this host has seen */
	/* With @accept_head, for who only reads: outcomes and index parts that
	 * are damaged or missing are told as warnings, and left out. */
	bool salvage;
};

/*
 * repo_open() - find it, and the key that opens it: *@ret for repo_close().  -1
 * with ERR_NOTFOUND (nothing there), ERR_DENIED (the key does not open it),
 * ERR_CORRUPT, ERR_UNSUPPORTED (a newer format), ERR_IO; then nothing is owned.
 */
int repo_open(const struct repo_how *how, struct repo **ret, struct err *err);

/*
 * repo_reserve_bytes() - how much room is to be kept for prunes
 * (store_reserve()): for what one puts before it can delete anything, a
 * thousandth of what there is in @n_packs, and no more than 64 MiB.
 */
uint64_t repo_reserve_bytes(uint32_t n_packs);

/*
 * repo_load() - what was committed by now.  -1 with ERR_STATE (it was set
 * back, or lost something that this host has seen: repo_state.h), ERR_CORRUPT,
 * ERR_IO.  When something was left out (struct repo_how), this host remembers
 * what it did before.
 */
int repo_load(struct repo *r, struct err *err);

/* repo_close() - NULL is allowed. */
void repo_close(struct repo *r);

/* repo_commit_of() - the commit of session @id, or NULL. */
struct repo_commit *repo_commit_of(struct repo *r,
				   const uint8_t id[SESSION_ID]);

/*
 * repo_backup() - the backup called @what: its name, its session's beginning
 * (6 digits at least), or "latest" ("NAME" alone: the newest of that name).
 * NULL with ERR_NOTFOUND, or ERR_INVALID when several begin so.
 */
struct repo_commit *repo_backup(struct repo *r, const char *what,
				struct err *err);

/* repo_is_backup() - is it a backup that is there? */
bool repo_is_backup(const struct repo_commit *c);

/*
 * repo_seen() - remember on this host what was loaded.  repo_added() - and
 * session @mine, of this host, whose outcome has @sum.  -1 with ERR_IO.  Both
 * with repo_state_lock().
 */
int repo_seen(struct repo *r, struct err *err);
int repo_added(struct repo *r, const uint8_t mine[SESSION_ID],
	       const uint8_t sum[SHA256_BYTES], struct err *err);

/*
 * repo_catch_up() - a commit of this host that was loaded, and whose process
 * died before it had written so down, counts in our state too.  With
 * repo_state_lock(), after repo_state_load().
 */
void repo_catch_up(struct repo *r);

#endif

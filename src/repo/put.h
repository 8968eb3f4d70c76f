/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * put.h - adding to a repository: one session, from its beginning to its
 * outcome (doc/format.md; the order is what makes it safe beside prune).
 *
 *	put_begin	the session is there before anything else is read
 *	putter_put	many threads, each with a putter: pieces into packs
 *	put_commit	packs, index parts, then the outcome, each durable
 *			before the next; if somebody broke the session,
 *			nothing counts
 *
 * What is given up (put_free() alone) leaves packs that nobody refers to; prune
 * removes them.
 */
#ifndef XENSNAP_PUT_H
#define XENSNAP_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "blob.h"
#include "err.h"
#include "index.h"
#include "name.h"
#include "outcome.h"
#include "repo.h"

struct put;

/* What a session is for. */
struct put_how {
	enum outcome_purpose purpose;
	uint32_t realm; /* whose pieces; a put-only key has only its own */
	int level;      /* of compression */
	bool read_back; /* what is put, before it counts */
};

/*
 * put_begin() - a new session of @r, for put_free(); @r must outlive it.  NULL
 * with ERR_DENIED (a realm that our key has not) or the store's errors.
 */
struct put *put_begin(struct repo *r, const struct put_how *how,
		      struct err *err);

/* put_free() - let go of it; NULL is allowed. */
void put_free(struct put *p);

struct putter; /* for one thread */

/* putter_new() - NULL with ERR_NOMEM or ERR_IO.  For putter_free(). */
struct putter *putter_new(struct put *p, struct err *err);
void putter_free(struct putter *t);

/*
 * putter_put() - @n pieces, at most BLOB_RAW_MAX bytes together, one after
 * another in memory: those that are all zero get the id zero, those that are
 * known are only named, the others are stored.  Their ids into @ret_ids, @n *
 * NAME_BYTES.  -1 with any error of the store's, or ERR_CORRUPT of the index:
 * then the session is of no use any more.
 */
int putter_put(struct putter *t, const struct blob_piece *pieces,
	       unsigned int n, uint8_t *ret_ids, struct err *err);

/* What was done so far, for progress; from any thread. */
struct put_count {
	uint64_t new_bytes;    /* of pieces that were not there before */
	uint64_t stored_bytes; /* of packs and index parts that are put */
};
void put_counts(struct put *p, struct put_count *ret);

/*
 * put_commit() - end the session: @backup (NULL with PURPOSE_REPACK) is there
 * from now on.  No putter may be at work.  The session's id into @ret_session.
 * -1 with ERR_STATE (a pruner broke the session: start anew), ERR_NOSPC,
 * ERR_CORRUPT (it reads back wrong), ERR_IO: after those it is not there, or
 * the next who opens the repository sees it whole.
 */
int put_commit(struct put *p, const struct backup *backup,
	       uint8_t ret_session[SESSION_ID], struct err *err);

/* put_index() - the session's index, for who reads on the way. */
struct index *put_index(struct put *p);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_state.h - what this host remembers of a repository, so that one that was
 * set back, or from which something was taken, is noticed.
 *
 * In /var/lib/xensnap/.repositories/ID (XENSNAP_ROOT replaces its beginning;
 * who is not root has it under XDG_STATE_HOME).  The folder also holds caches,
 * which may be lost; this file may not: without it nothing is compared.
 */
#ifndef XENSNAP_REPO_STATE_H
#define XENSNAP_REPO_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "head.h"
#include "outcome.h"

struct repo_state {
	bool is_new; /* there was none */
	uint8_t host[HOST_ID];
	uint64_t sequence; /* of this host's last commit, 0 for none */
	uint8_t previous[SHA256_BYTES];
	uint64_t head; /* the newest one seen, 0 for none */
	uint8_t head_sum[SHA256_BYTES];
	uint32_t n_known; /* outcomes seen, in order of session */
	struct head_known *known;
};

/*
 * repo_state_open() - the folder of repository @id, made when it is missing; a
 * descriptor, or -1 with ERR_IO or ERR_DENIED.
 */
int repo_state_open(const uint8_t id[REPO_ID], struct err *err);

/*
 * repo_state_lock() - until the descriptor that is returned is closed no other
 * process of this host changes the file: between a load and a save.  -1 with
 * ERR_IO.
 */
int repo_state_lock(int dirfd, struct err *err);

/*
 * repo_state_load() - what folder @dirfd says, for repo_state_done(); if there
 * is nothing a new host id.  -1 with ERR_CORRUPT, ERR_IO or ERR_NOMEM.
 */
int repo_state_load(int dirfd, struct repo_state *ret, struct err *err);

/*
 * repo_state_save() - all or nothing.  -1 with ERR_IO, ERR_NOSPC or ERR_NOMEM.
 */
int repo_state_save(int dirfd, const struct repo_state *s, struct err *err);

/*
 * repo_state_check() - is head @h (whose object has @sum), with the @n outcomes
 * @now, what @s saw, or what came of it?  -1 with ERR_STATE, which says what is
 * missing or older.
 */
int repo_state_check(const struct repo_state *s, const struct head *h,
		     const uint8_t sum[SHA256_BYTES],
		     const struct head_known *now, uint32_t n, struct err *err);

/* repo_state_knows() - has this host seen the commit of @session? */
bool repo_state_knows(const struct repo_state *s,
		      const uint8_t session[SESSION_ID]);

/* repo_state_done() - free what @s holds. */
void repo_state_done(struct repo_state *s);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quiesce.h - the words between us and the agent in a guest.
 *
 *   data/xensnap/quiesce      the guest's: QUIESCE_VERSION, "I am here"
 *   control/xensnap/quiesce   ours: "freeze NONCE TTL_MS"; gone: thaw
 *   data/xensnap/state        the guest's: "freezing NONCE", then
 *                             "frozen NONCE FROZEN SYNCED" or
 *                             "failed NONCE WHY", then
 *                             "thawing NONCE", "thawed NONCE"
 *
 * The agent says "thawing" before it thaws, and thaws by itself TTL_MS after
 * it saw the request: so whoever reads "frozen" knows that all is frozen at
 * that moment.  agent/README.md tells its side.  What a guest writes is never
 * trusted further than that it says so.
 */
#ifndef XENSNAP_QUIESCE_H
#define XENSNAP_QUIESCE_H

#include <stddef.h>

#define QUIESCE_VERSION "1"
#define QUIESCE_HERE "data/xensnap/quiesce"
#define QUIESCE_STATE "data/xensnap/state"
#define QUIESCE_FOLDER "control/xensnap"
#define QUIESCE_REQUEST QUIESCE_FOLDER "/quiesce"

enum quiesce_word {
	QUIESCE_OTHER, /* of another request, or makes no sense */
	QUIESCE_FREEZING,
	QUIESCE_FROZEN,
	QUIESCE_FAILED,
	QUIESCE_THAWED, /* or about to be */
};

struct quiesce_reply {
	enum quiesce_word word;
	unsigned int n_frozen; /* file systems */
	unsigned int n_synced; /* of kinds that cannot be frozen */
	char why[120];         /* it failed */
};

/* quiesce_request() - the request @nonce in @ret; returns @ret. */
const char *quiesce_request(const char *nonce, unsigned int ttl_ms, char *ret,
			    size_t len);

/* quiesce_parse() - what @text, the agent's state, says of request @nonce. */
void quiesce_parse(const char *text, const char *nonce,
		   struct quiesce_reply *ret);

#endif

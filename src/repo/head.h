/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * head.h - what pruners agreed on (doc/format.md, "Head"): to bytes and back.
 */
#ifndef XENSNAP_HEAD_H
#define XENSNAP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "outcome.h"

enum head_phase {
	HEAD_IDLE = 0,
	HEAD_CONDEMNED = 1,
	HEAD_SWEEP = 2,
};

#define HEAD_REMOVED_MAX 65536

enum condemned_kind {
	CONDEMNED_PACK = 1,
	CONDEMNED_INDEX = 2,
};

struct head_condemned {
	enum condemned_kind kind;
	uint8_t name[SHA256_BYTES];
};

struct head_base {
	uint32_t realm;
	uint8_t name[SHA256_BYTES];
};

struct head_known {
	uint8_t session[SESSION_ID];
	uint8_t sum[SHA256_BYTES];
};

struct head {
	uint64_t number;
	uint8_t previous[SHA256_BYTES];
	enum head_phase phase;
	uint64_t time;
	uint32_t n_condemned, n_base, n_known, n_removed;
	struct head_condemned *condemned;
	struct head_base *base;
	struct head_known *known; /* in order of session */
	uint8_t (*removed)[SESSION_ID];
};

/* head_encode() - @h, without its signature, appended to @b. */
void head_encode(const struct head *h, struct buf *b);

/*
 * head_decode() - the reverse, for head_done().  -1 with ERR_CORRUPT or
 * ERR_NOMEM; then nothing is owned.
 */
int head_decode(const uint8_t *p, size_t len, struct head *ret,
		struct err *err);

/* head_knows() - the entry of session @id in @h, or NULL. */
const struct head_known *head_knows(const struct head *h,
				    const uint8_t id[SESSION_ID]);

/*
 * head_removed() - does @h say that the outcome of session @id was taken away?
 */
bool head_removed(const struct head *h, const uint8_t id[SESSION_ID]);

/* head_done() - free what @h holds. */
void head_done(struct head *h);

#endif

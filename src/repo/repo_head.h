/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_head.h - heads in a store: the newest one, and the next. */
#ifndef XENSNAP_REPO_HEAD_H
#define XENSNAP_REPO_HEAD_H

#include <stdint.h>

#include "err.h"
#include "head.h"
#include "key.h"
#include "store.h"

/*
 * repo_head_put() - @h as object heads/N; its sum in @ret_sum unless that is
 * NULL. -1 with ERR_EXISTS: another pruner was first.  As object_put_record().
 */
int repo_head_put(struct store *s, const struct key *k, const struct head *h,
		  uint8_t *ret_sum, struct err *err);

/*
 * repo_head_newest() - the head with the highest number in *@ret, for
 * head_done(), its sum in @ret_sum.  A list may lag behind, so the number
 * above the highest is asked for as well.  -1 with ERR_CORRUPT (there is none,
 * or it cannot be), ERR_IO.
 */
int repo_head_newest(struct store *s, const struct key *k, struct head *ret,
		     uint8_t ret_sum[SHA256_BYTES], struct err *err);

#endif

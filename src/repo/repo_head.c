/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_head.c - see repo_head.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "object.h"
#include "repo_head.h"

static void
head_name(uint64_t number, char ret[OBJECT_NAME_MAX])
{
	snprintf(ret, OBJECT_NAME_MAX, "heads/%016" PRIx64, number);
}

int
repo_head_put(struct store *s, const struct key *k, const struct head *h,
	      uint8_t *ret_sum, struct err *err)
{
	struct object o = { .store = s, .key = k, .kind = RECORD_HEAD };
	struct buf b = BUF_INIT;
	int rc;

	head_name(h->number, o.name);
	head_encode(h, &b);
	rc = object_put_record(&o, &b, err);
	if (ret_sum)
		memcpy(ret_sum, o.sum, SHA256_BYTES);
	buf_done(&b);
	return rc;
}

static int
highest(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	uint64_t *best = ctx, number = 0;
	uint8_t id[8];

	(void)bytes;
	(void)err;
	if (!object_id(name, "heads", id, sizeof(id)))
		return 0;
	for (size_t i = 0; i < sizeof(id); i++)
		number = number << 8 | id[i];
	if (number > *best)
		*best = number;
	return 0;
}

/* 1: there is head @number, and it is in *@ret; 0: there is none. */
static int
get(struct store *s, const struct key *k, uint64_t number, struct head *ret,
    uint8_t ret_sum[SHA256_BYTES], struct err *err)
{
	struct object o = { .store = s, .key = k, .kind = RECORD_HEAD };
	struct buf b = BUF_INIT;
	const uint8_t *body;
	size_t len;
	int rc = -1;

	head_name(number, o.name);
	if (object_get_record(&o, &b, &body, &len, err)) {
		if (err->code == ERR_NOTFOUND) {
			err_clear(err);
			rc = 0;
		}
		goto out;
	}
	if (head_decode(body, len, ret, err)) {
		err_add(err, "%s", o.name);
		goto out;
	}
	memcpy(ret_sum, o.sum, SHA256_BYTES);
	rc = 1;
	if (ret->number != number) {
		head_done(ret);
		rc = err_set(err, ERR_CORRUPT, 0, "%s is another one", o.name);
	}
out:
	buf_done(&b);
	return rc;
}

int
repo_head_newest(struct store *s, const struct key *k, struct head *ret,
		 uint8_t ret_sum[SHA256_BYTES], struct err *err)
{
	uint64_t best = 0;
	struct head next;
	uint8_t sum[SHA256_BYTES];
	int r;

	memset(ret, 0, sizeof(*ret));
	if (store_list(s, "heads/", highest, &best, err))
		return -1;
	for (; best < UINT64_MAX; best++) {
		r = get(s, k, best ? best : 1, &next, sum, err);
		if (r < 0)
			goto failed;
		if (r == 0)
			break;
		head_done(ret);
		*ret = next;
		memcpy(ret_sum, sum, SHA256_BYTES);
		best = ret->number;
	}
	if (ret->number)
		return 0;
	err_set(err, ERR_CORRUPT, 0, "the repository has no head");
failed:
	head_done(ret);
	return -1;
}

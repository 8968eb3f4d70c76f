/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* read_back.c - see read_back.h. */
#include <string.h>

#include "object.h"
#include "pack.h"
#include "pack_check.h"
#include "read_back.h"

/* Of what it says of an object that is not what was put. */
static int
wrong(const char *name, struct err *err)
{
	return err_add(err, "%s was stored and reads back wrong", name);
}

/* By its bytes alone. */
static int
compare_sum(struct repo *r, const char *name, size_t max,
	    const uint8_t sum[SHA256_BYTES], struct err *err)
{
	uint8_t is[SHA256_BYTES];
	struct buf b = BUF_INIT;
	int rc;

	rc = object_get(r->store, name, max, &b, err);
	if (rc == 0 && sha256_of(b.data, b.len, is))
		rc = err_set(err, ERR_IO, 0, "SHA-256 fails");
	else if (rc == 0 && memcmp(is, sum, SHA256_BYTES) != 0)
		rc = err_set(err, ERR_CORRUPT, 0, "its sum is not its name");
	buf_done(&b);
	return rc ? wrong(name, err) : 0;
}

int
read_back_pack(struct repo *r, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	struct pack_checker *c;
	char name[PACK_NAME];
	uint64_t bytes;
	int rc;

	pack_name(sum, name);
	/* A key that can only put cannot read what it has put. */
	if (!r->key->full)
		return compare_sum(r, name, PACK_MAX, sum, err);
	c = pack_checker_new(r, err);
	if (!c)
		return -1;
	rc = pack_check(c, sum, &bytes, err);
	pack_checker_free(c);
	return rc ? wrong(name, err) : 0;
}

int
read_back_part(struct repo *r, const uint8_t sum[SHA256_BYTES], struct err *err)
{
	char name[OBJECT_NAME_MAX];

	object_name("index", sum, SHA256_BYTES, name);
	return compare_sum(r, name, INDEX_PART_MAX, sum, err);
}

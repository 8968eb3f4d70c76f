/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* seal_help.c - see seal_help.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "seal_help.h"

size_t
unhex(const char *hex, uint8_t *ret, size_t size)
{
	size_t n = strlen(hex) / 2;
	unsigned int byte;

	assert_true(n <= size);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ret[i] = (uint8_t)byte;
	}
	return n;
}

void
assert_hex(const void *p, const char *hex)
{
	uint8_t bytes[1024];
	size_t n = unhex(hex, bytes, sizeof(bytes));

	assert_memory_equal(p, bytes, n);
}

void
counting(uint8_t *ret, uint8_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)(from + i);
}

static struct key *
make(uint8_t repo_from, uint8_t master_from)
{
	uint8_t repo_id[REPO_ID], master[KEY_BYTES];
	struct err err = ERR_INIT;
	struct key *k;

	counting(repo_id, repo_from, sizeof(repo_id));
	counting(master, master_from, sizeof(master));
	k = key_new(repo_id, master, &err);
	assert_non_null(k);
	return k;
}

struct key *
frozen_key(void)
{
	return make(0x10, 0);
}

struct key *
other_repo(void)
{
	return make(0x11, 0);
}

struct key *
other_master(void)
{
	return make(0x10, 1);
}

struct key *
frozen_put_only(uint32_t realm)
{
	struct key *full = frozen_key();
	struct err err = ERR_INIT;
	struct key *k = key_put_only(full, realm, &err);

	key_free(full);
	assert_non_null(k);
	return k;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_run.c - a file of index entries as index_run.c keeps it: how many (u16),
 * then the entries, in pages with the sums that they should have.  Entry by
 * entry it says what is in the file, and if they are in order each is found.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "fuzz.h"
#include "index_run.h"
#include "sha256.h"

#define PAGE 4096u
#define ENTRY 28u
#define PER_PAGE ((PAGE - 8) / ENTRY)
#define ENTRIES_MAX (3 * PER_PAGE)

/* The first 8 bytes of the sum of what @b has from @from on, at @to. */
static void
put_sum(struct buf *b, size_t from, size_t to)
{
	uint8_t sum[SHA256_BYTES];

	must(sha256_of(b->data + from, b->len - from, sum) == 0);
	memcpy(b->data + to, sum, 8);
}

/* Pages of @n entries of the @len bytes at @p, zeros behind them. */
static void
build(struct buf *b, size_t n, const uint8_t *p, size_t len)
{
	struct buf first = BUF_INIT;
	size_t at;

	for (size_t i = 0; i < n; i += PER_PAGE) {
		size_t here = (n - i < PER_PAGE ? n - i : PER_PAGE) * ENTRY;
		size_t have = here < len ? here : len;

		at = b->len;
		put_zeros(b, 8);
		put_bytes(b, p, have);
		put_zeros(b, PAGE - 8 - have);
		must(!b->no_room);
		put_sum(b, at + 8, at);
		put_bytes(&first, b->data + at + 8, 8);
		p += have;
		len -= have;
	}
	at = b->len;
	put_bytes(b, first.data, first.len);
	put_bytes(b, "xsnaprn2", 8);
	put_zeros(b, REPO_ID);
	put_u64(b, n);
	put_zeros(b, 8); /* no slots, no parts */
	must(!b->no_room);
	put_zeros(b, 8);
	b->len -= 8;
	put_sum(b, at, b->len);
	b->len += 8;
	buf_done(&first);
}

static void
find_all(struct index_run *r, const struct index_entry *e, size_t n)
{
	struct err err = ERR_INIT;
	struct index_entry found;

	/* Some: each takes the sum of a page. */
	for (size_t i = 0; i < n; i += 1 + n / 16) {
		/* Of no pack: as if it was not there. */
		if (e[i].pack == RUN_NOWHERE)
			continue;
		must(index_run_find(r, e[i].id, NULL, &found, NULL, &err) == 1);
		must(memcmp(found.id, e[i].id, INDEX_ID) == 0);
	}
}

static void
check(struct index_run *r, const struct buf *b, size_t n)
{
	static struct index_entry e[ENTRIES_MAX];
	struct err err = ERR_INIT;
	bool sorted = true;
	struct run_at at;

	must(index_run_entries(r) == n);
	run_at_begin(&at, r);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = b->data + i / PER_PAGE * PAGE + 8 +
				   i % PER_PAGE * ENTRY;

		must(run_at_next(&at, &e[i], &err) == 1);
		must(memcmp(e[i].id, p, INDEX_ID) == 0);
		must(e[i].pack == le32_at(p + 16));
		sorted &= i == 0 || memcmp(e[i - 1].id, e[i].id, INDEX_ID) <= 0;
	}
	must(run_at_next(&at, &e[0], &err) == 0);
	if (sorted)
		find_all(r, e, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	struct index_run *r;
	size_t n;

	/* As it is, it would have to have our sum. */
	must(!index_run_open(dup(fuzz_memory(p, len)), &err));
	fuzz_refused(&err, CORRUPT);
	if (len < 2)
		return 0;
	n = le16_at(p) % ENTRIES_MAX;
	build(&b, n, p + 2, len - 2);
	r = index_run_open(dup(fuzz_memory(b.data, b.len)), &err);
	must(r);
	check(r, &b, n);
	index_run_free(r);
	buf_done(&b);
	return 0;
}

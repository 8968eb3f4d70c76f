/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host keeps of a repository's index: the next process finds the same in
 * it, whatever became of the files meanwhile, and reads anew what is damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index.h"
#include "scratch.h"

#define PARTS_MAX 300

/* A repository's index parts: part p has the pieces p, p + n, p + 2 n... */
static struct {
	unsigned int n;
	struct buf body[PARTS_MAX];
	uint8_t name[PARTS_MAX][SHA256_BYTES];
	enum part_use use[PARTS_MAX];
	bool taken[PARTS_MAX];
	unsigned int per_part;
	unsigned int fetched;
} repo;

static void
id_of(uint32_t piece, uint8_t ret[NAME_BYTES])
{
	memset(ret, 0, NAME_BYTES);
	le32_to(ret, piece * 2654435761u);
}

/* Which one an entry is of is told by its offset. */
static void
make_part(int dir, unsigned int p)
{
	struct err err = ERR_INIT;
	struct index *ix = index_new(dir, &err);
	uint8_t id[NAME_BYTES], sum[SHA256_BYTES] = { (uint8_t)p, 77 };
	uint32_t pack;

	/* Neighbours share a pack. */
	sum[2] = (uint8_t)(p / 2);
	sum[0] = 0;
	assert_int_equal(index_add_pack(ix, sum, 1u << 30, &pack, &err), 0);
	for (uint32_t i = 0; i < repo.per_part; i++) {
		uint32_t piece = p + i * repo.n;

		id_of(piece, id);
		assert_int_equal(index_claim(ix, id, &err), 0);
		index_fill(ix, id, pack, 128 + piece, 64, 0);
	}
	assert_int_equal(index_flush(ix, &repo.body[p], &err), 0);
	assert_int_equal(sha256_of(repo.body[p].data, repo.body[p].len,
				   repo.name[p]),
			 0);
	index_free(ix);
}

static void
make_repo(unsigned int n, unsigned int per_part)
{
	int dir = scratch_dir("");

	memset(&repo, 0, sizeof(repo));
	repo.n = n;
	repo.per_part = per_part;
	for (unsigned int p = 0; p < n; p++) {
		make_part(dir, p);
		repo.use[p] = PART_USED;
	}
	close(dir);
}

static void
drop_repo(void)
{
	for (unsigned int p = 0; p < repo.n; p++)
		buf_done(&repo.body[p]);
}

static int
part_of(const uint8_t name[SHA256_BYTES])
{
	for (unsigned int p = 0; p < repo.n; p++)
		if (memcmp(repo.name[p], name, SHA256_BYTES) == 0)
			return (int)p;
	return -1;
}

static enum part_use
use(const uint8_t name[SHA256_BYTES], void *ctx)
{
	int p = part_of(name);

	(void)ctx;
	if (p < 0 || repo.use[p] != PART_USED)
		return p < 0 ? PART_GONE : repo.use[p];
	if (repo.taken[p])
		return PART_GONE;
	repo.taken[p] = true;
	return PART_USED;
}

static int
fetch(const uint8_t name[SHA256_BYTES], struct buf *b, const uint8_t **ret,
      size_t *ret_len, void *ctx, struct err *err)
{
	int p = part_of(name);

	(void)b;
	(void)ctx;
	assert_true(p >= 0);
	if (repo.use[p] == PART_GONE)
		return err_set(err, ERR_NOTFOUND, 0, "it is gone");
	repo.fetched++;
	*ret = repo.body[p].data;
	*ret_len = repo.body[p].len;
	return 0;
}

/* As a process does it: what was kept, then what is missing. */
static struct index *
open_index(int dir, uint8_t repo_id)
{
	struct index_source from = {
		.repo_id = { repo_id }, .use = use, .fetch = fetch, .tidy = true
	};
	struct err err = ERR_INIT;
	struct index *ix = index_new(dir, &err);

	memset(repo.taken, 0, sizeof(repo.taken));
	repo.fetched = 0;
	assert_non_null(ix);
	assert_int_equal(index_keep(ix, &from, &err), 0);
	for (unsigned int p = 0; p < repo.n; p++) {
		if (repo.use[p] != PART_USED || repo.taken[p])
			continue;
		repo.fetched++;
		assert_int_equal(index_add_part(ix, repo.name[p],
						repo.body[p].data,
						repo.body[p].len, &err),
				 0);
	}
	assert_int_equal(index_settle(ix, &err), 0);
	return ix;
}

/* Each piece is found if its part counts, where it is; and no other is. */
static void
check_index(struct index *ix)
{
	struct err err = ERR_INIT;
	struct index_entry e;
	uint8_t id[NAME_BYTES];

	for (uint32_t i = 0; i < repo.n * repo.per_part + 20; i++) {
		bool there = i < repo.n * repo.per_part &&
			     repo.use[i % repo.n] == PART_USED;
		int r;

		id_of(i, id);
		r = index_find(ix, id, &e, &err);
		if (r != there)
			fail_msg("piece %u: %d %s", i, r, err.text);
		if (!there)
			continue;
		assert_int_equal(e.offset, 128 + i);
		assert_int_equal(index_pack(ix, e.pack, NULL)[2],
				 i % repo.n / 2);
	}
}

static unsigned int
files(void)
{
	return scratch_there("index") ? scratch_count("index") : 0;
}

/* ---- what is kept ---- */

/* The second time nothing is fetched: of few parts, of more than are held. */
static void
kept(void **state)
{
	(void)state;
	for (unsigned int n = 10; n <= PARTS_MAX; n += PARTS_MAX - 10) {
		int dir = scratch_dir("");

		make_repo(n, 200);
		for (int again = 0; again < 2; again++) {
			struct index *ix = open_index(dir, 1);

			assert_int_equal(repo.fetched, again ? 0 : n);
			check_index(ix);
			index_free(ix);
			assert_true(files() > 0);
		}
		drop_repo();
		close(dir);
	}
}

/* What no head and no commit names any more counts no more, nor does what is
 * another realm's; and that is kept for who wants it. */
static void
parts_go(void **state)
{
	int dir = scratch_dir("");

	(void)state;
	make_repo(10, 200);
	index_free(open_index(dir, 1));
	for (unsigned int gone = 0; gone < 4; gone++) {
		struct index *ix;

		repo.use[3 * gone] = gone % 2 ? PART_OTHER : PART_GONE;
		ix = open_index(dir, 1);
		assert_int_equal(repo.fetched, 0);
		check_index(ix);
		index_free(ix);
	}
	repo.use[3] = PART_USED;
	repo.use[9] = PART_USED;
	index_free(open_index(dir, 1));
	assert_int_equal(repo.fetched, 0);
	/* So much is gone that the file is written anew. */
	for (unsigned int p = 0; p < 10; p++)
		repo.use[p] = p == 5 ? PART_USED : PART_GONE;
	index_free(open_index(dir, 1));
	repo.use[6] = PART_USED;
	index_free(open_index(dir, 1));
	assert_int_equal(repo.fetched, 1);
	assert_int_equal(files(), 1);
	drop_repo();
	close(dir);
}

/* Parts come one by one, each by a process: few files, each found, and each
 * piece has a number of its own. */
static void
few_files(void **state)
{
	int dir = scratch_dir("");
	struct err err = ERR_INIT;
	struct index *ix = NULL;
	struct index_entry e;
	uint8_t id[NAME_BYTES], *seen;
	uint64_t at;

	(void)state;
	make_repo(PARTS_MAX, 7);
	for (unsigned int p = 0; p < repo.n; p++)
		repo.use[p] = PART_GONE;
	for (unsigned int p = 0; p < repo.n; p++) {
		repo.use[p] = PART_USED;
		index_free(ix);
		ix = open_index(dir, 1);
		assert_int_equal(repo.fetched, 1);
		assert_true(files() <= 6);
	}
	check_index(ix);
	seen = calloc(index_positions(ix), 1);
	assert_non_null(seen);
	for (uint32_t i = 0; i < repo.n * repo.per_part; i++) {
		id_of(i, id);
		assert_int_equal(index_find_at(ix, id, &e, &at, &err), 1);
		assert_true(at < index_positions(ix));
		assert_int_equal(seen[at]++, 0);
	}
	free(seen);
	index_free(ix);
	drop_repo();
	close(dir);
}

/* Two at once: each adds what it found new, and replaces what was there. */
static void
two_at_once(void **state)
{
	int dir = scratch_dir("");
	struct index *a, *b;

	(void)state;
	make_repo(12, 100);
	for (unsigned int p = 4; p < 12; p++)
		repo.use[p] = PART_GONE;
	a = open_index(dir, 1);
	for (unsigned int p = 4; p < 9; p++)
		repo.use[p] = PART_USED;
	b = open_index(dir, 1);
	/* A's file is not there any more; it goes on with it. */
	for (unsigned int p = 4; p < 9; p++)
		repo.use[p] = PART_GONE;
	check_index(a);
	index_free(a);
	/* Who has not seen what B saw takes its file for nothing. */
	a = open_index(dir, 1);
	check_index(a);
	for (unsigned int p = 4; p < 9; p++)
		repo.use[p] = PART_USED;
	check_index(b);
	index_free(a);
	index_free(b);
	a = open_index(dir, 1);
	check_index(a);
	index_free(a);
	drop_repo();
	close(dir);
}

/* ---- what became of it ---- */

/* The one file in the cache. */
static void
file_name(char ret[300])
{
	int dir = scratch_dir("index");
	DIR *d = fdopendir(dir);
	struct dirent *e;

	ret[0] = '\0';
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			snprintf(ret, 300, "index/%s", e->d_name);
	closedir(d);
	assert_int_not_equal(ret[0], '\0');
}

static void
write_file(const char *name, const char *p, size_t len)
{
	unlink(scratch_path(name));
	scratch_put(name, p, len);
}

/* Whatever byte was changed: the same is found, and kept as it was. */
static void
damaged(void **state)
{
	int dir = scratch_dir("");
	size_t step = getenv("LONG") ? 1 : 11, len, again;
	unsigned int tried = 0, fetched = 0;
	char name[300], now[300], *p, *q;

	(void)state;
	make_repo(3, 100);
	index_free(open_index(dir, 1));
	assert_int_equal(files(), 1);
	file_name(name);
	p = scratch_get(name, &len);
	for (size_t at = 0; at < len; at += at < len - 300 ? step : 1) {
		struct index *ix;

		p[at] ^= 0x10;
		write_file(name, p, len);
		p[at] ^= 0x10;
		ix = open_index(dir, 1);
		check_index(ix);
		fetched += repo.fetched == 3;
		index_free(ix);
		tried++;
		if (tried % 50)
			continue;
		/* What was found when it was open is mended by the next. */
		index_free(open_index(dir, 1));
		file_name(now);
		q = scratch_get(now, &again);
		assert_string_equal(name, now);
		assert_int_equal(again, len);
		assert_memory_equal(p, q, len);
		free(q);
	}
	/* Each was noticed. */
	assert_int_equal(fetched, tried);
	print_message("# %u bytes of %zu changed\n", tried, len);
	for (size_t cut = 0; cut < len; cut += 1 + step * 10) {
		struct index *ix;

		write_file(name, p, cut);
		ix = open_index(dir, 1);
		check_index(ix);
		assert_int_equal(repo.fetched, 3);
		index_free(ix);
	}
	free(p);
	drop_repo();
	close(dir);
}

/* Of another repository, or under another name, or no file at all. */
static void
foreign(void **state)
{
	int dir = scratch_dir("");
	char name[300], *p;
	struct index *ix;
	size_t len;

	(void)state;
	make_repo(3, 100);
	index_free(open_index(dir, 2));
	ix = open_index(dir, 1);
	assert_int_equal(repo.fetched, 3);
	check_index(ix);
	index_free(ix);
	assert_int_equal(files(), 1);
	/* Twice the same counts once. */
	file_name(name);
	p = scratch_get(name, &len);
	write_file("index/0123456789abcdef.run", p, len);
	free(p);
	scratch_mkdir("index/0123456789abcde0.run");
	assert_int_equal(
		symlinkat("/etc/passwd", dir, "index/0123456789abcde1.run"), 0);
	ix = open_index(dir, 1);
	assert_int_equal(repo.fetched, 0);
	check_index(ix);
	index_free(ix);
	/* The folder is in nobody's way; the link went. */
	assert_int_equal(files(), 2);
	drop_repo();
	close(dir);
}

/* Where nothing can be kept all is found as well. */
static void
nothing_kept(void **state)
{
	int dir = scratch_dir("");
	struct index *ix;

	(void)state;
	make_repo(3, 100);
	close(scratch_new("index"));
	for (int i = 0; i < 2; i++) {
		ix = open_index(dir, 1);
		assert_int_equal(repo.fetched, 3);
		check_index(ix);
		index_free(ix);
	}
	drop_repo();
	close(dir);
}

/* It is damaged, and what it was made of is gone: an error, nothing else. */
static void
not_mended(void **state)
{
	int dir = scratch_dir("");
	struct err err = ERR_INIT;
	struct index_entry e;
	char name[300], *p;
	uint8_t id[NAME_BYTES];
	struct index *ix;
	size_t len;

	(void)state;
	make_repo(3, 100);
	index_free(open_index(dir, 1));
	file_name(name);
	p = scratch_get(name, &len);
	p[100] ^= 1;
	write_file(name, p, len);
	free(p);
	ix = open_index(dir, 1);
	for (unsigned int i = 0; i < 3; i++)
		repo.use[i] = PART_GONE;
	/* The first page has the lowest ids. */
	memset(id, 0, sizeof(id));
	assert_int_equal(index_find(ix, id, &e, &err), -1);
	assert_int_equal(err.code, ERR_NOTFOUND);
	index_free(ix);
	drop_repo();
	close(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),         TEST(parts_go),   TEST(few_files),
		TEST(two_at_once),  TEST(damaged),    TEST(foreign),
		TEST(nothing_kept), TEST(not_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

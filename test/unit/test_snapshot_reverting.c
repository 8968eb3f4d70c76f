/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_reverting.c - what says that a domain is on its way back, and
 * the sum by which one memory is told from another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "memory_sum.h"
#include "reverting.h"
#include "scratch.h"

/* ---- .revert ---- */

static struct reverting
sample(void)
{
	struct reverting r = {
		.domain = "web1",
		.name = "monday",
		.generation = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
		.before = "before-20261126-205501",
		.domid = UINT32_MAX,
		.uuid = "11111111-2222-4333-8444-555555555555",
		.disks_only = true,
	};

	return r;
}

static void
test_written_and_read(void **state)
{
	struct reverting r = sample(), got;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(reverting_read("web1", &got, &err), 0);
	assert_int_equal(reverting_check("web1", &err), 0);
	assert_int_equal(reverting_write(&r, &err), 0);
	assert_int_equal(reverting_read("web1", &got, &err), 1);
	assert_memory_equal(&r, &got, sizeof(r));
	assert_int_equal(reverting_check("web1", &err), -1);
	assert_int_equal(err.code, ERR_STATE);
	assert_non_null(strstr(err.text, "xensnap recover web1"));
	err_clear(&err);

	r.started = true;
	r.disks_only = false;
	r.before[0] = r.uuid[0] = '\0';
	r.domid = 0;
	assert_int_equal(reverting_write(&r, &err), 0);
	assert_int_equal(reverting_read("web1", &got, &err), 1);
	assert_string_equal(got.before, "");
	assert_true(got.started && !got.disks_only && got.domid == 0);

	assert_int_equal(reverting_end("web1", &err), 0);
	assert_int_equal(reverting_end("web1", &err), 0);
	assert_int_equal(reverting_read("web1", &got, &err), 0);
	assert_int_equal(reverting_read("nobody", &got, &err), 0);
}

static void
test_spoilt(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"format\": 2}",
		"{\"format\": 1, \"domain\": \"web1\"}",
		"{\"format\": 1, \"domain\": \"web2\", \"name\": \"a\", "
		"\"generation\": \"g\", \"before\": \"\", \"uuid\": \"\", "
		"\"domid\": 1}",
		"{\"format\": 1, \"domain\": \"web1\", \"name\": \"../a\", "
		"\"generation\": \"g\", \"before\": \"\", \"uuid\": \"\", "
		"\"domid\": 1}",
		"{\"format\": 1, \"domain\": \"web1\", \"name\": \"a\", "
		"\"generation\": \"g\", \"before\": \"\", \"uuid\": \"\", "
		"\"domid\": 4294967296}",
	};
	struct reverting got;
	int dir = scratch_dir("root/web1");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(fd_write_file(dir, ".revert", texts[i],
					       strlen(texts[i]), &err),
				 0);
		assert_int_equal(reverting_read("web1", &got, &err), -1);
		assert_true(err.code == ERR_CORRUPT ||
			    err.code == ERR_UNSUPPORTED);
		err_clear(&err);
		assert_int_equal(reverting_check("web1", &err), -1);
	}
	assert_int_equal(unlinkat(dir, ".revert", 0), 0);
	close(dir);
}

/* ---- memory_sum ---- */

#define LARGE (5u << 20)
#define VECTOR                             \
	"e1260ead8aed9a6af29c33db2c366a2c" \
	"21d8ad97e0a35a67895ffcc0f2f95063"

static void
sum_of(int fd, char ret[SHA256_HEX_LEN + 1])
{
	struct err err = ERR_INIT;

	assert_int_equal(memory_sum(fd, ret, &err), 0);
}

static void
set_byte(int fd, off_t at, char byte)
{
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* The first and the last bytes count, and the length, however long it is. */
static void
test_sum(void **state)
{
	static const off_t lengths[] = { 0,     1,       16384,
					 16385, 1 << 20, (1 << 20) + 1,
					 LARGE };
	char was[SHA256_HEX_LEN + 1], is[SHA256_HEX_LEN + 1];
	FILE *f = tmpfile();
	int fd = fileno(f);

	(void)state;
	was[0] = '\0';
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(ftruncate(fd, lengths[i]), 0);
		sum_of(fd, is);
		assert_string_not_equal(is, was);
		strcpy(was, is);
		for (int end = 0; lengths[i] && end < 2; end++) {
			off_t at = end ? lengths[i] - 1 : 0;

			set_byte(fd, at, 1);
			sum_of(fd, is);
			assert_string_not_equal(is, was);
			set_byte(fd, at, 0);
			sum_of(fd, is);
			assert_string_equal(is, was);
		}
	}
	fclose(f);
}

/* By doc/format.md, with Python's hashlib: of 5 MiB of which byte i is i * i
 * + i / 4096, modulo 256. */
static void
test_sum_vector(void **state)
{
	uint8_t *p = malloc(LARGE);
	char is[SHA256_HEX_LEN + 1];
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(p);
	for (uint32_t i = 0; i < LARGE; i++)
		p[i] = (uint8_t)(i * i + i / 4096);
	assert_int_equal(fwrite(p, LARGE, 1, f), 1);
	fflush(f);
	sum_of(fileno(f), is);
	assert_string_equal(is, VECTOR);
	fclose(f);
	free(p);
}

static int
begin(void **state)
{
	if (scratch_begin(state))
		return -1;
	scratch_mkdir("root");
	scratch_mkdir("root/web1");
	scratch_mkdir("root/nobody");
	return setenv("XENSNAP_ROOT", scratch_path("root"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_written_and_read),
		TEST(test_spoilt),
		TEST(test_sum),
		TEST(test_sum_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

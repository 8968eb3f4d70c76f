/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_memory_cpu.c - the CPU policy in a save file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "save_help.h"
#include "scratch.h"
#include "stream_cpu.h"

#define AVX2 (1u << 5) /* of word 5, leaf 7's b */
#define LEAVES_MAX 512u

/* What is found in @save, all of it. */
static int
look(const struct buf *save, struct cpu_features *ret, bool *ret_pv,
     struct err *err)
{
	int fd, rc;

	err_clear(err);
	scratch_put("save", save->data, save->len);
	fd = scratch_open("save");
	rc = stream_cpu(fd, SAVE_HEADER, save->len, ret, ret_pv, err);
	close(fd);
	return rc;
}

/* A policy of @n leaves, all of them leaf 7 of a processor with AVX2. */
static void
put_policy(struct buf *b, uint32_t n)
{
	static const uint32_t leaf[] = { 7, 0, 0, AVX2, 0, 0 };

	put_u32(b, 0x11);
	put_u32(b, n * CPU_LEAF_BYTES);
	for (uint32_t i = 0; i < n; i++)
		for (unsigned int k = 0; k < 6; k++)
			put_u32(b, leaf[k]);
}

/* It ends the search: what follows here would be refused. */
static void
test_found(void **state)
{
	static const uint32_t kinds[] = { SAVE_PV, SAVE_HVM };
	struct cpu_features f;
	struct err err = ERR_INIT;
	bool pv;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct buf save = BUF_INIT;

		put_start(&save, kinds[i]);
		put_record(&save, 0x10, "");
		put_policy(&save, i ? LEAVES_MAX : 1);
		put_record(&save, 0x7f, "what no restore takes");
		assert_int_equal(look(&save, &f, &pv, &err), 1);
		assert_int_equal(f.word[5], AVX2);
		assert_int_equal(pv, kinds[i] == SAVE_PV);
		buf_done(&save);
	}
}

static void
test_none(void **state)
{
	struct buf save = BUF_INIT;
	struct cpu_features f;
	struct err err = ERR_INIT;
	bool pv;

	(void)state;
	put_start(&save, SAVE_PV);
	put_pages(&save, 0, 3, NOTAB, 1);
	put_tail(&save);
	assert_int_equal(look(&save, &f, &pv, &err), 0);
	assert_true(pv);
	save.len -= 8;
	assert_int_equal(look(&save, &f, &pv, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	buf_done(&save);
}

static void
test_refused(void **state)
{
	struct buf save = BUF_INIT, large = BUF_INIT;
	struct cpu_features f;
	struct err err = ERR_INIT;
	bool pv;

	(void)state;
	put_start(&save, SAVE_HVM);
	put_record(&save, 0x11, "five!");
	put_tail(&save);
	assert_int_equal(look(&save, &f, &pv, &err), -1);
	assert_non_null(strstr(err.text, "cannot have 5 bytes"));
	put_start(&large, SAVE_HVM);
	put_policy(&large, LEAVES_MAX + 1);
	put_tail(&large);
	assert_int_equal(look(&large, &f, &pv, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	buf_done(&save);
	buf_done(&large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_none, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(test_refused, scratch_begin,
						scratch_end),
	};

	return cmocka_run_group_tests_name("memory_cpu", tests, NULL, NULL);
}

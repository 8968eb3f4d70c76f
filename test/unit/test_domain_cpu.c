/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_cpu.c - what a guest was told of its processor, and a host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "cpu.h"

/* leaf, subleaf, a, b, c, d */
static const uint32_t told[][6] = {
	{ 0, UINT32_MAX, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69 },
	{ 1, UINT32_MAX, 0x306c3, 0x10800, 0xfffa3203, 0x1789fbff },
	{ 7, 0, 1, 0x2fbb, 0x10, 0xbc000400 },
	{ 7, 1, 0x30, 0, 0, 0 },
	{ 0xd, 0, 7, 0, 0x340, 0 },
	{ 0xd, 1, 0xf, 0, 0, 0 },
	{ 0x80000001, UINT32_MAX, 0, 0, 0x121, 0x2c100800 },
	{ 0x80000007, UINT32_MAX, 0, 0, 0, 0x100 },
	{ 0x80000008, UINT32_MAX, 0x3027, 0x1000, 0, 0 },
};

static struct cpu_features
features(void)
{
	uint8_t leaves[sizeof(told)];
	struct cpu_features f = { .word = { 0 } };

	for (size_t i = 0; i < sizeof(told) / 4; i++)
		le32_to(leaves + 4 * i, ((const uint32_t *)told)[i]);
	cpu_add_leaves(&f, leaves, sizeof(told) / CPU_LEAF_BYTES);
	return f;
}

static void
test_words(void **state)
{
	static const uint32_t want[CPU_WORDS] = {
		0x1789fbff, 0xfffa3203, 0x2c100800, 0x121,      0xf,  0x2fbb,
		0x10,       0x100,      0x1000,     0xbc000400, 0x30,
	};
	struct cpu_features f = features();

	(void)state;
	assert_memory_equal(f.word, want, sizeof(want));
}

static void
test_same(void **state)
{
	struct cpu_features f = features(), more = f;
	char text[100];

	(void)state;
	memset(more.word, 0xff, sizeof(more.word));
	assert_int_equal(cpu_lacks(&f, &f, text, sizeof(text)), 0);
	assert_int_equal(cpu_lacks(&f, &more, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_true(cpu_lacks(&more, &f, text, sizeof(text)) > 100);
}

/* What Xen makes up is there on every host, though its processor lacks it. */
static void
test_made_up(void **state)
{
	struct cpu_features f = features(), here = f;
	char text[100];

	(void)state;
	here.word[0] &= ~(1u << 9 | 1u << 28);
	here.word[1] &= ~(1u << 21 | 1u << 27 | 1u << 31);
	here.word[6] = 0;
	/* What AMD's show in 0x80000001.edx again is not in Xen's words. */
	f.word[2] |= f.word[0] & 0x0183f3ff;
	assert_int_equal(cpu_lacks(&f, &here, text, sizeof(text)), 0);
}

static void
test_lacks(void **state)
{
	struct cpu_features f = features(), here = f;
	char text[200];

	(void)state;
	here.word[5] &= ~(1u << 5);
	assert_int_equal(cpu_lacks(&f, &here, text, sizeof(text)), 1);
	assert_string_equal(text, "avx2");
	here.word[7] = 0;
	assert_int_equal(cpu_lacks(&f, &here, text, sizeof(text)), 2);
	assert_string_equal(text, "avx2, bit 8 of CPUID 0x80000007.edx");
	here.word[5] = 0;
	assert_int_equal(cpu_lacks(&f, &here, text, sizeof(text)), 11);
	assert_string_equal(text, "fsgsbase, bmi1, bit 4 of CPUID 0x7.ebx, "
				  "avx2, smep and 6 more");
	/* However little room there is. */
	for (size_t len = 1; len < sizeof(text); len++) {
		assert_int_equal(cpu_lacks(&f, &here, text, len), 11);
		assert_true(strlen(text) < len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_lacks),
	};

	return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_guard_policy.c - what is to be done about what fills up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy.h"

#define MIB (UINT64_C(1) << 20)

/* A view of 100 MiB of a disk of 1 GiB, in a group with 10 GiB free. */
static struct disk_fill
view(unsigned int percent)
{
	return (struct disk_fill){
		.kind = DISK_FILL_VIEW,
		.bytes = 100 * MIB,
		.used = percent * MIB,
		.max_bytes = 1100 * MIB,
		.extent_bytes = 4 * MIB,
		.group_bytes = 20480 * MIB,
		.group_free = 10240 * MIB,
	};
}

static struct policy_verdict
judge(const struct policy *p, const struct disk_fill *f, double rate)
{
	struct policy_case c = {
		.fill = f,
		.rate = rate,
		.full_s = rate > 0 ? (double)(f->bytes - f->used) / rate :
				     INFINITY,
	};

	return policy_judge(p, &c);
}

static void
leaves_it(void **state)
{
	const struct policy p = POLICY_INIT;
	struct disk_fill f = view(69);
	struct policy_verdict v = judge(&p, &f, 0);

	(void)state;
	assert_true(!v.warn && !v.extend_to && !v.stuck && !v.doomed);
	/* Not active; overflowed; as large as it can be of use. */
	f = view(99);
	f.state = DISK_FILL_IDLE;
	assert_false(judge(&p, &f, 1e9).warn);
	f.state = DISK_FILL_LOST;
	assert_false(judge(&p, &f, 1e9).extend_to);
	f = view(99);
	f.max_bytes = f.bytes;
	v = judge(&p, &f, 1e9);
	assert_true(!v.warn && !v.extend_to && !v.stuck && !v.doomed);
}

static void
extends(void **state)
{
	struct policy p = POLICY_INIT;
	struct disk_fill f = view(70);

	(void)state;
	assert_int_equal(judge(&p, &f, 0).extend_to, 120 * MIB);
	p.by_bytes = 50 * MIB;
	assert_int_equal(judge(&p, &f, 0).extend_to, 150 * MIB);
	p.by_bytes = 1;
	assert_int_equal(judge(&p, &f, 0).extend_to, 104 * MIB);
	/* By what a minute takes. */
	assert_int_equal(judge(&p, &f, 5 * MIB).extend_to, 400 * MIB);
	/* Never beyond its use. */
	assert_int_equal(judge(&p, &f, 500 * MIB).extend_to, 1100 * MIB);
	/* Soon full, so before the mark; but not when there is time. */
	f = view(10);
	assert_int_not_equal(judge(&p, &f, 10 * MIB).extend_to, 0);
	assert_int_equal(judge(&p, &f, 1 * MIB).extend_to, 0);
}

static void
keeps_the_reserve(void **state)
{
	struct policy p = POLICY_INIT;
	struct disk_fill f = view(75);
	struct policy_verdict v;

	(void)state;
	f.group_free = 1024 * MIB + 4 * MIB; /* 5 % of 20 GiB, and an extent */
	assert_int_not_equal(judge(&p, &f, 0).extend_to, 0);
	f.group_free--;
	v = judge(&p, &f, 0);
	assert_true(v.extend_to == 0 && v.stuck);
	p.reserve_bytes = MIB;
	assert_int_not_equal(judge(&p, &f, 0).extend_to, 0);
	p.extend = false;
	assert_true(judge(&p, &f, 0).stuck);
}

static void
warns(void **state)
{
	const struct policy p = POLICY_INIT;
	struct disk_fill f = view(80);

	(void)state;
	assert_true(judge(&p, &f, 0).warn);
	/* Soon full: no news while it can be made larger. */
	f = view(40);
	assert_false(judge(&p, &f, MIB).warn);
	f = view(72);
	f.group_free = 0;
	assert_true(judge(&p, &f, MIB).warn);
	assert_false(judge(&p, &f, MIB / 100).warn);
}

static void
dooms(void **state)
{
	struct policy p = POLICY_INIT;
	struct disk_fill f = view(80);
	struct policy_verdict v;

	(void)state;
	f.group_free = 0;
	/* Full, but at rest: in no danger. */
	v = judge(&p, &f, 0);
	assert_true(v.warn && v.stuck && !v.doomed);
	v = judge(&p, &f, MIB); /* full in 20 s */
	assert_true(v.doomed && v.drop_in_s > 4.9 && v.drop_in_s < 5.1);
	v = judge(&p, &f, 2 * MIB);
	assert_true(v.doomed && v.drop_in_s <= 0);
	p.drop = false;
	assert_false(judge(&p, &f, MIB).doomed);
	p.drop = true;
	/* At the brim it goes at once, unless it takes hours. */
	f = view(98);
	f.group_free = 0;
	assert_true(judge(&p, &f, MIB / 100).drop_in_s <= 0);
	assert_true(judge(&p, &f, MIB / 10000).drop_in_s > 0);
	/* Less than half full, it does not go yet. */
	f = view(20);
	f.group_free = 0;
	v = judge(&p, &f, 10 * MIB);
	assert_true(v.doomed && v.drop_in_s > 2.9 && v.drop_in_s < 3.1);
	/* And what can be made larger does not go at all. */
	f = view(80);
	assert_false(judge(&p, &f, 50 * MIB).doomed);
}

/* Where LVM takes ten seconds for everything. */
static void
slow_lvm(void **state)
{
	const struct policy p = POLICY_INIT;
	struct disk_fill f = view(10);
	struct policy_case c = {
		.fill = &f, .rate = 2 * MIB, .full_s = 45, .lvm_s = 10
	};
	struct policy_verdict v = policy_judge(&p, &c);

	(void)state;
	assert_int_equal(v.extend_to, (100 + 2 * 120) * MIB);
	c.lvm_s = 0;
	assert_int_equal(policy_judge(&p, &c).extend_to, 0);
	f = view(80);
	f.group_free = 0;
	c = (struct policy_case){
		.fill = &f, .rate = MIB, .full_s = 40, .lvm_s = 10
	};
	v = policy_judge(&p, &c);
	assert_true(v.doomed && v.drop_in_s > 4.9 && v.drop_in_s < 5.1);
}

static void
pools(void **state)
{
	const struct policy p = POLICY_INIT;
	struct disk_fill f = view(95);
	struct policy_verdict v;

	(void)state;
	f.kind = DISK_FILL_POOL_DATA;
	f.max_bytes = 0;
	assert_int_equal(judge(&p, &f, 0).extend_to, 120 * MIB);
	f.group_free = 0;
	v = judge(&p, &f, 10 * MIB);
	assert_true(v.warn && v.stuck && !v.doomed);
	/* Metadata has a largest size, and is in danger there. */
	f.kind = DISK_FILL_POOL_METADATA;
	f.max_bytes = f.bytes;
	v = judge(&p, &f, 0);
	assert_true(v.warn && v.stuck && !v.extend_to);
}

/* The area of a clone's disk: as a view's, and nothing is dropped for it. */
static void
clones(void **state)
{
	struct policy p = POLICY_INIT;
	struct disk_fill f = view(75);
	struct policy_verdict v;

	(void)state;
	f.kind = DISK_FILL_CLONE;
	v = judge(&p, &f, 0);
	assert_true(v.extend_to == 120 * MIB && !v.endangered);
	assert_int_equal(judge(&p, &f, 500 * MIB).extend_to, 1100 * MIB);
	f.group_free = 0;
	/* Not nearly full yet, and at rest: it only wants room. */
	v = judge(&p, &f, 0);
	assert_true(v.stuck && !v.warn && !v.endangered);
	v = judge(&p, &f, MIB); /* full in 25 s */
	assert_true(v.warn && v.endangered && !v.doomed);
	assert_true(isinf(v.drop_in_s));
	f = view(99);
	f.kind = DISK_FILL_CLONE;
	assert_true(judge(&p, &f, MIB).warn);
	assert_false(judge(&p, &f, MIB).endangered);
	/* Nearly full, at rest, and told not to make it larger. */
	p.extend = false;
	v = judge(&p, &f, 0);
	assert_true(v.endangered && !v.doomed);
	/* A view is in no such danger: it is dropped. */
	f.kind = DISK_FILL_VIEW;
	assert_false(judge(&p, &f, MIB).endangered);
	/* As large as it can be of use. */
	f.kind = DISK_FILL_CLONE;
	f.max_bytes = f.bytes;
	v = judge(&p, &f, MIB);
	assert_true(!v.warn && !v.stuck && !v.endangered);
}

static void
waits(void **state)
{
	const struct policy p = POLICY_INIT;
	struct disk_fill f = view(10);
	struct policy_case c = { .fill = &f, .full_s = INFINITY };
	unsigned int idle;

	(void)state;
	/* Short enough for a burst: half of 90 MiB at 64 MiB/s. */
	idle = policy_wait_ms(&p, &c, 60000);
	assert_in_range(idle, 600, 800);
	f.bytes *= 1000;
	f.used *= 1000;
	f.max_bytes = 0;
	assert_int_equal(policy_wait_ms(&p, &c, 5000), 5000);
	/* 60 % of 97 GiB to the mark, at 1 GiB/s, by four: 15 s. */
	c.rate = 1024.0 * MIB;
	assert_in_range(policy_wait_ms(&p, &c, 60000), 14000, 15500);
	f = view(99);
	assert_int_equal(policy_wait_ms(&p, &c, 5000), POLICY_WAIT_LEAST_MS);
	f.state = DISK_FILL_IDLE;
	assert_int_equal(policy_wait_ms(&p, &c, 5000), 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_it),
		cmocka_unit_test(extends),
		cmocka_unit_test(keeps_the_reserve),
		cmocka_unit_test(warns),
		cmocka_unit_test(dooms),
		cmocka_unit_test(slow_lvm),
		cmocka_unit_test(pools),
		cmocka_unit_test(clones),
		cmocka_unit_test(waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

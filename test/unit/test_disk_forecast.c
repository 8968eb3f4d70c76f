/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_disk_forecast.c - how full everything will be, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "disk.h"
#include "log.h"

static char told[500];

static void
listen(enum log_level level, const char *line, void *ctx)
{
	size_t used = strlen(told);

	(void)ctx;
	if (level <= LOG_NOTICE)
		snprintf(told + used, sizeof(told) - used, "%s %s\n",
			 level == LOG_NOTICE ? "notice" : "warning", line);
}

static void
takes(struct disk *d, enum disk_space_kind kind, const char *what,
      const uint64_t figures[3])
{
	struct disk_space *s = &d->spaces[d->n_spaces++];

	s->kind = kind;
	snprintf(s->what, sizeof(s->what), "%s", what);
	s->bytes = figures[0];
	s->used = figures[1];
	s->takes = figures[2];
}

/* What several disks share is there once, with what all of them take. */
static void
test_together(void **state)
{
	struct disk a = { .n_spaces = 0 }, b = a, c = a, none = a;
	struct disk *const all[] = { &a, &none, &b, &c };
	struct disk_forecast f[4 * DISK_SPACES_MAX];

	(void)state;
	takes(&a, DISK_SPACE_VG, "v", (uint64_t[]){ 1000, 400, 100 });
	takes(&b, DISK_SPACE_POOL_DATA, "v/p", (uint64_t[]){ 500, 50, 0 });
	takes(&b, DISK_SPACE_POOL_METADATA, "v/p", (uint64_t[]){ 90, 9, 3 });
	takes(&c, DISK_SPACE_VG, "v", (uint64_t[]){ 1000, 400, 200 });
	takes(&c, DISK_SPACE_VG, "w", (uint64_t[]){ 7, 0, UINT64_MAX });
	assert_int_equal(disk_forecast(all, 4, 0, f), 4);
	assert_string_equal(f[0].what, "v");
	assert_true(f[0].bytes == 1000 && f[0].used_before == 400 &&
		    f[0].used_after == 700 && f[0].limit == 100);
	assert_true(f[1].kind == DISK_SPACE_POOL_DATA && f[1].limit == 90 &&
		    f[1].used_before == 50 && f[1].used_after == 50);
	assert_true(f[2].kind == DISK_SPACE_POOL_METADATA && f[2].limit == 90 &&
		    f[2].used_after == 12);
	assert_string_equal(f[3].what, "w");
	assert_int_equal(disk_forecast(all, 4, 55, f), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(f[i].limit, 55);
	assert_int_equal(disk_forecast(all, 0, 0, f), 0);
}

/* The edge: exactly the limit is allowed, one byte more is not. */
static void
test_limit(void **state)
{
	static const uint64_t sizes[] = { 1,     99,         100,
					  12345, 1ULL << 40, 1ULL << 56 };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct disk_forecast f = { .what = "v", .bytes = sizes[i] };

		for (f.limit = 1; f.limit <= 100; f.limit++) {
			f.used_after = f.bytes * f.limit / 100;
			assert_int_equal(disk_forecast_check(&f, 1, &err), 0);
			f.used_after++;
			assert_int_equal(disk_forecast_check(&f, 1, &err), -1);
			assert_int_equal(err.code, ERR_NOSPC);
		}
	}
}

static void
refused(enum disk_space_kind kind, const char *const words[])
{
	struct disk_forecast f[2] = { { .what = "ok", .bytes = 10 } };
	struct err err = ERR_INIT;

	f[0].limit = 100;
	f[1].kind = kind;
	f[1].bytes = 1 << 30;
	f[1].used_before = f[1].bytes / 4 * 3;
	f[1].used_after = f[1].bytes / 8 * 7;
	f[1].limit = 80;
	strcpy(f[1].what, "v/p");
	assert_int_equal(disk_forecast_check(f, 2, &err), -1);
	for (; *words; words++)
		if (!strstr(err.text, *words))
			fail_msg("no '%s' in '%s'", *words, err.text);
}

static void
test_words(void **state)
{
	(void)state;
	refused(DISK_SPACE_VG,
		(const char *[]){ "volume group v/p", "75.0 % full now",
				  "768.0 MiB of 1.0 GiB", "87.5 %", "80 %",
				  "`vgextend v/p`", NULL });
	refused(DISK_SPACE_POOL_DATA,
		(const char *[]){ "data of thin pool v/p",
				  "`lvextend -L +SIZE v/p`", NULL });
	refused(DISK_SPACE_POOL_METADATA,
		(const char *[]){ "metadata of thin pool v/p",
				  "--poolmetadatasize +SIZE v/p", NULL });
}

static void
tells(enum disk_space_kind kind, uint64_t used, const char *want)
{
	struct disk_forecast f = { .kind = kind, .what = "v", .bytes = 1000 };
	struct err err = ERR_INIT;

	f.limit = 100;
	f.used_before = f.used_after = used;
	told[0] = '\0';
	assert_int_equal(disk_forecast_check(&f, 1, &err), 0);
	if (!*want)
		assert_string_equal(told, "");
	else if (!strstr(told, want))
		fail_msg("no '%s' in '%s'", want, told);
}

/* What comes near is told: a pool by a warning, a group by a notice. */
static void
test_near(void **state)
{
	(void)state;
	log_to(listen, NULL);
	tells(DISK_SPACE_VG, 900, "");
	tells(DISK_SPACE_VG, 901, "notice volume group v will be 90.1 % full");
	tells(DISK_SPACE_VG, 1000,
	      "notice volume group v will be 100.0 % full");
	tells(DISK_SPACE_POOL_DATA, 800, "");
	tells(DISK_SPACE_POOL_DATA, 801,
	      "warning data of thin pool v will be 80.1");
	tells(DISK_SPACE_POOL_METADATA, 801,
	      "warning metadata of thin pool v will");
	log_to(NULL, NULL);
}

/* Nothing of nothing is full, and harms nobody. */
static void
test_nothing(void **state)
{
	struct disk_forecast f = { .what = "v", .limit = 90 };
	struct err err = ERR_INIT;

	(void)state;
	assert_true(disk_forecast_percent(&f, 0) == 100);
	assert_int_equal(disk_forecast_check(&f, 1, &err), 0);
	f.used_after = 1;
	assert_int_equal(disk_forecast_check(&f, 1, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_words),    cmocka_unit_test(test_near),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

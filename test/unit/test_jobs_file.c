/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_jobs_file.c - what a job file says, and when it is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "jobs_due.h"
#include "jobs_file.h"
#include "span.h"

#define LEAST                        \
	"domains = web* db1\n"       \
	"repository = /srv/backup\n" \
	"key-file = /root/backup.key\n"

static struct jobs_file f;
static struct err e;

static int
parse(const char *text)
{
	err_clear(&e);
	return jobs_parse("web", "w.conf", text, strlen(text), &f, &e);
}

/* LEAST and @line, which is wrong: it is line 4. */
static void
refused(const char *line, const char *why)
{
	char text[1024], want[200];

	snprintf(text, sizeof(text), LEAST "%s\n", line);
	assert_int_equal(parse(text), -1);
	snprintf(want, sizeof(want), "w.conf:4: %s", why);
	assert_string_equal(e.text, want);
	assert_int_equal(e.code, ERR_INVALID);
}

static void
says_least(void **state)
{
	(void)state;
	assert_int_equal(parse(LEAST), 0);
	assert_string_equal(f.name, "web");
	assert_int_equal(f.domains.n, 2);
	assert_string_equal(f.domains.at[1], "db1");
	assert_string_equal(f.repository, "/srv/backup");
	assert_string_equal(f.key_file, "/root/backup.key");
	assert_int_equal(f.mode, CREATE_AUTO);
	assert_int_equal(f.every_s, 86400);
	assert_int_equal(f.verify_s, 0);
	assert_false(f.prunes || f.has_window || f.copy);
	assert_int_equal(f.cow.percent + f.cow.bytes, 0);
}

static void
says_all(void **state)
{
	(void)state;
	assert_int_equal(
		parse("# all of it\n\n  domains=a b\tc a \n"
		      "except = *-test\nrepository = /srv/a = b # c\n"
		      "passphrase-file = /p\nmode = disks-only\ncopy = yes\n"
		      "keep-last = 0\nkeep-daily = 7\nkeep-yearly = 2\n"
		      "every = 6h\nbetween = 22:00-06:30\nverify = 7d\n"
		      "\t# the end\ncow-size = 20%"),
		0);
	assert_int_equal(f.domains.n, 3);
	assert_string_equal(f.except.at[0], "*-test");
	assert_string_equal(f.repository, "/srv/a = b # c");
	assert_string_equal(f.passphrase_file, "/p");
	assert_int_equal(f.mode, CREATE_DISKS);
	assert_true(f.copy && f.prunes && f.has_window);
	assert_int_equal(f.keep.n[KEEP_LAST], 0);
	assert_int_equal(f.keep.n[KEEP_DAILY], 7);
	assert_int_equal(f.keep.n[KEEP_YEARLY], 2);
	assert_int_equal(f.every_s, 6 * 3600);
	assert_int_equal(f.verify_s, 7 * 86400);
	assert_int_equal(f.from_min, 22 * 60);
	assert_int_equal(f.to_min, 6 * 60 + 30);
	assert_int_equal(f.cow.percent, 20);
}

static void
refuses(void **state)
{
	(void)state;
	refused("nonsense", "'nonsense' is not KEY = VALUE");
	refused("color = red", "there is no key 'color'");
	refused("keep-never = 1", "there is no key 'keep-never'");
	refused("domains = x", "domains is given twice");
	refused("every =", "every has no value");
	refused("every = 6", "every: '6' is not a time like 30min, 6h or 7d");
	refused("every = 0h", "every: '0h' is not a time like 30min, 6h or 7d");
	refused("every = 59s", "every: '59s' is under a minute");
	refused("mode = fast", "mode: 'fast' is not live, stop or disks-only");
	refused("copy = maybe", "copy: 'maybe' is not yes or no");
	refused("keep-last = -1", "keep-last: '-1' is not 0 to 1000000");
	refused("keep-last = 1000001",
		"keep-last: '1000001' is not 0 to 1000000");
	refused("between = 22:00",
		"between: '22:00' is not two times of the day, as in "
		"22:00-06:00");
	refused("between = 24:00-06:00",
		"between: '24:00-06:00' is not two times of the day, as in "
		"22:00-06:00");
	refused("between = 06:00-06:00",
		"between: '06:00-06:00' is not two times of the day, as in "
		"22:00-06:00");
	refused("between = 22:60-23:00",
		"between: '22:60-23:00' is not two times of the day, as in "
		"22:00-06:00");
	refused("cow-size = 0%", "cow-size: '0%' is not 1% to 100%");
	refused("passphrase-file = p",
		"passphrase-file: 'p' does not begin with a /");
	refused("except = a@b", "except: 'a@b' can be no domain's name");
	refused("except = \x01", "this is no plain text");
}

static void
refuses_the_whole(void **state)
{
	static const char nul[] = LEAST "\0";

	(void)state;
	assert_int_equal(parse(""), -1);
	assert_string_equal(e.text, "w.conf: domains is missing");
	assert_int_equal(parse("domains = a\nkey-file = /k\n"), -1);
	assert_string_equal(e.text, "w.conf: repository is missing");
	assert_int_equal(parse("domains = a\nrepository = /r\n"), -1);
	assert_non_null(strstr(e.text, "key-file or passphrase-file is"));
	assert_int_equal(parse(LEAST "passphrase-file = /p\n"), -1);
	assert_non_null(strstr(e.text, "exclude each other"));
	err_clear(&e);
	assert_int_equal(jobs_parse("w", "w", nul, sizeof(nul) - 1, &f, &e),
			 -1);
	assert_non_null(strstr(e.text, "a NUL"));
	err_clear(&e);
	assert_int_equal(jobs_parse("-w", "w", LEAST, strlen(LEAST), &f, &e),
			 -1);
}

static void
takes_domains(void **state)
{
	(void)state;
	assert_int_equal(parse(LEAST "except = web9 *-test\n"), 0);
	assert_true(jobs_takes(&f, "web1"));
	assert_true(jobs_takes(&f, "db1"));
	assert_false(jobs_takes(&f, "db2"));
	assert_false(jobs_takes(&f, "web9"));
	assert_false(jobs_takes(&f, "web1-test"));
	assert_true(jobs_names(&f, "db1"));
	assert_false(jobs_names(&f, "web1"));
}

static void
is_due(void **state)
{
	const uint64_t day = 86400, at = 1800000000;

	(void)state;
	assert_true(jobs_is_due(0, day, at));
	assert_false(jobs_is_due(at, day, at));
	assert_false(jobs_is_due(at, day, at + day - 601));
	/* A tick that comes a moment sooner than yesterday's. */
	assert_true(jobs_is_due(at, day, at + day - 600));
	assert_true(jobs_is_due(at, day, at + 2 * day));
	assert_false(jobs_is_due(at, 3600, at + 3600 - 113));
	assert_true(jobs_is_due(at, 3600, at + 3600 - 112));
	/* By a clock that was wrong. */
	assert_true(jobs_is_due(at + 1, day, at));

	assert_true(jobs_is_late(0, day, at));
	assert_false(jobs_is_late(at, day, at + 2 * day));
	assert_true(jobs_is_late(at, day, at + 2 * day + 1));
	assert_false(jobs_is_late(at + 5, day, at));
}

static void
has_a_window(void **state)
{
	(void)state;
	assert_int_equal(parse(LEAST), 0);
	assert_true(jobs_in_window(&f, 0));
	assert_int_equal(parse(LEAST "between = 01:00-02:30\n"), 0);
	assert_false(jobs_in_window(&f, 59));
	assert_true(jobs_in_window(&f, 60));
	assert_true(jobs_in_window(&f, 149));
	assert_false(jobs_in_window(&f, 150));
	assert_int_equal(parse(LEAST "between = 22:00-06:00\n"), 0);
	assert_false(jobs_in_window(&f, 22 * 60 - 1));
	assert_true(jobs_in_window(&f, 22 * 60));
	assert_true(jobs_in_window(&f, 0));
	assert_true(jobs_in_window(&f, 6 * 60 - 1));
	assert_false(jobs_in_window(&f, 6 * 60));

	/* Local time, not UTC. */
	setenv("TZ", "XST-5:30", 1);
	tzset();
	assert_int_equal(jobs_minute(86400 * 100), 5 * 60 + 30);
}

static void
spans(void **state)
{
	static const struct {
		const char *text;
		uint64_t s;
	} good[] = { { "90s", 90 },   { "5m", 300 },    { "5min", 300 },
		     { "6h", 21600 }, { "7d", 604800 }, { "2w", 1209600 } };
	static const char *const bad[] = {
		"",    "h",     "6",
		"6 h", "-1h",   "0s",
		"1y",  "3654d", "99999999999999999s"
	};
	char text[24];
	uint64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(span_parse(good[i].text, &s, &e), 0);
		assert_int_equal(s, good[i].s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(span_parse(bad[i], &s, &e), -1);
	assert_string_equal(span_text(59, text, 24), "59 s");
	assert_string_equal(span_text(60, text, 24), "1 min");
	assert_string_equal(span_text(7200, text, 24), "2 h");
	assert_string_equal(span_text(47 * 3600, text, 24), "47 h");
	assert_string_equal(span_text(12 * 86400, text, 24), "12 d");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_least),
		cmocka_unit_test(says_all),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_the_whole),
		cmocka_unit_test(takes_domains),
		cmocka_unit_test(is_due),
		cmocka_unit_test(has_a_window),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_job_config_left.c - what is told of a configuration that is not trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config_left.h"
#include "log.h"

static char told[2000];

static void
keep_line(enum log_level level, const char *line, void *ctx)
{
	(void)ctx;
	if (level != LOG_WARNING)
		return;
	assert_in_range(strlen(told) + strlen(line) + 2, 1, sizeof(told));
	strcat(told, line);
	strcat(told, "\n");
}

/* With @what left out of that of a guest. */
static void
tell(bool hvm, bool memory, const char *what)
{
	struct xl_safe_left left = { .hvm = hvm };

	if (what)
		xl_safe_add(&left, what);
	told[0] = '\0';
	config_left_tell(&left, memory, "/repo");
}

static void
test_nothing(void **state)
{
	(void)state;
	tell(false, true, NULL);
	assert_string_equal(told, "");
}

static void
test_any(void **state)
{
	(void)state;
	tell(false, false, "b_info.cmdline");
	assert_non_null(strstr(told, "left out of the configuration: "
				     "b_info.cmdline\n"));
	assert_non_null(strstr(told, "--trust-config takes all of it"));
	assert_non_null(strstr(told, "/repo"));
	assert_null(strstr(told, "boot"));
}

static void
test_kernel(void **state)
{
	(void)state;
	tell(false, false, "b_info.kernel");
	assert_non_null(strstr(told, "so it cannot boot: --trust-config"));
	tell(false, true, "b_info.kernel");
	assert_non_null(strstr(told, "a reboot of it ends it: --trust-config"));
	tell(true, false, "b_info.kernel");
	assert_non_null(strstr(told, "it boots from its disks: "
				     "--trust-config"));
}

static void
test_machine(void **state)
{
	struct xl_safe_left left = { .hvm = true };

	(void)state;
	tell(true, true, "b_info.kernel");
	assert_non_null(strstr(told, "memory cannot go on: --trust-config"));
	tell(true, true, "b_info.extra_hvm");
	assert_non_null(strstr(told, "memory cannot go on: --trust-config"));
	tell(true, true, "b_info.type.hvm.serial");
	assert_null(strstr(told, "cannot"));
	xl_safe_add(&left, "b_info.extra");
	assert_true(config_left_machine(&left));
	left.hvm = false;
	assert_false(config_left_machine(&left));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_machine),
	};

	log_to(keep_line, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

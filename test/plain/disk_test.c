/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_test.c - the disk room on a real LVM.
 *
 *   disk_test VG POOL [CASE...]
 *
 * Needs root, a volume group with some 300 MiB free and a thin pool in it;
 * makes volumes called dt* and removes them.  Prints TAP.  LONG in the
 * environment: also the cases that are seldom.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cases.h"
#include "log.h"
#include "tap.h"
#include "volumes.h"

/* When a case runs, if none is asked for by name. */
enum often {
	ALWAYS,
	LONG_ONLY, /* another case shows most of it */
	WHEN_ASKED,
};

static const struct {
	const char *name;
	void (*run)(void);
	enum often often;
} cases[] = {
	{ "instant_classic", case_instant_classic, LONG_ONLY },
	{ "instant_thin", case_instant_thin, LONG_ONLY },
	{ "instant_reflink", case_instant_reflink, LONG_ONLY },
	{ "instant_copy", case_instant_copy, ALWAYS },
	{ "instant_exact", case_instant_exact, ALWAYS },
	{ "control", case_control, LONG_ONLY },
	{ "several_views", case_several_views, LONG_ONLY },
	{ "beside_lvm", case_beside_lvm, LONG_ONLY },
	{ "refuse_disks", case_refuse_disks, ALWAYS },
	{ "refuse_names", case_refuse_names, ALWAYS },
	{ "refuse_room", case_refuse_room, ALWAYS },
	{ "refuse_pools", case_refuse_pools, ALWAYS },
	{ "refuse_suspended", case_refuse_suspended, ALWAYS },
	{ "refuse_changed", case_refuse_changed, ALWAYS },
	{ "refuse_stuck", case_refuse_stuck, LONG_ONLY },
	{ "view_record", case_view_record, ALWAYS },
	{ "view_overflow", case_view_overflow, ALWAYS },
	{ "view_foreign", case_view_foreign, ALWAYS },
	{ "thin_activation", case_thin_activation, ALWAYS },
	{ "thin_open_alone", case_thin_open_alone, ALWAYS },
	{ "thin_open_late", case_thin_open_late, ALWAYS },
	{ "thin_open_apart", case_thin_open_apart, ALWAYS },
	{ "thin_external", case_thin_external, ALWAYS },
	{ "lvm_goes_on", case_lvm_goes_on, LONG_ONLY },
	{ "broken_device", case_broken_device, ALWAYS },
	{ "broken_pool_full", case_broken_pool_full, ALWAYS },
	{ "broken_pool_failed", case_broken_pool_failed, ALWAYS },
	{ "broken_race", case_broken_race, LONG_ONLY },
	{ "kill_steps", case_kill_steps, ALWAYS },
	{ "kill_more", case_kill_more, LONG_ONLY },
	{ "kill_random", case_kill_random, LONG_ONLY },
	/* long_25_changes.sh */
	{ "changes_classic", case_changes_classic, WHEN_ASKED },
	{ "changes_thin", case_changes_thin, WHEN_ASKED },
	{ "changes_refuse", case_changes_refuse, WHEN_ASKED },
	{ "changes_pool", case_changes_pool, WHEN_ASKED },
	{ "times", case_times, WHEN_ASKED },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void
print_line(enum log_level level, const char *line, void *ctx)
{
	(void)ctx;
	if (level <= LOG_NOTICE || getenv("DISK_TEST_DEBUG"))
		tap_note("  log: %s", line);
}

/* Whatever a case did, the host must look as before. */
static void
run_case(size_t i)
{
	char *before = host_picture(), *after;
	time_t from = time(NULL);

	tap_note("%s", cases[i].name);
	cases[i].run();
	tap_note("%s: %ld s", cases[i].name, (long)(time(NULL) - from));
	sh("udevadm settle");
	after = host_picture();
	if (!tap_ok(strcmp(before, after) == 0, "%s: the host is as before",
		    cases[i].name))
		tap_note("before:\n%s\nafter:\n%s", before, after);
	free(before);
	free(after);
}

static bool
wanted(size_t i, char **words)
{
	const char *more = getenv("LONG");

	if (!*words)
		return cases[i].often == ALWAYS ||
		       (cases[i].often == LONG_ONLY && more && *more);
	for (; *words; words++)
		if (strcmp(*words, cases[i].name) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: disk_test VG POOL [CASE...]");
	log_to(print_line, NULL);
	volumes_init(argv[1], argv[2]);
	atexit(volumes_done);
	for (size_t i = 0; i < N_CASES; i++)
		if (wanted(i, argv + 3))
			run_case(i);
	return tap_done();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cases_kill.c - die anywhere; whoever comes after releases the device, drops
 * the view, and all is as before.
 *
 * LVM's commands outlive who started them, so the one who clears up waits for
 * the end of disk_set_alive_fd()'s descriptor first.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "clock.h"
#include "tap.h"
#include "volumes.h"

/* What a process that makes views of two disks has told before it died. */
struct told {
	struct disk_view_ref ref[2];
	char device[2][DISK_DEVICE_LEN];
};

static struct told
plan_both(const char *a, const char *b, struct disk **d)
{
	struct told t;

	memset(&t, 0, sizeof(t));
	d[0] = planned(a, "kill");
	d[1] = planned(b, "kill");
	for (int i = 0; i < 2; i++) {
		t.ref[i] = d[i]->ref;
		snprintf(t.device[i], sizeof(t.device[i]), "%s", d[i]->device);
	}
	return t;
}

/* The whole story, in a process that may die anywhere. */
static void
story(struct disk **d)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < 2; i++)
		if (disk_prepare(d[i], &e))
			errx(3, "%s", e.text);
	disk_warm(d, 2);
	for (int i = 0; i < 2; i++)
		if (disk_hold(d[i], &e))
			errx(3, "%s", e.text);
	clock_sleep_ms(20);
	for (int i = 0; i < 2; i++)
		if (disk_view(d[i], &e))
			errx(3, "%s", e.text);
	for (int i = 0; i < 2; i++)
		if (disk_view_drop(&d[i]->ref, &e))
			errx(3, "%s", e.text);
}

/*
 * Run the story in a child that dies at the place @where, or after @ms.  Its
 * status; afterwards no LVM command of its is at work any more.
 */
static int
run_and_die(struct disk **d, const char *where, unsigned int ms)
{
	int alive[2], status;
	char c;
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC))
		err(2, "pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0) {
		if (where)
			setenv("XENSNAP_DIE_AT", where, 1);
		disk_set_alive_fd(alive[1]);
		story(d);
		_exit(0);
	}
	close(alive[1]);
	if (!where) {
		clock_sleep_ms(ms);
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(2, "wait");
	if (read(alive[0], &c, 1) != 0)
		errx(2, "somebody wrote into the pipe");
	close(alive[0]);
	return status;
}

static bool
clear_up(const struct told *t)
{
	struct err e = ERR_INIT;
	bool resumed;

	for (int i = 0; i < 2; i++)
		if (disk_release_device(t->device[i], &resumed, &e))
			return tap_works(-1, &e, "release %s", t->device[i]);
	for (int i = 0; i < 2; i++)
		if (disk_view_drop(&t->ref[i], &e))
			return tap_works(-1, &e, "drop %s", t->ref[i].view);
	return true;
}

/* A write to each disk must come to its end. */
static bool
disks_go_on(void)
{
	return sh("timeout 20 dd if=/dev/zero of=%s bs=4k count=1 oflag=direct "
		  "status=none && timeout 20 dd if=/dev/zero of=%s bs=4k "
		  "count=1 oflag=direct status=none",
		  volume("dtc1"), volume("dtt1")) == 0;
}

static bool
as_before(const char *before)
{
	char *after;
	bool same;

	sh("udevadm settle");
	after = host_picture();
	same = strcmp(before, after) == 0;
	if (!same)
		tap_note("before:\n%s\nafter:\n%s", before, after);
	free(after);
	return same;
}

static void
die_at(const char *where)
{
	char *before = host_picture();
	struct disk *d[2];
	struct told t = plan_both("dtc1", "dtt1", d);
	int status = run_and_die(d, where, 0);

	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "it dies at %s", where);
	tap_ok(clear_up(&t) && !suspended() && disks_go_on() &&
		       as_before(before),
	       "after death at %s all is as before", where);
	disk_close(d[0]);
	disk_close(d[1]);
	free(before);
}

/* Where drivers say fail_here(). */
void
case_kill_steps(void)
{
	static const char *const places[] = {
		"disk.made",           "disk.thin.forgotten",
		"disk.classic.parked", "disk.classic.wiped",
		"disk.classic.armed",  "disk.held",
		"disk.classic.set",    "disk.thin.set",
		"disk.freed",          "disk.drop",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		die_at(places[i]);
}

void
case_kill_random(void)
{
	const char *rounds = getenv("DISK_TEST_KILLS");
	int n = rounds ? atoi(rounds) : 10;
	char *before = host_picture();
	struct disk *d[2];
	uint64_t begin;
	double whole;

	/* How long is it without being killed? */
	plan_both("dtc1", "dtt1", d);
	begin = clock_ns();
	tap_ok(run_and_die(d, "nowhere", 0) == 0, "the story without death");
	whole = clock_ms_since(begin);
	for (int i = 0; i < n; i++) {
		struct told t = plan_both("dtc1", "dtt1", d);
		unsigned int ms = (unsigned int)(whole * (i + 0.5) / n);

		run_and_die(d, NULL, ms);
		if (!tap_ok(clear_up(&t) && !suspended() && disks_go_on() &&
				    as_before(before),
			    "after death at %u of %.0f ms all is as before", ms,
			    whole))
			break;
		disk_close(d[0]);
		disk_close(d[1]);
	}
	free(before);
}

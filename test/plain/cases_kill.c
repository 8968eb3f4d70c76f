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

#define DISKS_MAX 2u

/* The views to be made, and by whom comes after what is known of them. */
struct scene {
	unsigned int n;
	struct disk *d[DISKS_MAX];
	char *before; /* what the host looked like */
};

/* Of one disk, or of two. */
static void
scene_begin(struct scene *s, const char *a, const char *b)
{
	memset(s, 0, sizeof(*s));
	s->before = host_picture();
	s->d[s->n++] = planned(a, "kill");
	if (b)
		s->d[s->n++] = planned(b, "kill");
}

/* The whole story, in a process that may die anywhere. */
static void
story(struct scene *s)
{
	struct err e = ERR_INIT;
	int rc = 0;

	for (unsigned int i = 0; i < s->n; i++)
		rc |= disk_prepare(s->d[i], &e);
	disk_warm(s->d, s->n);
	for (unsigned int i = 0; rc == 0 && i < s->n; i++)
		rc |= disk_hold(s->d[i], &e);
	clock_sleep_ms(20);
	for (unsigned int i = 0; rc == 0 && i < s->n; i++)
		rc |= disk_view(s->d[i], &e);
	for (unsigned int i = 0; rc == 0 && i < s->n; i++)
		rc |= disk_view_drop(&s->d[i]->ref, &e);
	if (rc)
		errx(3, "%s", e.text);
}

/*
 * Run the story in a child that dies at the place @where, or after @ms.  Its
 * status; afterwards no LVM command of its is at work any more.
 */
static int
run_and_die(struct scene *s, const char *where, unsigned int ms)
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
		story(s);
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

/* What the dead one has told before: the device, and a view without uuid. */
static bool
clear_up(struct scene *s)
{
	struct err e = ERR_INIT;
	bool resumed;

	for (unsigned int i = 0; i < s->n; i++)
		if (disk_release_device(s->d[i]->device, &resumed, &e))
			return tap_works(-1, &e, "release");
	for (unsigned int i = 0; i < s->n; i++)
		if (disk_view_drop(&s->d[i]->ref, &e))
			return tap_works(-1, &e, "drop");
	return true;
}

/* A write to each disk must come to its end. */
static bool
disks_go_on(struct scene *s)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (sh("timeout 60 dd if=/dev/zero of=%s bs=4k count=1 "
		       "oflag=direct status=none",
		       s->d[i]->ref.source))
			return false;
	return true;
}

/* Clear up, and look whether all is as before. */
static bool
scene_end(struct scene *s)
{
	bool good = clear_up(s) && !suspended() && disks_go_on(s);
	char *after;

	sh("udevadm settle");
	after = host_picture();
	if (strcmp(s->before, after) != 0) {
		good = false;
		tap_note("before:\n%s\nafter:\n%s", s->before, after);
	}
	for (unsigned int i = 0; i < s->n; i++)
		disk_close(s->d[i]);
	free(after);
	free(s->before);
	return good;
}

static void
die_at(const char *disk, const char *where)
{
	struct scene s;
	int status;

	scene_begin(&s, disk, NULL);
	status = run_and_die(&s, where, 0);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "%s: it dies at %s", disk, where);
	tap_ok(scene_end(&s), "%s: after that all is as before", disk);
}

/* Where the drivers say fail_here(). */
static void
die_at_each(const char *disk, const char *const *where)
{
	for (; *where; where++)
		die_at(disk, *where);
}

/* While a disk stands still, or its view is half made. */
void
case_kill_steps(void)
{
	static const char *const classic[] = { "disk.classic.parked",
					       "disk.held", "disk.classic.set",
					       NULL };
	static const char *const thin[] = { "disk.thin.forgotten",
					    "disk.thin.set", NULL };

	die_at_each("dtc1", classic);
	die_at_each("dtt1", thin);
}

/* And everywhere else. */
void
case_kill_more(void)
{
	static const char *const classic[] = {
		"disk.made",  "disk.classic.wiped", "disk.classic.armed",
		"disk.freed", "disk.drop",          NULL
	};
	static const char *const thin[] = { "disk.made", "disk.held", NULL };

	die_at_each("dtc1", classic);
	die_at_each("dtt1", thin);
}

void
case_kill_random(void)
{
	const char *rounds = getenv("DISK_TEST_KILLS");
	int n = rounds ? atoi(rounds) : 4;
	struct scene s;
	uint64_t begin;
	double whole;

	/* How long is it without being killed? */
	scene_begin(&s, "dtc1", "dtt1");
	begin = clock_ns();
	tap_ok(run_and_die(&s, "nowhere", 0) == 0, "the story without death");
	whole = clock_ms_since(begin);
	tap_ok(scene_end(&s), "after it all is as before");
	for (int i = 0; i < n; i++) {
		unsigned int ms = (unsigned int)(whole * (i + 0.5) / n);

		scene_begin(&s, "dtc1", "dtt1");
		run_and_die(&s, NULL, ms);
		if (!tap_ok(scene_end(&s),
			    "after death at %u of %.0f ms all is as before", ms,
			    whole))
			break;
	}
}

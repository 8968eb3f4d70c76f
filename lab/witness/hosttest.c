/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hosttest.c - plays snapshot and restore on a host, for witness's own tests.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "gate.h"
#include "hosttest.h"
#include "pattern.h"
#include "say.h"
#include "writer.h"

/* In the order in which they nest: the writer asks the gate while held. */
static void
hosttest_hold(void)
{
	writer_hold();
	files_hold();
	pattern_hold();
	gate_hold();
}

static void
hosttest_release(void)
{
	gate_release();
	pattern_release();
	files_release();
	writer_release();
}

static void
hosttest_redirect(const char *dir, const char *name, int flags, int to)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags, 0600);
	/* Without commands of its own it must not eat the parent's. */
	if (fd < 0 && to == STDIN_FILENO)
		fd = open("/dev/null", O_RDONLY);
	if (fd < 0)
		fatal("%s: %s", path, strerror(errno));
	dup2(fd, to);
	close(fd);
}

/* Waits for the file "go" and cuts it into its two lines. */
static char *
hosttest_wait_go(const char *dir, char *text, size_t size)
{
	struct timespec step = { .tv_nsec = 10000000 };
	char path[300];
	char *second;
	ssize_t r;
	int fd;

	snprintf(path, sizeof(path), "%s/go", dir);
	while ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		nanosleep(&step, NULL);
	r = read(fd, text, size - 1);
	close(fd);
	text[r > 0 ? r : 0] = '\0';
	second = strchr(text, '\n');
	if (!second)
		fatal("%s: not a whole line", path);
	*second++ = '\0';
	return second;
}

static void
hosttest_restore(struct disks *d, const char *dir)
{
	char text[OPTION_TEXT_MAX + 64], *poke;
	unsigned long page, offset;

	/* Should the test be killed, nobody else would end us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hosttest_redirect(dir, "log", O_WRONLY | O_CREAT | O_APPEND, 1);
	hosttest_redirect(dir, "in", O_RDWR, 0);
	poke = hosttest_wait_go(dir, text, sizeof(text));
	disks_reopen(d, text);
	if (*poke >= '0' && *poke <= '9') {
		page = strtoul(poke, &poke, 10);
		offset = strtoul(poke, NULL, 10);
		if (pattern_poke(page, offset))
			fatal("no page %lu", page);
	}
}

int
hosttest_suspend(struct disks *d, const char *dir)
{
	unsigned int pending;
	pid_t pid;

	hosttest_hold();
	pending = writer_pending();
	pid = fork();
	if (pid < 0)
		fatal("fork: %s", strerror(errno));
	if (pid > 0) {
		say("suspended n=%llu pending=%u child=%d",
		    (unsigned long long)writer_acked(), pending, (int)pid);
		return 0;
	}
	hosttest_restore(d, dir);
	gate_reset_members();
	hosttest_release();
	clock_note_suspend();
	gate_request(GATE_RESUME);
	return 1;
}

void
hosttest_resume(void)
{
	clock_note_suspend();
	hosttest_release();
}

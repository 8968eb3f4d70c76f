/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fail.c - named places at which a test can make us die. */
#include "fail.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
trace(const char *file, const char *name)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", name);
	close(fd);
}

/* Is this the time that @wanted, "NAME" or "NAME#2", means? */
static bool
is_wanted(const char *wanted, const char *name, atomic_uint *times)
{
	size_t len = strlen(name);

	if (!wanted || strncmp(wanted, name, len) != 0 ||
	    (wanted[len] != '\0' && wanted[len] != '#'))
		return false;
	return atomic_fetch_add(times, 1) + 1 ==
	       (wanted[len] ? strtoul(wanted + len + 1, NULL, 10) : 1);
}

void
fail_here(const char *name)
{
	static atomic_uint deaths, stops;
	const char *file = getenv("XENSNAP_TRACE_FAIL");

	if (file)
		trace(file, name);
	if (is_wanted(getenv("XENSNAP_DIE_AT"), name, &deaths))
		kill(getpid(), SIGKILL);
	if (is_wanted(getenv("XENSNAP_STOP_AT"), name, &stops))
		kill(getpid(), SIGSTOP);
}

void
fail_flip(const char *name, void *p, size_t len)
{
	static atomic_uint flips;

	if (len && is_wanted(getenv("XENSNAP_FLIP_AT"), name, &flips))
		((unsigned char *)p)[len / 2] ^= 1;
}

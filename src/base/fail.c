/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fail.c - named places at which a test can make us die. */
#include "fail.h"

#include <fcntl.h>
#include <signal.h>
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

void
fail_here(const char *name)
{
	const char *die = getenv("XENSNAP_DIE_AT");
	const char *stop = getenv("XENSNAP_STOP_AT");
	const char *file = getenv("XENSNAP_TRACE_FAIL");

	if (file)
		trace(file, name);
	if (die && strcmp(die, name) == 0)
		kill(getpid(), SIGKILL);
	if (stop && strcmp(stop, name) == 0)
		kill(getpid(), SIGSTOP);
}

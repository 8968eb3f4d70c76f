/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl.c - plays the process by which xl watches over a domain.
 *
 *	xl create NAME DOMID
 *
 * As xl of Xen 4.17 does, it takes a suspend for the domain's end: whenever
 * something changes it looks, and exits if the domain stands still at that
 * moment.  Stopped meanwhile, it looks when it is woken.  A stray exit is thus
 * a monitor that was not stopped before the suspend, or woken too early.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int
stands_still(const char *folder)
{
	char path[PATH_MAX], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/state", folder);
	f = fopen(path, "r");
	if (!f)
		return 1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strcmp(text, "suspended") == 0;
}

int
main(int argc, char **argv)
{
	char events[4096]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const char *world = getenv("XENSNAP_SIM");
	char folder[PATH_MAX / 2];
	int fd = inotify_init1(IN_CLOEXEC);

	if (argc != 4 || !world || fd < 0)
		return 2;
	snprintf(folder, sizeof(folder), "%s/domains/%s", world, argv[2]);
	if (inotify_add_watch(fd, folder, IN_MOVED_TO) < 0)
		return 2;
	printf("Waiting for domain %s (domid %s) to die [pid %ld]\n", argv[2],
	       argv[3], (long)getpid());
	fflush(stdout);
	while (!stands_still(folder))
		if (read(fd, events, sizeof(events)) < 0 && errno != EINTR)
			return 2;
	printf("Domain %s has shut down\n", argv[2]);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* notify.c - see notify.h. */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd.h"

/* The path, or with '@' in front the abstract name, of the socket. */
static socklen_t
address(struct sockaddr_un *ret)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (len < 2 || len >= sizeof(ret->sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return 0;
	memcpy(ret->sun_path, path, len);
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void
notify(const char *fmt, ...)
{
	struct sockaddr_un to;
	socklen_t len = address(&to);
	char text[512];
	va_list ap;
	int fd;

	if (!len)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		     (const struct sockaddr *)&to, len);
	fd_close(&fd);
}

unsigned int
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long n;

	if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	n = strtoull(usec, NULL, 10) / 2000;
	return n > 60000 ? 60000 : (unsigned int)n;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_host.c - see domain_host.h. */
#include "domain_host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define NOT_DOM0 "this host does not run Xen as dom0: "

/* xenstored's wire format, public/io/xs_wire.h: our one request is "where is
 * domain 0 kept", which every xenstored answers at once. */
struct xs_head {
	uint32_t type;
	uint32_t request;
	uint32_t transaction;
	uint32_t len;
};

#define XS_GET_DOMAIN_PATH 10

static int __attribute__((format(printf, 4, 5)))
path_in(const char *root, char *ret, size_t len, const char *fmt, ...)
{
	size_t used;
	va_list ap;
	int n;

	n = snprintf(ret, len, "%s", root);
	if (n < 0 || (size_t)n >= len)
		return -1;
	used = (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(ret + used, len - used, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= len - used ? -1 : 0;
}

/* The first bytes of a small file as a string; -1 when it cannot be read. */
static int
read_small(const char *root, const char *name, char *ret, size_t len)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (path_in(root, path, sizeof(path), "%s", name))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, ret, len - 1);
	close(fd);
	if (n < 0)
		return -1;
	ret[n] = '\0';
	return 0;
}

static bool
there_is(const char *root, const char *name)
{
	char path[PATH_MAX];

	return !path_in(root, path, sizeof(path), "%s", name) &&
	       access(path, F_OK) == 0;
}

static int
check_dom0(const char *root, struct err *err)
{
	char text[256];

	if (read_small(root, "/sys/hypervisor/type", text, sizeof(text)))
		text[0] = '\0';
	if (strncmp(text, "xen", 3) != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       NOT_DOM0 "no Xen beneath this kernel");
	/* Xen's own word on what we are; a guest has an empty file. */
	if (read_small(root, "/proc/xen/capabilities", text, sizeof(text)))
		return err_set(err, ERR_STATE, 0,
			       NOT_DOM0
			       "/proc/xen is not mounted (mount -t xenfs none "
			       "/proc/xen)");
	if (!strstr(text, "control_d"))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       NOT_DOM0 "it is a guest of Xen itself");
	if (!there_is(root, "/dev/xen/privcmd") &&
	    !there_is(root, "/proc/xen/privcmd"))
		return err_set(err, ERR_STATE, 0,
			       NOT_DOM0 "/dev/xen/privcmd is missing");
	return 0;
}

/* A connection to xenstored, or -1: its socket, or, when it is a domain of its
 * own, the kernel's device. */
static int
open_xenstore(const char *root)
{
	static const char *const sockets[] = {
		"/run/xenstored/socket",
		"/var/run/xenstored/socket",
	};
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	bool daemon = false;
	unsigned int i;
	int fd;

	for (i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		if (path_in(root, addr.sun_path, sizeof(addr.sun_path), "%s",
			    sockets[i]) ||
		    access(addr.sun_path, F_OK))
			continue;
		daemon = true;
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);
		if (fd < 0)
			return -1;
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		close(fd);
	}
	/* A socket that nobody listens on: the daemon died, and the device
	 * would wait for it for ever. */
	if (daemon || path_in(root, path, sizeof(path), "/dev/xen/xenbus"))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

static bool
xenstore_answers(int fd, unsigned int wait_ms)
{
	static const char domain_0[] = "0";
	struct {
		struct xs_head head;
		char body[sizeof(domain_0)];
	} ask = { { XS_GET_DOMAIN_PATH, 1, 0, sizeof(domain_0) }, "0" };
	size_t len = sizeof(ask.head) + sizeof(domain_0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t start = clock_ns();
	double left;
	ssize_t n;
	int r;

	/* One small write into an empty socket: whole or not at all.  And no
	 * SIGPIPE if the daemon dies now; the device cannot give one. */
	n = send(fd, &ask, len, MSG_NOSIGNAL);
	if (n < 0 && errno == ENOTSOCK)
		n = write(fd, &ask, len);
	if (n != (ssize_t)len)
		return false;
	do {
		left = (double)wait_ms - clock_ms_since(start);
		r = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (r < 0 && errno == EINTR);
	return r == 1 && (p.revents & POLLIN);
}

int
domain_host_check(const char *root, unsigned int wait_ms, struct err *err)
{
	bool answers;
	int fd;

	if (check_dom0(root, err))
		return -1;
	fd = open_xenstore(root);
	if (fd < 0)
		return err_set(err, ERR_STATE, 0,
			       NOT_DOM0 "xenstored is not running");
	answers = xenstore_answers(fd, wait_ms);
	close(fd);
	if (!answers)
		return err_set(err, ERR_TIMEOUT, 0,
			       "xenstored does not "
			       "answer (waited %u ms)",
			       wait_ms);
	return 0;
}

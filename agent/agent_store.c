/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_store.c - see agent_store.h.
 *
 * A message is four 32-bit words (type, request, transaction, length) and as
 * many bytes as the last word says.  The descriptor for questions has no
 * watches, so what comes from it are answers, in order; the bell has nothing
 * else, so nobody needs to read what comes from that.
 */
#define _GNU_SOURCE 1
#include "agent_store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "/dev/xen/xenbus"
#define ANSWER_MS 5000
#define PAYLOAD_MAX 4096

#define XS_READ 2u
#define XS_WATCH 4u
#define XS_WRITE 11u
#define XS_RM 13u

struct head {
	uint32_t type;
	uint32_t request;
	uint32_t transaction;
	uint32_t len;
};

struct message {
	struct head head;
	char payload[PAYLOAD_MAX];
};

static int asking = -1;

static void
give_up(void)
{
	close(asking);
	asking = -1;
}

static int
get(int fd, void *to, size_t len)
{
	char *p = to;

	while (len > 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t r;

		if (poll(&pfd, 1, ANSWER_MS) != 1)
			return -1;
		r = read(fd, p, len);
		if (r <= 0)
			return -1;
		p += r;
		len -= (size_t)r;
	}
	return 0;
}

/* "@key\0@value" of type @type; -1 when it is too long or not taken. */
static int
put(int fd, uint32_t type, const char *key, const char *value, size_t len)
{
	static struct message m;
	size_t used = strlen(key) + 1;

	if (used + len > sizeof(m.payload))
		return -1;
	memset(&m.head, 0, sizeof(m.head));
	m.head.type = type;
	m.head.len = (uint32_t)(used + len);
	memcpy(m.payload, key, used);
	memcpy(m.payload + used, value, len);
	len = sizeof(m.head) + m.head.len;
	return write(fd, &m, len) == (ssize_t)len ? 0 : -1;
}

/*
 * One question.  Returns the length of the answer, which gets a final zero
 * byte; -2 when xenstore says no; -1 when it does not answer.
 */
static int
ask(uint32_t type, const char *key, const char *value, char *answer)
{
	struct head h;

	if (asking < 0)
		asking = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (asking < 0)
		return -1;
	if (put(asking, type, key, value, strlen(value)) ||
	    get(asking, &h, sizeof(h)) || h.len >= PAYLOAD_MAX ||
	    get(asking, answer, h.len)) {
		give_up();
		return -1;
	}
	answer[h.len] = '\0';
	return h.type == type ? (int)h.len : -2;
}

int
store_read(const char *node, char *ret, size_t size)
{
	static char answer[PAYLOAD_MAX];
	int len = ask(XS_READ, node, "", answer);
	size_t n;

	ret[0] = '\0';
	if (len < 0)
		return len == -2 ? 0 : -1;
	n = strlen(answer);
	if (n >= size)
		n = size - 1;
	memcpy(ret, answer, n);
	ret[n] = '\0';
	return 1;
}

int
store_write(const char *node, const char *text)
{
	static char answer[PAYLOAD_MAX];

	return ask(XS_WRITE, node, text, answer) < 0 ? -1 : 0;
}

int
store_remove(const char *node)
{
	static char answer[PAYLOAD_MAX];

	return ask(XS_RM, node, "", answer) < 0 ? -1 : 0;
}

int
store_bell(const char *node)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	/* The token, with its zero byte. */
	if (put(fd, XS_WATCH, node, "q", 2) == 0)
		return fd;
	close(fd);
	errno = EIO;
	return -1;
}

void
store_hush(int bell)
{
	static char rest[PAYLOAD_MAX];

	while (read(bell, rest, sizeof(rest)) > 0)
		continue;
}

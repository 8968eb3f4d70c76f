/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstore.c - what a guest asks xenstore: which domain, which disks?
 *
 * By hand over the kernel's device, so that the program needs no library.
 * A message is four 32-bit words (type, request, transaction,
 * length) and as many bytes as the last word says.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenstore.h"

#define XS_TYPE_DIRECTORY 1u
#define XS_TYPE_READ 2u
#define XVD_MAJOR 202u

struct xs_head {
	uint32_t type;
	uint32_t request;
	uint32_t transaction;
	uint32_t len;
};

static int
xenstore_get(int fd, void *to, size_t len)
{
	char *p = to;

	while (len > 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t r;

		if (poll(&pfd, 1, 1000) != 1)
			return -1;
		r = read(fd, p, len);
		if (r <= 0)
			return -1;
		p += r;
		len -= (size_t)r;
	}
	return 0;
}

/*
 * One question of type @type about @key.  Returns the length of the answer,
 * which gets a final zero byte, or -1.
 */
static int
xenstore_ask(uint32_t type, const char *key, char *answer, size_t size)
{
	struct xs_head h = { .type = type };
	char message[64];
	size_t len = strlen(key) + 1;
	int fd, rc = -1;

	fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	h.len = (uint32_t)len;
	memcpy(message, &h, sizeof(h));
	memcpy(message + sizeof(h), key, len);
	len += sizeof(h);
	if (write(fd, message, len) == (ssize_t)len &&
	    xenstore_get(fd, &h, sizeof(h)) == 0 && h.type == type &&
	    h.len < size && xenstore_get(fd, answer, h.len) == 0) {
		answer[h.len] = '\0';
		rc = (int)h.len;
	}
	close(fd);
	return rc;
}

void
xenstore_domid(char *ret, size_t size)
{
	char value[8];

	if (xenstore_ask(XS_TYPE_READ, "domid", value, sizeof(value)) <= 0)
		snprintf(value, sizeof(value), "-");
	snprintf(ret, size, "%s", value);
}

void
xenstore_disks(char *ret, size_t size)
{
	char list[512];
	int len = xenstore_ask(XS_TYPE_DIRECTORY, "device/vbd", list,
			       sizeof(list));
	unsigned int have = 0;

	/* Children are device numbers, each with a zero byte at its end. */
	for (int at = 0; at < len; at += (int)strlen(list + at) + 1) {
		unsigned long id = strtoul(list + at, NULL, 10);

		if (id >> 8 == XVD_MAJOR && id % 16 == 0)
			have |= 1u << (id >> 4 & 15);
	}
	ret[0] = '\0';
	for (unsigned int i = 0; i < 16; i++) {
		size_t used = strlen(ret);

		if (have & 1u << i)
			snprintf(ret + used, size - used, "%sxvd%c",
				 used ? "," : "", (int)('a' + i));
	}
}

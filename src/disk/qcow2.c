/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2.c - see qcow2.h. */
#include "qcow2.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

#define MAGIC "QFI\xfb"
#define LEN_V2 72u
#define LEN_V3 80u /* with the words that we look at; the header is longer */

/* Where in the header; all numbers are big-endian. */
enum offset {
	AT_VERSION = 4,
	AT_BACKING_FILE = 8,
	AT_CRYPT_METHOD = 32,
	AT_INCOMPATIBLE = 72, /* version 3 */
};

#define INCOMPATIBLE_CORRUPT (1u << 1)
#define INCOMPATIBLE_DATA_FILE (1u << 2)

static uint32_t
word(const unsigned char *header, enum offset at)
{
	uint32_t v;

	memcpy(&v, header + at, sizeof(v));
	return be32toh(v);
}

static uint64_t
double_word(const unsigned char *header, enum offset at)
{
	uint64_t v;

	memcpy(&v, header + at, sizeof(v));
	return be64toh(v);
}

static int
check(const unsigned char *header, size_t len, const char *path,
      struct err *err)
{
	uint32_t version = word(header, AT_VERSION);
	uint64_t incompatible = 0;

	if (version != 2 && version != 3)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is a qcow2 image of version %u, not 2 or 3",
			       path, version);
	if (version == 3 && len < LEN_V3)
		return err_set(err, ERR_CORRUPT, 0, "%s: its header is cut off",
			       path);
	if (version == 3)
		incompatible = double_word(header, AT_INCOMPATIBLE);
	if (incompatible & INCOMPATIBLE_CORRUPT)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s is marked as corrupt; see `qemu-img check`",
			       path);
	if (double_word(header, AT_BACKING_FILE))
		return err_set(
			err, ERR_UNSUPPORTED, 0,
			"%s has a backing file; only an image that is "
			"whole by itself can be frozen (`qemu-img rebase "
			"-b \"\"` makes it so)",
			path);
	if (incompatible & INCOMPATIBLE_DATA_FILE)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s has its data in another file", path);
	if (word(header, AT_CRYPT_METHOD))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is encrypted, so it could not be exported",
			       path);
	return 0;
}

int
qcow2_check_fd(int fd, const char *name, struct err *err)
{
	unsigned char header[LEN_V3];
	ssize_t n = fd_pread_full(fd, header, sizeof(header), 0, err);

	if (n < 0)
		return err_add(err, "read %s", name);
	if ((size_t)n < LEN_V2 || memcmp(header, MAGIC, 4) != 0)
		return err_set(err, ERR_CORRUPT, 0, "%s is no qcow2 image",
			       name);
	return check(header, (size_t)n, name, err);
}

int
qcow2_check(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "%s", path);
	rc = qcow2_check_fd(fd, path, err);
	fd_close(&fd);
	return rc;
}

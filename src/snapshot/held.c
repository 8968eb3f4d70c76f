/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* held.c - see held.h. */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "memory_sum.h"

/* In the snapshot's folder, from before the first of such volumes is made. */
#define SHARED ".shared"

int
held_open(struct held *ret, const char *domain, const char *name,
	  struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	ret->folder = snapshot_use(domain, name, err);
	return ret->folder < 0 ? -1 : snapshot_load(domain, name, &ret->s, err);
}

void
held_close(struct held *h)
{
	fd_close(&h->folder);
}

int
held_mark_shared(const struct held *h, struct err *err)
{
	return held_is_shared(h->folder) ?
		       0 :
		       fd_write_file(h->folder, SHARED, "", 0, err);
}

bool
held_is_shared(int folder)
{
	return faccessat(folder, SHARED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
check_memory(int fd, const struct snapshot *s, struct err *err)
{
	char sum[SHA256_HEX_LEN + 1];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_set(err, fd_code(errno), errno, "open its %s",
			       SNAPSHOT_MEMORY);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != s->memory_bytes)
		return err_set(err, ERR_CORRUPT, 0,
			       "its %s is not the one that was kept with it: "
			       "it has %lld bytes, and should have %llu",
			       SNAPSHOT_MEMORY, (long long)st.st_size,
			       (unsigned long long)s->memory_bytes);
	if (!s->memory_sum[0])
		return 0;
	if (memory_sum(fd, sum, err))
		return -1;
	if (strcmp(sum, s->memory_sum) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "its %s is not the one that was kept with it: "
			       "it has other bytes",
			       SNAPSHOT_MEMORY);
	return 0;
}

int
held_open_memory(int folder, const struct snapshot *s, struct err *err)
{
	int fd = openat(folder, SNAPSHOT_MEMORY,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (check_memory(fd, s, err))
		fd_close(&fd);
	return fd;
}

int
held_check_memory(const struct held *h, struct err *err)
{
	int fd = held_open_memory(h->folder, &h->s, err);

	if (fd < 0)
		return -1;
	fd_close(&fd);
	return 0;
}

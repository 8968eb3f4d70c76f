/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* held.c - see held.h. */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "memory_sum.h"

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
held_check_memory(const struct held *h, struct err *err)
{
	char sum[SHA256_HEX_LEN + 1];
	struct stat st;
	int fd, rc = 0;

	fd = openat(h->folder, SNAPSHOT_MEMORY,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		rc = err_set(err, fd_code(errno), errno, "open its %s",
			     SNAPSHOT_MEMORY);
	else if (!S_ISREG(st.st_mode) ||
		 (uint64_t)st.st_size != h->s.memory_bytes)
		rc = err_set(err, ERR_CORRUPT, 0,
			     "its %s is not the one that was kept with it: it "
			     "has %lld bytes, and should have %llu",
			     SNAPSHOT_MEMORY, (long long)st.st_size,
			     (unsigned long long)h->s.memory_bytes);
	else if (h->s.memory_sum[0] && memory_sum(fd, sum, err))
		rc = -1;
	else if (h->s.memory_sum[0] && strcmp(sum, h->s.memory_sum) != 0)
		rc = err_set(err, ERR_CORRUPT, 0,
			     "its %s is not the one that was kept with it: it "
			     "has other bytes",
			     SNAPSHOT_MEMORY);
	fd_close(&fd);
	return rc;
}

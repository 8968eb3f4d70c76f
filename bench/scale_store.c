/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scale_store.c - files in a simulated repository, past its store. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "scale.h"

int
scale_put(const char *folder, const char *name, const void *p, size_t len,
	  uint64_t bytes, struct err *err)
{
	char path[PATH_MAX];
	int fd, rc = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "make %s", path);
	if (fd_write_all(fd, p, len, err) == 0)
		rc = bytes > len && ftruncate(fd, (off_t)bytes) ?
			     err_set(err, ERR_IO, errno, "make %s long", path) :
			     0;
	fd_close(&fd);
	return rc;
}

static int
make_folder(const char *folder, const char *name, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return mkdir(path, 0700) && errno != EEXIST ?
		       err_set(err, ERR_IO, errno, "make %s", path) :
		       0;
}

int
scale_folders(const char *folder, struct err *err)
{
	static const char *const names[] = { "sessions", "outcomes", "packs",
					     "index" };
	char name[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (make_folder(folder, names[i], err))
			return -1;
	for (unsigned int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "packs/%02x", i);
		if (make_folder(folder, name, err))
			return -1;
	}
	return 0;
}

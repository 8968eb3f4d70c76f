/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_folder.c - see snapshot_folder.h. */
#include "snapshot_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fd.h"
#include "snapshot.h"

const char *
snapshot_root(void)
{
	const char *root = getenv("XENSNAP_ROOT");

	return root && *root ? root : "/var/lib/xensnap";
}

int
snapshot_open_root(bool make, struct err *err)
{
	int fd;

	if (make && mkdir(snapshot_root(), 0700) && errno != EEXIST)
		return err_set(err,
			       errno == EACCES || errno == EPERM ? ERR_DENIED :
								   ERR_IO,
			       errno, "make %s", snapshot_root());
	fd = fd_open_dir(AT_FDCWD, snapshot_root(), err);
	return fd;
}

/*
 * Whoever lets go of a domain's lock removes the folder when nothing else is
 * in it: made by us or not, it may be gone when we open it.
 */
int
snapshot_open_domain(const char *domain, bool make, struct err *err)
{
	int root = snapshot_open_root(make, err);
	int fd = -1;

	if (root < 0)
		return -1;
	do {
		err_clear(err);
		if (make && mkdirat(root, domain, 0700) == 0) {
			if (fd_sync(root, snapshot_root(), err))
				goto out;
		} else if (make && errno != EEXIST) {
			err_set(err, ERR_IO, errno, "make %s/%s",
				snapshot_root(), domain);
			goto out;
		}
		fd = fd_open_dir(root, domain, err);
	} while (make && fd < 0 && err->code == ERR_NOTFOUND);
out:
	fd_close(&root);
	return fd;
}

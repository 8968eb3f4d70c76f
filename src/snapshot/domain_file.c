/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_file.c - see domain_file.h. */
#include "domain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "json.h"
#include "snapshot.h"

int
domain_file_path(const char *domain, const char *name, char *ret, size_t len,
		 struct err *err)
{
	if ((size_t)snprintf(ret, len, "%s/%s%s%s", snapshot_root(), domain,
			     *name ? "/" : "", name) >= len)
		return err_set(err, ERR_UNSUPPORTED, 0, "the path is too long");
	return 0;
}

static int
open_folder(const char *domain, struct err *err)
{
	char path[PATH_MAX];

	if (domain_file_path(domain, "", path, sizeof(path), err))
		return -1;
	return fd_open_dir(AT_FDCWD, path, err);
}

int
domain_file_write(const char *domain, const char *name, struct json_object *o,
		  struct err *err)
{
	int dir = open_folder(domain, err), rc = -1;

	if (dir >= 0 && o)
		rc = json_write_file(dir, name, o, err);
	else if (dir >= 0)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	json_object_put(o);
	fd_close(&dir);
	return rc;
}

int
domain_file_read(const char *domain, const char *name, struct json_object **ret,
		 struct err *err)
{
	int dir = open_folder(domain, err);

	*ret = dir < 0 ? NULL : json_read_file(dir, name, err);
	fd_close(&dir);
	if (*ret)
		return 1;
	if (err->code != ERR_NOTFOUND)
		return err_add(err, "%s/%s", domain, name);
	err_clear(err);
	return 0;
}

int
domain_file_check(struct json_object *o, const char *domain, uint64_t format,
		  struct err *err)
{
	const char *of;
	uint64_t is;

	if (json_u64(o, "format", &is, err))
		return -1;
	if (is != format)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "it has format %llu, which this version does "
			       "not know",
			       (unsigned long long)is);
	of = json_str(o, "domain", err);
	if (!of)
		return -1;
	if (strcmp(of, domain) != 0)
		return err_set(err, ERR_CORRUPT, 0, "it is of %s", of);
	return 0;
}

static int
forget(int dir, const char *name, struct err *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	return err_set(err, ERR_IO, errno, "remove %s", name);
}

int
domain_file_end(const char *domain, const char *a, const char *b,
		struct err *err)
{
	int dir = open_folder(domain, err);
	int rc = -1;

	if (dir < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	if (forget(dir, a, err) == 0 && forget(dir, b, err) == 0)
		rc = fd_sync(dir, domain, err);
	fd_close(&dir);
	return rc;
}

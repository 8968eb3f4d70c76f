/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * export_copy.c - one disk copied as `xensnap export --no-sums` copies it, or
 * summed as `xensnap export` sums it, without a domain: for bench/export.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "copy.h"
#include "err.h"
#include "fd.h"

static int
copy(const char *from, const char *to, struct err *err)
{
	struct copy_task t = { .what = from, .from = -1, .to = -1 };
	struct stat st;
	uint64_t data;
	int rc = -1;

	t.from = open(from, O_RDONLY | O_CLOEXEC);
	if (t.from < 0 || fstat(t.from, &st)) {
		err_set(err, ERR_IO, errno, "open %s", from);
		goto out;
	}
	t.bytes = (uint64_t)st.st_size;
	t.to = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (t.to < 0) {
		err_set(err, ERR_IO, errno, "make %s", to);
		goto out;
	}
	if (copy_sparse(&t, &data, err) || fd_sync(t.to, to, err))
		goto out;
	printf("%ju bytes of data\n", (uintmax_t)data);
	rc = 0;
out:
	fd_close(&t.to);
	fd_close(&t.from);
	return rc;
}

static int
sum(const char *name, struct err *err)
{
	struct copy_task t = { .what = name, .to = -1 };
	char hex[65];
	struct stat st;
	int rc = -1;

	t.from = open(name, O_RDONLY | O_CLOEXEC);
	if (t.from < 0 || fstat(t.from, &st)) {
		err_set(err, ERR_IO, errno, "open %s", name);
		goto out;
	}
	t.bytes = (uint64_t)st.st_size;
	rc = copy_sum(&t, hex, err);
	if (rc == 0)
		printf("%s\n", hex);
out:
	fd_close(&t.from);
	return rc;
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: export_copy FROM TO\n"
				"       export_copy --sum FILE\n");
		return 2;
	}
	if (strcmp(argv[1], "--sum") == 0)
		rc = sum(argv[2], &err);
	else
		rc = copy(argv[1], argv[2], &err);
	if (rc)
		fprintf(stderr, "export_copy: %s\n", err.text);
	return rc ? 1 : 0;
}

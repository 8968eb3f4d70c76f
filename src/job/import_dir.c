/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import_dir.c - see import_dir.h. */
#include "import_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "hex.h"
#include "snapshot.h"

#define SUMS "SHA256SUMS"
#define SUMS_MAX (64u << 10)

/* ---- names ---- */

/* "xvda.img", "xvda.qcow2" */
static bool
is_disk(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot != name && dot - name < SNAPSHOT_VDEV_LEN &&
	       snapshot_is_name(name) &&
	       (strcmp(dot, ".img") == 0 || strcmp(dot, ".qcow2") == 0);
}

static bool
is_of_an_export(const char *name)
{
	static const char *const names[] = {
		SNAPSHOT_MEMORY, "domain.cfg", "domain.json",
		"snapshot.json", SUMS,
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strlen(name) < IMPORT_NAME_LEN && is_disk(name);
}

const struct import_file *
import_dir_find(const struct import_dir *d, const char *name)
{
	for (unsigned int i = 0; i < d->n_files; i++)
		if (strcmp(d->files[i].name, name) == 0)
			return &d->files[i];
	return NULL;
}

/* ---- files ---- */

static int
check_plain(const char *name, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_CORRUPT, 0, "%s is no plain file",
			       name);
	if ((uint64_t)st->st_size > IMPORT_BYTES_MAX)
		return err_set(err, ERR_CORRUPT, 0,
			       "%s has %ju bytes, more than any disk", name,
			       (uintmax_t)st->st_size);
	return 0;
}

static bool
is_as_it_was(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int
import_file_check(const struct import_file *f, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, ERR_IO, errno, "look at %s", f->name);
	if (is_as_it_was(&f->st, &st))
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "%s was changed meanwhile",
		       f->name);
}

/*
 * First without opening it for anything: to open a device, or a pipe, is to do
 * something with it.
 */
int
import_file_open(const struct import_dir *d, const struct import_file *f,
		 struct err *err)
{
	char path[40];
	struct stat st;
	int fd, at;

	at = openat(d->fd, f->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0 || fstat(at, &st)) {
		err_set(err, ERR_IO, errno, "open %s", f->name);
		fd_close(&at);
		return -1;
	}
	if (check_plain(f->name, &st, err)) {
		fd_close(&at);
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		err_set(err, ERR_IO, errno, "open %s", f->name);
	else if (import_file_check(f, fd, err))
		fd_close(&fd);
	fd_close(&at);
	return fd;
}

int
import_file_sum(const struct import_file *f, const char *sha256,
		struct err *err)
{
	if (!f->sha256[0] || strcmp(f->sha256, sha256) == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, 0,
		       "%s is not what SHA256SUMS says it is", f->name);
}

static int
check_text(const struct import_file *f, const char *text, size_t len,
	   struct err *err)
{
	char hex[SHA256_HEX_LEN + 1];
	uint8_t sum[SHA256_BYTES];

	if (memchr(text, '\0', len))
		return err_set(err, ERR_CORRUPT, 0, "%s is no text", f->name);
	if (sha256_of(text, len, sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	hex_text(sum, sizeof(sum), hex);
	return import_file_sum(f, hex, err);
}

char *
import_file_text(const struct import_dir *d, const struct import_file *f,
		 size_t max, struct err *err)
{
	size_t len = (size_t)f->st.st_size;
	char *text = NULL;
	ssize_t n;
	int fd;

	if ((uint64_t)f->st.st_size > max) {
		err_set(err, ERR_CORRUPT, 0, "%s is too long", f->name);
		return NULL;
	}
	fd = import_file_open(d, f, err);
	if (fd < 0)
		return NULL;
	text = calloc(1, len + 1);
	n = text ? fd_pread_full(fd, text, len, 0, err) :
		   err_set(err, ERR_NOMEM, 0, "out of memory");
	if (n >= 0 && (size_t)n < len)
		n = err_set(err, ERR_CORRUPT, 0, "%s was changed meanwhile",
			    f->name);
	if (n < 0 || import_file_check(f, fd, err) ||
	    check_text(f, text, len, err)) {
		free(text);
		text = NULL;
	}
	fd_close(&fd);
	return text;
}

/* ---- the folder ---- */

static int
add_file(struct import_dir *d, const char *name, struct err *err)
{
	struct import_file *f = &d->files[d->n_files];

	if (!is_of_an_export(name))
		return err_set(err, ERR_CORRUPT, 0,
			       "\"%s\" is no file of an export; move it away",
			       name);
	if (d->n_files == IMPORT_FILES_MAX)
		return err_set(err, ERR_CORRUPT, 0,
			       "it has more files than an export can have");
	if (fstatat(d->fd, name, &f->st, AT_SYMLINK_NOFOLLOW))
		return err_set(err, ERR_IO, errno, "look at %s", name);
	strcpy(f->name, name);
	d->n_files++;
	return check_plain(name, &f->st, err);
}

static int
list_files(struct import_dir *d, struct err *err)
{
	int copy = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		err_set(err, ERR_IO, errno, "list it");
		fd_close(&copy);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = add_file(d, e->d_name, err);
	if (rc == 0 && errno)
		rc = err_set(err, ERR_IO, errno, "list it");
	closedir(dir);
	return rc;
}

static int
give_sums(struct import_dir *d, const struct import_sum *sums, unsigned int n,
	  struct err *err)
{
	unsigned int i, k;

	for (i = 0; i < n; i++)
		if (!import_dir_find(d, sums[i].name) ||
		    strcmp(sums[i].name, SUMS) == 0)
			return err_set(err, ERR_CORRUPT, 0,
				       "%s is in SHA256SUMS, and not there",
				       sums[i].name);
	for (i = 0; i < d->n_files; i++) {
		struct import_file *f = &d->files[i];

		for (k = 0; k < n; k++)
			if (strcmp(f->name, sums[k].name) == 0)
				strcpy(f->sha256, sums[k].sha256);
		if (!f->sha256[0] && strcmp(f->name, SUMS) != 0)
			return err_set(err, ERR_CORRUPT, 0,
				       "%s is not in SHA256SUMS", f->name);
	}
	return 0;
}

static int
read_sums(struct import_dir *d, struct err *err)
{
	const struct import_file *f = import_dir_find(d, SUMS);
	struct import_sum *sums;
	unsigned int n;
	char *text;
	int rc = -1;

	if (!f)
		return 0;
	d->sums = true;
	text = import_file_text(d, f, SUMS_MAX, err);
	sums = calloc(IMPORT_FILES_MAX, sizeof(*sums));
	if (text && !sums)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else if (text && import_sums_read(text, strlen(text), sums,
					  IMPORT_FILES_MAX, &n, err) == 0)
		rc = give_sums(d, sums, n, err);
	free(sums);
	free(text);
	return rc;
}

int
import_dir_open(struct import_dir *d, const char *path, struct err *err)
{
	d->n_files = 0;
	d->sums = false;
	d->fd = fd_open_dir(AT_FDCWD, path, err);
	if (d->fd < 0)
		return -1;
	if (list_files(d, err) || read_sums(d, err))
		return err_add(err, "%s", path);
	return 0;
}

void
import_dir_close(struct import_dir *d)
{
	fd_close(&d->fd);
}

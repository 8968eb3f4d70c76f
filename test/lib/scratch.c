/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scratch.c - see scratch.h. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[512];

int
scratch_begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/xensnap-test.XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	*state = folder;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
scratch_end(void **state)
{
	*state = NULL;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_path(const char *name)
{
	static char ring[16][1200];
	static unsigned int next;
	char *path = ring[next++ % 16];

	snprintf(path, sizeof(ring[0]), "%s%s%s", folder, *name ? "/" : "",
		 name);
	return path;
}

void
scratch_put(const char *name, const void *data, size_t len)
{
	int fd = open(scratch_path(name),
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

void
scratch_puts(const char *name, const char *text)
{
	scratch_put(name, text, strlen(text));
}

char *
scratch_get(const char *name, size_t *ret_len)
{
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, (size_t)st.st_size), st.st_size);
	text[st.st_size] = '\0';
	close(fd);
	if (ret_len)
		*ret_len = (size_t)st.st_size;
	return text;
}

bool
scratch_there(const char *name)
{
	struct stat st;

	return lstat(scratch_path(name), &st) == 0;
}

void
scratch_mkdir(const char *name)
{
	assert_int_equal(mkdir(scratch_path(name), 0700), 0);
}

int
scratch_dir(const char *name)
{
	int fd = open(scratch_path(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

unsigned int
scratch_count(const char *name)
{
	DIR *d = opendir(scratch_path(name));
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

int
scratch_new(const char *name)
{
	int fd = open(scratch_path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		      0600);

	assert_true(fd >= 0);
	return fd;
}

int
scratch_open(const char *name)
{
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

void
scratch_make(const char *name, uint64_t size,
	     const struct scratch_piece *pieces, size_t n)
{
	int fd = scratch_new(name);
	size_t i;

	for (i = 0; i < n; i++) {
		char *data = malloc(pieces[i].len);

		assert_non_null(data);
		memset(data, pieces[i].byte, pieces[i].len);
		assert_int_equal(pwrite(fd, data, pieces[i].len,
					(off_t)pieces[i].offset),
				 pieces[i].len);
		free(data);
	}
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_help.c - see fuzz.h. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "store_mem.h"
#include "text.h"

void
fuzz_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: it must be that %s\n", file, line, what);
	abort();
}

void
fuzz_refused(const struct err *err, unsigned int codes)
{
	if (!(CODE(err->code) & codes))
		fprintf(stderr, "error %d: %s\n", (int)err->code, err->text);
	must(CODE(err->code) & codes);
	must(err->text[0]);
	must(memchr(err->text, '\0', sizeof(err->text)));
	must(text_is_plain(err->text));
}

uint8_t *
fuzz_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	must(copy);
	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *
fuzz_text(const void *p, size_t len)
{
	char *text = malloc(len + 1);

	must(text);
	if (len)
		memcpy(text, p, len);
	text[len] = '\0';
	return text;
}

struct key *
fuzz_key(void)
{
	static const uint8_t zeros[KEY_BYTES];
	static struct key *key;
	struct err err = ERR_INIT;

	if (!key)
		key = key_new(zeros, zeros, &err);
	must(key);
	return key;
}

struct store *
fuzz_store(void)
{
	struct store *s = store_mem_new();

	must(s);
	return s;
}

void
fuzz_put(struct store *s, const char *name, const void *p, size_t len)
{
	must(store_mem_set(s, name, p, len));
}

/* ---- files ---- */

static char path[PATH_MAX];

static void
remove_folder(void)
{
	DIR *dir = opendir(path);
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

int
fuzz_folder(void)
{
	const char *in = getenv("TMPDIR");
	static int dir = -1;

	if (dir >= 0)
		return dir;
	snprintf(path, sizeof(path), "%s/fuzz-XXXXXX", in ? in : "/tmp");
	must(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(dir >= 0 && atexit(remove_folder) == 0);
	return dir;
}

static void
write_all(int fd, const void *p, size_t len)
{
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, p, len, 0) == (ssize_t)len);
}

void
fuzz_file(const char *name, const void *p, size_t len)
{
	int fd =
		openat(fuzz_folder(), name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0);
	write_all(fd, p, len);
	close(fd);
}

int
fuzz_memory(const void *p, size_t len)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd >= 0);
	write_all(fd, p, len);
	return fd;
}

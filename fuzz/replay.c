/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c - main() of a target without libFuzzer: it is given each of the
 * files that are named, and each file of a folder.  Says how many there were.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static unsigned int n_inputs;

static void
run_file(int dir, const char *name)
{
	struct stat st;
	uint8_t *p;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	/* Who dies in the next call leaves this as the last line. */
	fprintf(stderr, "%s\n", name);
	must(fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	p = malloc(st.st_size ? (size_t)st.st_size : 1);
	must(p && read(fd, p, (size_t)st.st_size) == st.st_size);
	close(fd);
	LLVMFuzzerTestOneInput(p, (size_t)st.st_size);
	free(p);
	n_inputs++;
}

static void
run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;

	must(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			run_file(dirfd(dir), e->d_name);
	closedir(dir);
}

int
main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		must(stat(argv[i], &st) == 0);
		if (S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(AT_FDCWD, argv[i]);
	}
	printf("%u\n", n_inputs);
	return n_inputs ? 0 : 1;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_memory.c - a save file as two images, and they a save file again: that
 * has the one form, so a second time nothing changes.  And a frame that
 * somebody else made: it is refused, or comes to a save file that is taken.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "fuzz.h"
#include "memory_in.h"
#include "memory_out.h"
#include "stream.h"

#define BYTES_MAX (1u << 20) /* of an image, with its holes */

static int
new_file(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	must(fd >= 0);
	return fd;
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return (uint64_t)st.st_size;
}

static uint8_t *
read_image(const struct reader *r, uint64_t bytes)
{
	struct err err = ERR_INIT;
	uint8_t *p = malloc(bytes + 1);

	must(p && reader_read(r, p, bytes, 0, &err) == 0);
	return p;
}

/* Holes are where zeros are. */
static void
check_holes(const struct reader *r, const uint8_t *p, uint64_t bytes)
{
	struct err err = ERR_INIT;
	uint64_t at = 0, len = 0, was = 0;

	while (reader_next_data(r, bytes, &at, &len, &err) > 0) {
		must(at >= was && len > 0 && at + len <= bytes);
		for (; was < at; was++)
			must(p[was] == 0);
		at = was = at + len;
	}
	must(err.code == ERR_NONE);
	for (; was < bytes; was++)
		must(p[was] == 0);
}

/* The frame in @frame, with pages of zeros when @pages is NULL: a file, or -1.
 */
static int
join(int frame, const uint8_t *pages, struct err *err)
{
	struct memory_out *m = NULL;
	int to = new_file(), rc = -1;
	uint64_t bytes;
	uint8_t *zeros = NULL;

	if (memory_out_open(frame, size_of(frame), &m, err))
		goto out;
	bytes = memory_out_page_bytes(m);
	if (!pages && bytes > BYTES_MAX)
		goto out;
	zeros = calloc(1, bytes + 1);
	must(zeros);
	rc = memory_out_begin(m, to, NULL, err) ||
			     memory_out_pages(m, pages ? pages : zeros, bytes,
					      err) ||
			     memory_out_end(m, err) ?
		     -1 :
		     0;
out:
	memory_out_close(m);
	free(zeros);
	if (rc)
		fd_close(&to);
	return to;
}

/* The save file @fd there and back: a file, or -1 when it is refused. */
static int
there_and_back(int fd, struct err *err)
{
	uint64_t n_pages, n_frame;
	const struct reader *pages, *frame;
	struct memory_in *m;
	uint8_t *p, *f;
	int image, back;

	if (memory_in_open(fd, fuzz_folder(), &m, err))
		return -1;
	pages = memory_in_pages(m, &n_pages);
	frame = memory_in_frame(m, &n_frame);
	if (n_pages > BYTES_MAX || n_frame > 8 * BYTES_MAX) {
		memory_in_close(m);
		err_set(err, ERR_CORRUPT, 0, "too large for here");
		return -1;
	}
	p = read_image(pages, n_pages);
	f = read_image(frame, n_frame);
	check_holes(pages, p, n_pages);
	image = new_file();
	must(fd_pwrite_all(image, f, n_frame, 0, err) == 0);
	back = join(image, p, err);
	must(back >= 0);
	fd_close(&image);
	free(p);
	free(f);
	memory_in_close(m);
	return back;
}

static void
check_same(int a, int b)
{
	uint64_t bytes = size_of(a);
	uint8_t *x = malloc(bytes + 1), *y = malloc(bytes + 1);
	struct err err = ERR_INIT;

	must(x && y && size_of(b) == bytes);
	must(fd_pread_full(a, x, bytes, 0, &err) == (ssize_t)bytes);
	must(fd_pread_full(b, y, bytes, 0, &err) == (ssize_t)bytes);
	must(memcmp(x, y, bytes) == 0);
	free(x);
	free(y);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	int once = there_and_back(fuzz_memory(p, len), &err), twice;

	if (once >= 0) {
		twice = there_and_back(once, &err);
		must(twice >= 0);
		check_same(once, twice);
		fd_close(&twice);
		fd_close(&once);
		return 0;
	}
	fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	err_clear(&err);
	once = join(fuzz_memory(p, len), NULL, &err);
	if (once < 0) {
		if (err.code)
			fuzz_refused(&err, CORRUPT | UNSUPPORTED);
		return 0;
	}
	twice = there_and_back(once, &err);
	must(twice >= 0 || strcmp(err.text, "too large for here") == 0);
	fd_close(&twice);
	fd_close(&once);
	return 0;
}

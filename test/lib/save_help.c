/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* save_help.c - see save_help.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "memory_in.h"
#include "memory_out.h"
#include "save_help.h"
#include "scratch.h"
#include "stream.h"
#include "xl_header.h"

/* ---- a save file, made up ---- */

static void
put_page(struct buf *b, uint64_t pfn, unsigned int seed)
{
	uint8_t *p = buf_more(b, STREAM_PAGE);

	for (unsigned int i = 0; i < STREAM_PAGE; i++)
		p[i] = (uint8_t)(pfn * 7 + seed + i % 251);
}

void
put_pages(struct buf *b, uint64_t first, uint32_t n, unsigned int type,
	  unsigned int seed)
{
	bool data = type < STREAM_TYPE_BARE;

	put_u32(b, 1);
	put_u32(b, 8 + 8 * n + (data ? STREAM_PAGE * n : 0));
	put_u32(b, n);
	put_u32(b, 0);
	for (uint32_t i = 0; i < n; i++)
		put_u64(b, STREAM_ENTRY(first + i, type));
	for (uint32_t i = 0; data && i < n; i++)
		put_page(b, first + i, seed);
}

void
put_record(struct buf *b, uint32_t type, const char *body)
{
	uint32_t len = (uint32_t)strlen(body);

	put_u32(b, type);
	put_u32(b, len);
	put_bytes(b, body, len);
	put_zeros(b, -len & 7);
}

void
put_start(struct buf *b, uint32_t kind)
{
	static const uint8_t libxl[] = "LibxlFmt\0\0\0\2\0\0\0";
	static const uint8_t image[] = "\xff\xff\xff\xff\xff\xff\xff\xff"
				       "XENF\0\0\0\3\0\0\0\0\0\0\0";
	static const uint8_t domain[] = "\14\0\0\0\4\0\0\0\21\0\0";
	FILE *f = tmpfile();
	struct err err = ERR_INIT;
	ssize_t n;

	assert_int_equal(xl_header_write(fileno(f), SAVE_CONFIG, &err), 0);
	n = fd_pread_full(fileno(f), buf_more(b, SAVE_HEADER), SAVE_HEADER, 0,
			  &err);
	assert_int_equal(n, SAVE_HEADER);
	fclose(f);
	put_bytes(b, libxl, 16);
	put_record(b, 1, "");
	put_bytes(b, image, 24);
	put_u32(b, kind);
	put_bytes(b, domain, 12);
}

void
put_head(struct buf *b)
{
	put_start(b, SAVE_HVM);
	put_record(b, 0x11, "cpuid");
	put_record(b, 0x10, "");
}

void
put_tail(struct buf *b)
{
	put_record(b, 8, "the time stamp counter's");
	put_record(b, 9, "an HVM context");
	put_record(b, 0, "");
	put_record(b, 3, "what the emulator has");
	put_record(b, 0, "");
}

/* ---- there and back ---- */

/* Where the one before may be. */
static int
make_anew(const char *name)
{
	unlink(scratch_path(name));
	return scratch_new(name);
}

static void
copy_image(const struct reader *r, uint64_t bytes, const char *name)
{
	int fd = make_anew(name);
	uint64_t at = 0, len = 0, seen = 0;
	struct err err = ERR_INIT;
	uint8_t piece[4 * STREAM_PAGE];

	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	while (at < bytes && reader_next_data(r, bytes, &at, &len, &err) > 0) {
		assert_true(at >= seen && len > 0 && at + len <= bytes);
		seen = at + len;
		while (at < seen) {
			size_t n = seen - at < sizeof(piece) ? seen - at :
							       sizeof(piece);

			assert_int_equal(reader_read(r, piece, n, at, &err), 0);
			assert_int_equal(fd_pwrite_all(fd, piece, n, at, &err),
					 0);
			at += n;
		}
	}
	assert_int_equal(err.code, ERR_NONE);
	close(fd);
}

int
save_split(const struct buf *save, struct err *err)
{
	int fd, dir = scratch_dir(""), rc;
	struct memory_in *m = NULL;
	const struct reader *r;
	uint64_t bytes;

	scratch_put("save", save->data, save->len);
	fd = scratch_open("save");
	rc = memory_in_open(fd, dir, &m, err);
	if (rc == 0) {
		r = memory_in_pages(m, &bytes);
		assert_int_equal(bytes % STREAM_PAGE, 0);
		copy_image(r, bytes, "pages");
		r = memory_in_frame(m, &bytes);
		copy_image(r, bytes, "frame");
	}
	memory_in_close(m);
	close(fd);
	close(dir);
	return rc;
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_size;
}

static int
feed(struct memory_out *m, int pages, size_t step, struct err *err)
{
	uint64_t bytes = size_of(pages);
	uint8_t *piece = malloc(step);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < bytes; at += step) {
		size_t n = bytes - at < step ? bytes - at : step;

		assert_int_equal(fd_pread_full(pages, piece, n, at, err),
				 (ssize_t)n);
		rc = memory_out_pages(m, piece, n, err);
	}
	free(piece);
	return rc;
}

int
save_join(size_t step, const char *config, struct err *err)
{
	int frame = scratch_open("frame"), pages = scratch_open("pages");
	int to = make_anew("again"), rc;
	struct memory_out *m = NULL;

	rc = memory_out_open(frame, size_of(frame), &m, err);
	if (rc == 0) {
		assert_string_equal(memory_out_config(m), SAVE_CONFIG);
		rc = memory_out_begin(m, to, config, err);
	}
	if (rc == 0)
		rc = feed(m, pages, step, err);
	if (rc == 0)
		rc = memory_out_end(m, err);
	memory_out_close(m);
	close(frame);
	close(pages);
	close(to);
	return rc;
}

void
put_canonical(struct buf *b, unsigned int seed)
{
	put_head(b);
	put_pages(b, 0, 1024, NOTAB, seed);
	/* One record of three kinds. */
	put_u32(b, 1);
	put_u32(b, 8 + 8 * 302 + STREAM_PAGE * 276);
	put_u32(b, 302);
	put_u32(b, 0);
	for (uint64_t pfn = 1024; pfn < 1300; pfn++)
		put_u64(b, STREAM_ENTRY(pfn, NOTAB));
	for (uint64_t pfn = 1300; pfn < 1325; pfn++)
		put_u64(b, STREAM_ENTRY(pfn, XTAB));
	put_u64(b, STREAM_ENTRY(1325, BROKEN));
	for (uint64_t pfn = 1024; pfn < 1300; pfn++)
		put_page(b, pfn, seed);
	put_pages(b, 4000, 1, NOTAB, seed);
	put_tail(b);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_save.c - a save file of xl's: what is accepted has a configuration that
 * is text, and two streams that end where the file does.
 */
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "stream.h"
#include "xl_header.h"

#define CONFIG_MAX 4096u

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	int fd = fuzz_memory(p, len);
	struct err err = ERR_INIT;
	struct xl_header h;
	struct stream_walked s;

	if (xl_header_read(fd, 0, CONFIG_MAX, &h, &err)) {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	} else {
		must(h.len >= 52 && h.len <= len && h.len <= CONFIG_MAX + 52);
		must(memcmp(h.bytes, p, h.len) == 0);
		must(strlen(h.config) <= h.len - 52);
		if (stream_walk(fd, h.len, len, NULL, &s, &err)) {
			fuzz_refused(&err, CORRUPT | UNSUPPORTED);
		} else {
			/* Headers, and both ends. */
			must(len - h.len >= 16 + 8 + 24 + 16 + 8 + 8);
			must(s.n_records >= 3 && s.n_pages <= len / 8);
			must(le64_at(p + len - 8) == 0);
		}
	}
	xl_header_done(&h);
	return 0;
}

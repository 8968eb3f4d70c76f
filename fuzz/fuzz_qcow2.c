/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_qcow2.c - the header of a qcow2 image: what is accepted is, by QEMU's
 * page on the format, an image of version 2 or 3 that is whole by itself.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "qcow2.h"

static uint64_t
big(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	int fd = fuzz_memory(p, len);
	struct err err = ERR_INIT;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (qcow2_check(path, &err)) {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
		return 0;
	}
	must(len >= 72 && memcmp(p, "QFI\xfb", 4) == 0);
	must(big(p + 4, 4) == 2 || (big(p + 4, 4) == 3 && len >= 80));
	must(big(p + 8, 8) == 0 && big(p + 32, 4) == 0);
	if (big(p + 4, 4) == 3)
		must((big(p + 72, 8) & 6) == 0);
	return 0;
}

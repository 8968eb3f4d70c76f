/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_sums.c - SHA256SUMS of an export: what is accepted are names of ours,
 * each once, and written again it is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "import_sums.h"
#include "snapshot.h"

#define MAX 16

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct import_sum sums[MAX];
	struct err err = ERR_INIT;
	char *text = fuzz_text(p, len), line[160];
	unsigned int n;
	size_t at = 0;

	if (import_sums_read(text, len, sums, MAX, &n, &err)) {
		fuzz_refused(&err, CORRUPT);
		free(text);
		return 0;
	}
	must(n <= MAX);
	for (unsigned int i = 0; i < n; i++) {
		must(snapshot_is_name(sums[i].name));
		must(strlen(sums[i].sha256) == 64);
		for (unsigned int k = 0; k < i; k++)
			must(strcmp(sums[i].name, sums[k].name) != 0);
		snprintf(line, sizeof(line), "%s %c%s\n", sums[i].sha256,
			 text[at + 65], sums[i].name);
		must(strncmp(text + at, line, strlen(line)) == 0);
		at += strlen(line);
	}
	must(at == len);
	free(text);
	return 0;
}

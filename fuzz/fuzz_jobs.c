/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_jobs.c - a job file: what is accepted makes sense. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "jobs_due.h"
#include "jobs_file.h"

static void
check_patterns(const struct jobs_patterns *p)
{
	must(p->n <= JOBS_PATTERNS_MAX);
	for (unsigned int i = 0; i < p->n; i++) {
		must(p->at[i][0] && strlen(p->at[i]) <= SNAPSHOT_NAME_MAX);
		must(jobs_is_pattern(p->at[i]) || snapshot_is_name(p->at[i]));
		for (unsigned int k = 0; k < i; k++)
			must(strcmp(p->at[i], p->at[k]) != 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct err err = ERR_INIT;
	char *text = fuzz_text(p, len);
	struct jobs_file f;
	int rc = jobs_parse("web", "web.conf", text, len, &f, &err);

	free(text);
	if (rc) {
		fuzz_refused(&err, INVALID);
		must(strncmp(err.text, "web.conf:", 9) == 0);
		return 0;
	}
	check_patterns(&f.domains);
	check_patterns(&f.except);
	must(f.domains.n > 0 && f.repository[0] == '/');
	must((f.key_file[0] == '/') != (f.passphrase_file[0] == '/'));
	must(f.every_s >= JOBS_EVERY_LEAST_S);
	must(f.from_min < 24 * 60 && f.to_min < 24 * 60);
	must(!f.has_window || f.from_min != f.to_min);
	must(f.cow.percent <= 100 && (!f.cow.percent || !f.cow.bytes));
	for (int rule = 0; rule < KEEP_RULES; rule++)
		must(f.keep.n[rule] <= JOBS_KEEP_MAX &&
		     (!f.keep.n[rule] || f.prunes));
	(void)jobs_in_window(&f, 0);
	(void)jobs_names(&f, "web1");
	must(!jobs_names(&f, "web1") || jobs_takes(&f, "web1"));
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_journal.c - a journal: if it is believed, each of its whole lines was
 * read, and its story ends with the last of them.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "journal.h"
#include "json.h"

/* The step in the line of @len bytes at @line. */
static void
check_line(const char *line, size_t len, bool last,
	   const struct journal_story *s, unsigned int *views)
{
	struct err err = ERR_INIT;
	struct json_object *o = json_parse(line, len, "a line", &err);
	const char *step;

	must(o);
	step = json_str(o, "step", &err);
	must(step);
	*views += strcmp(step, "view") == 0;
	if (strcmp(step, "instant") == 0)
		must(s->domain_touched && s->uuid[0]);
	if (last)
		must(strcmp(step, journal_step_name(s->last)) == 0);
	json_object_put(o);
}

static void
check(const struct journal_story *s, const char *text, size_t len)
{
	const char *end, *stop = text + len;
	unsigned int n = 0, views = 0;

	for (; (end = memchr(text, '\n', (size_t)(stop - text)));
	     text = end + 1) {
		bool last = !memchr(end + 1, '\n', (size_t)(stop - end) - 1);

		check_line(text, (size_t)(end - text), last, s, &views);
		n++;
	}
	must((n == 0) == (s->last == JOURNAL_NOTHING));
	must(views == s->n_views && views <= DOMAIN_DISKS_MAX);
	must(n == 0 || s->generation[0]);
	must(s->monitor.pid >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct journal_story s;
	struct err err = ERR_INIT;
	char *text = fuzz_text(p, len);

	fuzz_file("journal", p, len);
	if (journal_read(fuzz_folder(), &s, &err) == 0)
		check(&s, text, len);
	else
		fuzz_refused(&err, CORRUPT);
	free(text);
	return 0;
}

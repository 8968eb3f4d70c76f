/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_snapshot.c - the record of a snapshot: what is accepted has names that
 * can be parts of paths, and is the same when it is written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "names.h"

/* The record as it is written; for free(). */
static char *
write_down(const struct snapshot *s)
{
	struct err err = ERR_INIT;
	struct json_object *o = snapshot_to_json(s, &err);
	const char *text;
	char *ret;

	must(o);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	must(text);
	ret = fuzz_text(text, strlen(text));
	json_object_put(o);
	return ret;
}

static void
check(const struct snapshot *s)
{
	char skipped[NAMES_SKIPPED_MAX], when[24];

	must(snapshot_is_name(s->domain) && snapshot_is_name(s->name));
	must(s->mode <= SNAPSHOT_OFFLINE && s->n_disks <= DOMAIN_DISKS_MAX);
	must(s->n_phases <= SNAPSHOT_PHASES_MAX);
	must(s->n_skipped <= DOMAIN_DISKS_MAX);
	for (unsigned int i = 0; i < s->n_disks; i++)
		must(snapshot_is_name(s->disks[i].vdev));
	must(strlen(names_skipped(s, skipped)) < sizeof(skipped));
	names_when(s->created, when, sizeof(when));
}

static void
again(const struct snapshot *s)
{
	static struct snapshot same;
	char *once = write_down(s), *twice;
	struct err err = ERR_INIT;
	struct json_object *o;

	o = json_parse(once, strlen(once), "it", &err);
	must(o && snapshot_from_json(o, &same, &err) == 0);
	twice = write_down(&same);
	must(strcmp(once, twice) == 0);
	json_object_put(o);
	free(once);
	free(twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct snapshot s;
	char *text = fuzz_text(p, len);
	struct err err = ERR_INIT;
	struct json_object *o;

	o = json_parse(text, len, "it", &err);
	if (o && snapshot_from_json(o, &s, &err) == 0) {
		check(&s);
		again(&s);
	} else {
		fuzz_refused(&err, CORRUPT | UNSUPPORTED);
	}
	json_object_put(o);
	free(text);
	return 0;
}

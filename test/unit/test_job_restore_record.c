/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_job_restore_record.c - what the record of a restored folder says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "restore_record.h"
#include "snapshot.h"

#define GENERATION "0f1e2d3c-4b5a-4697-8877-665544332211"

/* As a repository has it: two disks, with memory, a base of that repository. */
static char *
stored(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	struct json_object *o;
	char *text;

	assert_non_null(s);
	strcpy(s->domain, "web1");
	strcpy(s->name, "a");
	strcpy(s->generation, GENERATION);
	strcpy(s->type, "pvh");
	s->mode = SNAPSHOT_LIVE;
	s->memory_bytes = 77;
	memset(s->base_for, 'a', SNAPSHOT_REPO_LEN);
	s->n_disks = 2;
	for (unsigned int i = 0; i < s->n_disks; i++) {
		strcpy(s->disks[i].vdev, i ? "xvdb" : "xvda");
		strcpy(s->disks[i].format, "raw");
		strcpy(s->disks[i].view.source, "/dev/vg/web1");
		s->disks[i].view.bytes = 4096;
	}
	o = snapshot_to_json(s, &err);
	assert_non_null(o);
	text = strdup(json_object_to_json_string(o));
	assert_non_null(text);
	json_object_put(o);
	free(s);
	return text;
}

/* A folder with the second disk alone, and no memory. */
static void
plan_one(struct restore_plan *p, struct target *t, struct backup_disk *d)
{
	memset(p, 0, sizeof(*p));
	memset(t, 0, sizeof(*t));
	memset(d, 0, sizeof(*d));
	strcpy(d->vdev, "xvdb");
	strcpy(d->format, "qcow2");
	d->bytes = 12345;
	t->disk = d;
	t->fd = -1;
	p->targets = t;
	p->n = 1;
}

static void
test_part(void **state)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	struct restore_plan p;
	struct backup_disk d;
	struct json_object *o;
	struct target t;
	char *was, *text;

	(void)state;
	plan_one(&p, &t, &d);
	was = stored();
	text = restore_record_text(was, &p, &err);
	assert_non_null(text);
	o = json_parse(text, strlen(text), "it", &err);
	assert_non_null(o);
	assert_int_equal(snapshot_from_json(o, s, &err), 0);
	assert_string_equal(s->generation, GENERATION);
	assert_int_equal(s->mode, SNAPSHOT_DISKS);
	assert_int_equal(s->memory_bytes, 0);
	assert_string_equal(s->base_for, "");
	assert_int_equal(s->n_disks, 1);
	assert_string_equal(s->disks[0].vdev, "xvdb");
	assert_string_equal(s->disks[0].format, "qcow2");
	assert_string_equal(s->disks[0].view.source, "");
	assert_int_equal(s->disks[0].view.bytes, 12345);
	assert_int_equal(s->n_skipped, 1);
	assert_string_equal(s->skipped[0], "xvda");
	json_object_put(o);
	free(text);
	free(was);
	free(s);
}

static void
test_none_of_ours(void **state)
{
	static const char *const bad[] = { "", "x", "{}", "[1]",
					   "{\"format\": 99}" };
	struct restore_plan p;
	struct backup_disk d;
	struct target t;

	(void)state;
	plan_one(&p, &t, &d);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_null(restore_record_text(bad[i], &p, &err));
		assert_true(err.code == ERR_CORRUPT ||
			    err.code == ERR_UNSUPPORTED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_record.c - the record, to JSON and back, and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "snapshot.h"

/* A record with every field filled; @n_disks of them. */
static void
sample(struct snapshot *s, unsigned int n_disks)
{
	static const char *const phases[] = { "hold", "memory", "views",
					      "resume" };
	unsigned int i;

	memset(s, 0, sizeof(*s));
	strcpy(s->domain, "web1");
	strcpy(s->name, "before");
	strcpy(s->uuid, "11111111-2222-4333-8444-555555555555");
	strcpy(s->generation, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
	strcpy(s->created, "2026-11-22T20:35:13Z");
	s->mode = SNAPSHOT_STOP;
	strcpy(s->type, "PVH");
	strcpy(s->xen_version, "4.17.7");
	s->pause_ms = 43.125;
	s->n_phases = 4;
	for (i = 0; i < s->n_phases; i++) {
		strcpy(s->phases[i].name, phases[i]);
		s->phases[i].ms = 1.5 * (i + 1);
	}
	s->memory_bytes = UINT64_C(9007199254740993); /* above 2^53 */
	memset(s->memory_sum, 'a', SHA256_HEX_LEN);
	s->n_disks = n_disks;
	for (i = 0; i < n_disks; i++) {
		struct snapshot_disk *d = &s->disks[i];

		snprintf(d->vdev, sizeof(d->vdev), "xvd%c", 'a' + (int)i % 26);
		strcpy(d->format, i % 2 ? "raw" : "qcow2");
		strcpy(d->view.driver, i % 2 ? "thin" : "classic");
		snprintf(d->view.source, sizeof(d->view.source), "/dev/vg/%u",
			 i);
		snprintf(d->view.view, sizeof(d->view.view), "/dev/vg/x-%u", i);
		snprintf(d->view.source_uuid, sizeof(d->view.source_uuid),
			 "src-%u", i);
		snprintf(d->view.view_uuid, sizeof(d->view.view_uuid), "v-%u",
			 i);
		strcpy(d->view.generation, s->generation);
		d->view.bytes = UINT64_MAX / 2 - i;
		d->view.cow_bytes = i % 2 ? 0 : 4096 * (i + 1);
		d->io_stall_ms = 100.25 + i;
	}
	s->n_skipped = n_disks;
	for (i = 0; i < n_disks; i++)
		snprintf(s->skipped[i], sizeof(s->skipped[i]), "sd%u", i);
}

static struct json_object *
to_json(const struct snapshot *s)
{
	struct err err = ERR_INIT;
	struct json_object *o = snapshot_to_json(s, &err);

	assert_non_null(o);
	return o;
}

/* What reading @o gives: 0, or -1 with the code in *@code. */
static int
read_back(struct json_object *o, enum err_code *code)
{
	static struct snapshot s;
	struct err err = ERR_INIT;
	int rc = snapshot_from_json(o, &s, &err);

	*code = err.code;
	if (rc)
		assert_true(err.text[0] != '\0');
	return rc;
}

static void
same(const struct snapshot *s)
{
	static struct snapshot got;
	struct err err = ERR_INIT;
	struct json_object *o = to_json(s), *again;
	const char *text = json_object_to_json_string(o);

	/* Through text, as through the file. */
	again = json_parse(text, strlen(text), "it", &err);
	assert_non_null(again);
	assert_int_equal(snapshot_from_json(again, &got, &err), 0);
	assert_memory_equal(&got, s, sizeof(got));
	json_object_put(again);
	json_object_put(o);
}

static void
test_round_trip(void **state)
{
	static struct snapshot s;

	(void)state;
	sample(&s, 2);
	same(&s);
	sample(&s, 0);
	same(&s);
	sample(&s, DOMAIN_DISKS_MAX);
	same(&s);
	sample(&s, 1);
	s.mode = SNAPSHOT_LIVE;
	s.n_phases = SNAPSHOT_PHASES_MAX;
	memset(s.phases, 0, sizeof(s.phases));
	for (unsigned int i = 0; i < s.n_phases; i++)
		snprintf(s.phases[i].name, sizeof(s.phases[i].name), "p%u", i);
	same(&s);
	s.mode = SNAPSHOT_DISKS;
	s.n_phases = 0;
	memset(s.phases, 0, sizeof(s.phases));
	s.memory_bytes = 0;
	same(&s);
	for (s.quiesced = DOMAIN_NOT_QUIESCED; s.quiesced < DOMAIN_FROZEN;
	     s.quiesced++)
		same(&s);
	same(&s);
	s.quiesced = DOMAIN_NOT_ASKED;
	/* A file need not have a uuid, and no hypervisor was asked. */
	s.mode = SNAPSHOT_OFFLINE;
	memset(s.uuid, 0, sizeof(s.uuid));
	memset(s.xen_version, 0, sizeof(s.xen_version));
	same(&s);
}

/* Text that fills its fields to the last byte. */
static void
test_full_fields(void **state)
{
	static struct snapshot s;

	(void)state;
	sample(&s, 1);
	memset(s.domain, 'd', SNAPSHOT_NAME_MAX);
	memset(s.name, 'n', SNAPSHOT_NAME_MAX);
	memset(s.disks[0].view.source, 's', sizeof(s.disks[0].view.source) - 1);
	memset(s.disks[0].view.view, 'v', sizeof(s.disks[0].view.view) - 1);
	memset(s.disks[0].vdev, 'x', sizeof(s.disks[0].vdev) - 1);
	same(&s);
}

static const char *const top_fields[] = {
	"format",     "domain",       "name",  "domain_uuid",
	"generation", "created",      "mode",  "type",
	"phases_ms",  "memory_bytes", "disks", "xen_version",
};
static const char *const disk_fields[] = {
	"vdev",  "driver",    "source",      "view",
	"bytes", "cow_bytes", "source_uuid", "view_uuid",
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Damage member @key of the record, or of its first disk; give the object. */
static struct json_object *
damaged(bool in_disk, const char *key, struct json_object *value)
{
	static struct snapshot s;
	struct json_object *o, *disks, *at;

	sample(&s, 1);
	at = o = to_json(&s);
	if (in_disk) {
		json_object_object_get_ex(o, "disks", &disks);
		at = json_object_array_get_idx(disks, 0);
	}
	json_object_object_del(at, key);
	if (value)
		json_object_object_add(at, key, value);
	return o;
}

static void
corrupt(bool in_disk, const char *key, struct json_object *value)
{
	struct json_object *o = damaged(in_disk, key, value);
	enum err_code code;

	if (read_back(o, &code) != -1)
		fail_msg("a bad \"%s\" was taken: %s", key,
			 json_object_to_json_string(o));
	if (code != ERR_CORRUPT &&
	    !(code == ERR_UNSUPPORTED && strcmp(key, "format") == 0))
		fail_msg("a bad \"%s\" gives error %d", key, (int)code);
	json_object_put(o);
}

static void
test_missing(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(top_fields); i++)
		corrupt(false, top_fields[i], NULL);
	for (i = 0; i < N(disk_fields); i++)
		corrupt(true, disk_fields[i], NULL);
}

static void
test_wrong_type(void **state)
{
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		const char *const *fields = k ? disk_fields : top_fields;
		size_t n = k ? N(disk_fields) : N(top_fields);

		for (i = 0; i < n; i++) {
			corrupt(k, fields[i], json_object_new_boolean(1));
			corrupt(k, fields[i], json_object_new_double(1.5));
			corrupt(k, fields[i], json_object_new_int(-1));
			corrupt(k, fields[i], NULL);
			corrupt(k, fields[i],
				json_object_new_string_len("a\0b", 3));
			if (strcmp(fields[i], "disks") != 0)
				corrupt(k, fields[i], json_object_new_array());
			if (strcmp(fields[i], "phases_ms") != 0)
				corrupt(k, fields[i], json_object_new_object());
		}
	}
}

static void
test_too_long(void **state)
{
	static char text[5000];
	size_t i, k;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (k = 0; k < 2; k++) {
		const char *const *fields = k ? disk_fields : top_fields;
		size_t n = k ? N(disk_fields) : N(top_fields);

		for (i = 0; i < n; i++)
			corrupt(k, fields[i], json_object_new_string(text));
	}
}

/* One byte more than fits. */
static void
test_one_too_long(void **state)
{
	static const struct {
		bool in_disk;
		const char *key;
		size_t fits;
	} limits[] = {
		{ false, "domain", SNAPSHOT_NAME_MAX },
		{ false, "name", SNAPSHOT_NAME_MAX },
		{ false, "generation", DOMAIN_UUID_LEN },
		{ false, "domain_uuid", DOMAIN_UUID_LEN },
		{ true, "vdev", 31 },
		{ true, "driver", 15 },
		{ true, "source", 1023 },
		{ true, "view", 1023 },
	};
	char text[1100];
	size_t i;

	(void)state;
	for (i = 0; i < N(limits); i++) {
		struct json_object *o;
		enum err_code code;

		memset(text, 'x', sizeof(text));
		text[limits[i].fits + 1] = '\0';
		corrupt(limits[i].in_disk, limits[i].key,
			json_object_new_string(text));
		text[limits[i].fits] = '\0';
		o = damaged(limits[i].in_disk, limits[i].key,
			    json_object_new_string(text));
		assert_int_equal(read_back(o, &code), 0);
		json_object_put(o);
	}
}

static void
test_odd_values(void **state)
{
	struct json_object *many = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	struct json_object *nulls = json_object_new_array();
	char key[16];
	int i;

	(void)state;
	corrupt(false, "mode", json_object_new_string("warp"));
	corrupt(false, "quiesced", json_object_new_string("warm"));
	corrupt(false, "quiesced", json_object_new_string(""));
	corrupt(false, "quiesced", json_object_new_int(1));
	corrupt(false, "format", json_object_new_int(2));
	corrupt(false, "format", json_object_new_int(0));
	corrupt(true, "format", json_object_new_int(0));
	corrupt(true, "format", json_object_new_string("vhd"));
	for (i = 0; i <= SNAPSHOT_PHASES_MAX; i++) {
		snprintf(key, sizeof(key), "p%d", i);
		json_object_object_add(many, key, json_object_new_double(1));
	}
	corrupt(false, "phases_ms", many);
	many = json_object_new_object();
	json_object_object_add(many, "a-name-that-is-much-too-long-for-it",
			       json_object_new_double(1));
	corrupt(false, "phases_ms", many);
	for (i = 0; i <= DOMAIN_DISKS_MAX; i++)
		json_object_array_add(disks, json_object_new_object());
	corrupt(false, "disks", disks);
	json_object_array_add(nulls, NULL);
	corrupt(false, "disks", nulls);
	nulls = json_object_new_array();
	json_object_array_add(nulls, json_object_new_string("xvda"));
	corrupt(false, "disks", nulls);
}

/* What would be told as "nan" or "inf" is no JSON. */
static void
test_odd_times(void **state)
{
	static const double odd[] = { NAN, INFINITY, -INFINITY, -1, 1e300 };
	struct json_object *phases;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		phases = json_object_new_object();
		json_object_object_add(phases, "hold",
				       json_object_new_double(odd[i]));
		corrupt(false, "phases_ms", phases);
		corrupt(false, "pause_ms", json_object_new_double(odd[i]));
		corrupt(true, "io_stall_ms", json_object_new_double(odd[i]));
	}
	corrupt(false, "pause_ms", json_object_new_string("1"));
}

/* The disks of older records are raw. */
static void
test_no_format(void **state)
{
	struct json_object *o = damaged(true, "format", NULL);
	static struct snapshot s;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(snapshot_from_json(o, &s, &err), 0);
	assert_string_equal(s.disks[0].format, "raw");
	json_object_put(o);
}

/* Older records don't have it; a bad one is no older one. */
static void
test_skipped(void **state)
{
	struct json_object *o = damaged(false, "skipped_disks", NULL), *list;
	static struct snapshot s;
	struct err err = ERR_INIT;
	int i;

	(void)state;
	assert_int_equal(snapshot_from_json(o, &s, &err), 0);
	assert_int_equal(s.n_skipped, 0);
	json_object_put(o);
	corrupt(false, "skipped_disks", json_object_new_string("xvda"));
	corrupt(false, "skipped_disks", json_object_new_object());
	for (i = 0; i < 4; i++) {
		static const char *const bad[] = {
			"", "../x", "xvda\nxvdb",
			"a-name-that-is-too-long-for-a-disk"
		};

		list = json_object_new_array();
		json_object_array_add(list, json_object_new_string(bad[i]));
		corrupt(false, "skipped_disks", list);
	}
	list = json_object_new_array();
	json_object_array_add(list, json_object_new_int(1));
	corrupt(false, "skipped_disks", list);
	list = json_object_new_array();
	json_object_array_add(list, NULL);
	corrupt(false, "skipped_disks", list);
	list = json_object_new_array();
	for (i = 0; i <= DOMAIN_DISKS_MAX; i++)
		json_object_array_add(list, json_object_new_string("xvda"));
	corrupt(false, "skipped_disks", list);
}

/* Names in a record become paths: they must be names. */
static void
test_hostile_names(void **state)
{
	static const char *const bad[] = { "..", "../x", "a/b", "",
					   ".x", "a@b",  "a\nb" };
	size_t i;

	(void)state;
	for (i = 0; i < N(bad); i++) {
		corrupt(false, "domain", json_object_new_string(bad[i]));
		corrupt(false, "name", json_object_new_string(bad[i]));
		corrupt(true, "vdev", json_object_new_string(bad[i]));
	}
}

/* Not an object at all; and cut or damaged at every byte: never a crash. */
static void
test_garbage(void **state)
{
	static struct snapshot s;
	struct json_object *o;
	struct err err = ERR_INIT;
	enum err_code code;
	char *text, *copy;
	size_t i, len;

	(void)state;
	assert_int_equal(snapshot_from_json(NULL, &s, &err), -1);
	o = json_object_new_array();
	assert_int_equal(read_back(o, &code), -1);
	json_object_put(o);
	sample(&s, 1);
	o = to_json(&s);
	text = strdup(json_object_to_json_string(o));
	json_object_put(o);
	len = strlen(text);
	copy = malloc(len + 1);
	for (i = 0; i < len; i++) {
		assert_null(json_parse(text, i, "cut", &err));
		for (unsigned int bit = 0; bit < 8; bit++) {
			memcpy(copy, text, len + 1);
			copy[i] = (char)(copy[i] ^ (1 << bit));
			o = json_parse(copy, len, "flipped", &err);
			if (o)
				read_back(o, &code);
			json_object_put(o);
		}
	}
	free(copy);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_full_fields),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_one_too_long),
		cmocka_unit_test(test_odd_values),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_no_format),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import_record.c - see import.h: snapshot.json of an export.
 *
 * What it says of the instant is kept as history; what it says of files is
 * checked against them.  Its texts are shown to people, so each must be what
 * create writes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "import.h"
#include "json.h"
#include "uuid.h"

#define RECORD "snapshot.json"

/* Do the bytes of @text match @form, in which 0 stands for a digit? */
static bool
has_form(const char *text, const char *form)
{
	for (; *form && *text; form++, text++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return !*form && !*text;
}

static bool
is_word(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

	return !text[strspn(text, chars)];
}

static bool
is_uuid(const char *text)
{
	uint8_t bytes[UUID_BYTES];

	return uuid_read(text, bytes);
}

/* It has a month 13? */
static bool
is_time(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return has_form(text, "0000-00-00T00:00:00Z") && end && !*end;
}

static int
check_record(const struct snapshot *s, struct err *err)
{
	const char *what = NULL;

	if (!is_time(s->created))
		what = "created";
	else if (!is_uuid(s->generation))
		what = "generation";
	else if (s->uuid[0] && !is_uuid(s->uuid))
		what = "domain_uuid";
	else if (!is_word(s->xen_version))
		what = "xen_version";
	for (unsigned int i = 0; i < s->n_phases; i++)
		if (!s->phases[i].name[0] || !is_word(s->phases[i].name))
			what = "phases_ms";
	for (unsigned int i = 0; i < s->n_disks; i++)
		for (unsigned int k = 0; k < i; k++)
			if (strcmp(s->disks[i].vdev, s->disks[k].vdev) == 0)
				what = "disks";
	return what ? err_set(err, ERR_CORRUPT, 0,
			      "\"%s\" in it is none that create writes", what) :
		      0;
}

static int
read_record(const char *text, struct snapshot *ret, struct err *err)
{
	struct json_object *o = json_parse(text, strlen(text), "it", err);
	int rc;

	if (!o)
		return -1;
	rc = snapshot_from_json(o, ret, err) || check_record(ret, err) ? -1 : 0;
	json_object_put(o);
	return rc;
}

/* Without one: what can be known. */
static void
guess(struct import *x)
{
	struct snapshot *s = x->s;

	/* Of what xl save wrote that is true, of the others it does no harm. */
	s->mode = x->memory >= 0                          ? SNAPSHOT_STOP :
		  import_dir_find(&x->dir, "domain.json") ? SNAPSHOT_DISKS :
							    SNAPSHOT_OFFLINE;
	strcpy(s->created, s->imported);
}

static void
take(struct snapshot *s, const struct snapshot *was)
{
	strcpy(s->created, was->created);
	strcpy(s->origin, was->generation);
	s->mode = was->mode;
	strcpy(s->xen_version, was->xen_version);
	s->quiesced = was->quiesced;
	s->pause_ms = was->pause_ms;
	s->n_phases = was->n_phases;
	memcpy(s->phases, was->phases, sizeof(s->phases));
	s->n_skipped = was->n_skipped;
	memcpy(s->skipped, was->skipped, sizeof(s->skipped));
}

int
import_record(struct import *x)
{
	const struct import_file *f = import_dir_find(&x->dir, RECORD);
	char *text;
	int rc;

	clock_utc(x->s->imported, sizeof(x->s->imported));
	if (!f) {
		guess(x);
		return 0;
	}
	text = import_file_text(&x->dir, f, IMPORT_CONFIG_MAX, x->err);
	if (!text)
		return -1;
	rc = read_record(text, &x->was, x->err);
	free(text);
	if (rc)
		return err_add(x->err, RECORD);
	x->has_record = true;
	take(x->s, &x->was);
	if (snapshot_has_memory(x->was.mode) != (x->memory >= 0))
		return err_set(
			x->err, ERR_CORRUPT, 0,
			x->memory >= 0 ?
				"%s is there, and the snapshot had none" :
				"%s is missing",
			SNAPSHOT_MEMORY);
	return 0;
}

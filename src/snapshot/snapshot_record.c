/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot_record.c - the record of a snapshot, to JSON and back.
 *
 * The same object is snapshot.json and what `--json` prints, so that what is
 * kept and what is told cannot differ.
 */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "json_field.h"
#include "snapshot.h"

#define RECORD_FORMAT 1 /* raised when an older reader would err */
#define MS_MAX 1e12     /* 31 years: no instant took longer */

static struct json_object *
disk_to_json(const struct snapshot_disk *d)
{
	struct json_object *o = json_object_new_object();

	json_add_str(o, "vdev", d->vdev);
	json_add_str(o, "format", d->format);
	json_add_str(o, "driver", d->view.driver);
	json_add_str(o, "source", d->view.source);
	json_add_str(o, "view", d->view.view);
	json_add_u64(o, "bytes", d->view.bytes);
	json_add_u64(o, "cow_bytes", d->view.cow_bytes);
	json_add_ms(o, "io_stall_ms", d->io_stall_ms);
	json_add_str(o, "source_uuid", d->view.source_uuid);
	json_add_str(o, "view_uuid", d->view.view_uuid);
	return o;
}

static void
add_skipped(struct json_object *o, const struct snapshot *s)
{
	struct json_object *skipped = json_object_new_array();

	for (unsigned int i = 0; i < s->n_skipped; i++)
		json_object_array_add(skipped,
				      json_object_new_string(s->skipped[i]));
	json_object_object_add(o, "skipped_disks", skipped);
}

struct json_object *
snapshot_to_json(const struct snapshot *s, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *phases = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	char full[2 * SNAPSHOT_NAME_MAX + 2];
	unsigned int i;

	if (!o || !phases || !disks) {
		json_object_put(o);
		json_object_put(phases);
		json_object_put(disks);
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	snprintf(full, sizeof(full), "%s@%s", s->domain, s->name);
	json_add_u64(o, "format", RECORD_FORMAT);
	json_add_str(o, "snapshot", full);
	json_add_str(o, "domain", s->domain);
	json_add_str(o, "name", s->name);
	json_add_str(o, "domain_uuid", s->uuid);
	json_add_str(o, "generation", s->generation);
	json_add_str(o, "created", s->created);
	if (s->imported[0]) {
		json_add_str(o, "imported", s->imported);
		json_add_str(o, "origin", s->origin);
	}
	json_add_str(o, "mode", snapshot_mode_name(s->mode));
	json_add_str(o, "type", s->type);
	json_add_str(o, "xen_version", s->xen_version);
	if (s->quiesced != DOMAIN_NOT_ASKED)
		json_add_str(o, "quiesced", domain_quiesced_name(s->quiesced));
	json_add_ms(o, "pause_ms", s->pause_ms);
	for (i = 0; i < s->n_phases; i++)
		json_add_ms(phases, s->phases[i].name, s->phases[i].ms);
	json_object_object_add(o, "phases_ms", phases);
	json_add_u64(o, "memory_bytes", s->memory_bytes);
	if (s->memory_sum[0])
		json_add_str(o, "memory_sum", s->memory_sum);
	if (s->base_for[0])
		json_add_str(o, "base_for", s->base_for);
	for (i = 0; i < s->n_disks; i++)
		json_object_array_add(disks, disk_to_json(&s->disks[i]));
	json_object_object_add(o, "disks", disks);
	add_skipped(o, s);
	return o;
}

/* @v as a time that can be written down again: JSON here knows "NaN" too. */
static int
ms_from_value(struct json_object *v, const char *key, double *ret,
	      struct err *err)
{
	if (json_object_is_type(v, json_type_double) ||
	    json_object_is_type(v, json_type_int)) {
		*ret = json_object_get_double(v);
		if (*ret >= 0 && *ret <= MS_MAX)
			return 0;
	}
	return err_set(err, ERR_CORRUPT, 0, "\"%s\" is no time", key);
}

/* 0 when it is not there. */
static int
ms_from_json(struct json_object *o, const char *key, double *ret,
	     struct err *err)
{
	struct json_object *v;

	*ret = 0;
	return json_object_object_get_ex(o, key, &v) ?
		       ms_from_value(v, key, ret, err) :
		       0;
}

/* It becomes part of a path: a record is no reason to leave our folders. */
static int
check_name(const char *key, const char *name, struct err *err)
{
	if (snapshot_is_name(name))
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "\"%s\" is no name: \"%.40s\"", key,
		       name);
}

/* Records from before there were others are of raw disks. */
static int
format_from_json(struct json_object *o, char ret[16], struct err *err)
{
	if (!json_object_object_get_ex(o, "format", NULL)) {
		strcpy(ret, "raw");
		return 0;
	}
	if (json_copy_str(o, "format", ret, 16, err))
		return -1;
	if (strcmp(ret, "raw") == 0 || strcmp(ret, "qcow2") == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "disk format \"%s\" is unknown",
		       ret);
}

static int
disk_from_json(struct json_object *o, const char *generation,
	       struct snapshot_disk *d, struct err *err)
{
	struct disk_view_ref *v = &d->view;

	if (json_copy_str(o, "vdev", d->vdev, sizeof(d->vdev), err) ||
	    json_copy_str(o, "driver", v->driver, sizeof(v->driver), err) ||
	    json_copy_str(o, "source", v->source, sizeof(v->source), err) ||
	    json_copy_str(o, "view", v->view, sizeof(v->view), err) ||
	    json_copy_str(o, "source_uuid", v->source_uuid,
			  sizeof(v->source_uuid), err) ||
	    json_copy_str(o, "view_uuid", v->view_uuid, sizeof(v->view_uuid),
			  err) ||
	    json_u64(o, "bytes", &v->bytes, err) ||
	    json_u64(o, "cow_bytes", &v->cow_bytes, err) ||
	    check_name("vdev", d->vdev, err) ||
	    format_from_json(o, d->format, err) ||
	    ms_from_json(o, "io_stall_ms", &d->io_stall_ms, err))
		return -1;
	snprintf(v->generation, sizeof(v->generation), "%s", generation);
	return 0;
}

static int
mode_from_json(struct json_object *o, enum snapshot_mode *ret, struct err *err)
{
	const char *mode = json_str(o, "mode", err);

	if (!mode)
		return -1;
	for (*ret = SNAPSHOT_LIVE; *ret <= SNAPSHOT_OFFLINE; (*ret)++)
		if (strcmp(mode, snapshot_mode_name(*ret)) == 0)
			return 0;
	return err_set(err, ERR_CORRUPT, 0, "mode \"%.20s\" is unknown", mode);
}

/* Only of a snapshot for which the guest was asked. */
static int
quiesced_from_json(struct json_object *o, enum domain_quiesced *ret,
		   struct err *err)
{
	const char *word;

	*ret = DOMAIN_NOT_ASKED;
	if (!json_object_object_get_ex(o, "quiesced", NULL))
		return 0;
	word = json_str(o, "quiesced", err);
	if (!word)
		return -1;
	for (*ret = DOMAIN_NOT_QUIESCED; *ret <= DOMAIN_FROZEN; (*ret)++)
		if (strcmp(word, domain_quiesced_name(*ret)) == 0)
			return 0;
	return err_set(err, ERR_CORRUPT, 0, "\"quiesced\" is \"%.20s\"", word);
}

static int
phases_from_json(struct json_object *o, struct snapshot *s, struct err *err)
{
	struct json_object *phases;

	if (!json_object_object_get_ex(o, "phases_ms", &phases) ||
	    !json_object_is_type(phases, json_type_object))
		return err_set(err, ERR_CORRUPT, 0, "\"phases_ms\" is missing");
	json_object_object_foreach(phases, key, value)
	{
		struct snapshot_phase *p = &s->phases[s->n_phases];

		if (s->n_phases == SNAPSHOT_PHASES_MAX ||
		    strlen(key) >= sizeof(p->name))
			return err_set(err, ERR_CORRUPT, 0,
				       "\"phases_ms\" holds too much");
		strcpy(p->name, key);
		if (ms_from_value(value, key, &p->ms, err))
			return -1;
		s->n_phases++;
	}
	return 0;
}

static int
disks_from_json(struct json_object *o, struct snapshot *s, struct err *err)
{
	struct json_object *disks = json_array(o, "disks", err);
	size_t i, n;

	if (!disks)
		return -1;
	n = json_object_array_length(disks);
	if (n > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_CORRUPT, 0, "%zu disks are too many",
			       n);
	for (i = 0; i < n; i++) {
		if (disk_from_json(json_object_array_get_idx(disks, i),
				   s->generation, &s->disks[i], err))
			return err_add(err, "disk %zu", i);
	}
	s->n_disks = (unsigned int)n;
	return 0;
}

/* Records from before there was --skip-disk don't have it. */
static int
skipped_from_json(struct json_object *o, struct snapshot *s, struct err *err)
{
	struct json_object *list, *v;
	size_t i, n;

	if (!json_object_object_get_ex(o, "skipped_disks", &list))
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return err_set(err, ERR_CORRUPT, 0,
			       "\"skipped_disks\" is no array");
	n = json_object_array_length(list);
	if (n > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_CORRUPT, 0,
			       "%zu skipped disks are too many", n);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		if (!json_object_is_type(v, json_type_string) ||
		    (size_t)json_object_get_string_len(v) >=
			    sizeof(s->skipped[i]))
			return err_set(err, ERR_CORRUPT, 0,
				       "skipped disk %zu has no name", i);
		strcpy(s->skipped[i], json_object_get_string(v));
		if (check_name("skipped_disks", s->skipped[i], err))
			return -1;
	}
	s->n_skipped = (unsigned int)n;
	return 0;
}

/* @key, if it is there: @len digits in @ret. */
static int
hex_from_json(struct json_object *o, const char *key, size_t len, char *ret,
	      struct err *err)
{
	if (!json_object_object_get_ex(o, key, NULL))
		return 0;
	if (json_copy_str(o, key, ret, len + 1, err))
		return -1;
	if (strspn(ret, "0123456789abcdef") == len && !ret[len])
		return 0;
	return err_set(err, ERR_CORRUPT, 0, "\"%s\" is not %zu hex digits", key,
		       len);
}

/* Only of a snapshot that was imported. */
static int
origin_from_json(struct json_object *o, struct snapshot *ret, struct err *err)
{
	if (!json_object_object_get_ex(o, "imported", NULL))
		return 0;
	if (json_copy_str(o, "imported", ret->imported, sizeof(ret->imported),
			  err))
		return -1;
	return json_copy_str(o, "origin", ret->origin, sizeof(ret->origin),
			     err);
}

int
snapshot_from_json(struct json_object *o, struct snapshot *ret, struct err *err)
{
	uint64_t format;

	memset(ret, 0, sizeof(*ret));
	if (json_u64(o, "format", &format, err))
		return -1;
	if (format != RECORD_FORMAT)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the record is of format %ju, made by another "
			       "version of xensnap",
			       (uintmax_t)format);
	if (json_copy_str(o, "domain", ret->domain, sizeof(ret->domain), err) ||
	    json_copy_str(o, "name", ret->name, sizeof(ret->name), err) ||
	    check_name("domain", ret->domain, err) ||
	    check_name("name", ret->name, err) ||
	    json_copy_str(o, "domain_uuid", ret->uuid, sizeof(ret->uuid),
			  err) ||
	    json_copy_str(o, "generation", ret->generation,
			  sizeof(ret->generation), err) ||
	    json_copy_str(o, "created", ret->created, sizeof(ret->created),
			  err) ||
	    origin_from_json(o, ret, err) ||
	    json_copy_str(o, "type", ret->type, sizeof(ret->type), err) ||
	    json_copy_str(o, "xen_version", ret->xen_version,
			  sizeof(ret->xen_version), err) ||
	    mode_from_json(o, &ret->mode, err) ||
	    quiesced_from_json(o, &ret->quiesced, err) ||
	    json_u64(o, "memory_bytes", &ret->memory_bytes, err) ||
	    hex_from_json(o, "memory_sum", SHA256_HEX_LEN, ret->memory_sum,
			  err) ||
	    hex_from_json(o, "base_for", SNAPSHOT_REPO_LEN, ret->base_for,
			  err) ||
	    phases_from_json(o, ret, err) || disks_from_json(o, ret, err) ||
	    skipped_from_json(o, ret, err) ||
	    ms_from_json(o, "pause_ms", &ret->pause_ms, err))
		return -1;
	return 0;
}

const struct snapshot_disk *
snapshot_find_disk(const struct snapshot *s, const char *vdev)
{
	for (unsigned int i = 0; i < s->n_disks; i++)
		if (strcmp(s->disks[i].vdev, vdev) == 0)
			return &s->disks[i];
	return NULL;
}

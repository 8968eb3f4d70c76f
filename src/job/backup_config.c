/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backup_config.c - see backup_source.h: a domain that does not run, as its xl
 * configuration file tells of it; its disks are read as they are.
 *
 * Devices are held meanwhile, so that nobody mounts them; that the domain was
 * not started is asked again at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backup_source.h"
#include "clock.h"
#include "in_use.h"
#include "log.h"
#include "offline.h"
#include "snapshot.h"
#include "uuid.h"

struct stopped {
	struct source base;
	struct domain *domain;
	struct domain_info info;
};

static int
still_off(struct source *s, struct err *err)
{
	struct stopped *x = (struct stopped *)s;

	return offline_check(x->info.name, "was started meanwhile", err);
}

static void
stopped_close(struct source *s)
{
	domain_close(((struct stopped *)s)->domain);
}

static const struct source_ops stopped_ops = {
	.check = still_off,
	.close = stopped_close,
};

/* ---- which domain ---- */

static int
find(struct stopped *x, const struct backup_opts *o, struct err *err)
{
	if (domain_find_offline(o->config_file, NULL, &x->domain, err) ||
	    domain_describe(x->domain, &x->info, err))
		return -1;
	if (!snapshot_is_name(x->info.name))
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s: \"%s\" cannot be a domain's name here",
			       o->config_file, x->info.name);
	if (offline_check(x->info.name,
			  "runs, or is not gone yet; back up a snapshot of it",
			  err))
		return -1;
	return offline_sharers(&x->info, err);
}

static int
describe(struct stopped *x, const struct backup_opts *o, struct err *err)
{
	struct backup *b = &x->base.b;

	b->from = FROM_CONFIG;
	b->mode = (uint8_t)(SNAPSHOT_OFFLINE + 1);
	b->instant = (uint64_t)time(NULL);
	uuid_read(x->info.uuid, b->uuid);
	return source_name(&x->base, o, x->info.name, x->info.name, err);
}

/* ---- its disks ---- */

static int
check_skip(const struct stopped *x, const char *vdev, struct err *err)
{
	char known[200] = "";

	for (unsigned int i = 0; i < x->info.n_disks; i++) {
		size_t used = strlen(known);

		if (strcmp(x->info.disks[i].vdev, vdev) == 0)
			return 0;
		snprintf(known + used, sizeof(known) - used, " %s",
			 x->info.disks[i].vdev);
	}
	return err_set(err, ERR_NOTFOUND, 0,
		       "--skip-disk: %s has no disk %s; it has%s", x->info.name,
		       vdev, known[0] ? known : " none");
}

static int
open_disk(struct stopped *x, const struct domain_disk *dd, struct err *err)
{
	struct source_disk *d;

	if (source_add(&x->base, dd->vdev, dd->source, &d, err))
		return -1;
	strcpy(d->format, dd->format);
	if (offline_check_disk(dd, err) ||
	    in_use_check(dd->source, IN_USE_FOR_READING, err) ||
	    source_open_path(d, dd->source, true, err)) {
		err_add(err, "disk %s", dd->vdev);
		if (err->code == ERR_UNSUPPORTED)
			err_more(err, "--skip-disk %s leaves it out", dd->vdev);
		return -1;
	}
	return 0;
}

static int
open_disks(struct stopped *x, const struct backup_opts *o, struct err *err)
{
	for (unsigned int i = 0; i < o->n_skip; i++)
		if (check_skip(x, o->skip[i], err))
			return -1;
	for (unsigned int i = 0; i < x->info.n_disks; i++) {
		const struct domain_disk *dd = &x->info.disks[i];

		if (!domain_disk_is_written(dd))
			continue;
		if (source_skips(o, dd->vdev))
			log_notice("disk %s is left out", dd->vdev);
		else if (open_disk(x, dd, err))
			return -1;
	}
	return 0;
}

/* ---- its configuration ---- */

/* A record as a snapshot would have it, but that there are no views: an import
 * of what is restored goes by it. */
static int
fill_record(const struct stopped *x, const struct backup_opts *o,
	    struct snapshot *s, struct err *err)
{
	strcpy(s->domain, x->info.name);
	strcpy(s->uuid, x->info.uuid);
	strcpy(s->type, domain_type_name(x->info.type));
	s->mode = SNAPSHOT_OFFLINE;
	clock_stamp_at(x->base.b.instant, s->name);
	clock_utc_at(x->base.b.instant, s->created, sizeof(s->created));
	for (unsigned int i = 0; i < x->base.n_disks; i++) {
		const struct source_disk *d = &x->base.disks[i];
		struct snapshot_disk *sd = &s->disks[s->n_disks++];

		memcpy(sd->vdev, d->vdev, sizeof(sd->vdev));
		memcpy(sd->format, d->format, sizeof(sd->format));
		snprintf(sd->view.source, sizeof(sd->view.source), "%.1023s",
			 d->path);
		sd->view.bytes = d->bytes;
	}
	for (unsigned int i = 0; i < o->n_skip; i++)
		memcpy(s->skipped[s->n_skipped++], o->skip[i],
		       sizeof(s->skipped[0]));
	return uuid_new(s->generation, err);
}

static struct json_object *
make_record(const struct stopped *x, const struct backup_opts *o,
	    struct err *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct json_object *ret = NULL;

	if (!s)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else if (fill_record(x, o, s, err) == 0)
		ret = snapshot_to_json(s, err);
	free(s);
	return ret;
}

static int
make_config(struct stopped *x, const struct backup_opts *o, struct err *err)
{
	struct json_object *record = make_record(x, o, err);
	char *text = record ? domain_config(x->domain, err) : NULL;
	int rc = -1;

	if (text)
		rc = source_config(&x->base,
				   json_object_to_json_string_ext(
					   record, JSON_C_TO_STRING_PRETTY),
				   text, err);
	free(text);
	json_object_put(record);
	return rc;
}

int
backup_config_open(const struct backup_opts *o, struct source **ret,
		   struct err *err)
{
	struct stopped *x = source_new(sizeof(*x), &stopped_ops, err);

	if (!x)
		return -1;
	*ret = &x->base;
	strcpy(x->base.no_base, "no view is kept of a domain that is backed up "
				"without a snapshot");
	if (find(x, o, err) || describe(x, o, err) || open_disks(x, o, err))
		return -1;
	return make_config(x, o, err);
}

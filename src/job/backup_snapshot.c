/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backup_snapshot.c - see backup_source.h: a snapshot that is kept on this
 * host.
 *
 * Nobody can delete it meanwhile (snapshot_use()).  All views are opened at
 * once: that one is lost is told before anything is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backup_source.h"
#include "fd.h"
#include "held.h"
#include "log.h"
#include "snapshot.h"
#include "uuid.h"

#define CONFIG_MAX (4u << 20)

/* A snapshot of the same domain. */
struct sibling {
	char name[SNAPSHOT_NAME_MAX + 1];
	uint8_t generation[UUID_BYTES];
};

struct kept {
	struct source base;
	struct snapshot s;
	int folder; /* of the snapshot; it stays as long as this is open */
	bool has_siblings;
	unsigned int n_siblings;
	struct sibling *siblings;
	int memory_fd;
	struct memory_in *memory;
	struct snapshot older; /* of the parent */
	int older_folder;
};

static int
view_done(struct source *s, struct source_disk *d, struct err *err)
{
	int fd = d->fd;

	(void)s;
	d->fd = -1;
	if (!d->view)
		return 0; /* memory */
	return disk_view_close(d->view, fd, err);
}

static void
kept_close(struct source *s)
{
	struct kept *k = (struct kept *)s;

	fd_close(&k->folder);
	fd_close(&k->older_folder);
	memory_in_close(k->memory);
	fd_close(&k->memory_fd);
	free(k->siblings);
}

/* ---- the parent's snapshot ---- */

static int
add_sibling(const struct snapshot *s, const char *domain, const char *name,
	    const struct err *bad, void *ctx)
{
	struct kept *k = ctx;
	struct sibling *more;

	(void)domain;
	if (bad)
		return 0;
	more = reallocarray(k->siblings, k->n_siblings + 1, sizeof(*more));
	if (!more)
		return -1;
	k->siblings = more;
	more += k->n_siblings;
	snprintf(more->name, sizeof(more->name), "%s", name);
	if (uuid_read(s->generation, more->generation))
		k->n_siblings++;
	return 0;
}

static int
find_siblings(struct kept *k, struct err *err)
{
	if (k->has_siblings)
		return 0;
	if (snapshot_each(k->s.domain, add_sibling, k, err))
		return err->code ? -1 :
				   err_set(err, ERR_NOMEM, 0, "out of memory");
	k->has_siblings = true;
	return 0;
}

/* 1 when snapshot @name is that of @was; nobody deletes it from now on. */
static int
hold_older(struct kept *k, const char *name, const struct backup *was,
	   struct err *err)
{
	uint8_t generation[UUID_BYTES];

	fd_close(&k->older_folder);
	k->older_folder = snapshot_use(k->s.domain, name, err);
	if (k->older_folder < 0 ||
	    snapshot_load(k->s.domain, name, &k->older, err))
		return -1;
	return uuid_read(k->older.generation, generation) &&
	       memcmp(generation, was->generation, UUID_BYTES) == 0;
}

static void
set_base(struct kept *k, const struct snapshot *older)
{
	for (unsigned int i = 0; i < k->base.n_disks; i++) {
		struct source_disk *d = &k->base.disks[i];
		const struct snapshot_disk *was =
			snapshot_find_disk(older, d->vdev);

		d->base = was ? &was->view : NULL;
	}
}

static int
kept_base(struct source *s, const struct backup *was, struct err *err)
{
	struct kept *k = (struct kept *)s;
	int r = 0;

	if (memcmp(was->generation, s->b.generation, UUID_BYTES) == 0) {
		set_base(k, &k->s);
		return 1;
	}
	if (find_siblings(k, err))
		return -1;
	for (unsigned int i = 0; i < k->n_siblings && r == 0; i++)
		if (memcmp(k->siblings[i].generation, was->generation,
			   UUID_BYTES) == 0)
			r = hold_older(k, k->siblings[i].name, was, err);
	if (r > 0)
		set_base(k, &k->older);
	return r;
}

static const struct source_ops kept_ops = {
	.disk_done = view_done,
	.base = kept_base,
	.close = kept_close,
};

/* "2026-11-22T20:35:13Z" */
static int
read_time(const char *text, uint64_t *ret, struct err *err)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end)
		return err_set(err, ERR_CORRUPT, 0,
			       "the record says that it was made at \"%s\"",
			       text);
	*ret = (uint64_t)timegm(&tm);
	return 0;
}

static int
describe(struct kept *k, const struct backup_opts *o, struct err *err)
{
	char full[2 * SNAPSHOT_NAME_MAX + 2];
	struct backup *b = &k->base.b;

	snprintf(full, sizeof(full), "%s@%s", k->s.domain, k->s.name);
	b->from = FROM_SNAPSHOT;
	b->mode = (uint8_t)(k->s.mode + 1);
	uuid_read(k->s.uuid, b->uuid);
	uuid_read(k->s.generation, b->generation);
	if (read_time(k->s.created, &b->instant, err))
		return -1;
	return source_name(&k->base, o, full, k->s.domain, err);
}

static int
read_config(struct kept *k, struct err *err)
{
	char *record = NULL, *text = NULL;
	size_t len;
	int rc = -1;

	if (fd_read_file(k->folder, SNAPSHOT_RECORD, CONFIG_MAX, &record, &len,
			 err) == 0 &&
	    fd_read_file(k->folder, snapshot_config_file(k->s.mode), CONFIG_MAX,
			 &text, &len, err) == 0)
		rc = source_config(&k->base, record, text, err);
	free(record);
	free(text);
	return rc;
}

static int
open_view(struct kept *k, const struct snapshot_disk *sd, struct err *err)
{
	struct source_disk *d;

	if (source_add(&k->base, sd->vdev, sd->view.source, &d, err))
		return -1;
	strcpy(d->format, sd->format);
	d->bytes = sd->view.bytes;
	d->view = &sd->view;
	if (disk_view_open(d->view, &d->fd, err))
		return err_add(err, "disk %s", d->vdev);
	return 0;
}

static int
check_skip(const struct kept *k, const char *vdev, struct err *err)
{
	char known[200] = "";

	for (unsigned int i = 0; i < k->s.n_disks; i++) {
		size_t used = strlen(known);

		if (strcmp(k->s.disks[i].vdev, vdev) == 0)
			return 0;
		snprintf(known + used, sizeof(known) - used, " %s",
			 k->s.disks[i].vdev);
	}
	return err_set(err, ERR_NOTFOUND, 0,
		       "--skip-disk: %s@%s has no disk %s; it has%s",
		       k->s.domain, k->s.name, vdev,
		       known[0] ? known : " none");
}

static int
open_views(struct kept *k, const struct backup_opts *o, struct err *err)
{
	int rc = 0;

	for (unsigned int i = 0; i < o->n_skip; i++)
		if (check_skip(k, o->skip[i], err))
			return -1;
	disk_look_begin();
	for (unsigned int i = 0; i < k->s.n_disks && rc == 0; i++) {
		const struct snapshot_disk *sd = &k->s.disks[i];

		if (source_skips(o, sd->vdev))
			log_notice("disk %s is left out", sd->vdev);
		else
			rc = open_view(k, sd, err);
	}
	disk_look_end();
	return rc;
}

/* Behind the views: what is wrong with those is told at once. */
static int
open_memory(struct kept *k, const struct backup_opts *o, struct err *err)
{
	if (!snapshot_has_memory(k->s.mode) || o->disks_only)
		return 0;
	k->memory_fd = held_open_memory(k->folder, &k->s, err);
	if (k->memory_fd < 0)
		return -1;
	if (memory_in_open(k->memory_fd, k->folder, &k->memory, err))
		return err_add(err, "its memory");
	source_memory(&k->base, k->memory);
	return 0;
}

int
backup_snapshot_open(const struct backup_opts *o, struct source **ret,
		     struct err *err)
{
	struct kept *k = source_new(sizeof(*k), &kept_ops, err);

	if (!k)
		return -1;
	*ret = &k->base;
	k->older_folder = -1;
	k->memory_fd = -1;
	k->folder = snapshot_use(o->domain, o->snapshot, err);
	if (k->folder < 0 ||
	    snapshot_load(o->domain, o->snapshot, &k->s, err) ||
	    describe(k, o, err) || read_config(k, err))
		return -1;
	return open_views(k, o, err) || open_memory(k, o, err) ? -1 : 0;
}

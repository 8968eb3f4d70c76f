/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_plan.c - see restore_plan.h. */
#include "restore_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_user.h"
#include "log.h"
#include "snapshot.h"
#include "text.h"

struct planning {
	const struct restore_opts *o;
	const struct backup *b;
	struct restore_plan *p;
	struct err *err;
};

/* ---- which disks ---- */

static const struct backup_disk *
find_disk(const struct planning *x, const char *vdev)
{
	char known[200] = "";

	if (x->b->memory && strcmp(vdev, backup_pages(x->b)->vdev) == 0)
		return backup_pages(x->b);
	for (unsigned int i = 0; i < x->b->n_disks; i++) {
		size_t used = strlen(known);

		if (strcmp(x->b->disks[i].vdev, vdev) == 0)
			return &x->b->disks[i];
		snprintf(known + used, sizeof(known) - used, " %s",
			 x->b->disks[i].vdev);
	}
	err_set(x->err, ERR_NOTFOUND, 0, "backup %s has no disk %s; it has%s",
		x->b->name, vdev, known[0] ? known : " none");
	return NULL;
}

/* The one that is meant where one is asked for. */
static const struct backup_disk *
only_disk(const struct planning *x)
{
	if (x->o->vdev)
		return find_disk(x, x->o->vdev);
	if (x->b->n_disks == 1)
		return &x->b->disks[0];
	err_set(x->err, ERR_INVALID, 0,
		"backup %s has %u disks: say which by --disk, or name a folder "
		"for all: %s/",
		x->b->name, x->b->n_disks, x->o->to);
	return NULL;
}

/* A domain that is started reads it from us. */
static bool
wants_memory(const struct planning *x)
{
	return x->b->memory && !x->o->disks_only && !x->o->start;
}

static struct target *
add(struct planning *x, const struct backup_disk *d)
{
	struct target *t = &x->p->targets[x->p->n++];

	target_init(t, d);
	t->token = x->o->clone;
	return t;
}

static bool
is_memory(const struct planning *x, const struct backup_disk *d)
{
	return x->b->memory && d == backup_pages(x->b);
}

/* @d goes to @path. */
static int
add_path(struct planning *x, const struct backup_disk *d, const char *path,
	 bool in_place)
{
	if (is_memory(x, d))
		return target_set_memory(add(x, d), path, false, x->err);
	return target_set_path(add(x, d), path, in_place, x->err);
}

/* ---- to one place ---- */

static int
plan_one(struct planning *x)
{
	const struct backup_disk *d = only_disk(x);
	struct target *t;

	if (!d)
		return -1;
	if (strcmp(x->o->to, "-") != 0)
		return add_path(x, d, x->o->to, x->o->in_place);
	t = add(x, d);
	t->memory = is_memory(x, d);
	t->kind = TARGET_STREAM;
	strcpy(t->path, "-");
	t->fd = x->o->to_fd;
	return 0;
}

/* ---- to a folder ---- */

static bool
is_folder(const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	return (len && path[len - 1] == '/') ||
	       (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int
plan_folder(struct planning *x)
{
	struct restore_plan *p = x->p;
	size_t len = strlen(x->o->to);
	struct stat st;

	if (x->o->vdev)
		return err_set(x->err, ERR_INVALID, 0,
			       "a folder is for all disks; for disk %s name a "
			       "file: --to %s%s%s.img",
			       x->o->vdev, x->o->to,
			       x->o->to[len - 1] == '/' ? "" : "/", x->o->vdev);
	if (text_copy(p->dir, sizeof(p->dir), x->o->to, "path", x->err))
		return -1;
	while (len > 1 && p->dir[len - 1] == '/')
		p->dir[--len] = '\0';
	if (stat(p->dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	p->make_dir = true;
	/* Whatever new file it were, it could be made if that could. */
	return new_file_check(p->dir, x->err);
}

/* Its name becomes a file's. */
static int
check_vdev(const struct backup_disk *d, struct err *err)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	if (d->vdev[0] && !d->vdev[strspn(d->vdev, known)])
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "disk \"%s\" cannot give a file its name; --map puts it "
		       "elsewhere",
		       d->vdev);
}

static const char *
extension(const struct backup_disk *d)
{
	return strcmp(d->format, "qcow2") == 0 ? "qcow2" : "img";
}

static int
plan_in_folder(struct planning *x, const struct backup_disk *d)
{
	char path[PATH_MAX + 48];
	struct stat st;

	if (check_vdev(d, x->err))
		return -1;
	snprintf(path, sizeof(path), "%s/%s.%s", x->p->dir, d->vdev,
		 extension(d));
	return target_set_path(add(x, d), path,
			       x->o->in_place && stat(path, &st) == 0, x->err);
}

/* An older one that is there must not stay, be there a new one or not. */
static int
plan_memory(struct planning *x)
{
	char path[PATH_MAX + 48];

	snprintf(path, sizeof(path), "%s/" SNAPSHOT_MEMORY, x->p->dir);
	if (wants_memory(x))
		return target_set_memory(add(x, backup_pages(x->b)), path,
					 x->o->in_place, x->err);
	if (x->p->make_dir || access(path, F_OK))
		return 0;
	return err_set(x->err, ERR_EXISTS, 0,
		       "%s is of another instant, and there will be none of "
		       "this one: remove it",
		       path);
}

static int
plan_all(struct planning *x)
{
	if (plan_folder(x))
		return -1;
	for (unsigned int i = 0; i < x->b->n_disks; i++)
		if (plan_in_folder(x, &x->b->disks[i]))
			return -1;
	return plan_memory(x);
}

/* ---- each to its own ---- */

static const struct restore_map *
map_of(const struct planning *x, const char *vdev)
{
	for (unsigned int i = 0; i < x->o->n_maps; i++)
		if (strcmp(x->o->maps[i].vdev, vdev) == 0)
			return &x->o->maps[i];
	return NULL;
}

/* Its name: what --map says, or else that of the domain and the disk, or of the
 * volume it was. */
static int
plan_volume(struct planning *x, const struct backup_disk *d, const char *to)
{
	const char *slash = strrchr(to ? to : d->source, '/');
	const char *name = slash ? slash + 1 : to ? to : d->source;
	char other[SNAPSHOT_NAME_MAX + sizeof(d->vdev) + 2];
	struct target *t = add(x, d);
	struct lv_want *w = &t->volume;

	if (to && slash &&
	    (strncmp(to, x->o->vg, strlen(x->o->vg)) != 0 ||
	     to + strlen(x->o->vg) != slash))
		return err_set(x->err, ERR_INVALID, 0,
			       "--map %s=%s: --create-lv makes volumes in %s",
			       d->vdev, to, x->o->vg);
	/* The volume it was is the other domain's, and mostly here. */
	if (!to && x->o->as) {
		snprintf(other, sizeof(other), "%s-%s", x->o->as, d->vdev);
		name = other;
	}
	/* One that was imported may be of no host's volume. */
	if (!*name)
		return err_set(x->err, ERR_INVALID, 0,
			       "what the volume of disk %s was called is not "
			       "known; --map %s=%s/NAME says how it is called",
			       d->vdev, d->vdev, x->o->vg);
	t->kind = TARGET_VOLUME;
	w->bytes = d->bytes;
	if (text_copy(w->vg, sizeof(w->vg), x->o->vg, "volume group", x->err) ||
	    text_copy(w->pool, sizeof(w->pool), x->o->pool, "pool", x->err) ||
	    text_copy(w->name, sizeof(w->name), name, "volume's name", x->err))
		return -1;
	lv_make_path(w, t->path);
	return 0;
}

static int
plan_with_prefix(struct planning *x, const struct backup_disk *d)
{
	char path[PATH_MAX + 48];

	if (check_vdev(d, x->err))
		return -1;
	snprintf(path, sizeof(path), "%s-%s.%s", x->o->prefix, d->vdev,
		 extension(d));
	return target_set_path(add(x, d), path, false, x->err);
}

static int
plan_mapped(struct planning *x, const struct backup_disk *d)
{
	const struct restore_map *m = map_of(x, d->vdev);

	if (x->o->vg && (!m || m->to[0] != '/'))
		return plan_volume(x, d, m ? m->to : NULL);
	if (m)
		return add_path(x, d, m->to, x->o->in_place);
	if (x->o->prefix)
		return plan_with_prefix(x, d);
	if (!x->o->start)
		log_notice("disk %s is not restored: no --map names it",
			   d->vdev);
	return 0;
}

static int
plan_mapped_memory(struct planning *x)
{
	const struct backup_disk *d = backup_pages(x->b);
	const struct restore_map *m = map_of(x, d->vdev);

	if (m)
		return add_path(x, d, m->to, false);
	log_notice("its memory is not restored: --map %s=FILE takes it",
		   d->vdev);
	return 0;
}

static int
plan_maps(struct planning *x)
{
	for (unsigned int i = 0; i < x->o->n_maps; i++) {
		const char *vdev = x->o->maps[i].vdev;

		if (!find_disk(x, vdev))
			return -1;
		if (map_of(x, vdev) != &x->o->maps[i])
			return err_set(x->err, ERR_INVALID, 0,
				       "--map: disk %s goes to two places",
				       vdev);
	}
	for (unsigned int i = 0; i < x->b->n_disks; i++)
		if (plan_mapped(x, &x->b->disks[i]))
			return -1;
	return wants_memory(x) ? plan_mapped_memory(x) : 0;
}

/* ---- can they? ---- */

static bool
is_same(const char *a, const char *b)
{
	struct stat x, y;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && disk_user_same(&x, &y);
}

static int
check_apart(const struct restore_plan *p, struct err *err)
{
	for (unsigned int i = 0; i < p->n; i++)
		for (unsigned int k = i + 1; k < p->n; k++)
			if (is_same(p->targets[i].path, p->targets[k].path))
				return err_set(err, ERR_INVALID, 0,
					       "disks %s and %s would both go "
					       "to %s",
					       p->targets[i].disk->vdev,
					       p->targets[k].disk->vdev,
					       p->targets[k].path);
	return 0;
}

static int
check_volumes(const struct restore_plan *p, struct err *err)
{
	struct lv_want *want = calloc((size_t)p->n + 1, sizeof(*want));
	unsigned int n = 0;
	int rc = 0;

	if (!want)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (unsigned int i = 0; i < p->n; i++)
		if (p->targets[i].kind == TARGET_VOLUME)
			want[n++] = p->targets[i].volume;
	if (n)
		rc = lv_make_check(want, n, err);
	free(want);
	return rc;
}

static int
check(const struct restore_plan *p, struct err *err)
{
	for (unsigned int i = 0; i < p->n; i++) {
		/* In a folder that is not there nothing is in the way. */
		if (p->make_dir)
			break;
		if (target_check(&p->targets[i], err))
			return -1;
	}
	return check_apart(p, err) || check_volumes(p, err) ? -1 : 0;
}

int
restore_plan(const struct restore_opts *o, const struct backup *b,
	     struct restore_plan *ret, struct err *err)
{
	struct planning x = { .o = o, .b = b, .p = ret, .err = err };
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->targets =
		calloc((size_t)backup_n_all(b) + 1, sizeof(*ret->targets));
	if (!ret->targets)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (!o->to)
		rc = plan_maps(&x);
	else
		rc = is_folder(o->to) ? plan_all(&x) : plan_one(&x);
	return rc ? -1 : check(ret, err);
}

void
restore_plan_done(struct restore_plan *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		target_close(&p->targets[i]);
	free(p->targets);
	p->targets = NULL;
	p->n = 0;
}

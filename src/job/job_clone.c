/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_clone.c - second domains from one snapshot.
 *
 * Look at everything that can be wrong; then for each clone: write down what is
 * coming (cloned.h), make its disks, write its configuration, start it, and say
 * that it is made.  Whoever dies before that last word leaves a record by which
 * `recover` removes all of it, so a clone is there or it is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "clone.h"
#include "domain_file.h"
#include "domain_start.h"
#include "fail.h"
#include "fd.h"
#include "host_fits.h"
#include "log.h"
#include "uuid.h"

#define WAIT_STEP_MS 100

struct cloning {
	const struct clone_opts *o;
	struct held held;
	bool memory;
	struct cloned *all; /* o->count of them */
	struct err *err;
};

/* ---- look ---- */

static int
check_snapshot(struct cloning *x)
{
	const struct snapshot *s = &x->held.s;

	x->memory = !x->o->disks_only && snapshot_has_memory(s->mode);
	if (s->n_skipped && x->memory)
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "%u of its disks %s left out, without which its "
			       "memory cannot go on: clone it with "
			       "--disks-only",
			       s->n_skipped,
			       s->n_skipped == 1 ? "was" : "were");
	if (s->n_skipped)
		log_warning("%u of its disks %s left out of the snapshot, and "
			    "the clone has none in their place",
			    s->n_skipped, s->n_skipped == 1 ? "was" : "were");
	if (clone_check_network(&x->held, x->o, x->err))
		return -1;
	if (host_fits_more(&x->held, x->o->count, x->err))
		return -1;
	return x->memory ? host_fits_memory(&x->held, x->err) : 0;
}

/* Is there anything of that name, running or kept? */
static int
check_name(const char *name, struct err *err)
{
	char folder[PATH_MAX];
	struct domain *d;

	if (!snapshot_is_name(name))
		return err_set(err, ERR_INVALID, 0,
			       "'%s' cannot be a clone's name", name);
	if (domain_find(name, &d, err) == 0) {
		domain_close(d);
		return err_set(err, ERR_EXISTS, 0,
			       "there is a domain %s already", name);
	}
	if (err->code != ERR_NOTFOUND)
		return -1;
	err_clear(err);
	if (domain_file_path(name, "", folder, sizeof(folder), err))
		return -1;
	if (access(folder, F_OK) == 0)
		return err_set(err, ERR_EXISTS, 0,
			       "there are snapshots, or a clone, of a domain "
			       "%s already (%s)",
			       name, folder);
	return 0;
}

static int
name_clone(const struct cloning *x, const char *name, unsigned int i,
	   struct cloned *c)
{
	int n = x->o->count == 1 ?
			snprintf(c->domain, sizeof(c->domain), "%s", name) :
			snprintf(c->domain, sizeof(c->domain), "%s-%u", name,
				 i + 1);

	if (n < 0 || (size_t)n >= sizeof(c->domain))
		return err_set(x->err, ERR_INVALID, 0,
			       "'%s' is too long for a clone's name", name);
	return check_name(c->domain, x->err);
}

static void
want_disk(const struct cloning *x, const struct cloned *c, unsigned int i,
	  const char *folder, struct disk_clone_want *ret)
{
	const struct snapshot *s = &x->held.s;

	ret->view = &s->disks[i].view;
	ret->snapshot = s->name;
	ret->domain = c->domain;
	ret->vdev = s->disks[i].vdev;
	ret->token = c->uuid;
	ret->folder = folder;
	ret->cow = x->o->cow;
}

static int
plan_disks(const struct cloning *x, struct cloned *c)
{
	const struct snapshot *s = &x->held.s;
	struct disk_clone_want w;
	char folder[PATH_MAX];

	if (domain_file_path(c->domain, "", folder, sizeof(folder), x->err))
		return -1;
	for (unsigned int i = 0; i < s->n_disks; i++) {
		want_disk(x, c, i, folder, &w);
		strcpy(c->disks[i].vdev, s->disks[i].vdev);
		if (disk_clone_plan(&w, &c->disks[i].disk, x->err))
			return err_add(x->err, "disk %s", s->disks[i].vdev);
	}
	c->n_disks = s->n_disks;
	return 0;
}

static int
check_room(const struct cloning *x)
{
	struct disk_clone disks[DOMAIN_DISKS_MAX];
	unsigned int n = x->all[0].n_disks;

	for (unsigned int i = 0; i < n; i++)
		disks[i] = x->all[0].disks[i].disk;
	return disk_clone_room(disks, n, x->o->count, x->err);
}

static int
plan(struct cloning *x, const char *name)
{
	const struct snapshot *s = &x->held.s;

	if (check_snapshot(x))
		return -1;
	for (unsigned int i = 0; i < x->o->count; i++) {
		struct cloned *c = &x->all[i];

		strcpy(c->from, s->domain);
		strcpy(c->name, s->name);
		strcpy(c->generation, s->generation);
		clock_utc(c->created, sizeof(c->created));
		c->memory = x->memory;
		if (uuid_new(c->uuid, x->err) || name_clone(x, name, i, c) ||
		    plan_disks(x, c))
			return -1;
	}
	return check_room(x);
}

/* ---- make one ---- */

static int
mark_shared(const struct cloning *x, const struct cloned *c)
{
	for (unsigned int i = 0; i < c->n_disks; i++)
		if (c->disks[i].disk.base[0])
			return held_mark_shared(&x->held, x->err);
	return 0;
}

static int
make_disks(const struct cloning *x, const struct cloned *c)
{
	struct copy_task how = { .progress = x->o->progress,
				 .progress_ctx = x->o->progress_ctx };
	struct disk_clone_want w;
	char folder[PATH_MAX];

	if (domain_file_path(c->domain, "", folder, sizeof(folder), x->err))
		return -1;
	for (unsigned int i = 0; i < c->n_disks; i++) {
		if (cancel_check(x->err))
			return -1;
		how.what = c->disks[i].vdev;
		want_disk(x, c, i, folder, &w);
		if (disk_clone_make(&w, &c->disks[i].disk, &how, x->err))
			return err_add(x->err, "disk %s", c->disks[i].vdev);
		fail_here("clone.disk");
	}
	return 0;
}

static int
write_config(const struct cloning *x, const struct cloned *c)
{
	char *text = clone_config(&x->held, c, x->o, x->err);
	char folder[PATH_MAX];
	int dir = -1, rc = -1;

	if (text && domain_file_path(c->domain, "", folder, sizeof(folder),
				     x->err) == 0)
		dir = fd_open_dir(AT_FDCWD, folder, x->err);
	if (dir >= 0)
		rc = fd_write_file(dir, CLONED_CONFIG, text, strlen(text),
				   x->err);
	fd_close(&dir);
	free(text);
	return rc;
}

static int
start(const struct cloning *x, const struct cloned *c)
{
	char config[PATH_MAX], memory[PATH_MAX + sizeof(SNAPSHOT_MEMORY) + 1];
	struct domain_start how = { .name = c->domain, .config = config };
	bool started;

	if (domain_file_path(c->domain, CLONED_CONFIG, config, sizeof(config),
			     x->err) ||
	    snapshot_path(c->from, c->name, memory, PATH_MAX, x->err))
		return -1;
	strcat(memory, "/" SNAPSHOT_MEMORY);
	if (c->memory)
		how.memory = memory;
	if (domain_boot(&how, &started, x->err))
		return err_add(x->err, "start %s", c->domain);
	if (!started)
		return err_set(x->err, ERR_STATE, 0,
			       "somebody else started a domain %s meanwhile",
			       c->domain);
	return 0;
}

static int
make_steps(const struct cloning *x, struct cloned *c)
{
	if (cloned_write(c, x->err))
		return -1;
	fail_here("clone.written");
	if (mark_shared(x, c) || make_disks(x, c) || write_config(x, c))
		return -1;
	fail_here("clone.config");
	if (start(x, c))
		return -1;
	fail_here("clone.started");
	c->made = true;
	if (cloned_write(c, x->err))
		return -1;
	fail_here("clone.made");
	return 0;
}

static void
tell(const struct cloned *c, struct clone_made *ret)
{
	struct err ignored = ERR_INIT;

	strcpy(ret->domain, c->domain);
	strcpy(ret->uuid, c->uuid);
	domain_file_path(c->domain, CLONED_CONFIG, ret->config,
			 sizeof(ret->config), &ignored);
	ret->n_disks = c->n_disks;
	for (unsigned int i = 0; i < c->n_disks; i++) {
		strcpy(ret->disks[i].vdev, c->disks[i].vdev);
		strcpy(ret->disks[i].path, c->disks[i].disk.path);
	}
}

static void
undo(struct cloned *c, struct err *err)
{
	struct err e = ERR_INIT;

	c->made = false;
	if (cloned_write(c, &e) || clone_remove(c, &e))
		err_more(err, "%s was left: run `xensnap recover %s` (%s)",
			 c->domain, c->domain, e.text);
}

static int
make_one(const struct cloning *x, struct cloned *c)
{
	int lock = snapshot_lock(c->domain, 0, x->err);
	int rc;

	if (lock < 0)
		return -1;
	disk_set_alive_fd(lock);
	rc = make_steps(x, c);
	if (rc)
		undo(c, x->err);
	disk_set_alive_fd(-1);
	snapshot_unlock(c->domain, &lock);
	return rc;
}

/* ---- make all ---- */

/* What they share is made by one process at a time. */
static int
wait_for_turn(const struct cloning *x)
{
	int fd = openat(x->held.folder, SNAPSHOT_RECORD,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(x->err, ERR_IO, errno, "open snapshot.json");
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (cancel_check(x->err)) {
			fd_close(&fd);
			return -1;
		}
		clock_sleep_ms(WAIT_STEP_MS);
	}
	return fd;
}

/* Those that were made go as well: all or none. */
static void
undo_made(const struct cloning *x, unsigned int n)
{
	while (n-- > 0) {
		struct cloned *c = &x->all[n];
		struct err e = ERR_INIT;
		int lock = snapshot_lock(c->domain, 0, &e);

		if (lock < 0) {
			err_more(x->err, "%s was left: %s", c->domain, e.text);
			continue;
		}
		undo(c, x->err);
		snapshot_unlock(c->domain, &lock);
	}
}

static int
make_all(const struct cloning *x)
{
	int turn = wait_for_turn(x), rc = 0;
	unsigned int i;

	if (turn < 0)
		return -1;
	for (i = 0; i < x->o->count; i++) {
		rc = make_one(x, &x->all[i]);
		if (rc)
			break;
	}
	if (rc)
		undo_made(x, i);
	fd_close(&turn);
	return rc;
}

int
job_clone(const struct snapshot_id *from, const char *name,
	  const struct clone_opts *o, struct clone_report *ret, struct err *err)
{
	struct cloning *x = calloc(1, sizeof(*x));
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	ret->from = *from;
	if (x)
		x->all = calloc(o->count, sizeof(*x->all));
	if (!x || !x->all) {
		free(x);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	x->o = o;
	x->err = err;
	if (held_open(&x->held, from->domain, from->name, err) == 0 &&
	    plan(x, name) == 0)
		rc = o->dry_run ? 0 : make_all(x);
	ret->memory = x->memory;
	for (unsigned int i = 0; i < o->count && rc == 0; i++)
		tell(&x->all[i], &ret->clones[ret->n++]);
	held_close(&x->held);
	if (rc && !o->dry_run && x->all[0].n_disks)
		clone_tidy(from->domain, from->name);
	free(x->all);
	free(x);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_sim_clone.c - clones' disks made of simulated views that could be held:
 * files, as of a file system's views, and with an area each, as classic volumes
 * have it.  Tags beside the file tell its size; it counts as a view's does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk_clone.h"
#include "disk_sim.h"
#include "disk_sim_fill.h"
#include "disk_sim_tags.h"

#define COW_PERCENT 20

static int
sim_plan(const struct disk_clone_want *w, struct disk_clone *ret,
	 struct err *err)
{
	unsigned int percent = w->cow.percent ? w->cow.percent : COW_PERCENT;

	if (disk_clone_file.plan(w, ret, err))
		return -1;
	ret->cow_bytes = w->cow.bytes ? w->cow.bytes :
					w->view->bytes / 100 * percent;
	ret->need_bytes = ret->cow_bytes;
	disk_sim_group_of(w->view->source, ret->group, sizeof(ret->group));
	return disk_sim_group_free(ret->group, &ret->free_bytes, err);
}

static int
put_tags(const struct disk_clone_want *w, const struct disk_clone *c,
	 struct err *err)
{
	struct disk_view_ref ref = { .cow_bytes = c->cow_bytes };
	int lock, rc;

	snprintf(ref.view, sizeof(ref.view), "%s", c->path);
	snprintf(ref.source, sizeof(ref.source), "%s", w->view->source);
	snprintf(ref.generation, sizeof(ref.generation), "%.36s", c->token);
	if (sim_enter(&lock, err))
		return -1;
	rc = disk_sim_put_tags(&ref, w->domain, DISK_SIM_CLONE, err);
	sim_leave(&lock);
	return rc;
}

static int
sim_make(const struct disk_clone_want *w, const struct disk_clone *c,
	 const struct copy_task *how, struct err *err)
{
	if (put_tags(w, c, err))
		return -1;
	return disk_clone_file.make(w, c, how, err);
}

/* What is beside the file; the tags last. */
static int
remove_marks(const struct disk_clone *c, struct err *err)
{
	static const char *const marks[] = { "fill", "lost", "open", "tags" };
	char path[SIM_PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		snprintf(path, sizeof(path), "%s.%s", c->path, marks[i]);
		if (unlink(path) && errno != ENOENT)
			return err_set(err, ERR_IO, errno, "remove %s", path);
	}
	return 0;
}

static int
sim_drop(const struct disk_clone *c, struct err *err)
{
	struct sim_tags t;
	int lock, rc = 0;

	if (disk_clone_file.drop(c, err) || sim_enter(&lock, err))
		return -1;
	if (disk_sim_tags(c->path, &t) && strcmp(t.generation, c->token) == 0)
		rc = remove_marks(c, err);
	sim_leave(&lock);
	return rc;
}

const struct disk_clone_ops disk_clone_sim = {
	.plan = sim_plan,
	.make = sim_make,
	.drop = sim_drop,
};

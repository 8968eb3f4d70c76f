/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job_unclone.c - a clone goes: its domain, its disks, its record. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "clone.h"
#include "fail.h"
#include "fd.h"
#include "in_use.h"
#include "log.h"

/* What had a disk until now may need a moment to let go of it. */
#define FREE_MS 10000
#define FREE_STEP_MS 200

/* ---- remove ---- */

/* Also one that a dead process's xl has only begun. */
static int
end_domain(const struct cloned *c, struct err *err)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	struct domain *d = NULL;
	int rc;

	if (!info)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	rc = domain_find(c->domain, &d, err);
	if (rc == 0)
		rc = domain_describe(d, info, err);
	domain_close(d);
	if (rc && (err->code == ERR_NOTFOUND || err->code == ERR_UNSUPPORTED)) {
		err_clear(err);
		rc = 0;
	} else if (rc == 0 && strcmp(info->uuid, c->uuid) == 0) {
		rc = domain_end(info->domid, c->uuid, err);
	}
	free(info);
	return rc;
}

static int
drop_disk(const struct disk_clone *disk, struct err *err)
{
	uint64_t from = clock_ns();

	while (disk_clone_drop(disk, err)) {
		if (err->code != ERR_BUSY || clock_ms_since(from) > FREE_MS)
			return -1;
		err_clear(err);
		clock_sleep_ms(FREE_STEP_MS);
	}
	return 0;
}

int
clone_remove(const struct cloned *c, struct err *err)
{
	if (end_domain(c, err))
		return -1;
	fail_here("unclone.ended");
	for (unsigned int i = 0; i < c->n_disks; i++) {
		if (drop_disk(&c->disks[i].disk, err))
			return err_add(err, "disk %s", c->disks[i].vdev);
		fail_here("unclone.disk");
	}
	if (end_domain(c, err))
		return -1;
	return cloned_end(c->domain, err);
}

void
clone_tidy(const char *from, const char *name)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct err e = ERR_INIT;
	int fd = s ? snapshot_use_alone(from, name, &e) : -1;

	/* Gone, or in use: then others do that. */
	if (fd >= 0 && held_is_shared(fd) &&
	    cloned_check_none(from, name, &e) == 0 &&
	    snapshot_load(from, name, s, &e) == 0 &&
	    disk_clone_drop_bases(s->generation, &e))
		log_warning("%s@%s: what its clones shared was left: %s", from,
			    name, e.text);
	fd_close(&fd);
	free(s);
}

/* ---- on request ---- */

static int
first_one(const struct snapshot *s, const char *domain, const char *name,
	  const struct err *bad, void *ctx)
{
	(void)s;
	(void)domain;
	(void)bad;
	strcpy(ctx, name);
	return -1;
}

static int
check_no_snapshots(const char *domain, struct err *err)
{
	char name[SNAPSHOT_NAME_MAX + 1] = "";

	if (snapshot_each(domain, first_one, name, err) && err->code)
		return -1;
	if (!name[0])
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "it has snapshots of its own (%s@%s): delete them first",
		       domain, name);
}

static int
check_off(const struct cloned *c, struct err *err)
{
	struct domain *d;

	if (domain_find(c->domain, &d, err) == 0) {
		domain_close(d);
		return err_set(err, ERR_STATE, 0,
			       "it runs: end it first (xl destroy %s)",
			       c->domain);
	}
	if (err->code != ERR_NOTFOUND && err->code != ERR_UNSUPPORTED)
		return -1;
	err_clear(err);
	for (unsigned int i = 0; i < c->n_disks; i++) {
		if (in_use_check(c->disks[i].disk.path, IN_USE_FOR_WRITING,
				 err) == 0)
			continue;
		if (err->code != ERR_NOTFOUND)
			return err_add(err, "disk %s", c->disks[i].vdev);
		err_clear(err);
	}
	return 0;
}

static int
unclone(struct cloned *c, bool dry_run, struct err *err)
{
	if (check_off(c, err) || check_no_snapshots(c->domain, err))
		return -1;
	if (dry_run)
		return 0;
	c->made = false;
	if (cloned_write(c, err))
		return -1;
	fail_here("unclone.written");
	if (clone_remove(c, err))
		return err_more(err,
				"not all of it is removed: run `xensnap "
				"recover %s`",
				c->domain);
	return 0;
}

int
job_unclone(const char *domain, bool dry_run, struct err *err)
{
	struct cloned *c = calloc(1, sizeof(*c));
	int lock, is, rc = -1;

	if (!c)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	lock = snapshot_lock(domain, 0, err);
	disk_set_alive_fd(lock);
	is = lock < 0 ? -1 : cloned_read(domain, c, err);
	if (is == 0)
		err_set(err, ERR_NOTFOUND, 0,
			"%s is no clone; a snapshot is named %s@NAME", domain,
			domain);
	if (is > 0)
		rc = unclone(c, dry_run, err);
	disk_set_alive_fd(-1);
	if (lock >= 0)
		snapshot_unlock(domain, &lock);
	if (rc == 0 && !dry_run)
		clone_tidy(c->from, c->name);
	free(c);
	return rc;
}

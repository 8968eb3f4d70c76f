/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim_rebuild.c - end a simulated domain, boot it, or restore it from
 * what domain_sim_save.c wrote: its pages become the guest's memory again, and
 * with them the requests that were under way.  It gets a new domid.  Nobody
 * watches over it: xl is not part of this world.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain_sim.h"
#include "fail.h"
#include "fd.h"
#include "xl_header.h"

#define FILE_MAX (64u << 20)
#define STREAM_LEN 64 /* up to the first page, see domain_sim_save.c */
#define PAGE_HEAD 24
#define ENDS_LEN 16

/* The last copy of a page counts; @at is the first. */
static int
load_pages(const struct sim_domain *d, const char *data, size_t len, size_t at,
	   struct err *err)
{
	char path[SIM_PATH_MAX];
	uint32_t pfn;
	int fd, rc = 0;

	sim_path(path, "domains/%s/memory", d->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", path);
	for (; rc == 0 && at + PAGE_HEAD + SIM_PAGE + ENDS_LEN <= len;
	     at += PAGE_HEAD + SIM_PAGE) {
		memcpy(&pfn, data + at + PAGE_HEAD - 8, sizeof(pfn));
		rc = fd_pwrite_all(fd, data + at + PAGE_HEAD, SIM_PAGE,
				   (uint64_t)pfn * SIM_PAGE, err);
	}
	fd_close(&fd);
	if (rc == 0 && at + ENDS_LEN != len)
		rc = err_set(err, ERR_CORRUPT, 0, "simulated: half a save");
	return rc;
}

static int
load(const struct sim_domain *d, const char *memory, struct err *err)
{
	struct xl_header h;
	char *data = NULL;
	size_t len;
	int fd = open(memory, O_RDONLY | O_CLOEXEC);
	int rc = -1;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", memory);
	if (xl_header_read(fd, 0, XL_CONFIG_MAX, &h, err) == 0 &&
	    fd_read_file(AT_FDCWD, memory, FILE_MAX, &data, &len, err) == 0)
		rc = load_pages(d, data, len, h.len + STREAM_LEN, err);
	free(data);
	xl_header_done(&h);
	fd_close(&fd);
	return rc;
}

/* A restored domain has another number. */
static int
renumber(const struct sim_domain *d, struct err *err)
{
	char path[SIM_PATH_MAX], *text, *rest, *all = NULL;
	size_t len;
	int rc = -1;

	sim_path(path, "domains/%s/config", d->name);
	if (fd_read_file(AT_FDCWD, path, FILE_MAX, &text, &len, err))
		return -1;
	rest = strchr(text, '\n');
	if (rest && asprintf(&all, "domid=%u%s", d->domid + 1, rest) > 0)
		rc = sim_put(path, all, err);
	free(all);
	free(text);
	return rc;
}

/* Its memory knows nothing of what it has written. */
static int
clear_memory(const struct sim_domain *d, struct err *err)
{
	char path[SIM_PATH_MAX];
	int fd, rc = 0;

	sim_path(path, "domains/%s/memory", d->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) ||
	    ftruncate(fd, (off_t)d->pages * SIM_PAGE))
		rc = err_set(err, ERR_IO, errno, "clear %s", path);
	fd_close(&fd);
	return rc;
}

/* What was under way ends, and then nobody knows of it. */
static int
destroy(struct sim_domain *d, struct err *err)
{
	if (sim_fault("destroy", NULL))
		return err_set(err, ERR_IO, 0, "simulated: cannot end it");
	strcpy(d->state, "gone");
	if (sim_tick(d, 1, err) || clear_memory(d, err) ||
	    sim_set_state(d, "gone", err))
		return -1;
	fail_here("rebuild.destroyed");
	return 0;
}

/* The world remembers what a domain was like that is gone. */
static int
restore(const struct domain_saved *saved, struct err *err)
{
	struct sim_domain d;

	if (sim_fault("restore", NULL))
		return err_set(err, ERR_IO, 0, "simulated: cannot restore it");
	if (sim_domain_gone(saved->name, &d, err) ||
	    load(&d, saved->memory, err) || renumber(&d, err) ||
	    sim_set_state(&d, "running", err))
		return -1;
	fail_here("rebuild.restored");
	return 0;
}

static int
rebuild(const struct domain_saved *saved, bool *ret_restored, struct err *err)
{
	struct err e = ERR_INIT;
	struct sim_domain d;

	if (sim_domain_by_id(saved->domid, saved->uuid, &d, &e) == 0 &&
	    ds_state(&d) == DOMAIN_SUSPENDED && destroy(&d, err))
		return -1;
	err_clear(&e);
	if (sim_domain(saved->name, &d, &e) == 0)
		return 0;
	if (restore(saved, err))
		return -1;
	*ret_restored = true;
	return 0;
}

int
ds_rebuild(const struct domain_saved *saved, bool *ret_restored,
	   struct err *err)
{
	int lock, rc;

	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	rc = rebuild(saved, ret_restored, err);
	sim_leave(&lock);
	return rc;
}

static int
end(uint32_t domid, const char *uuid, struct err *err)
{
	struct sim_domain d;

	if (sim_domain_by_id(domid, uuid, &d, err) == 0)
		return destroy(&d, err);
	if (err->code != ERR_NOTFOUND)
		return -1;
	err_clear(err);
	return 0;
}

int
ds_end(uint32_t domid, const char *uuid, struct err *err)
{
	int lock, rc;

	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	rc = end(domid, uuid, err);
	sim_leave(&lock);
	return rc;
}

static int
boot(const struct domain_start *how, bool *ret_started, struct err *err)
{
	struct err e = ERR_INIT;
	struct sim_domain d;

	if (sim_domain(how->name, &d, &e) == 0)
		return 0;
	if (sim_fault("boot", NULL))
		return err_set(err, ERR_IO, 0, "simulated: cannot boot it");
	err_clear(&e);
	if (sim_domain_gone(how->name, &d, &e) &&
	    (ds_make(how->name, how->config, err) ||
	     sim_domain_gone(how->name, &d, err)))
		return -1;
	if (clear_memory(&d, err) ||
	    (how->memory && load(&d, how->memory, err)) || renumber(&d, err) ||
	    sim_set_state(&d, "running", err))
		return -1;
	*ret_started = true;
	return 0;
}

int
ds_boot(const struct domain_start *how, bool *ret_started, struct err *err)
{
	int lock, rc;

	sim_slow();
	if (access(how->config, R_OK))
		return err_set(err, ERR_IO, errno, "%s", how->config);
	if (sim_enter(&lock, err))
		return -1;
	rc = boot(how, ret_started, err);
	sim_leave(&lock);
	return rc;
}

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
#include <sys/mman.h>
#include <unistd.h>

#include "domain_sim.h"
#include "fail.h"
#include "fd.h"
#include "xl_header.h"

#define FILE_MAX (64u << 20)
#define STREAM_LEN 120 /* up to the first page, see domain_sim_save.c */
#define RECORD_HEAD 16
#define ENDS_LEN 16

/* A record of pages: their numbers, 8 bytes each, and then they. */
static int
load_record(int fd, const char *record, uint32_t n, struct err *err)
{
	const char *page = record + RECORD_HEAD + 8ul * n;
	uint32_t pfn;

	for (uint32_t i = 0; i < n; i++, page += SIM_PAGE) {
		memcpy(&pfn, record + RECORD_HEAD + 8ul * i, sizeof(pfn));
		if (fd_pwrite_all(fd, page, SIM_PAGE, (uint64_t)pfn * SIM_PAGE,
				  err))
			return -1;
	}
	return 0;
}

/* The last copy of a page counts; @at is the first record. */
static int
load_pages(const struct sim_domain *d, const char *data, size_t len, size_t at,
	   struct err *err)
{
	char path[SIM_PATH_MAX];
	uint32_t n;
	int fd, rc = 0;

	sim_path(path, "domains/%s/memory", d->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", path);
	while (rc == 0 && at + RECORD_HEAD <= len && data[at] == 1) {
		memcpy(&n, data + at + 8, sizeof(n));
		if (n > (len - at) / SIM_PAGE)
			break;
		rc = load_record(fd, data + at, n, err);
		at += RECORD_HEAD + n * (8ul + SIM_PAGE);
	}
	fd_close(&fd);
	if (rc == 0 && at + ENDS_LEN != len)
		rc = err_set(err, ERR_CORRUPT, 0, "simulated: half a save");
	return rc;
}

static int
load_file(const struct sim_domain *d, int fd, struct err *err)
{
	char *data = malloc(FILE_MAX);
	struct xl_header h;
	ssize_t len;
	int rc = -1;

	if (!data)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	len = fd_pread_full(fd, data, FILE_MAX, 0, err);
	if (xl_header_read(fd, 0, XL_CONFIG_MAX, &h, err) == 0 && len >= 0)
		rc = load_pages(d, data, (size_t)len, h.len + STREAM_LEN, err);
	free(data);
	xl_header_done(&h);
	return rc;
}

static int
load(const struct sim_domain *d, const char *memory, struct err *err)
{
	int fd = open(memory, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", memory);
	rc = load_file(d, fd, err);
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

/* What is fed comes by a pipe; here it is a file. */
static int
fetch_memory(const struct domain_start *how, struct err *err)
{
	int fd;

	if (!how->feed)
		return open(how->memory, O_RDONLY | O_CLOEXEC);
	fd = memfd_create("memory", MFD_CLOEXEC);
	if (fd >= 0 && how->feed(how->feed_ctx, fd, err))
		fd_close(&fd);
	return fd;
}

static int
boot(const struct domain_start *how, int memory, bool *ret_started,
     struct err *err)
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
	    (memory >= 0 && load_file(&d, memory, err)) || renumber(&d, err) ||
	    sim_set_state(&d, "running", err))
		return -1;
	*ret_started = true;
	return 0;
}

int
ds_boot(const struct domain_start *how, bool *ret_started, struct err *err)
{
	int lock, memory = -1, rc = -1;

	sim_slow();
	if (access(how->config, R_OK))
		return err_set(err, ERR_IO, errno, "%s", how->config);
	if (how->memory || how->feed) {
		memory = fetch_memory(how, err);
		if (memory < 0)
			return err->code ? -1 :
					   err_set(err, ERR_IO, errno,
						   "simulated: its memory");
	}
	if (sim_enter(&lock, err) == 0) {
		rc = boot(how, memory, ret_started, err);
		sim_leave(&lock);
	}
	fd_close(&memory);
	return rc;
}

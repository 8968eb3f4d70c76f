/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim_save.c - save a simulated domain.
 *
 * The file is xl's header and configuration, then libxl's stream with libxc's
 * in it, as memory/stream.c has them: a record of one page for each that was
 * copied, so that the last copy of a page counts, and the two ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "domain_sim.h"
#include "fd.h"
#include "proc.h"
#include "xl_header.h"

#define BATCH 4 /* pages that are copied between two ticks */
#define POLL_MS 2

/* Who saves, and whether log-dirty mode is on, outlives us as in Xen. */
static int
mark_saving(const char *name, bool live, struct err *err)
{
	char path[SIM_PATH_MAX], text[64];
	struct proc_stat st;

	if (!proc_stat(getpid(), &st))
		return err_set(err, ERR_IO, 0, "/proc does not know us");
	snprintf(text, sizeof(text), "%ld %" PRIu64, (long)getpid(), st.start);
	sim_path(path, "domains/%s/saver", name);
	if (sim_put(path, text, err))
		return -1;
	sim_path(path, "domains/%s/logdirty", name);
	return live ? sim_put(path, "", err) : 0;
}

void
ds_unmark_saving(const char *name)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "domains/%s/logdirty", name);
	unlink(path);
	sim_path(path, "domains/%s/saver", name);
	unlink(path);
}

/* Is the process that saves @d alive, and another than we? */
bool
ds_others_save(const struct sim_domain *d)
{
	char path[SIM_PATH_MAX], text[64];
	struct proc_stat st;
	uint64_t start;
	long pid;

	sim_path(path, "domains/%s/saver", d->name);
	return sim_get(path, text, sizeof(text)) &&
	       sscanf(text, "%ld %" SCNu64, &pid, &start) == 2 &&
	       pid != (long)getpid() && proc_stat((pid_t)pid, &st) &&
	       st.start == start && st.state != 'Z' && st.state != 'X';
}

static int
write_headers(int fd, struct err *err)
{
	static const unsigned char head[] =
		"LibxlFmt\0\0\0\2\0\0\0\0" /* libxl: version 2 */
		"\1\0\0\0\0\0\0\0"         /* libxc's stream follows */
		"\xff\xff\xff\xff\xff\xff\xff\xffXENF" /* version 3 */
		"\0\0\0\3\0\0\0\0\0\0\0\0"
		"\2\0\0\0\14\0\0\0" /* PVH, pages of 4 KiB, Xen 4.17 */
		"\4\0\0\0\21\0\0";
	/* X86_CPUID_POLICY, two leaves: leaf, subleaf, a, b, c, d. */
	static const uint32_t cpu[] = { 0x11, 48,          1, 0xffffffff, 0,
					0,    SIM_CPU_1C,  0, 7,          0,
					0,    SIM_CPU_7B0, 0, 0 };

	if (fd_write_all(fd, head, sizeof(head), err))
		return -1;
	return fd_write_all(fd, cpu, sizeof(cpu), err);
}

static int
write_page(int fd, uint32_t pfn, const void *page, struct err *err)
{
	/* PAGE_DATA, its length; one page, 0, its number */
	const uint32_t head[] = { 1, 16 + SIM_PAGE, 1, 0, pfn, 0 };

	if (fd_write_all(fd, head, sizeof(head), err))
		return -1;
	return fd_write_all(fd, page, SIM_PAGE, err);
}

static int
write_ends(int fd, struct err *err)
{
	static const uint32_t ends[4]; /* of libxc's and of libxl's */

	return fd_write_all(fd, ends, sizeof(ends), err);
}

/* Copy all pages once.  @last: the domain stands still; else time passes. */
static int
copy_pages(struct sim_handle *h, const struct domain_save_how *how, bool last,
	   struct err *err)
{
	unsigned char page[SIM_PAGE];
	struct sim_domain d;
	unsigned int pfn = 0, i;
	int lock, rc = 0;

	do {
		if (ds_enter(h->name, &lock, &d, err))
			return -1;
		if (last && pfn >= d.pages / 2 &&
		    sim_fault("save-middle", NULL))
			rc = err_set(err, ERR_IO, 0, "simulated: save failed");
		if (last && pfn >= d.pages / 2 && sim_fault("save-space", NULL))
			rc = err_set(err, ERR_NOSPC, ENOSPC, "save page %u",
				     pfn);
		for (i = 0; rc == 0 && i < BATCH && pfn < d.pages; i++, pfn++)
			if (sim_read_page(&d, pfn, page, err) ||
			    write_page(how->fd, pfn, page, err))
				rc = err_add(err, "save page %u", pfn);
		sim_leave(&lock);
		if (rc || cancel_check(err))
			return -1;
		if (!last && how->progress)
			how->progress((uint64_t)pfn * SIM_PAGE, how->ctx);
	} while (pfn < d.pages);
	return 0;
}

/* Ask for the suspend: what a guest that answers does at once. */
static int
ask(struct sim_handle *h, struct domain_times *times, struct err *err)
{
	char path[SIM_PATH_MAX], text[64] = "unseen";
	unsigned int late = sim_knob("late", 0);
	struct sim_domain d;
	int lock, rc;

	times->asked_ns = clock_ns();
	if (late)
		snprintf(text, sizeof(text), "at %" PRIu64,
			 times->asked_ns + (uint64_t)late * 1000000);
	if (sim_enter(&lock, err))
		return -1;
	sim_path(path, "domains/%s/request", h->name);
	rc = sim_put(path, text, err);
	sim_leave(&lock);
	sim_slow();
	if (rc || sim_enter(&lock, err))
		return -1;
	rc = sim_domain(h->name, &d, err);
	if (rc == 0 && sim_fault("guest-dies", NULL))
		rc = sim_set_state(&d, "off", err);
	else if (rc == 0 && !late && !sim_fault("no-answer", NULL))
		rc = sim_set_state(&d, "suspended", err);
	sim_leave(&lock);
	return rc;
}

/* 1: it stands still; 0: not yet; -1: it cannot any more. */
static int
look(struct sim_handle *h, struct err *err)
{
	struct sim_domain d;
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	rc = sim_domain(h->name, &d, err);
	sim_leave(&lock);
	if (rc)
		return -1;
	if (ds_state(&d) == DOMAIN_SUSPENDED)
		return 1;
	if (ds_state(&d) == DOMAIN_RUNNING)
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "domain %s is %s: it ended while its "
		       "memory was being saved",
		       h->name, domain_state_name(ds_state(&d)));
}

void
ds_withdraw(const char *name)
{
	char path[SIM_PATH_MAX], text[64];

	sim_path(path, "domains/%s/request", name);
	if (sim_get(path, text, sizeof(text)) && strcmp(text, "unseen") == 0)
		unlink(path);
}

static int
suspend(struct sim_handle *h, struct domain_times *times, struct err *err)
{
	unsigned int limit_ms = sim_knob("no-answer", 20);
	int r;

	if (ask(h, times, err))
		return -1;
	while ((r = look(h, err)) == 0) {
		if (cancel_check(err))
			break;
		if (clock_ms_since(times->asked_ns) >= limit_ms) {
			err_set(err, ERR_TIMEOUT, 0,
				"domain %s did not answer the request to "
				"suspend within %u ms",
				h->name, limit_ms);
			break;
		}
		clock_sleep_ms(POLL_MS);
	}
	ds_withdraw(h->name);
	if (r != 1)
		return -1;
	times->suspended_ns = clock_ns();
	return 0;
}

static int
begin_save(struct sim_handle *h, const struct domain_save_how *how,
	   struct err *err)
{
	struct sim_domain d;
	char *config;
	int lock, rc;

	if (ds_enter(h->name, &lock, &d, err))
		return -1;
	if (ds_state(&d) != DOMAIN_RUNNING)
		rc = err_set(err, ERR_STATE, 0, "domain %s is %s, not running",
			     h->name, domain_state_name(ds_state(&d)));
	else if (ds_others_save(&d))
		rc = err_set(err, ERR_BUSY, 0,
			     "another process is saving "
			     "domain %s already",
			     h->name);
	else if (sim_fault("save", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: save failed");
	else
		rc = mark_saving(h->name, how->live, err);
	sim_leave(&lock);
	if (rc)
		return -1;
	h->saving = true;
	h->fd = how->fd;
	config = ds_config(&h->base, err);
	if (!config)
		return -1;
	rc = xl_header_write(how->fd, config, err);
	free(config);
	return rc ? -1 : write_headers(how->fd, err);
}

int
ds_save(struct domain *base, const struct domain_save_how *how,
	struct domain_times *times, struct err *err)
{
	struct sim_handle *h = ds_handle(base);

	if (begin_save(h, how, err))
		goto failed;
	if (how->live && copy_pages(h, how, false, err))
		goto failed;
	if (suspend(h, times, err))
		goto failed;
	if (how->instant && how->instant(how->ctx, err))
		goto failed;
	if (copy_pages(h, how, true, err))
		goto failed;
	times->saved_ns = clock_ns();
	return 0;
failed:
	if (h->saving)
		ds_unmark_saving(h->name);
	h->saving = false;
	return -1;
}

int
ds_finish(struct domain *base, struct err *err)
{
	struct sim_handle *h = ds_handle(base);
	struct sim_domain d;
	int lock, rc;

	if (ds_enter(h->name, &lock, &d, err))
		return -1;
	if (sim_fault("finish", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: the end failed");
	else
		rc = write_ends(h->fd, err);
	ds_unmark_saving(h->name);
	h->saving = false;
	sim_leave(&lock);
	return rc;
}

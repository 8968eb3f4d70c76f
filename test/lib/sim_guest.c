/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_guest.c - see sim_guest.h.
 *
 * Whoever plays the guest may be killed between any two writes here.  Each is
 * one page at its place, which the kernel writes whole or not at all, and
 * their order is that of a real guest: issued, written, acknowledged.
 */
#include "sim_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "sim_agent.h"

/* Page 0. */
struct head {
	uint64_t magic;
	uint64_t total;
	uint64_t n;
	struct {
		uint64_t issued;
		uint64_t acked;
	} disk[SIM_DISKS_MAX];
};

union page {
	struct head head;
	uint64_t word[SIM_PAGE / 8];
};

struct guest {
	const struct sim_domain *d;
	int memory;
	bool frozen; /* what it has begun to write ends, and that is all */
	union page p;
};

static int
guest_open(struct guest *g, const struct sim_domain *d, struct err *err)
{
	char path[SIM_PATH_MAX];

	memset(g, 0, sizeof(*g));
	g->d = d;
	sim_path(path, "domains/%s/memory", d->name);
	g->memory = open(path, O_RDWR | O_CLOEXEC);
	if (g->memory < 0)
		return err_set(err, ERR_IO, errno, "open %s", path);
	if (fd_pread_full(g->memory, &g->p, sizeof(g->p), 0, err) < 0) {
		fd_close(&g->memory);
		return -1;
	}
	g->p.head.magic = SIM_HEAD_MAGIC;
	g->p.head.n = d->n_disks;
	return 0;
}

static int
put_head(struct guest *g, struct err *err)
{
	return fd_pwrite_all(g->memory, &g->p, sizeof(g->p), 0, err);
}

static void
fill(union page *p, uint64_t first, uint64_t rest)
{
	size_t i;

	p->word[0] = first;
	for (i = 1; i < SIM_PAGE / 8; i++)
		p->word[i] = rest;
}

/* The request on disk @i reaches the disk. */
static int
write_record(struct guest *g, unsigned int i, struct err *err)
{
	uint64_t k = g->p.head.disk[i].issued;
	union page rec;
	int fd, rc;

	fd = open(g->d->disks[i].path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s",
			       g->d->disks[i].path);
	fill(&rec, SIM_RECORD_MAGIC, k);
	rc = fd_pwrite_all(fd, &rec, sizeof(rec), k % SIM_SLOTS * SIM_SLOT_STEP,
			   err);
	fd_close(&fd);
	return rc;
}

static int
acknowledge(struct guest *g, unsigned int i, struct err *err)
{
	uint64_t total = g->p.head.total + 1;
	union page stamp;

	fill(&stamp, total, total);
	if (fd_pwrite_all(g->memory, &stamp, sizeof(stamp),
			  (1 + total % (g->d->pages - 1)) * SIM_PAGE, err))
		return -1;
	g->p.head.total = total;
	g->p.head.disk[i].acked = g->p.head.disk[i].issued;
	return put_head(g, err);
}

static bool
writes_to(const struct sim_disk *k)
{
	return strcmp(k->use, "rw") == 0 && sim_there(k->path);
}

static int
step(struct guest *g, unsigned int i, bool runs, struct err *err)
{
	if (!writes_to(&g->d->disks[i]))
		return 0;
	if (runs && !g->frozen &&
	    g->p.head.disk[i].issued == g->p.head.disk[i].acked) {
		g->p.head.disk[i].issued++;
		if (put_head(g, err))
			return -1;
	}
	if (g->p.head.disk[i].issued == g->p.head.disk[i].acked ||
	    sim_held(g->d->disks[i].device))
		return 0;
	if (write_record(g, i, err))
		return -1;
	return runs ? acknowledge(g, i, err) : 0;
}

int
sim_tick(const struct sim_domain *d, unsigned int steps, struct err *err)
{
	bool runs = strcmp(d->state, "running") == 0;
	struct guest g;
	unsigned int i;
	int rc = -1;

	if (guest_open(&g, d, err))
		return -1;
	if (runs && sim_agent(d, &g.frozen, err))
		goto out;
	for (; steps > 0; steps--)
		for (i = 0; i < d->n_disks; i++)
			if (step(&g, i, runs, err))
				goto out;
	rc = 0;
out:
	fd_close(&g.memory);
	return rc;
}

static int
tick_one(struct sim_domain *d, void *ctx, struct err *err)
{
	return sim_tick(d, *(unsigned int *)ctx, err);
}

int
sim_tick_all(unsigned int steps, struct err *err)
{
	return sim_each_domain(tick_one, &steps, err);
}

int
sim_issue(const struct sim_domain *d, struct err *err)
{
	struct guest g;
	unsigned int i;
	int rc;

	/* Frozen, it has waited for all of them. */
	if (sim_agent_frozen(d))
		return 0;
	if (guest_open(&g, d, err))
		return -1;
	for (i = 0; i < d->n_disks; i++)
		if (writes_to(&d->disks[i]) &&
		    g.p.head.disk[i].issued == g.p.head.disk[i].acked)
			g.p.head.disk[i].issued++;
	rc = put_head(&g, err);
	fd_close(&g.memory);
	return rc;
}

int
sim_read_page(const struct sim_domain *d, unsigned int pfn, void *buf,
	      struct err *err)
{
	char path[SIM_PATH_MAX];
	ssize_t n;
	int fd;

	sim_path(path, "domains/%s/memory", d->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", path);
	n = fd_pread_full(fd, buf, SIM_PAGE, (uint64_t)pfn * SIM_PAGE, err);
	fd_close(&fd);
	if (n < 0)
		return -1;
	if (n < (ssize_t)SIM_PAGE)
		memset((char *)buf + n, 0, SIM_PAGE - (size_t)n);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim_host.c - the simulated hypervisor, for tests.
 *
 * What can be made to go wrong, by files in faults/ (sim_world.h):
 *
 *   hypervisor      it does not answer
 *   domains         it does not tell which domains there are
 *   xen-minor       its version is 4. and this number (17)
 *   no-shadow       it cannot tell what memory of PV guests changes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_here.h"
#include "domain_sim.h"

int
ds_hypervisor(struct domain_hypervisor *ret, struct err *err)
{
	int lock;

	if (sim_enter(&lock, err))
		return -1;
	if (sim_fault("hypervisor", NULL)) {
		sim_leave(&lock);
		return err_set(err, ERR_TIMEOUT, 0,
			       "simulated: xenstored does not answer");
	}
	ret->major = 4;
	ret->minor = sim_knob("xen-minor", 17);
	snprintf(ret->version, sizeof(ret->version), "4.%u.sim", ret->minor);
	ret->pv = ret->hvm = ret->hap = ret->starts = true;
	ret->shadow = !sim_fault("no-shadow", NULL);
	ret->free_bytes = (uint64_t)sim_knob("free-mib", 1u << 20) << 20;
	sim_leave(&lock);
	return 0;
}

/* The caller may ask about domains: so they are collected under the lock. */
struct collected {
	struct domain_seen *seen;
	unsigned int n;
};

static int
collect(struct sim_domain *d, void *ctx, struct err *err)
{
	struct collected *c = ctx;
	struct domain_seen *more, *s;

	if (ds_state(d) == DOMAIN_GONE)
		return 0;
	more = reallocarray(c->seen, c->n + 1, sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	c->seen = more;
	s = &more[c->n++];
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%.*s", DOMAIN_NAME_MAX, d->name);
	snprintf(s->uuid, sizeof(s->uuid), "%s", d->uuid);
	s->domid = d->domid;
	s->state = ds_state(d);
	s->memory_bytes = (uint64_t)d->pages * SIM_PAGE;
	return 0;
}

int
ds_cpu(bool pv, struct cpu_features *ret, struct err *err)
{
	int lock;

	(void)pv;
	if (sim_enter(&lock, err))
		return -1;
	ret->word[1] = SIM_CPU_1C;
	ret->word[5] = sim_fault("no-avx2", NULL) ? 0 : SIM_CPU_7B0;
	sim_leave(&lock);
	return 1;
}

int
ds_each(domain_each_fn *fn, void *ctx, struct err *err)
{
	struct collected c = { .n = 0 };
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	if (sim_fault("domains", NULL))
		rc = err_set(err, ERR_TIMEOUT, 0,
			     "simulated: libxl does not list the domains");
	else
		rc = sim_each_domain(collect, &c, err);
	sim_leave(&lock);
	for (unsigned int i = 0; rc == 0 && i < c.n; i++)
		rc = fn(&c.seen[i], ctx, err);
	free(c.seen);
	return rc;
}

int
ds_console_log(const char *name, char *ret, size_t len, struct err *err)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "domains/%s/console", name);
	if (snprintf(ret, len, "%s", path) < (int)len)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0, "the name %s is too long",
		       name);
}

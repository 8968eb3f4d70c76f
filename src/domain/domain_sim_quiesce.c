/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim_quiesce.c - the nodes that a simulated guest shares with us:
 * files in domains/NAME/store/.  The guest's own side is test/lib/sim_agent.c.
 * Faults:
 *
 *   guest-says      what the guest says cannot be read
 *   ask-agent       its agent cannot be asked, nor told to thaw
 *   sysrq           its kernel cannot be told to sync
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "domain_sim.h"
#include "quiesce.h"

int
ds_guest_says(struct domain *base, const char *node, char ret[DOMAIN_NODE_MAX],
	      struct err *err)
{
	char path[SIM_PATH_MAX];
	struct sim_domain d;
	int lock, rc = 0;

	ret[0] = '\0';
	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	if (sim_fault("guest-says", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: cannot read %s", node);
	sim_path(path, "domains/%s/store/%s", d.name, node);
	if (rc == 0 && !sim_get(path, ret, DOMAIN_NODE_MAX))
		ret[0] = '\0';
	sim_leave(&lock);
	return rc;
}

/* The world is locked. */
static int
ask(const struct sim_domain *d, const char *request, struct err *err)
{
	char path[SIM_PATH_MAX];

	if (sim_fault("ask-agent", NULL))
		return err_set(err, ERR_IO, 0, "simulated: cannot ask");
	sim_path(path, "domains/%s/store/%s", d->name, QUIESCE_REQUEST);
	if (request)
		return sim_put(path, request, err);
	if (unlink(path) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "remove %s", path);
	return 0;
}

int
ds_ask_agent(uint32_t domid, const char *uuid, const char *request,
	     struct err *err)
{
	struct err e = ERR_INIT;
	struct sim_domain d;
	int lock, rc;

	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	if (sim_domain_by_id(domid, uuid, &d, &e) == 0)
		rc = ask(&d, request, err);
	else
		rc = request ? err_set(err, ERR_NOTFOUND, 0, "%s", e.text) : 0;
	sim_leave(&lock);
	return rc;
}

int
ds_sysrq(struct domain *base, char key, struct err *err)
{
	char path[SIM_PATH_MAX], text[2] = { key, '\0' };
	struct sim_domain d;
	int lock, rc;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	sim_path(path, "domains/%s/store/control/sysrq", d.name);
	rc = sim_fault("sysrq", NULL) ?
		     err_set(err, ERR_IO, 0, "simulated: cannot press a key") :
		     sim_put(path, text, err);
	sim_leave(&lock);
	return rc;
}

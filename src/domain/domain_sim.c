/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim.c - simulated domains, for tests (builds with -Dsim=true, and
 * XENSNAP_SIM in the environment).  The world is test/lib/sim_world.h.
 *
 * What can be made to go wrong, by files in faults/ (see there):
 *
 *   slow            every call sleeps so many ms, several times
 *   describe        describing a domain fails
 *   config          reading its configuration fails
 *   save            saving fails before the guest was asked
 *   no-answer       the guest does not answer; we give up after so many ms
 *   late            the guest stops so many ms after it was asked, and we
 *                   give up before (after no-answer's ms, or 20)
 *   guest-dies      the guest powers off instead of suspending
 *   save-space      no room in the middle of the last pages
 *   save-middle     an I/O error there
 *   resume          resuming fails
 *   rescue          rescuing fails
 *   pause, unpause  these fail
 *   flush           the device model cannot write what it keeps
 *   destroy         ending it for a restore fails
 *   restore         restoring it fails
 *   finish          writing the end fails
 *
 * and those of domain_sim_quiesce.c.
 */
#include "domain_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define POLL_MS 2

struct sim_handle *
ds_handle(struct domain *d)
{
	return (struct sim_handle *)d;
}

/* Lock the world, let time pass for @name and read it. */
int
ds_enter(const char *name, int *lock, struct sim_domain *d, struct err *err)
{
	sim_slow();
	if (sim_enter(lock, err))
		return -1;
	if (sim_domain(name, d, err) == 0 && sim_tick(d, 2, err) == 0)
		return 0;
	sim_leave(lock);
	return -1;
}

static int
sim_find(const char *name, struct domain **ret, struct err *err)
{
	struct sim_handle *h;
	struct sim_domain d;
	int lock;

	if (ds_enter(name, &lock, &d, err))
		return -1;
	sim_leave(&lock);
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	h->base.ops = &domain_sim_ops;
	h->fd = -1;
	snprintf(h->name, sizeof(h->name), "%s", name);
	*ret = &h->base;
	return 0;
}

/* ---- describe ---- */

enum domain_state
ds_state(const struct sim_domain *d)
{
	static const struct {
		const char *word;
		enum domain_state state;
	} words[] = {
		{ "running", DOMAIN_RUNNING },     { "paused", DOMAIN_PAUSED },
		{ "suspended", DOMAIN_SUSPENDED }, { "off", DOMAIN_SHUT_DOWN },
		{ "crashed", DOMAIN_CRASHED },     { "dying", DOMAIN_DYING },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(d->state, words[i].word) == 0)
			return words[i].state;
	return DOMAIN_GONE;
}

static enum domain_type
type_of(const struct sim_domain *d)
{
	if (strcmp(d->type, "PV") == 0)
		return DOMAIN_PV;
	return strcmp(d->type, "PVH") == 0 ? DOMAIN_PVH : DOMAIN_HVM;
}

static void
describe_disk(const struct sim_disk *k, struct domain_disk *ret)
{
	snprintf(ret->vdev, sizeof(ret->vdev), "%s", k->vdev);
	snprintf(ret->source, sizeof(ret->source), "%s", k->path);
	snprintf(ret->format, sizeof(ret->format), "%s",
		 strcmp(k->use, "qcow2") == 0 ? "qcow2" : "raw");
	snprintf(ret->backend, sizeof(ret->backend), "%s", k->backend);
	ret->readonly = strcmp(k->use, "ro") == 0 ||
			strcmp(k->use, "cdrom") == 0;
	ret->cdrom = strcmp(k->use, "cdrom") == 0;
}

static int
sim_describe(struct domain *base, struct domain_info *ret, struct err *err)
{
	struct sim_domain d;
	unsigned int i;
	int lock;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	if (sim_fault("describe", NULL)) {
		sim_leave(&lock);
		return err_set(err, ERR_IO, 0, "simulated: cannot describe");
	}
	sim_leave(&lock);
	snprintf(ret->name, sizeof(ret->name), "%s", ds_handle(base)->name);
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", d.uuid);
	ret->domid = d.domid;
	ret->type = type_of(&d);
	ret->state = ds_state(&d);
	ret->memory_bytes = (uint64_t)d.pages * SIM_PAGE;
	snprintf(ret->xen_version, sizeof(ret->xen_version), "4.17.sim");
	ret->save_ok = strcmp(d.save, "yes") == 0;
	snprintf(ret->save_why, sizeof(ret->save_why), "%s", d.save);
	ret->live_ok = strcmp(d.live, "yes") == 0;
	snprintf(ret->live_why, sizeof(ret->live_why), "%s", d.live);
	ret->n_disks = d.n_disks;
	for (i = 0; i < d.n_disks; i++)
		describe_disk(&d.disks[i], &ret->disks[i]);
	return 0;
}

/* The word "shared" in its own configuration plays the other domain. */
static int
sim_sharers(struct domain_info *info, struct err *err)
{
	struct sim_domain d;
	unsigned int i;
	int lock;

	if (ds_enter(info->name, &lock, &d, err)) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err); /* it does not run */
		return 0;
	}
	sim_leave(&lock);
	for (i = 0; i < d.n_disks && i < info->n_disks; i++)
		if (strcmp(d.disks[i].use, "shared") == 0)
			snprintf(info->disks[i].shared_with,
				 sizeof(info->disks[i].shared_with), "other");
	return 0;
}

char *
ds_config(struct domain *base, struct err *err)
{
	struct sim_domain d;
	char *text = NULL;
	size_t len = 0;
	unsigned int i;
	FILE *f;
	int lock;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return NULL;
	if (sim_fault("config", NULL)) {
		sim_leave(&lock);
		err_set(err, ERR_IO, 0, "simulated: no configuration");
		return NULL;
	}
	sim_leave(&lock);
	f = open_memstream(&text, &len);
	if (!f) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	fprintf(f,
		"{\"c_info\": {\"type\": \"pvh\", \"name\": \"%s\", "
		"\"uuid\": \"%s\"}, \"b_info\": {\"max_vcpus\": 1, "
		"\"target_memkb\": %u, \"max_memkb\": %u, "
		"\"cmdline\": \"pages=%u\"}, \"disks\": [",
		d.name, d.uuid, d.pages * 4, d.pages * 4, d.pages);
	for (i = 0; i < d.n_disks; i++)
		fprintf(f,
			"%s{\"pdev_path\": \"%s\", \"vdev\": \"%s\", "
			"\"format\": \"raw\", \"backend\": \"phy\", "
			"\"readwrite\": %d}",
			i ? ", " : "", d.disks[i].path, d.disks[i].vdev,
			strcmp(d.disks[i].use, "ro") != 0);
	fputs("]}", f);
	if (fclose(f)) {
		free(text);
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	return text;
}

/* ---- go on ---- */

static int
sim_resume(struct domain *base, struct err *err)
{
	struct sim_domain d;
	int lock, rc;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	if (sim_fault("resume", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: resume failed");
	else if (ds_state(&d) != DOMAIN_SUSPENDED)
		rc = err_set(err, ERR_STATE, 0, "domain %s is %s", d.name,
			     domain_state_name(ds_state(&d)));
	else
		rc = sim_set_state(&d, "running", err);
	/* The guest is quick: what it may write, it has written. */
	if (rc == 0)
		rc = sim_tick(&d, 3, err);
	sim_leave(&lock);
	return rc;
}

/*
 * One look at a domain that was left: 1 when it will stop soon and must be
 * waited for, 0 when all is well, -1 with @err.
 */
static int
rescue_once(struct sim_domain *d, bool *ret_resumed, struct err *err)
{
	char path[SIM_PATH_MAX];

	if (ds_others_save(d))
		return err_set(err, ERR_BUSY, 0,
			       "another process is saving "
			       "domain %s",
			       d->name);
	if (sim_fault("rescue", NULL))
		return err_set(err, ERR_IO, 0, "simulated: rescue failed");
	ds_withdraw(d->name);
	ds_unmark_saving(d->name);
	if (ds_state(d) == DOMAIN_SUSPENDED) {
		*ret_resumed = true;
		return sim_set_state(d, "running", err);
	}
	sim_path(path, "domains/%s/request", d->name);
	return ds_state(d) == DOMAIN_RUNNING && sim_there(path);
}

static int
sim_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
	   bool *ret_resumed, struct err *err)
{
	uint64_t start = clock_ns();
	struct sim_domain d;
	int lock, r;

	for (;;) {
		sim_slow();
		if (sim_enter(&lock, err))
			return -1;
		r = sim_domain_by_id(domid, uuid, &d, err);
		if (r && err->code == ERR_NOTFOUND) {
			err_clear(err);
			r = 0;
		} else if (r == 0) {
			r = rescue_once(&d, ret_resumed, err);
		}
		sim_leave(&lock);
		if (r != 1 || clock_ms_since(start) >= wait_ms)
			return r < 0 ? -1 : 0;
		clock_sleep_ms(POLL_MS);
	}
}

static int
sim_pause(struct domain *base, struct err *err)
{
	struct sim_domain d;
	int lock, rc;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	if (sim_fault("pause", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: cannot pause");
	else
		rc = sim_issue(&d, err) || sim_set_state(&d, "paused", err);
	sim_leave(&lock);
	return rc ? -1 : 0;
}

/* The guest is quick: what it may write, it has written.  The world is
 * locked. */
static int
unpause(struct sim_domain *d, struct err *err)
{
	if (sim_fault("unpause", NULL))
		return err_set(err, ERR_IO, 0, "simulated: cannot unpause");
	return sim_set_state(d, "running", err) || sim_tick(d, 3, err) ? -1 : 0;
}

static int
sim_unpause(struct domain *base, struct err *err)
{
	struct sim_domain d;
	int lock, rc;

	if (ds_enter(ds_handle(base)->name, &lock, &d, err))
		return -1;
	rc = unpause(&d, err);
	sim_leave(&lock);
	return rc;
}

static int
sim_rescue_paused(uint32_t domid, const char *uuid, bool *ret_did,
		  struct err *err)
{
	struct err e = ERR_INIT;
	struct sim_domain d;
	int lock, rc = 0;

	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	if (sim_domain_by_id(domid, uuid, &d, &e) == 0 &&
	    ds_state(&d) == DOMAIN_PAUSED) {
		rc = unpause(&d, err);
		*ret_did = rc == 0;
	}
	sim_leave(&lock);
	return rc;
}

/* There is no device model but the fault of it. */
static int
device_model(const char *fault, const char *what, struct err *err)
{
	int lock, rc = 0;

	if (sim_enter(&lock, err))
		return -1;
	if (sim_fault(fault, NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: %s", what);
	sim_leave(&lock);
	return rc;
}

static int
sim_check_device_model(struct domain *base, struct err *err)
{
	(void)base;
	return device_model("device-model", "no device model", err);
}

/* Nobody keeps anything of simulated disks. */
static int
sim_flush_disks(struct domain *base, struct err *err)
{
	(void)base;
	return device_model("flush", "cannot flush", err);
}

static int
sim_state(uint32_t domid, const char *uuid, enum domain_state *ret,
	  struct err *err)
{
	struct sim_domain d;
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	rc = sim_domain_by_id(domid, uuid, &d, err);
	sim_leave(&lock);
	if (rc == 0) {
		*ret = ds_state(&d);
	} else if (err->code == ERR_NOTFOUND) {
		*ret = DOMAIN_GONE;
		err_clear(err);
		rc = 0;
	}
	return rc;
}

static void
sim_close(struct domain *base)
{
	struct err ignored = ERR_INIT;
	int lock;

	if (ds_handle(base)->saving && sim_enter(&lock, &ignored) == 0) {
		ds_unmark_saving(ds_handle(base)->name);
		sim_leave(&lock);
	}
	free(base);
}

const struct domain_ops domain_sim_ops = {
	.name = "sim",
	.find = sim_find,
	.describe = sim_describe,
	.sharers = sim_sharers,
	.config = ds_config,
	.save = ds_save,
	.resume = sim_resume,
	.finish = ds_finish,
	.rescue = sim_rescue,
	.pause = sim_pause,
	.unpause = sim_unpause,
	.rescue_paused = sim_rescue_paused,
	.check_device_model = sim_check_device_model,
	.flush_disks = sim_flush_disks,
	.rebuild = ds_rebuild,
	.end = ds_end,
	.boot = ds_boot,
	.state = sim_state,
	.close = sim_close,
	.hypervisor = ds_hypervisor,
	.cpu = ds_cpu,
	.each = ds_each,
	.guest_says = ds_guest_says,
	.console_log = ds_console_log,
	.ask_agent = ds_ask_agent,
	.sysrq = ds_sysrq,
};

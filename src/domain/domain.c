/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c - see domain.h: picks the driver and passes the calls on. */
#include "domain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "domain_here.h"
#include "domain_start.h"
#ifdef HAVE_XLUTIL
#include "domain_offline.h"
#endif

/*
 * The driver of this process; the same at every call, since what decides does
 * not change.  NULL with ERR_UNSUPPORTED when this build has none.
 */
static const struct domain_ops *
driver(struct err *err)
{
#ifdef HAVE_SIM
	if (getenv("XENSNAP_SIM"))
		return &domain_sim_ops;
#endif
#ifdef HAVE_XEN
	(void)err;
	return &domain_libxl_ops;
#else
	err_set(err, ERR_UNSUPPORTED, 0, "this xensnap was built without Xen");
	return NULL;
#endif
}

int
domain_find(const char *name, struct domain **ret, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret = NULL;
	if (!ops)
		return -1;
	return ops->find(name, ret, err);
}

#ifndef HAVE_XLUTIL
static int
no_xlutil(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "this xensnap was built without Xen's libxlutil, which "
		       "reads xl's configuration files");
}
#endif

int
domain_find_offline(const char *config_file, const char *name,
		    struct domain **ret, struct err *err)
{
	*ret = NULL;
#ifdef HAVE_XLUTIL
	return offline_find(config_file, name, ret, err);
#else
	(void)config_file;
	(void)name;
	return no_xlutil(err);
#endif
}

char *
domain_offline_config(const char *text, const struct xl_cfg_disk *disks,
		      size_t n_disks, struct err *err)
{
#ifdef HAVE_XLUTIL
	return offline_config(text, disks, n_disks, err);
#else
	(void)text;
	(void)disks;
	(void)n_disks;
	no_xlutil(err);
	return NULL;
#endif
}

char *
domain_offline_as_other(const char *text, const struct xl_cfg_identity *id,
			struct err *err)
{
#ifdef HAVE_XLUTIL
	return offline_as_other(text, id, err);
#else
	(void)text;
	(void)id;
	no_xlutil(err);
	return NULL;
#endif
}

int
domain_offline_look(const char *text, struct domain_info *ret, struct err *err)
{
#ifdef HAVE_XLUTIL
	return offline_read(text, NULL, ret, err);
#else
	(void)text;
	(void)ret;
	return no_xlutil(err);
#endif
}

char *
domain_offline_safe(const char *text, const struct xl_safe_how *how,
		    struct xl_safe_left *left, struct err *err)
{
#ifdef HAVE_XLUTIL
	return offline_safe(text, how, left, err);
#else
	(void)text;
	(void)how;
	(void)left;
	no_xlutil(err);
	return NULL;
#endif
}

int
domain_describe(struct domain *d, struct domain_info *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return d->ops->describe(d, ret, err);
}

int
domain_sharers(struct domain_info *info, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	return ops ? ops->sharers(info, err) : -1;
}

char *
domain_config(struct domain *d, struct err *err)
{
	return d->ops->config(d, err);
}

int
domain_save(struct domain *d, const struct domain_save_how *how,
	    struct domain_times *times, struct err *err)
{
	assert(how->fd >= 0);
	memset(times, 0, sizeof(*times));
	return d->ops->save(d, how, times, err);
}

int
domain_resume(struct domain *d, struct err *err)
{
	return d->ops->resume(d, err);
}

int
domain_finish(struct domain *d, struct err *err)
{
	return d->ops->finish(d, err);
}

int
domain_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
	      bool *ret_resumed, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret_resumed = false;
	if (!ops)
		return -1;
	return ops->rescue(domid, uuid, wait_ms, ret_resumed, err);
}

int
domain_pause(struct domain *d, struct err *err)
{
	return d->ops->pause(d, err);
}

int
domain_unpause(struct domain *d, struct err *err)
{
	return d->ops->unpause(d, err);
}

int
domain_rescue_paused(uint32_t domid, const char *uuid, bool *ret_did,
		     struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret_did = false;
	return ops ? ops->rescue_paused(domid, uuid, ret_did, err) : -1;
}

int
domain_check_device_model(struct domain *d, struct err *err)
{
	return d->ops->check_device_model(d, err);
}

int
domain_flush_disks(struct domain *d, struct err *err)
{
	return d->ops->flush_disks(d, err);
}

int
domain_rebuild(const struct domain_saved *saved, bool *ret_restored,
	       struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret_restored = false;
	assert(saved->memory[0]);
	return ops ? ops->rebuild(saved, ret_restored, err) : -1;
}

int
domain_end(uint32_t domid, const char *uuid, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	return ops ? ops->end(domid, uuid, err) : -1;
}

int
domain_boot(const struct domain_start *how, bool *ret_started, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret_started = false;
	return ops ? ops->boot(how, ret_started, err) : -1;
}

int
domain_says(struct domain *d, const char *node, char ret[DOMAIN_NODE_MAX],
	    struct err *err)
{
	return d->ops->guest_says(d, node, ret, err);
}

int
domain_console_log(const char *name, char *ret, size_t len, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	return ops ? ops->console_log(name, ret, len, err) : -1;
}

int
domain_state(uint32_t domid, const char *uuid, enum domain_state *ret,
	     struct err *err)
{
	const struct domain_ops *ops = driver(err);

	*ret = DOMAIN_GONE;
	if (!ops)
		return -1;
	return ops->state(domid, uuid, ret, err);
}

int
domain_hypervisor(struct domain_hypervisor *ret, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	memset(ret, 0, sizeof(*ret));
	return ops ? ops->hypervisor(ret, err) : -1;
}

int
domain_cpu(bool pv, struct cpu_features *ret, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	memset(ret, 0, sizeof(*ret));
	return ops ? ops->cpu(pv, ret, err) : -1;
}

int
domain_each(domain_each_fn *fn, void *ctx, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	return ops ? ops->each(fn, ctx, err) : -1;
}

int
domain_thaw(uint32_t domid, const char *uuid, struct err *err)
{
	const struct domain_ops *ops = driver(err);

	return ops ? ops->ask_agent(domid, uuid, NULL, err) : -1;
}

void
domain_close(struct domain *d)
{
	if (d)
		d->ops->close(d);
}

const char *
domain_type_name(enum domain_type type)
{
	switch (type) {
	case DOMAIN_PV:
		return "PV";
	case DOMAIN_PVH:
		return "PVH";
	case DOMAIN_HVM:
		return "HVM";
	}
	return "unknown";
}

const char *
domain_state_name(enum domain_state state)
{
	switch (state) {
	case DOMAIN_GONE:
		return "gone";
	case DOMAIN_RUNNING:
		return "running";
	case DOMAIN_PAUSED:
		return "paused";
	case DOMAIN_SUSPENDED:
		return "suspended";
	case DOMAIN_SHUT_DOWN:
		return "shut down";
	case DOMAIN_CRASHED:
		return "crashed";
	case DOMAIN_DYING:
		return "dying";
	}
	return "unknown";
}

const char *
domain_quiesced_name(enum domain_quiesced quiesced)
{
	switch (quiesced) {
	case DOMAIN_NOT_ASKED:
		return "";
	case DOMAIN_NOT_QUIESCED:
		return "none";
	case DOMAIN_SYNCED:
		return "sync";
	case DOMAIN_FROZEN:
		return "frozen";
	}
	return "unknown";
}

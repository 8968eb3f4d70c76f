/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_describe.c - what a domain is, and which ways of saving it this
 * hypervisor and its configuration allow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_libxl.h"
#include "text.h"

/* Where there is a QEMU libxl asks it too, and says only that it failed. */
static int
retrieve(struct lx_domain *d, libxl_domain_config *config, struct err *err)
{
	int rc;

	lx_log_clear(&d->log);
	rc = libxl_retrieve_domain_configuration(d->ctx, d->domid, config,
						 NULL);
	if (!rc)
		return 0;
	if (lx_has_device_model(d->domid) &&
	    lx_check_device_model(&d->base, err))
		return -1;
	return lx_error(&d->log, rc, err, "read the domain's configuration");
}

/*
 * What serves the disk: the configuration holds what was asked for, mostly
 * nothing; the devices in xenstore hold what was chosen.
 */
static const char *
backend_of(const libxl_device_disk *disk, const libxl_device_disk *devices,
	   int n)
{
	libxl_disk_backend backend = disk->backend;
	int i;

	for (i = 0; i < n; i++)
		if (devices[i].vdev && disk->vdev &&
		    strcmp(devices[i].vdev, disk->vdev) == 0)
			backend = devices[i].backend;
	return libxl_disk_backend_to_string(backend);
}

static int
describe_disk(const libxl_device_disk *from, const char *backend,
	      struct domain_disk *to, struct err *err)
{
	const char *path = from->pdev_path;

	if (from->format == LIBXL_DISK_FORMAT_EMPTY)
		path = "";
	to->readonly = !from->readwrite;
	to->cdrom = from->is_cdrom != 0;
	if (text_copy(to->vdev, sizeof(to->vdev), from->vdev, "disk name",
		      err) ||
	    text_copy(to->source, sizeof(to->source), path, "disk path", err) ||
	    text_copy(to->format, sizeof(to->format),
		      libxl_disk_format_to_string(from->format), "disk format",
		      err) ||
	    text_copy(to->backend, sizeof(to->backend), backend, "disk backend",
		      err))
		return -1;
	return 0;
}

static int
describe_disks(struct lx_domain *d, const libxl_domain_config *config,
	       struct domain_info *ret, struct err *err)
{
	libxl_device_disk *devices;
	int i, n = 0, rc = 0;

	if (config->num_disks > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s has %d disks, more "
			       "than the %d that can be frozen together",
			       ret->name, config->num_disks, DOMAIN_DISKS_MAX);
	devices = libxl_device_disk_list(d->ctx, d->domid, &n);
	for (i = 0; i < config->num_disks && rc == 0; i++)
		rc = describe_disk(&config->disks[i],
				   backend_of(&config->disks[i], devices, n),
				   &ret->disks[i], err);
	libxl_device_disk_list_free(devices, n);
	ret->n_disks = (unsigned int)config->num_disks;
	return rc;
}

/* What stands against saving this domain's memory in whatever way, or NULL. */
static const char *
why_not_saved(const libxl_domain_config *config)
{
	if (config->b_info.num_vnuma_nodes > 0)
		return "it has virtual NUMA nodes, which Xen's save format "
		       "does not keep";
	if (config->num_pcidevs > 0 || config->num_dtdevs > 0)
		return "a device of the host is passed through to it, whose "
		       "state nobody can save";
	if (libxl_defbool_val(config->b_info.nested_hvm))
		return "nested virtualisation is on (nestedhvm), whose state "
		       "Xen's save format does not keep";
	return NULL;
}

/*
 * The same, found out from the guest itself.  Reading memory that was promised
 * but is not there kills the guest: the hypervisor tries to populate it and
 * has nothing left to do it with.
 */
static int
why_not_by_guest(struct lx_domain *d, const char **ret, struct err *err)
{
	uint64_t promised;
	bool refuses;

	if (lx_refuses_suspend(d->domid, &refuses, err) ||
	    lx_pod_bytes(d->domid, &promised, err))
		return -1;
	if (refuses)
		*ret = "its system says that it cannot suspend "
		       "(control/feature-suspend; Linux needs "
		       "CONFIG_HIBERNATE_CALLBACKS)";
	else if (promised)
		*ret = "it has more memory promised than it was given, and its "
		       "balloon driver has not given the rest back yet "
		       "(maxmem above memory: wait until it has booted)";
	return 0;
}

/* What stands against copying it while it runs, or NULL. */
static const char *
why_not_live(const libxl_domain_config *config, const libxl_physinfo *phys)
{
	if (config->c_info.type == LIBXL_DOMAIN_TYPE_PV) {
		if (!phys->cap_shadow)
			return "this hypervisor was built without shadow "
			       "paging, so the memory of a PV domain cannot "
			       "be copied while it runs";
		return NULL;
	}
	if (!phys->cap_hap && !phys->cap_shadow)
		return "this hypervisor has neither hardware-assisted nor "
		       "shadow paging, so it cannot tell which memory changes";
	return NULL;
}

static int
describe_ways(struct lx_domain *d, libxl_domain_config *config,
	      struct domain_info *ret, struct err *err)
{
	const char *save_why, *live_why;
	libxl_physinfo phys;
	int rc;

	libxl_physinfo_init(&phys);
	lx_log_clear(&d->log);
	rc = libxl_get_physinfo(d->ctx, &phys);
	if (rc) {
		libxl_physinfo_dispose(&phys);
		return lx_error(&d->log, rc, err,
				"ask the hypervisor what it "
				"can do");
	}
	libxl_defbool_setdefault(&config->b_info.nested_hvm, false);
	save_why = why_not_saved(config);
	if (!save_why && why_not_by_guest(d, &save_why, err)) {
		libxl_physinfo_dispose(&phys);
		return -1;
	}
	live_why = save_why ? save_why : why_not_live(config, &phys);
	libxl_physinfo_dispose(&phys);

	ret->save_ok = !save_why;
	ret->live_ok = !live_why;
	snprintf(ret->save_why, sizeof(ret->save_why), "%s",
		 save_why ? save_why : "");
	snprintf(ret->live_why, sizeof(ret->live_why), "%s",
		 live_why ? live_why : "");
	return 0;
}

static int
describe_type(struct lx_domain *d, const libxl_domain_config *config,
	      struct domain_info *ret, struct err *err)
{
	switch (config->c_info.type) {
	case LIBXL_DOMAIN_TYPE_PV:
		ret->type = DOMAIN_PV;
		break;
	case LIBXL_DOMAIN_TYPE_PVH:
		ret->type = DOMAIN_PVH;
		break;
	case LIBXL_DOMAIN_TYPE_HVM:
		ret->type = DOMAIN_HVM;
		break;
	default:
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s is neither PV, "
			       "PVH nor HVM",
			       d->name);
	}
	d->is_hvm = ret->type == DOMAIN_HVM;
	return 0;
}

static int
describe_host(struct lx_domain *d, struct domain_info *ret, struct err *err)
{
	const libxl_version_info *version = libxl_get_version_info(d->ctx);

	if (!version)
		return err_set(err, ERR_IO, 0,
			       "ask the hypervisor for its "
			       "version");
	snprintf(ret->xen_version, sizeof(ret->xen_version), "%d.%d%s",
		 version->xen_version_major, version->xen_version_minor,
		 version->xen_version_extra ? version->xen_version_extra : "");
	return 0;
}

/* What changes from moment to moment, and is it still the same domain? */
static int
describe_now(struct lx_domain *d, struct domain_info *ret, struct err *err)
{
	libxl_dominfo now;
	int rc;

	libxl_dominfo_init(&now);
	lx_log_clear(&d->log);
	rc = libxl_domain_info(d->ctx, &now, d->domid);
	if (!rc) {
		lx_uuid(&now.uuid, ret->uuid);
		ret->state = lx_state(&now);
		ret->memory_bytes = now.current_memkb * 1024;
	}
	libxl_dominfo_dispose(&now);
	if (rc == ERROR_DOMAIN_NOTFOUND ||
	    (!rc && strcmp(ret->uuid, d->uuid) != 0))
		return err_set(err, ERR_NOTFOUND, 0, "domain %s is gone",
			       d->name);
	if (rc)
		return lx_error(&d->log, rc, err, "look at the domain");
	return 0;
}

int
lx_describe(struct domain *base, struct domain_info *ret, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	libxl_domain_config config;
	int rc = -1;

	libxl_domain_config_init(&config);
	memcpy(ret->name, d->name, sizeof(ret->name));
	ret->domid = d->domid;
	if (describe_now(d, ret, err) || retrieve(d, &config, err) ||
	    describe_type(d, &config, ret, err) ||
	    describe_disks(d, &config, ret, err) ||
	    describe_ways(d, &config, ret, err) || describe_host(d, ret, err))
		goto out;
	rc = 0;
out:
	libxl_domain_config_dispose(&config);
	return rc;
}

char *
lx_config(struct domain *base, struct err *err)
{
	struct lx_domain *d = (struct lx_domain *)base;
	libxl_domain_config config;
	char *json = NULL;

	libxl_domain_config_init(&config);
	if (retrieve(d, &config, err))
		goto out;
	d->is_hvm = config.c_info.type == LIBXL_DOMAIN_TYPE_HVM;
	/* As xl: a restored domain gets a number of its own. */
	config.c_info.domid = 0;
	json = libxl_domain_config_to_json(d->ctx, &config);
	if (!json)
		err_set(err, ERR_NOMEM, 0,
			"write down the configuration of "
			"domain %s",
			d->name);
out:
	libxl_domain_config_dispose(&config);
	return json;
}

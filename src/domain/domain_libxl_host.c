/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_libxl_host.c - what the hypervisor is, and which domains run on it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain_here.h"
#include "domain_libxl.h"
#include "fd.h"
#include "run.h"

#define XL_CONF "/etc/xen/xl.conf"
#define XL_CONF_MAX (1u << 20)

static int
tell_version(struct lx_host *h, struct domain_hypervisor *ret, struct err *err)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	if (!v)
		return err_set(err, ERR_IO, 0,
			       "ask the hypervisor for its version");
	ret->major = (unsigned int)v->xen_version_major;
	ret->minor = (unsigned int)v->xen_version_minor;
	snprintf(ret->version, sizeof(ret->version), "%u.%u%s", ret->major,
		 ret->minor, v->xen_version_extra ? v->xen_version_extra : "");
	return 0;
}

/* Does xl make room by taking memory from dom0?  xl.conf(5); by itself it does
 * where Xen's command line does not say how much dom0 has. */
static bool
takes_from_dom0(struct lx_host *h)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);
	bool ret = !v || !v->commandline ||
		   !strstr(v->commandline, "dom0_mem=");
	struct err ignored = ERR_INIT;
	char *text, *line, *save = NULL, word[8];
	size_t len;

	if (fd_read_file(AT_FDCWD, XL_CONF, XL_CONF_MAX, &text, &len, &ignored))
		return ret;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, " autoballoon = %*[\"'] %7[a-z]", word) != 1 &&
		    sscanf(line, " autoballoon = %7[0-9]", word) != 1)
			continue;
		if (strcmp(word, "auto") != 0)
			ret = strcmp(word, "off") != 0 &&
			      strcmp(word, "0") != 0;
	}
	free(text);
	return ret;
}

static uint64_t
dom0_gives(struct lx_host *h)
{
	libxl_dominfo info;
	uint64_t bytes = 0;

	if (!takes_from_dom0(h))
		return 0;
	libxl_dominfo_init(&info);
	if (libxl_domain_info(h->ctx, &info, 0) == 0)
		bytes = info.current_memkb * 1024;
	libxl_dominfo_dispose(&info);
	return bytes;
}

static int
tell_ways(struct lx_host *h, struct domain_hypervisor *ret, struct err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	libxl_physinfo phys;
	int rc;

	libxl_physinfo_init(&phys);
	lx_log_clear(&h->log);
	rc = libxl_get_physinfo(h->ctx, &phys);
	if (!rc) {
		ret->pv = phys.cap_pv;
		ret->hvm = phys.cap_hvm;
		ret->hap = phys.cap_hap;
		ret->shadow = phys.cap_shadow;
		ret->free_bytes = (phys.free_pages + phys.scrub_pages) * page +
				  dom0_gives(h);
	}
	libxl_physinfo_dispose(&phys);
	return rc ? lx_error(&h->log, rc, err,
			     "ask the hypervisor what it can do") :
		    0;
}

static bool
has_xl(void)
{
	static const char *const argv[] = { "xl", "help", NULL };
	struct err ignored = ERR_INIT;
	struct run_result res;
	int rc = run(argv, NULL, &res, &ignored);

	run_done(&res);
	return rc == 0;
}

int
lx_hypervisor(struct domain_hypervisor *ret, struct err *err)
{
	struct lx_host h;
	int rc = -1;

	if (lx_open(&h.log, &h.ctx, err))
		return -1;
	if (tell_version(&h, ret, err) == 0 && tell_ways(&h, ret, err) == 0)
		rc = 0;
	libxl_ctx_free(h.ctx);
	ret->starts = has_xl();
	return rc;
}

/* A domain that is just being made or torn down has no name. */
static int
see(struct lx_host *h, const libxl_dominfo *info, domain_each_fn *fn, void *ctx,
    struct err *err)
{
	struct domain_seen seen = { .domid = info->domid };
	char *name;

	if (info->domid == 0)
		return 0;
	name = libxl_domid_to_name(h->ctx, info->domid);
	if (!name || strlen(name) > DOMAIN_NAME_MAX) {
		free(name);
		return 0;
	}
	strcpy(seen.name, name);
	free(name);
	lx_uuid(&info->uuid, seen.uuid);
	seen.state = lx_state(info);
	seen.memory_bytes = info->current_memkb * 1024;
	return fn(&seen, ctx, err);
}

int
lx_each(domain_each_fn *fn, void *ctx, struct err *err)
{
	struct lx_host h;
	libxl_dominfo *all;
	int n = 0, rc = 0;

	if (lx_open(&h.log, &h.ctx, err))
		return -1;
	lx_log_clear(&h.log);
	all = libxl_list_domain(h.ctx, &n);
	if (!all)
		rc = lx_error(&h.log, ERROR_FAIL, err, "list the domains");
	for (int i = 0; all && rc == 0 && i < n; i++)
		rc = see(&h, &all[i], fn, ctx, err);
	if (all)
		libxl_dominfo_list_free(all, n);
	libxl_ctx_free(h.ctx);
	return rc;
}

/* xenconsoled's, where XENCONSOLED_TRACE says "guest" or "all". */
int
lx_console_log(const char *name, char *ret, size_t len, struct err *err)
{
	if (snprintf(ret, len, "/var/log/xen/console/guest-%s.log", name) <
	    (int)len)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0, "the name %s is too long",
		       name);
}

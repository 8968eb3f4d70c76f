/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_fits.c - see host_fits.h. */
#include "host_fits.h"

#include <stdio.h>
#include <stdlib.h>

#include "domain_offline.h"
#include "fd.h"
#include "own_config.h"
#include "stream_cpu.h"
#include "units.h"
#include "xl_header.h"
#include "xl_safe.h"

/* ---- memory ---- */

int
host_fits_room(const struct domain_hypervisor *h, uint64_t bytes,
	       unsigned int n, struct err *err)
{
	char who[24] = "it needs", need[24], have[24];

	if (bytes <= h->free_bytes / n)
		return 0;
	if (n > 1)
		snprintf(who, sizeof(who), "%u of them need", n);
	return err_set(err, ERR_NOSPC, 0,
		       "%s %s of memory, and this host has %s for new domains "
		       "(`xl list` shows who has the rest)",
		       who, units_size(bytes * n, need, sizeof(need)),
		       units_size(h->free_bytes, have, sizeof(have)));
}

static int
look_at_config(const struct held *held, struct domain_info *ret,
	       struct err *err)
{
	char *config = own_config_read(&held->s, held->folder, err);
	int rc = -1;

	if (config)
		rc = held->s.mode == SNAPSHOT_OFFLINE ?
			     domain_offline_look(config, ret, err) :
			     xl_safe_look(config, ret, err);
	free(config);
	return rc ? err_add(err, "its configuration") : 0;
}

int
host_fits_more(const struct held *held, unsigned int n, struct err *err)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	struct domain_hypervisor h;
	int rc = -1;

	if (!info)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (look_at_config(held, info, err) == 0 &&
	    domain_hypervisor(&h, err) == 0)
		rc = host_fits_room(&h, info->memory_bytes, n, err);
	free(info);
	return rc;
}

/* ---- processor ---- */

int
host_fits_cpu(const struct cpu_features *told, bool pv, struct err *err)
{
	struct cpu_features here;
	char lacks[200];
	int r = domain_cpu(pv, &here, err);

	if (r <= 0 || cpu_lacks(told, &here, lacks, sizeof(lacks)) == 0)
		return r < 0 ? -1 : 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "its memory is of a guest that was told of a processor "
		       "with %s, which this host's lacks, so it would crash; "
		       "--disks-only boots it from its disks",
		       lacks);
}

int
host_fits_memory(const struct held *held, struct err *err)
{
	int fd = held_open_memory(held->folder, &held->s, err);
	struct xl_header h = { .len = 0 };
	struct cpu_features told;
	bool pv = false;
	int r = -1;

	if (fd < 0)
		return -1;
	if (xl_header_read(fd, 0, XL_CONFIG_MAX, &h, err) == 0)
		r = stream_cpu(fd, h.len, held->s.memory_bytes, &told, &pv,
			       err);
	if (r < 0)
		err_add(err, "its %s", SNAPSHOT_MEMORY);
	else if (r > 0)
		r = host_fits_cpu(&told, pv, err);
	xl_header_done(&h);
	fd_close(&fd);
	return r;
}

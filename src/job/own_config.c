/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* own_config.c - see own_config.h. */
#include "own_config.h"

#include <stdlib.h>

#include "fd.h"
#include "xl_cfg.h"

#define CONFIG_MAX (4u << 20)

char *
own_config_read(const struct snapshot *s, int dirfd, struct err *err)
{
	char *text;
	size_t len;

	if (fd_read_file(dirfd, snapshot_config_file(s->mode), CONFIG_MAX,
			 &text, &len, err))
		return NULL;
	return text;
}

char *
own_config(const struct snapshot *s, int dirfd, struct err *err)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	char *config = own_config_read(s, dirfd, err), *text;

	/* It is the admin's own, as it was. */
	if (!config || s->mode == SNAPSHOT_OFFLINE)
		return config;
	for (unsigned int i = 0; i < s->n_disks; i++) {
		disks[i].vdev = s->disks[i].vdev;
		disks[i].path = s->disks[i].view.source;
		disks[i].format = s->disks[i].format;
	}
	text = xl_cfg_from_json(config, disks, s->n_disks, NULL, err);
	free(config);
	return text;
}

int
own_config_has_genid(const struct snapshot *s, int dirfd, struct err *err)
{
	char *config;
	int r;

	if (s->mode == SNAPSHOT_OFFLINE)
		return 0;
	config = own_config_read(s, dirfd, err);
	if (!config)
		return -1;
	r = xl_cfg_has_genid(config, err);
	free(config);
	return r;
}

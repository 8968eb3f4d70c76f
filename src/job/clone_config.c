/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone_config.c - what a clone is, in the words of xl. */
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "identity.h"
#include "own_config.h"
#include "xl_cfg.h"
#include "xl_cfg_other.h"

/* The text with the clone's disks in it. */
static char *
with_disks(const struct held *h, const struct cloned *c, const char *config,
	   struct err *err)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];

	for (unsigned int i = 0; i < c->n_disks; i++) {
		disks[i].vdev = c->disks[i].vdev;
		disks[i].path = c->disks[i].disk.path;
		disks[i].format = h->s.disks[i].format;
	}
	return h->s.mode == SNAPSHOT_OFFLINE ?
		       domain_offline_config(config, disks, c->n_disks, err) :
		       xl_cfg_from_json(config, disks, c->n_disks, NULL, err);
}

char *
clone_config(const struct held *h, const struct cloned *c,
	     const struct clone_opts *o, struct err *err)
{
	char *config = own_config_read(&h->s, h->folder, err), *other = NULL,
	     *ret = NULL;
	struct xl_cfg_identity id;

	if (!config)
		return NULL;
	identity_make(c->domain, c->uuid, &o->network, false, &id);
	if (h->s.mode == SNAPSHOT_OFFLINE) {
		other = with_disks(h, c, config, err);
		if (other)
			ret = domain_offline_as_other(other, &id, err);
	} else {
		other = xl_cfg_as_other(config, &id, err);
		if (other)
			ret = with_disks(h, c, other, err);
	}
	free(config);
	free(other);
	return ret;
}

/* ---- the network ---- */

int
clone_check_network(const struct held *h, const struct clone_opts *o,
		    struct err *err)
{
	bool memory = !o->disks_only && snapshot_has_memory(h->s.mode);
	char *config = memory ? own_config_read(&h->s, h->folder, err) : NULL;
	int rc = -1;

	if (config || !memory)
		rc = identity_check_network(&o->network, config, err);
	free(config);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone_config.c - what a clone is, in the words of xl. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clone.h"
#include "fd.h"
#include "uuid.h"
#include "xl_cfg.h"
#include "xl_cfg_other.h"

#define CONFIG_MAX (4u << 20)
#define INTERFACE_LEN 15 /* of a network device's name, in Linux */

static char *
read_config(const struct held *h, struct err *err)
{
	char *text;
	size_t len;

	if (fd_read_file(h->folder, snapshot_config_file(h->s.mode), CONFIG_MAX,
			 &text, &len, err))
		return NULL;
	return text;
}

static void
set_identity(const struct cloned *c, const struct clone_opts *o,
	     struct xl_cfg_identity *ret)
{
	static const enum xl_cfg_network networks[] = {
		[CLONE_NO_NETWORK] = XL_CFG_NO_NETWORK,
		[CLONE_SAME_NETWORK] = XL_CFG_SAME_NETWORK,
		[CLONE_BRIDGE] = XL_CFG_BRIDGE,
	};
	uint8_t random[UUID_BYTES];

	uuid_read(c->uuid, random);
	ret->name = c->domain;
	ret->uuid = c->uuid;
	ret->network = networks[o->network];
	ret->bridge = o->bridge;
	/* The end of a uuid is as random as a card's address is to be. */
	ret->mac = (uint32_t)random[13] << 16 | (uint32_t)random[14] << 8 |
		   random[15];
}

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
	char *config = read_config(h, err), *other = NULL, *ret = NULL;
	struct xl_cfg_identity id;

	if (!config)
		return NULL;
	set_identity(c, o, &id);
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

static int
check_bridge(const char *bridge, struct err *err)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	char path[64];

	if (!*bridge || strlen(bridge) > INTERFACE_LEN ||
	    bridge[strspn(bridge, known)] || bridge[0] == '.')
		return err_set(err, ERR_INVALID, 0,
			       "'%s' cannot be the name of a bridge", bridge);
	snprintf(path, sizeof(path), "/sys/class/net/%s", bridge);
	if (access(path, F_OK))
		return err_set(err, ERR_NOTFOUND, 0,
			       "there is no bridge %s on this host", bridge);
	return 0;
}

int
clone_check_network(const struct held *h, const struct clone_opts *o,
		    struct err *err)
{
	char *config;
	int r;

	if (o->network == CLONE_BRIDGE)
		return check_bridge(o->bridge, err);
	if (o->network == CLONE_SAME_NETWORK || o->disks_only ||
	    !snapshot_has_memory(h->s.mode))
		return 0;
	config = read_config(h, err);
	r = config ? xl_cfg_emulates_network(config, err) : -1;
	free(config);
	if (r > 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "its network cards are emulated, so its memory "
			       "cannot go on without them: --network BRIDGE "
			       "puts them on a bridge of their own, "
			       "--disks-only boots without");
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity.c - see identity.h. */
#include "identity.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "uuid.h"

#define INTERFACE_LEN 15 /* of a network device's name, in Linux */

void
identity_make(const char *name, const char *uuid, const struct network_want *n,
	      bool same, struct xl_cfg_identity *ret)
{
	static const enum xl_cfg_network networks[] = {
		[NETWORK_NONE] = XL_CFG_NO_NETWORK,
		[NETWORK_SAME] = XL_CFG_SAME_NETWORK,
		[NETWORK_BRIDGE] = XL_CFG_BRIDGE,
	};
	uint8_t random[UUID_BYTES] = { 0 };

	uuid_read(uuid, random);
	ret->name = name;
	ret->uuid = uuid;
	ret->network = networks[n->kind];
	ret->bridge = n->bridge;
	ret->same_macs = same;
	/* The end of a uuid is as random as a card's address is to be. */
	ret->mac = (uint32_t)random[13] << 16 | (uint32_t)random[14] << 8 |
		   random[15];
}

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
identity_check_network(const struct network_want *n, const char *config_json,
		       struct err *err)
{
	int r;

	if (n->kind == NETWORK_BRIDGE)
		return check_bridge(n->bridge, err);
	if (n->kind == NETWORK_SAME || !config_json)
		return 0;
	r = xl_cfg_emulates_network(config_json, err);
	if (r > 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "its network cards are emulated, so its memory "
			       "cannot go on without them: --network BRIDGE "
			       "puts them on a bridge of their own, "
			       "--disks-only boots without");
	return r;
}

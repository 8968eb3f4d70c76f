/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_cfg_other.h - a domain's configuration becomes that of another domain
 * beside it.  Pure: text in, text out.
 */
#ifndef XENSNAP_XL_CFG_OTHER_H
#define XENSNAP_XL_CFG_OTHER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum xl_cfg_network {
	XL_CFG_NO_NETWORK,   /* no network cards */
	XL_CFG_SAME_NETWORK, /* the same ones, with other addresses */
	XL_CFG_BRIDGE,       /* the same, all on one bridge */
};

struct xl_cfg_identity {
	const char *name;
	const char *uuid;
	enum xl_cfg_network network;
	const char *bridge; /* of XL_CFG_BRIDGE */
	bool same_macs;     /* it is the same machine; else: */
	uint32_t mac;       /* card I gets the address 00:16:3e + mac + I */
};

/*
 * xl_cfg_new_genid() - a generation id that no domain had, as libxl's JSON has
 * it.  NULL with ERR_IO, ERR_NOMEM.
 */
struct json_object *xl_cfg_new_genid(struct err *err);

/*
 * xl_cfg_as_other() - libxl's JSON @config_json with the identity @id,
 * malloc()ed for the caller, and with a new generation id if it has one.  What
 * can be there only once on a host (the names of network devices, VNC's
 * displays) is left to xl.
 *
 * NULL with ERR_CORRUPT (not libxl's JSON) or ERR_NOMEM.
 */
char *xl_cfg_as_other(const char *config_json, const struct xl_cfg_identity *id,
		      struct err *err);

/*
 * xl_cfg_emulates_network() - does an HVM domain see network cards that its
 * device model plays?  Those are part of its memory, and must be there again.
 * 1, 0, or -1 with ERR_CORRUPT.
 */
int xl_cfg_emulates_network(const char *config_json, struct err *err);

/*
 * xl_cfg_append_identity() - the same for @text, an xl configuration file:
 * lines at its end, of which xl takes the last.  Its network cards are @vifs
 * (@n_vifs, as xl's list has them).  NULL with ERR_INVALID (cannot be written)
 * or ERR_NOMEM.
 */
char *xl_cfg_append_identity(const char *text, const struct xl_cfg_identity *id,
			     const char *const *vifs, unsigned int n_vifs,
			     struct err *err);

#endif

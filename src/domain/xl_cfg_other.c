/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cfg_other.c - see xl_cfg_other.h. */
#include "xl_cfg_other.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "json_field.h"
#include "uuid.h"
#include "xl_cfg_write.h"

#define MAC_LEN 18

/* Xen's own range; the lower three bytes are free. */
static void
write_mac(const struct xl_cfg_identity *id, size_t card, char ret[MAC_LEN])
{
	uint32_t n = (id->mac + (uint32_t)card) & 0xffffff;

	snprintf(ret, MAC_LEN, "00:16:3e:%02x:%02x:%02x", n >> 16,
		 (n >> 8) & 0xff, n & 0xff);
}

/* ---- libxl's JSON ---- */

static struct json_object *
list_of(struct json_object *root, const char *path)
{
	struct json_object *list = xl_cfg_get(root, path);

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

static void
set_cards(struct json_object *root, const struct xl_cfg_identity *id)
{
	struct json_object *nics = list_of(root, "nics");
	size_t n = nics ? json_object_array_length(nics) : 0;
	char mac[MAC_LEN];

	if (id->network == XL_CFG_NO_NETWORK) {
		json_object_object_del(root, "nics");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *nic = json_object_array_get_idx(nics, i);

		write_mac(id, i, mac);
		if (!id->same_macs)
			json_add_str(nic, "mac", mac);
		json_object_object_del(nic, "ifname");
		if (id->network == XL_CFG_BRIDGE)
			json_add_str(nic, "bridge", id->bridge);
	}
}

/* A display that is taken by the other one. */
static void
free_display(struct json_object *vnc)
{
	if (!json_object_is_type(vnc, json_type_object))
		return;
	json_object_object_del(vnc, "display");
	json_add_str(vnc, "findunused", "True");
}

static void
free_displays(struct json_object *root)
{
	struct json_object *vfbs = list_of(root, "vfbs");
	size_t n = vfbs ? json_object_array_length(vfbs) : 0;

	free_display(xl_cfg_get(root, "b_info/type.hvm/vnc"));
	for (size_t i = 0; i < n; i++)
		free_display(
			xl_cfg_get(json_object_array_get_idx(vfbs, i), "vnc"));
}

struct json_object *
xl_cfg_new_genid(struct err *err)
{
	struct json_object *list = json_object_new_array();
	char text[UUID_TEXT_LEN + 1];
	uint8_t bytes[UUID_BYTES];

	if (!list || uuid_new(text, err) || !uuid_read(text, bytes)) {
		if (!list)
			err_set(err, ERR_NOMEM, 0, "out of memory");
		json_object_put(list);
		return NULL;
	}
	for (unsigned int i = 0; i < UUID_BYTES; i++)
		json_object_array_add(list, json_object_new_int(bytes[i]));
	return list;
}

static int
renew_genid(struct json_object *root, struct err *err)
{
	struct json_object *hvm = xl_cfg_get(root, "b_info/type.hvm"), *list;

	if (!hvm || !list_of(hvm, "ms_vm_genid"))
		return 0;
	list = xl_cfg_new_genid(err);
	if (!list)
		return -1;
	json_object_object_add(hvm, "ms_vm_genid", list);
	return 0;
}

char *
xl_cfg_as_other(const char *config_json, const struct xl_cfg_identity *id,
		struct err *err)
{
	struct json_object *root, *c_info;
	char *ret = NULL;

	root = json_parse(config_json, strlen(config_json),
			  "the domain's configuration", err);
	if (!root)
		return NULL;
	c_info = xl_cfg_get(root, "c_info");
	if (!json_object_is_type(c_info, json_type_object)) {
		err_set(err, ERR_CORRUPT, 0,
			"the configuration has no \"c_info\"");
		goto out;
	}
	json_add_str(c_info, "name", id->name);
	json_add_str(c_info, "uuid", id->uuid);
	set_cards(root, id);
	free_displays(root);
	if (renew_genid(root, err))
		goto out;
	ret = strdup(json_object_to_json_string(root));
	if (!ret)
		err_set(err, ERR_NOMEM, 0, "out of memory");
out:
	json_object_put(root);
	return ret;
}

int
xl_cfg_emulates_network(const char *config_json, struct err *err)
{
	struct json_object *root, *nics;
	const char *type, *kind;
	size_t n;
	int ret = 0;

	root = json_parse(config_json, strlen(config_json),
			  "the domain's configuration", err);
	if (!root)
		return -1;
	type = xl_cfg_get_str(root, "c_info/type");
	nics = list_of(root, "nics");
	n = type && strcmp(type, "hvm") == 0 && nics ?
		    json_object_array_length(nics) :
		    0;
	for (size_t i = 0; i < n; i++) {
		kind = xl_cfg_get_str(json_object_array_get_idx(nics, i),
				      "nictype");
		if (!kind || strcmp(kind, "vif") != 0)
			ret = 1;
	}
	json_object_put(root);
	return ret;
}

/* ---- xl's own files ---- */

static bool
has_key(const char *setting, size_t len, const char *key)
{
	size_t n = strlen(key);

	setting += strspn(setting, " \t");
	return len > n && strncmp(setting, key, n) == 0 &&
	       setting[n + strspn(setting + n, " \t")] == '=';
}

/* "mac=..., bridge=..., model=...", without what is the original's own. */
static void
put_card(FILE *f, const char *vif, const struct xl_cfg_identity *id,
	 size_t card)
{
	bool bridge = id->network == XL_CFG_BRIDGE;
	const char *comma = "";
	char mac[MAC_LEN];
	size_t len;

	write_mac(id, card, mac);
	fputs("\t\"", f);
	if (!id->same_macs) {
		fprintf(f, "mac=%s", mac);
		comma = ",";
	}
	if (bridge) {
		fprintf(f, "%sbridge=%s", comma, id->bridge);
		comma = ",";
	}
	for (; *vif; vif += len + (vif[len] == ',')) {
		len = strcspn(vif, ",");
		if (len == 0 || (!id->same_macs && has_key(vif, len, "mac")) ||
		    has_key(vif, len, "vifname") ||
		    (bridge && has_key(vif, len, "bridge")))
			continue;
		fprintf(f, "%s%.*s", comma, (int)len, vif);
		comma = ",";
	}
	fputs("\",\n", f);
}

static int
put_identity(FILE *f, const struct xl_cfg_identity *id, const char *const *vifs,
	     unsigned int n_vifs, struct err *err)
{
	fputs("\n# ---- added by xensnap: which domain it is ----\n"
	      "# xl takes the last of several values.\n",
	      f);
	fprintf(f, "name=\"%s\"\nuuid=\"%s\"\nvif=[\n", id->name, id->uuid);
	if (id->network == XL_CFG_NO_NETWORK)
		n_vifs = 0;
	for (unsigned int i = 0; i < n_vifs; i++) {
		if (!xl_cfg_quotable(vifs[i]) || strpbrk(vifs[i], "\"\\"))
			return err_set(err, ERR_INVALID, 0,
				       "network card \"%s\" cannot be written "
				       "in xl's configuration",
				       vifs[i]);
		put_card(f, vifs[i], id, i);
	}
	fputs("]\n", f);
	return 0;
}

struct identity {
	const struct xl_cfg_identity *id;
	const char *const *vifs;
	unsigned int n_vifs;
};

static int
put(FILE *f, const void *ctx, struct err *err)
{
	const struct identity *x = ctx;

	return put_identity(f, x->id, x->vifs, x->n_vifs, err);
}

char *
xl_cfg_append_identity(const char *text, const struct xl_cfg_identity *id,
		       const char *const *vifs, unsigned int n_vifs,
		       struct err *err)
{
	const struct identity x = { id, vifs, n_vifs };

	return xl_cfg_extend(text, put, &x, err);
}

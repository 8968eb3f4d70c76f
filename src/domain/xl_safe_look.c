/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_safe_look.c - see xl_safe.h: what a configuration says of its domain. */
#include "xl_safe.h"

#include <string.h>

#include "json.h"
#include "text.h"
#include "uuid.h"
#include "xl_cfg_write.h"

static int
type_of(struct json_object *root, enum domain_type *ret, struct err *err)
{
	static const char *const words[] = {
		[DOMAIN_PV] = "pv",
		[DOMAIN_PVH] = "pvh",
		[DOMAIN_HVM] = "hvm",
	};
	const char *type = xl_cfg_get_str(root, "c_info/type");

	for (unsigned int i = 0; type && i < 3; i++)
		if (strcmp(type, words[i]) == 0) {
			*ret = (enum domain_type)i;
			return 0;
		}
	return err_set(err, ERR_CORRUPT, 0,
		       "the configuration is of no type of domain that there "
		       "is");
}

/* What cannot be one counts as none. */
static void
identity_of(struct json_object *root, struct domain_info *ret)
{
	const char *name = xl_cfg_get_str(root, "c_info/name");
	const char *uuid = xl_cfg_get_str(root, "c_info/uuid");
	uint8_t bytes[UUID_BYTES];

	if (name && strlen(name) < sizeof(ret->name))
		strcpy(ret->name, name);
	if (uuid && uuid_read(uuid, bytes))
		uuid_text(bytes, ret->uuid);
}

/* libxl writes 1; what is no such number is not taken (xl_safe_list.c). */
static bool
is_one(struct json_object *o, const char *key)
{
	struct json_object *v = xl_cfg_get(o, key);

	return json_object_is_type(v, json_type_int) &&
	       json_object_get_int64(v) == 1;
}

static int
add_disk(struct json_object *o, struct domain_info *ret, struct err *err)
{
	struct domain_disk *d = &ret->disks[ret->n_disks];
	const char *vdev = xl_cfg_get_str(o, "vdev");
	const char *backend = xl_cfg_get_str(o, "backend");

	if (!vdev || !*vdev)
		return err_set(err, ERR_CORRUPT, 0,
			       "the configuration has a disk without a name");
	if (text_copy(d->vdev, sizeof(d->vdev), vdev, "disk name", err))
		return -1;
	for (unsigned int i = 0; i < ret->n_disks; i++)
		if (strcmp(ret->disks[i].vdev, vdev) == 0)
			return err_set(err, ERR_CORRUPT, 0,
				       "the configuration has two disks called "
				       "%s",
				       vdev);
	d->readonly = !is_one(o, "readwrite");
	d->cdrom = is_one(o, "is_cdrom");
	if (backend && strlen(backend) < sizeof(d->backend))
		strcpy(d->backend, backend);
	ret->n_disks++;
	return 0;
}

static int
look(struct json_object *root, struct domain_info *ret, struct err *err)
{
	struct json_object *kib = xl_cfg_get(root, "b_info/target_memkb");
	struct json_object *disks = xl_cfg_get(root, "disks");
	size_t n = 0;

	if (type_of(root, &ret->type, err))
		return -1;
	identity_of(root, ret);
	if (json_object_is_type(kib, json_type_int))
		ret->memory_bytes = json_object_get_uint64(kib) << 10;
	if (json_object_is_type(disks, json_type_array))
		n = json_object_array_length(disks);
	if (n > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the configuration has %zu disks, more than %d",
			       n, DOMAIN_DISKS_MAX);
	for (size_t i = 0; i < n; i++)
		if (add_disk(json_object_array_get_idx(disks, i), ret, err))
			return -1;
	return 0;
}

int
xl_safe_look(const char *config_json, struct domain_info *ret, struct err *err)
{
	struct json_object *root;
	int rc;

	memset(ret, 0, sizeof(*ret));
	root = json_parse(config_json, strlen(config_json), "the configuration",
			  err);
	if (!root)
		return -1;
	rc = look(root, ret, err);
	json_object_put(root);
	return rc;
}

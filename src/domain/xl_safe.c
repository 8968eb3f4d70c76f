/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_safe.c - see xl_safe.h.
 *
 * What is taken is moved out of the JSON that was read, into a new one: so what
 * is left behind in the end is what was left out, and all that is kept was
 * looked at.
 */
#include "xl_safe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_field.h"
#include "text.h"
#include "xl_cfg_devices.h"
#include "xl_cfg_other.h"
#include "xl_cfg_write.h"
#include "xl_safe_list.h"

#define DEPTH 6
#define NICS_MAX 64

/*
 * What says nothing that would be missed: what belongs to the other host, or
 * is written anew.
 */
static const char *const not_missed[] = {
	"c_info/name",
	"c_info/uuid",
	"c_info/domid",
	"c_info/ssidref",
	"c_info/poolid",
	"c_info/run_hotplug_scripts",
	"c_info/passthrough",
	"b_info/exec_ssidref",
	"b_info/cpumap",
	"b_info/nodemap",
	"b_info/claim_mode",
	"b_info/numa_placement",
	"b_info/sched_params",
	"b_info/vcpu_hard_affinity",
	"b_info/blkdev_start",
	"b_info/vcpu_soft_affinity",
	"b_info/device_model_ssidref",
	"b_info/max_grant_frames", /* as large as it can be: the default */
	"b_info/max_maptrack_frames",
	"b_info/altp2m",
	"b_info/iommu_memkb",
};

void
xl_safe_add(struct xl_safe_left *left, const char *what)
{
	if (left->n == XL_SAFE_LEFT_MAX) {
		left->n_more++;
		return;
	}
	text_escape(what, left->what[left->n++], XL_SAFE_LEFT_LEN);
}

/* ---- what was left out ---- */

/* What is empty, zero or a default says nothing. */
static bool
says_nothing(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_string:
		return strcmp(json_object_get_string(o), "") == 0 ||
		       strcmp(json_object_get_string(o), "False") == 0 ||
		       strcmp(json_object_get_string(o), "<default>") == 0 ||
		       strcmp(json_object_get_string(o), "unknown") == 0;
	case json_type_array:
		return json_object_array_length(o) == 0;
	case json_type_object:
		return json_object_object_length(o) == 0;
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_int:
		break;
	}
	return !json_object_get_boolean(o);
}

static void
add_rest(struct xl_safe_left *left, const char *path, struct json_object *o,
	 int depth)
{
	const char *dot = *path ? "." : "";
	char below[2 * XL_SAFE_LEFT_LEN];

	if (says_nothing(o))
		return;
	if (depth < DEPTH && json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
		{
			snprintf(below, sizeof(below), "%s%s%s", path, dot,
				 key);
			add_rest(left, below, value, depth + 1);
		}
		return;
	}
	if (depth < DEPTH && json_object_is_type(o, json_type_array) &&
	    json_object_is_type(json_object_array_get_idx(o, 0),
				json_type_object)) {
		for (size_t i = 0; i < json_object_array_length(o); i++) {
			snprintf(below, sizeof(below), "%s%s%zu", path, dot, i);
			add_rest(left, below, json_object_array_get_idx(o, i),
				 depth + 1);
		}
		return;
	}
	xl_safe_add(left, path);
}

/* ---- devices ---- */

static struct json_object *
list_of(struct json_object *root, const char *key)
{
	struct json_object *list = xl_cfg_get(root, key);

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

/*
 * Who serves it: a guest's memory knows the kernel's ways from QEMU's, so that
 * stays as it was, if it can (an image only QEMU serves).
 */
static void
put_backend(struct json_object *from, struct json_object *to,
	    const struct xl_cfg_disk *d)
{
	const char *backend = xl_cfg_get_str(from, "backend");
	bool qemu = backend && strcmp(backend, "qdisk") == 0;
	bool kernel = backend && strcmp(backend, "phy") == 0;

	if (d && (qemu || (kernel && strcmp(d->format, "raw") == 0)))
		json_add_str(to, "backend", qemu ? "qdisk" : "phy");
	else
		xl_cfg_drop(to, "backend");
	if (from != to)
		xl_cfg_drop(from, "backend");
}

/* The path that is said here; a drive without one is empty. */
static void
put_place(struct json_object *o, const struct xl_cfg_disk *d)
{
	json_add_str(o, "pdev_path", d ? d->path : "");
	json_add_str(o, "format", d ? d->format : "empty");
}

static int
take_disk(struct json_object *from, struct json_object *to, bool cdrom,
	  const struct xl_safe_how *how, struct xl_safe_left *left)
{
	const char *vdev = xl_cfg_get_str(from, "vdev");
	const struct xl_cfg_disk *d;
	struct json_object *o;
	char what[XL_SAFE_LEFT_LEN];

	d = xl_cfg_find_disk(how->disks, how->n_disks, vdev);
	if (!d && !cdrom) {
		snprintf(what, sizeof(what), "disk %s", vdev);
		xl_safe_add(left, what);
		return 0;
	}
	o = json_object_new_object();
	if (!o || json_object_array_add(to, o)) {
		json_object_put(o);
		return -1;
	}
	json_add_str(o, "vdev", vdev);
	put_place(o, d);
	put_backend(from, o, d);
	xl_cfg_drop(from, "vdev");
	xl_cfg_drop(from, "format");
	if (d)
		xl_cfg_drop(from, "pdev_path");
	if (xl_safe_take(from, o, xl_safe_disk))
		return -1;
	snprintf(what, sizeof(what), "disk.%s", d ? d->vdev : "cdrom");
	add_rest(left, what, from, 1);
	return 0;
}

static int
take_disks(struct json_object *root, struct json_object *out,
	   const struct domain_info *info, const struct xl_safe_how *how,
	   struct xl_safe_left *left)
{
	struct json_object *list = list_of(root, "disks");
	struct json_object *to = json_object_new_array();

	if (!to || json_object_object_add(out, "disks", to)) {
		json_object_put(to);
		return -1;
	}
	for (unsigned int i = 0; i < info->n_disks; i++)
		if (take_disk(json_object_array_get_idx(list, i), to,
			      info->disks[i].cdrom, how, left))
			return -1;
	xl_cfg_drop(root, "disks");
	return 0;
}

/* The script is libxl's own, and the bridge that one's first. */
static int
take_nics(struct json_object *root, struct json_object *out,
	  struct xl_safe_left *left)
{
	struct json_object *list = list_of(root, "nics"), *o, *from;
	struct json_object *to = json_object_new_array();
	size_t n = list ? json_object_array_length(list) : 0;
	char what[XL_SAFE_LEFT_LEN];

	if (!to || json_object_object_add(out, "nics", to)) {
		json_object_put(to);
		return -1;
	}
	if (n > NICS_MAX)
		xl_safe_add(left, "vif: those after the first 64");
	for (size_t i = 0; i < n && i < NICS_MAX; i++) {
		from = json_object_array_get_idx(list, i);
		o = json_object_new_object();
		if (!o || json_object_array_add(to, o)) {
			json_object_put(o);
			return -1;
		}
		if (xl_safe_take(from, o, xl_safe_nic))
			return -1;
		snprintf(what, sizeof(what), "vif.%zu", i);
		add_rest(left, what, from, 1);
	}
	xl_cfg_drop(root, "nics");
	return 0;
}

/* ---- all of it ---- */

static void
put_identity(struct json_object *out, const struct xl_safe_how *how)
{
	struct json_object *c = xl_cfg_get(out, "c_info");

	json_add_str(c, "name", how->name);
	json_add_str(c, "uuid", how->uuid);
}

/*
 * "type.pvh": {} of a guest about which there is nothing else to say: libxl
 * knows the kind of a guest by that name, and refuses one without.
 */
static int
put_kind(struct json_object *out)
{
	const char *type = xl_cfg_get_str(out, "c_info/type");
	struct json_object *b_info = xl_cfg_get(out, "b_info");
	struct json_object *kind;
	char name[16];

	if (!b_info) {
		b_info = json_object_new_object();
		json_object_object_add(out, "b_info", b_info);
	}
	snprintf(name, sizeof(name), "type.%.8s", type);
	if (!b_info || xl_cfg_get(b_info, name))
		return b_info ? 0 : -1;
	kind = json_object_new_object();
	return kind ? json_object_object_add(b_info, name, kind) : -1;
}

/* One that it had is not for two; as a rollback changes it. */
static int
put_genid(struct json_object *root, struct json_object *out, struct err *err)
{
	static const char path[] = "b_info/type.hvm/ms_vm_genid";
	struct json_object *hvm = xl_cfg_get(out, "b_info/type.hvm");
	struct json_object *list;

	if (!hvm || says_nothing(xl_cfg_get(root, path)))
		return 0;
	list = xl_cfg_new_genid(err);
	if (!list)
		return -1;
	json_object_object_add(hvm, "ms_vm_genid", list);
	xl_cfg_drop(root, path);
	return 0;
}

/*
 * Without what it boots by it cannot be restarted: xl, asked to, ends the
 * domain and dies of an assertion of libxl's (4.17: libxl__domain_firmware()).
 */
static void
put_endings(struct json_object *out)
{
	static const char *const endings[] = {
		"on_poweroff",
		"on_reboot",
		"on_watchdog",
		"on_crash",
	};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		const char *then = xl_cfg_get_str(out, endings[i]);

		if (then && strncmp(then, "restart", strlen("restart")) == 0)
			json_add_str(out, endings[i], "destroy");
	}
}

static int
take_all(struct json_object *root, struct json_object *out,
	 const struct domain_info *info, const struct xl_safe_how *how,
	 struct xl_safe_left *left, struct err *err)
{
	if (xl_safe_take(root, out, xl_safe_domain) ||
	    take_disks(root, out, info, how, left) ||
	    take_nics(root, out, left))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	/* Read as a type, it may have been no word all the same. */
	if (!xl_cfg_get(out, "c_info/type"))
		return err_set(err, ERR_CORRUPT, 0,
			       "the configuration's type is no word");
	if (put_kind(out))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (put_genid(root, out, err))
		return -1;
	put_identity(out, how);
	left->hvm = info->type == DOMAIN_HVM;
	if (!left->hvm)
		put_endings(out);
	for (size_t i = 0; i < sizeof(not_missed) / sizeof(not_missed[0]); i++)
		xl_cfg_drop(root, not_missed[i]);
	add_rest(left, "", root, 0);
	return 0;
}

/* As it is, but for who it is and where its disks are. */
static void
trust_all(struct json_object *root, const struct xl_safe_how *how)
{
	struct json_object *list = list_of(root, "disks");
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *vdev = xl_cfg_get_str(o, "vdev");
		const struct xl_cfg_disk *d;

		d = xl_cfg_find_disk(how->disks, how->n_disks, vdev);
		if (!d)
			continue;
		put_backend(o, o, d);
		put_place(o, d);
		/* It was about another path. */
		xl_cfg_drop(o, "script");
	}
	put_identity(root, how);
}

static char *
to_text(struct json_object *o, struct err *err)
{
	const char *text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *ret = text ? strdup(text) : NULL;

	if (!ret)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	return ret;
}

char *
xl_safe_json(const char *config_json, const struct xl_safe_how *how,
	     struct xl_safe_left *left, struct err *err)
{
	struct json_object *root = NULL, *out = json_object_new_object();
	struct domain_info *info = calloc(1, sizeof(*info));
	char *ret = NULL;

	memset(left, 0, sizeof(*left));
	if (!out || !info) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto done;
	}
	if (xl_safe_look(config_json, info, err))
		goto done;
	root = json_parse(config_json, strlen(config_json), "the configuration",
			  err);
	if (!root)
		goto done;
	if (how->trust) {
		trust_all(root, how);
		ret = to_text(root, err);
	} else if (take_all(root, out, info, how, left, err) == 0) {
		ret = to_text(out, err);
	}
done:
	free(info);
	json_object_put(out);
	json_object_put(root);
	return ret;
}

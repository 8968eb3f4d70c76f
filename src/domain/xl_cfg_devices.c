/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_cfg_devices.c - see xl_cfg_devices.h.
 *
 * A device is one string of comma-separated settings inside a list of quoted
 * strings; no setting can hold a comma, but for a disk's path, which is the
 * last and takes the rest.
 */
#include "xl_cfg_devices.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xl_cfg_write.h"

/* One member of a device that is written as "key=value". */
struct setting {
	const char *member;
	const char *key;
	bool is_flag; /* "True" there, 1 here */
};

/* The string of one device, gathered before it is quoted. */
struct device {
	char *text;
	size_t len;
	FILE *f;
};

static int
device_begin(struct device *d, struct err *err)
{
	d->text = NULL;
	d->f = open_memstream(&d->text, &d->len);
	if (!d->f)
		return err_set(err, ERR_NOMEM, 0, "write xl's configuration");
	return 0;
}

/* Write what was gathered as an item of the list in @f. */
static int
device_end(struct device *d, FILE *f, struct err *err)
{
	int rc = 0;

	if (fclose(d->f))
		rc = err_set(err, ERR_NOMEM, 0, "write xl's configuration");
	else if (!xl_cfg_quotable(d->text))
		rc = err_set(err, ERR_INVALID, 0,
			     "\"%s\" cannot be written "
			     "in xl's configuration",
			     d->text);
	else {
		fputc('\t', f);
		xl_cfg_put_quoted(f, d->text);
		fputs(",\n", f);
	}
	free(d->text);
	d->text = NULL;
	return rc;
}

static bool
is_plain(const char *value)
{
	return value[0] && !strchr(value, ',') && xl_cfg_quotable(value);
}

static void
put_setting(FILE *f, struct json_object *o, const struct setting *s)
{
	struct json_object *value = xl_cfg_get(o, s->member);
	const char *text;

	if (!value)
		return;
	if (s->is_flag) {
		fprintf(f, ",%s=%d", s->key,
			xl_cfg_is_true(o, s->member) ? 1 : 0);
	} else if (json_object_is_type(value, json_type_int)) {
		fprintf(f, ",%s=%" PRId64, s->key,
			json_object_get_int64(value));
	} else {
		text = xl_cfg_get_str(o, s->member);
		if (!text || !is_plain(text))
			return;
		fprintf(f, ",%s=%s", s->key, text);
	}
	xl_cfg_drop(o, s->member);
}

const struct xl_cfg_disk *
xl_cfg_find_disk(const struct xl_cfg_disk *disks, size_t n, const char *vdev)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(disks[i].vdev, vdev) == 0)
			return &disks[i];
	return NULL;
}

/* Drop from disk @o what is written, or has no meaning for another path. */
static void
drop_disk_members(struct json_object *o)
{
	static const char *const members[] = {
		"pdev_path",       "vdev",           "format",
		"readwrite",       "is_cdrom",       "removable",
		"discard_enable",  "direct_io_safe", "trusted",
		"backend",         "script",         "backend_domid",
		"backend_domname",
	};
	/* libxl's defaults, filled in. */
	static const char *const unless_set[] = {
		"colo_enable",
		"colo_restore_enable",
		"colo_port",
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		xl_cfg_drop(o, members[i]);
	for (i = 0; i < sizeof(unless_set) / sizeof(unless_set[0]); i++)
		if (!xl_cfg_is_true(o, unless_set[i]))
			xl_cfg_drop(o, unless_set[i]);
}

int
xl_cfg_put_disk(FILE *f, const struct xl_cfg_disk *disk, const char *options,
		struct err *err)
{
	size_t len = strlen(disk->path);
	struct device d;

	if (!is_plain(disk->vdev) || !is_plain(disk->format))
		return err_set(err, ERR_INVALID, 0,
			       "disk %s of format %s "
			       "cannot be written in xl's configuration",
			       disk->vdev, disk->format);
	/* xl takes a comma at the very end for a separator. */
	if (len && disk->path[len - 1] == ',')
		return err_set(err, ERR_INVALID, 0,
			       "xl cannot take a path "
			       "that ends in a comma: %s",
			       disk->path);
	if (device_begin(&d, err))
		return -1;
	fprintf(d.f, "vdev=%s,format=%s,%s,target=%s", disk->vdev, disk->format,
		options, disk->path);
	return device_end(&d, f, err);
}

static int
put_disk(FILE *f, struct json_object *o, const char *vdev, const char *path,
	 const char *format, struct err *err)
{
	const char *discard = xl_cfg_get_str(o, "discard_enable");
	const struct xl_cfg_disk disk = { vdev, path, format };
	char options[80];

	snprintf(options, sizeof(options), "access=%s%s%s%s%s",
		 xl_cfg_is_true(o, "readwrite") ? "rw" : "ro",
		 xl_cfg_is_true(o, "is_cdrom") ? ",devtype=cdrom" : "",
		 discard && strcmp(discard, "True") == 0 ? ",discard" : "",
		 discard && strcmp(discard, "False") == 0 ? ",no-discard" : "",
		 xl_cfg_is_true(o, "direct_io_safe") ? ",direct-io-safe" : "");
	if (xl_cfg_put_disk(f, &disk, options, err))
		return -1;
	drop_disk_members(o);
	return 0;
}

static int
put_one_disk(FILE *f, struct json_object *o, const struct xl_cfg_disk *disks,
	     size_t n_disks, struct err *err)
{
	const char *vdev = xl_cfg_get_str(o, "vdev");
	const struct xl_cfg_disk *other;
	const char *path, *format;

	if (!vdev)
		return err_set(err, ERR_CORRUPT, 0,
			       "the configuration has a "
			       "disk without a name");
	other = xl_cfg_find_disk(disks, n_disks, vdev);
	if (other)
		return put_disk(f, o, other->vdev, other->path, other->format,
				err);
	/* Two domains that write to one disk would destroy it. */
	if (xl_cfg_is_true(o, "readwrite") && !xl_cfg_is_true(o, "is_cdrom"))
		return 0;
	path = xl_cfg_get_str(o, "pdev_path");
	format = xl_cfg_get_str(o, "format");
	if (!path || !format || strcmp(format, "empty") == 0) {
		path = "";
		format = "empty";
	}
	return put_disk(f, o, vdev, path, format, err);
}

/* Names that the configuration does not have would be lost silently. */
static int
check_disks_known(struct json_object *list, const struct xl_cfg_disk *disks,
		  size_t n_disks, struct err *err)
{
	size_t i, j, n = list ? json_object_array_length(list) : 0;
	const char *vdev = NULL;

	for (i = 0; i < n_disks; i++) {
		for (j = 0; j < n; j++) {
			vdev = xl_cfg_get_str(
				json_object_array_get_idx(list, j), "vdev");
			if (vdev && strcmp(vdev, disks[i].vdev) == 0)
				break;
		}
		if (j == n)
			return err_set(err, ERR_NOTFOUND, 0,
				       "the domain's "
				       "configuration has no disk %s",
				       disks[i].vdev);
	}
	return 0;
}

/* The member @key of @root when it is an array, else NULL. */
static struct json_object *
list_of(struct json_object *root, const char *key)
{
	struct json_object *list = xl_cfg_get(root, key);

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

/* A comment for each disk that was not written. */
static void
put_left_out(FILE *f, struct json_object *list)
{
	size_t i, n = list ? json_object_array_length(list) : 0;
	struct json_object *o;
	const char *vdev;

	for (i = 0; i < n; i++) {
		o = json_object_array_get_idx(list, i);
		vdev = xl_cfg_get_str(o, "vdev");
		if (!vdev)
			continue;
		fprintf(f,
			"# not carried over: disk %s, to which the "
			"original writes\n",
			/* What must not end the comment: a new line. */
			text_is_plain(vdev) ? vdev : "?");
		drop_disk_members(o);
	}
}

static int
put_disks(FILE *f, struct json_object *root, const struct xl_cfg_disk *disks,
	  size_t n_disks, struct err *err)
{
	struct json_object *list = list_of(root, "disks");
	size_t i, n = list ? json_object_array_length(list) : 0;

	if (check_disks_known(list, disks, n_disks, err))
		return -1;
	fputs("disk=[\n", f);
	for (i = 0; i < n; i++)
		if (put_one_disk(f, json_object_array_get_idx(list, i), disks,
				 n_disks, err))
			return -1;
	fputs("]\n", f);
	put_left_out(f, list);
	return 0;
}

/* libxl keeps bytes per interval, xl writes bytes per second at interval; only
 * where that is the same number it is carried over. */
static void
put_rate(FILE *f, struct json_object *o)
{
	struct json_object *bytes = xl_cfg_get(o, "rate_bytes_per_interval");
	struct json_object *usecs = xl_cfg_get(o, "rate_interval_usecs");
	uint64_t n, us;

	if (!bytes || !usecs)
		return;
	n = (uint64_t)json_object_get_int64(bytes);
	us = (uint64_t)json_object_get_int64(usecs);
	if (!us || n > UINT64_MAX / 1000000 || n * 1000000 % us)
		return;
	fprintf(f, ",rate=%" PRIu64 "B/s@%" PRIu64 "us", n * 1000000 / us, us);
	xl_cfg_drop(o, "rate_bytes_per_interval");
	xl_cfg_drop(o, "rate_interval_usecs");
}

static int
put_nic(FILE *f, struct json_object *o, struct err *err)
{
	static const struct setting settings[] = {
		{ "mac", "mac", false },
		{ "bridge", "bridge", false },
		{ "gatewaydev", "gatewaydev", false },
		{ "script", "script", false },
		{ "ip", "ip", false },
		{ "ifname", "vifname", false },
		{ "model", "model", false },
		{ "mtu", "mtu", false },
		{ "devid", "devid", false },
		{ "backend_domname", "backend", false },
	};
	const char *type = xl_cfg_get_str(o, "nictype");
	struct json_object *trusted = xl_cfg_get(o, "trusted");
	struct device d;
	size_t i;

	if (device_begin(&d, err))
		return -1;
	/* Always written, so that the others can begin with a comma. */
	if (type && strcmp(type, "vif_ioemu") == 0)
		fputs("type=ioemu", d.f);
	else
		fputs("type=vif", d.f);
	xl_cfg_drop(o, "nictype");
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		put_setting(d.f, o, &settings[i]);
	put_rate(d.f, o);
	if (trusted) {
		fputs(xl_cfg_is_true(o, "trusted") ? ",trusted" : ",untrusted",
		      d.f);
		xl_cfg_drop(o, "trusted");
	}
	return device_end(&d, f, err);
}

static int
put_vfb(FILE *f, struct json_object *o, struct err *err)
{
	static const struct setting settings[] = {
		{ "vnc/listen", "vnclisten", false },
		{ "vnc/display", "vncdisplay", false },
		{ "vnc/passwd", "vncpasswd", false },
		{ "vnc/findunused", "vncunused", true },
		{ "sdl/enable", "sdl", true },
		{ "sdl/opengl", "opengl", true },
		{ "sdl/display", "display", false },
		{ "sdl/xauthority", "xauthority", false },
		{ "keymap", "keymap", false },
	};
	struct device d;
	size_t i;

	if (device_begin(&d, err))
		return -1;
	fprintf(d.f, "vnc=%d", xl_cfg_is_true(o, "vnc/enable") ? 1 : 0);
	xl_cfg_drop(o, "vnc/enable");
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		put_setting(d.f, o, &settings[i]);
	xl_cfg_drop(o, "devid");
	return device_end(&d, f, err);
}

int
xl_cfg_put_devices(FILE *f, struct json_object *root,
		   const struct xl_cfg_disk *disks, size_t n_disks,
		   struct err *err)
{
	struct json_object *nics = list_of(root, "nics");
	struct json_object *vfbs = list_of(root, "vfbs");
	size_t i, n;

	if (put_disks(f, root, disks, n_disks, err))
		return -1;
	n = nics ? json_object_array_length(nics) : 0;
	if (n)
		fputs("vif=[\n", f);
	for (i = 0; i < n; i++)
		if (put_nic(f, json_object_array_get_idx(nics, i), err))
			return -1;
	if (n)
		fputs("]\n", f);

	n = vfbs ? json_object_array_length(vfbs) : 0;
	if (n)
		fputs("vfb=[\n", f);
	for (i = 0; i < n; i++)
		if (put_vfb(f, json_object_array_get_idx(vfbs, i), err))
			return -1;
	if (n)
		fputs("]\n", f);
	/* A framebuffer brings its keyboard and mouse. */
	if (n)
		xl_cfg_drop(root, "vkbs");
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_cfg.c - see xl_cfg.h. */
#include "xl_cfg.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "xl_cfg_devices.h"
#include "xl_cfg_write.h"

/* What has the same meaning on both sides, in the order in which it is
 * written. */
static const struct xl_cfg_row rows[] = {
	{ "c_info/pool_name", "pool", XL_CFG_STR },
	{ "c_info/hap", "hap", XL_CFG_BOOL },
	{ "c_info/driver_domain", "driver_domain", XL_CFG_BOOL },
	{ "c_info/passthrough", "passthrough", XL_CFG_STR },
	{ "c_info/xend_suspend_evtchn_compat", "xend_suspend_evtchn_compat",
	  XL_CFG_BOOL },
	{ "c_info/ssid_label", "seclabel", XL_CFG_STR },

	{ "b_info/target_memkb", "memory", XL_CFG_MIB },
	{ "b_info/max_memkb", "maxmem", XL_CFG_MIB },
	{ "b_info/shadow_memkb", "shadow_memory", XL_CFG_MIB },
	{ "b_info/sched_params/weight", "cpu_weight", XL_CFG_INT },
	{ "b_info/sched_params/cap", "cap", XL_CFG_INT },

	{ "b_info/kernel", "kernel", XL_CFG_STR },
	{ "b_info/ramdisk", "ramdisk", XL_CFG_STR },
	{ "b_info/cmdline", "cmdline", XL_CFG_STR },
	{ "b_info/bootloader", "bootloader", XL_CFG_STR },
	{ "b_info/bootloader_args", "bootloader_args", XL_CFG_STRS },
	{ "b_info/device_tree", "device_tree", XL_CFG_STR },

	{ "b_info/tsc_mode", "tsc_mode", XL_CFG_STR },
	{ "b_info/timer_mode", "timer_mode", XL_CFG_STR },
	{ "b_info/localtime", "localtime", XL_CFG_BOOL },
	{ "b_info/rtc_timeoffset", "rtc_timeoffset", XL_CFG_INT },
	{ "b_info/disable_migrate", "nomigrate", XL_CFG_BOOL },
	{ "b_info/event_channels", "max_event_channels", XL_CFG_INT },
	{ "b_info/max_grant_frames", "max_grant_frames", XL_CFG_INT },
	{ "b_info/max_maptrack_frames", "max_maptrack_frames", XL_CFG_INT },
	{ "b_info/max_grant_version", "max_grant_version", XL_CFG_INT },
	{ "b_info/acpi", "acpi", XL_CFG_BOOL },
	{ "b_info/apic", "apic", XL_CFG_BOOL },
	{ "b_info/nested_hvm", "nestedhvm", XL_CFG_BOOL },
	{ "b_info/vpmu", "vpmu", XL_CFG_BOOL },
	{ "b_info/altp2m", "altp2m", XL_CFG_STR },
	{ "b_info/vmtrace_buf_kb", "vmtrace_buf_kb", XL_CFG_INT },
	{ "b_info/arch_x86/msr_relaxed", "msr_relaxed", XL_CFG_BOOL },

	{ "b_info/type.pv/e820_host", "e820_host", XL_CFG_BOOL },
	{ "b_info/type.pvh/pvshim", "pvshim", XL_CFG_BOOL },
	{ "b_info/type.pvh/pvshim_path", "pvshim_path", XL_CFG_STR },
	{ "b_info/type.pvh/pvshim_cmdline", "pvshim_cmdline", XL_CFG_STR },
	{ "b_info/type.pvh/pvshim_extra", "pvshim_extra", XL_CFG_STR },

	{ "b_info/device_model_version", "device_model_version", XL_CFG_DASH },
	{ "b_info/device_model", "device_model_override", XL_CFG_STR },
	{ "b_info/device_model_stubdomain", "device_model_stubdomain_override",
	  XL_CFG_BOOL },
	{ "b_info/device_model_user", "device_model_user", XL_CFG_STR },
	{ "b_info/dm_restrict", "dm_restrict", XL_CFG_BOOL },
	{ "b_info/stubdomain_memkb", "stubdomain_memory", XL_CFG_MIB },
	{ "b_info/stubdomain_kernel", "stubdomain_kernel", XL_CFG_STR },
	{ "b_info/stubdomain_ramdisk", "stubdomain_ramdisk", XL_CFG_STR },
	{ "b_info/stubdomain_cmdline", "stubdomain_cmdline", XL_CFG_STR },
	{ "b_info/extra", "device_model_args", XL_CFG_STRS },
	{ "b_info/extra_pv", "device_model_args_pv", XL_CFG_STRS },
	{ "b_info/extra_hvm", "device_model_args_hvm", XL_CFG_STRS },

	{ "b_info/video_memkb", "videoram", XL_CFG_MIB },
	{ "b_info/type.hvm/firmware", "firmware_override", XL_CFG_STR },
	{ "b_info/type.hvm/bios", "bios", XL_CFG_STR },
	{ "b_info/type.hvm/system_firmware", "bios_path_override", XL_CFG_STR },
	{ "b_info/type.hvm/smbios_firmware", "smbios_firmware", XL_CFG_STR },
	{ "b_info/type.hvm/acpi_firmware", "acpi_firmware", XL_CFG_STR },
	{ "b_info/type.hvm/boot", "boot", XL_CFG_STR },
	{ "b_info/type.hvm/hdtype", "hdtype", XL_CFG_STR },
	{ "b_info/type.hvm/pae", "pae", XL_CFG_BOOL },
	{ "b_info/type.hvm/acpi_s3", "acpi_s3", XL_CFG_BOOL },
	{ "b_info/type.hvm/acpi_s4", "acpi_s4", XL_CFG_BOOL },
	{ "b_info/type.hvm/acpi_laptop_slate", "acpi_laptop_slate",
	  XL_CFG_BOOL },
	{ "b_info/type.hvm/nx", "nx", XL_CFG_BOOL },
	{ "b_info/type.hvm/hpet", "hpet", XL_CFG_BOOL },
	{ "b_info/type.hvm/vpt_align", "vpt_align", XL_CFG_BOOL },
	{ "b_info/type.hvm/mmio_hole_memkb", "mmio_hole", XL_CFG_MIB },
	{ "b_info/type.hvm/xen_platform_pci", "xen_platform_pci", XL_CFG_BOOL },
	{ "b_info/type.hvm/vendor_device", "vendor_device", XL_CFG_STR },
	{ "b_info/type.hvm/serial", "serial", XL_CFG_STR },
	{ "b_info/type.hvm/serial_list", "serial", XL_CFG_STRS },
	{ "b_info/type.hvm/usb", "usb", XL_CFG_BOOL },
	{ "b_info/type.hvm/usbversion", "usbversion", XL_CFG_INT },
	{ "b_info/type.hvm/usbdevice", "usbdevice", XL_CFG_STR },
	{ "b_info/type.hvm/usbdevice_list", "usbdevice", XL_CFG_STRS },
	{ "b_info/type.hvm/vkb_device", "vkb_device", XL_CFG_BOOL },
	{ "b_info/type.hvm/soundhw", "soundhw", XL_CFG_STR },
	{ "b_info/type.hvm/keymap", "keymap", XL_CFG_STR },
	{ "b_info/type.hvm/nographic", "nographic", XL_CFG_BOOL },
	{ "b_info/type.hvm/vnc/enable", "vnc", XL_CFG_BOOL },
	{ "b_info/type.hvm/vnc/listen", "vnclisten", XL_CFG_STR },
	{ "b_info/type.hvm/vnc/passwd", "vncpasswd", XL_CFG_STR },
	{ "b_info/type.hvm/vnc/display", "vncdisplay", XL_CFG_INT },
	{ "b_info/type.hvm/vnc/findunused", "vncunused", XL_CFG_BOOL },
	{ "b_info/type.hvm/sdl/enable", "sdl", XL_CFG_BOOL },
	{ "b_info/type.hvm/sdl/opengl", "opengl", XL_CFG_BOOL },
	{ "b_info/type.hvm/sdl/display", "display", XL_CFG_STR },
	{ "b_info/type.hvm/sdl/xauthority", "xauthority", XL_CFG_STR },
	{ "b_info/type.hvm/spice/enable", "spice", XL_CFG_BOOL },
	{ "b_info/type.hvm/spice/port", "spiceport", XL_CFG_INT },
	{ "b_info/type.hvm/spice/tls_port", "spicetls_port", XL_CFG_INT },
	{ "b_info/type.hvm/spice/host", "spicehost", XL_CFG_STR },
	{ "b_info/type.hvm/spice/disable_ticketing", "spicedisable_ticketing",
	  XL_CFG_BOOL },
	{ "b_info/type.hvm/spice/passwd", "spicepasswd", XL_CFG_STR },
	{ "b_info/type.hvm/spice/agent_mouse", "spiceagent_mouse",
	  XL_CFG_BOOL },
	{ "b_info/type.hvm/spice/vdagent", "spicevdagent", XL_CFG_BOOL },
};

/*
 * What says no more than xl does by itself: a running domain's configuration
 * has libxl's defaults filled in, and xl warns of some.
 */
static const char *const no_if_false[] = {
	"b_info/arch_x86/msr_relaxed", "b_info/video_memkb",
	"b_info/type.pvh/pvshim",      "b_info/vmtrace_buf_kb",
	"b_info/rtc_timeoffset",
};

/*
 * What belongs to this host and this run of the domain, or what xl sets by
 * itself from what is written.
 */
static const char *const not_missed[] = {
	"c_info/domid",
	"c_info/poolid",
	"c_info/ssidref",
	"c_info/run_hotplug_scripts",
	"b_info/exec_ssidref",
	"b_info/claim_mode",
	"b_info/numa_placement",
	"b_info/cpumap",
	"b_info/nodemap",
	"b_info/blkdev_start",
	"b_info/sched_params/sched",
};

static const char *const endings[] = {
	"on_poweroff", "on_reboot", "on_watchdog", "on_crash", "on_soft_reset",
};

struct text {
	FILE *f;
	struct json_object *root;
};

static int
put_identity(const struct text *t, const char *name_override, struct err *err)
{
	static const struct xl_cfg_row uuid = { "c_info/uuid", "uuid",
						XL_CFG_STR };
	const char *type = xl_cfg_get_str(t->root, "c_info/type");
	const char *name = name_override;

	if (!name)
		name = xl_cfg_get_str(t->root, "c_info/name");
	if (!type || !name)
		return err_set(err, ERR_CORRUPT, 0,
			       "the configuration has no "
			       "%s",
			       type ? "name" : "type");
	if (!xl_cfg_quotable(name) || !xl_cfg_quotable(type))
		return err_set(err, ERR_INVALID, 0,
			       "the name \"%s\" cannot be "
			       "written in xl's configuration",
			       name);
	fputs("name=", t->f);
	xl_cfg_put_quoted(t->f, name);
	fputs("\ntype=", t->f);
	xl_cfg_put_quoted(t->f, type);
	fputc('\n', t->f);
	if (!name_override)
		xl_cfg_put_row(t->f, t->root, &uuid);
	xl_cfg_drop(t->root, "c_info/name");
	xl_cfg_drop(t->root, "c_info/type");
	xl_cfg_drop(t->root, "c_info/uuid");
	return 0;
}

/* Is @bits the numbers from 0 on, without a gap?  xl's "vcpus" can say no
 * other. */
static bool
counts_from_0(struct json_object *bits)
{
	size_t i, n = json_object_array_length(bits);

	for (i = 0; i < n; i++)
		if (json_object_get_int64(json_object_array_get_idx(bits, i)) !=
		    (int64_t)i)
			return false;
	return n > 0;
}

static void
put_vcpus(const struct text *t)
{
	static const struct xl_cfg_row max = { "b_info/max_vcpus", "maxvcpus",
					       XL_CFG_INT };
	struct json_object *bits = xl_cfg_get(t->root, "b_info/avail_vcpus");
	struct json_object *most = xl_cfg_get(t->root, "b_info/max_vcpus");

	if (json_object_is_type(bits, json_type_array) && counts_from_0(bits)) {
		fprintf(t->f, "vcpus=%zu\n", json_object_array_length(bits));
		xl_cfg_drop(t->root, "b_info/avail_vcpus");
	} else if (most) {
		fprintf(t->f, "vcpus=%" PRId64 "\n",
			json_object_get_int64(most));
	}
	xl_cfg_put_row(t->f, t->root, &max);
}

/* libxl writes [1,2,3,7]; xl reads "1-3,7". */
static void
put_range(FILE *f, struct json_object *bits)
{
	size_t i, n = json_object_array_length(bits);
	int64_t first, last, next;

	fputc('"', f);
	for (i = 0; i < n;) {
		first = json_object_get_int64(
			json_object_array_get_idx(bits, i));
		last = first;
		fputs(i ? "," : "", f);
		for (i++; i < n; i++) {
			next = json_object_get_int64(
				json_object_array_get_idx(bits, i));
			if (next != last + 1)
				break;
			last = next;
		}
		fprintf(f, "%" PRId64, first);
		if (last > first)
			fprintf(f, "-%" PRId64, last);
	}
	fputc('"', f);
}

static void
put_affinity(const struct text *t, const char *path, const char *key)
{
	struct json_object *all = xl_cfg_get(t->root, path), *bits;
	size_t i, n;

	if (!json_object_is_type(all, json_type_array))
		return;
	n = json_object_array_length(all);
	for (i = 0; i < n; i++) {
		bits = json_object_array_get_idx(all, i);
		/* Nothing at all cannot be said; it is left to be listed. */
		if (!json_object_is_type(bits, json_type_array) ||
		    json_object_array_length(bits) == 0)
			return;
	}
	if (n > 0) {
		fprintf(t->f, "%s=[", key);
		for (i = 0; i < n; i++) {
			fputs(i ? ", " : " ", t->f);
			put_range(t->f, json_object_array_get_idx(all, i));
		}
		fputs(" ]\n", t->f);
	}
	xl_cfg_drop(t->root, path);
}

/* libxl leaves out what is "destroy"; xl's own default is not always that, so
 * all of them are written. */
static void
put_endings(const struct text *t)
{
	const char *action;
	unsigned int i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		const struct xl_cfg_row row = { endings[i], endings[i],
						XL_CFG_DASH };

		action = xl_cfg_get_str(t->root, endings[i]);
		if (!action)
			fprintf(t->f, "%s=\"destroy\"\n", endings[i]);
		else if (strcmp(action, "restart_rename") == 0)
			fprintf(t->f, "%s=\"rename-restart\"\n", endings[i]);
		else
			xl_cfg_put_row(t->f, t->root, &row);
		xl_cfg_drop(t->root, endings[i]);
	}
}

static const char genid[] = "b_info/type.hvm/ms_vm_genid";

/* The few that have other words on the other side. */
static void
put_hvm(const struct text *t)
{
	static const char vga[] = "b_info/type.hvm/vga/kind";
	static const char viridian[] = "b_info/type.hvm/viridian";
	static const struct xl_cfg_row viridian_row = {
		"b_info/type.hvm/viridian", "viridian", XL_CFG_BOOL
	};
	const char *kind = xl_cfg_get_str(t->root, vga);

	if (kind && xl_cfg_quotable(kind)) {
		fputs("vga=", t->f);
		xl_cfg_put_quoted(t->f,
				  strcmp(kind, "std") == 0 ? "stdvga" : kind);
		fputc('\n', t->f);
		xl_cfg_drop(t->root, vga);
	}
	/* A new one each time, as is right for a guest that is rolled back or
	 * copied. */
	if (json_object_is_type(xl_cfg_get(t->root, genid), json_type_array)) {
		fputs("ms_vm_genid=\"generate\"\n", t->f);
		xl_cfg_drop(t->root, genid);
	}
	if (xl_cfg_get(t->root, viridian))
		xl_cfg_put_row(t->f, t->root, &viridian_row);
}

static int
put_all(const struct text *t, const struct xl_cfg_disk *disks, size_t n_disks,
	const char *name_override, struct err *err)
{
	unsigned int i;

	if (put_identity(t, name_override, err))
		return -1;
	for (i = 0; i < sizeof(no_if_false) / sizeof(no_if_false[0]); i++)
		if (!xl_cfg_is_true(t->root, no_if_false[i]))
			xl_cfg_drop(t->root, no_if_false[i]);
	put_vcpus(t);
	put_affinity(t, "b_info/vcpu_hard_affinity", "cpus");
	put_affinity(t, "b_info/vcpu_soft_affinity", "cpus_soft");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		xl_cfg_put_row(t->f, t->root, &rows[i]);
	put_hvm(t);
	put_endings(t);
	if (xl_cfg_put_devices(t->f, t->root, disks, n_disks, err))
		return -1;
	for (i = 0; i < sizeof(not_missed) / sizeof(not_missed[0]); i++)
		xl_cfg_drop(t->root, not_missed[i]);
	xl_cfg_put_rest(t->f, t->root);
	return 0;
}

char *
xl_cfg_from_json(const char *config_json, const struct xl_cfg_disk *disks,
		 size_t n_disks, const char *name_override, struct err *err)
{
	struct text t = { NULL, NULL };
	size_t len = 0;
	char *ret = NULL;
	int rc = -1;

	t.root = json_parse(config_json, strlen(config_json),
			    "the domain's configuration", err);
	if (!t.root)
		goto out;
	t.f = open_memstream(&ret, &len);
	if (!t.f) {
		err_set(err, ERR_NOMEM, 0, "write xl's configuration");
		goto out;
	}
	rc = put_all(&t, disks, n_disks, name_override, err);
	if (fclose(t.f) && !rc)
		rc = err_set(err, ERR_NOMEM, 0, "write xl's configuration");
out:
	json_object_put(t.root);
	if (rc) {
		free(ret);
		ret = NULL;
	}
	return ret;
}

int
xl_cfg_has_genid(const char *config_json, struct err *err)
{
	struct json_object *root, *id;
	size_t n = 0;
	int ret = 0;

	root = json_parse(config_json, strlen(config_json),
			  "the domain's configuration", err);
	if (!root)
		return -1;
	id = xl_cfg_get(root, genid);
	if (json_object_is_type(id, json_type_array))
		n = json_object_array_length(id);
	/* All zero is none. */
	for (size_t i = 0; i < n; i++)
		if (json_object_get_int(json_object_array_get_idx(id, i)))
			ret = 1;
	json_object_put(root);
	return ret;
}

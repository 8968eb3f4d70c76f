/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_safe_list.c - see xl_safe_list.h; why: doc/decisions/0014-import.md. */
#include "xl_safe_list.h"

#include <string.h>

#include "xl_cfg_write.h"

#define KIB_MAX (INT64_C(1) << 34) /* 16 TiB */
#define VCPUS_MAX 4096
#define INTS_MAX 4096
#define SERIALS_MAX 4 /* of a PC */
#define WORD_MAX 32

#define DEFBOOL(name)                                   \
	{                                               \
		.path = (name), .kind = XL_SAFE_DEFBOOL \
	}
#define NUMBER(name, from, to)                                        \
	{                                                             \
		.path = (name), .kind = XL_SAFE_INT, .least = (from), \
		.most = (to)                                          \
	}
#define WORD(name, list)                                              \
	{                                                             \
		.path = (name), .kind = XL_SAFE_WORD, .words = (list) \
	}
#define END                  \
	{                    \
		.path = NULL \
	}

#define ENDINGS " destroy restart restart_rename preserve "
#define SERIALS " pty null none "
#define NO_SERIAL "null"
#define TIMER_MODES                                          \
	" delay_for_missed_ticks no_delay_for_missed_ticks " \
	"no_missed_ticks_pending one_missed_tick_pending "

/* What the guest sees of its machine; no path, no program, no device or
 * resource of this host. */
const struct xl_safe_row xl_safe_domain[] = {
	WORD("c_info/type", " pv pvh hvm "),
	DEFBOOL("c_info/hap"),
	DEFBOOL("c_info/oos"),
	DEFBOOL("c_info/xend_suspend_evtchn_compat"),

	NUMBER("b_info/max_vcpus", 1, VCPUS_MAX),
	{ .path = "b_info/avail_vcpus",
	  .kind = XL_SAFE_INTS,
	  .most = VCPUS_MAX - 1 },
	NUMBER("b_info/max_memkb", 0, KIB_MAX),
	NUMBER("b_info/target_memkb", 0, KIB_MAX),
	NUMBER("b_info/video_memkb", 0, KIB_MAX),
	NUMBER("b_info/shadow_memkb", 0, KIB_MAX),
	WORD("b_info/tsc_mode",
	     " default always_emulate native native_paravirt "),
	WORD("b_info/timer_mode", TIMER_MODES),
	NUMBER("b_info/rtc_timeoffset", 0, UINT32_MAX),
	DEFBOOL("b_info/localtime"),
	DEFBOOL("b_info/disable_migrate"),
	NUMBER("b_info/event_channels", 0, 1 << 17),
	NUMBER("b_info/max_grant_frames", 0, 1 << 16),
	NUMBER("b_info/max_maptrack_frames", 0, 1 << 16),
	NUMBER("b_info/max_grant_version", -1, 2),
	WORD("b_info/device_model_version", " qemu_xen "),
	DEFBOOL("b_info/dm_restrict"),
	DEFBOOL("b_info/acpi"),
	DEFBOOL("b_info/apic"),

	DEFBOOL("b_info/type.pvh/pvshim"),

	WORD("b_info/type.hvm/bios", " rombios seabios ovmf "),
	DEFBOOL("b_info/type.hvm/pae"),
	DEFBOOL("b_info/type.hvm/apic"),
	DEFBOOL("b_info/type.hvm/acpi"),
	DEFBOOL("b_info/type.hvm/acpi_s3"),
	DEFBOOL("b_info/type.hvm/acpi_s4"),
	DEFBOOL("b_info/type.hvm/acpi_laptop_slate"),
	DEFBOOL("b_info/type.hvm/nx"),
	DEFBOOL("b_info/type.hvm/viridian"),
	{ .path = "b_info/type.hvm/viridian_enable",
	  .kind = XL_SAFE_INTS,
	  .most = 63 },
	{ .path = "b_info/type.hvm/viridian_disable",
	  .kind = XL_SAFE_INTS,
	  .most = 63 },
	DEFBOOL("b_info/type.hvm/hpet"),
	DEFBOOL("b_info/type.hvm/vpt_align"),
	NUMBER("b_info/type.hvm/mmio_hole_memkb", 0, KIB_MAX),
	WORD("b_info/type.hvm/timer_mode", TIMER_MODES),
	WORD("b_info/type.hvm/hdtype", " ide ahci "),
	DEFBOOL("b_info/type.hvm/nographic"),
	WORD("b_info/type.hvm/vga/kind", " cirrus std none qxl "),
	{ .path = "b_info/type.hvm/boot", .kind = XL_SAFE_BOOT },
	DEFBOOL("b_info/type.hvm/usb"),
	NUMBER("b_info/type.hvm/usbversion", 0, 3),
	WORD("b_info/type.hvm/usbdevice", " tablet mouse keyboard "),
	{ .path = "b_info/type.hvm/usbdevice_list",
	  .kind = XL_SAFE_WORDS,
	  .words = " tablet mouse keyboard " },
	DEFBOOL("b_info/type.hvm/vkb_device"),
	WORD("b_info/type.hvm/soundhw",
	     " ac97 adlib cs4231a es1370 gus hda sb16 "),
	DEFBOOL("b_info/type.hvm/xen_platform_pci"),
	DEFBOOL("b_info/type.hvm/xen_platform_pci_bar_uc"),
	WORD("b_info/type.hvm/vendor_device", " none xenserver "),
	/* Its end on this host may be a file; the port itself is a part of the
	 * machine, with a state. */
	{ .path = "b_info/type.hvm/serial",
	  .kind = XL_SAFE_WORD,
	  .words = SERIALS,
	  .instead = NO_SERIAL },
	{ .path = "b_info/type.hvm/serial_list",
	  .kind = XL_SAFE_WORDS,
	  .words = SERIALS,
	  .instead = NO_SERIAL },
	DEFBOOL("b_info/type.hvm/pirq"),

	WORD("on_poweroff", ENDINGS),
	WORD("on_reboot", ENDINGS),
	WORD("on_watchdog", ENDINGS),
	WORD("on_crash", ENDINGS),
	WORD("on_soft_reset", ENDINGS),
	END
};

/* Its path and format are said by who brings it here. */
const struct xl_safe_row xl_safe_disk[] = { NUMBER("readwrite", 0, 1),
					    NUMBER("removable", 0, 1),
					    NUMBER("is_cdrom", 0, 1),
					    DEFBOOL("discard_enable"),
					    { .path = "direct_io_safe",
					      .kind = XL_SAFE_BOOL },
					    DEFBOOL("trusted"),
					    END };

/* QEMU is given the model within a list of settings. */
const struct xl_safe_row xl_safe_nic[] = {
	NUMBER("devid", 0, 255),
	NUMBER("mtu", 0, 65535),
	{ .path = "mac", .kind = XL_SAFE_MAC },
	WORD("model", " rtl8139 e1000 e1000e ne2k_pci pcnet vmxnet3 "
		      "virtio-net-pci virtio-net "),
	WORD("nictype", " vif vif_ioemu "),
	DEFBOOL("trusted"),
	END
};

/* ---- is a value as a row wants it? ---- */

/* JSON can have a NUL in a string, behind which nobody would look. */
static bool
is_string(struct json_object *v, size_t max)
{
	size_t len;

	if (!json_object_is_type(v, json_type_string))
		return false;
	len = (size_t)json_object_get_string_len(v);
	return len > 0 && len <= max &&
	       strlen(json_object_get_string(v)) == len;
}

static bool
is_word(struct json_object *v, const char *words)
{
	char word[WORD_MAX + 3] = " ";

	if (!is_string(v, WORD_MAX) || strchr(json_object_get_string(v), ' '))
		return false;
	strcat(strcat(word, json_object_get_string(v)), " ");
	return strstr(words, word);
}

static bool
is_number(struct json_object *v, int64_t least, int64_t most)
{
	return json_object_is_type(v, json_type_int) &&
	       json_object_get_int64(v) >= least &&
	       json_object_get_int64(v) <= most;
}

static bool
is_list(struct json_object *v, const struct xl_safe_row *row)
{
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return false;
	n = json_object_array_length(v);
	for (size_t i = 0; i < n && n <= INTS_MAX; i++) {
		struct json_object *item = json_object_array_get_idx(v, i);

		if (row->kind == XL_SAFE_INTS ?
			    !is_number(item, row->least, row->most) :
			    !is_word(item, row->words))
			return false;
	}
	return n <= INTS_MAX;
}

/* Nothing but @letters, and not more than @max of them. */
static bool
is_made_of(struct json_object *v, const char *letters, size_t max)
{
	const char *s = json_object_get_string(v);

	return is_string(v, max) && !s[strspn(s, letters)];
}

static bool
is_mac(struct json_object *v)
{
	const char *s = json_object_get_string(v);

	if (!is_made_of(v, "0123456789abcdefABCDEF:", 17) || strlen(s) != 17)
		return false;
	for (unsigned int i = 0; i < 17; i++)
		if ((s[i] == ':') != (i % 3 == 2))
			return false;
	return true;
}

static bool
is_as_wanted(struct json_object *v, const struct xl_safe_row *row)
{
	switch (row->kind) {
	case XL_SAFE_DEFBOOL:
		return is_word(v, " True False <default> ");
	case XL_SAFE_BOOL:
		return json_object_is_type(v, json_type_boolean);
	case XL_SAFE_INT:
		return is_number(v, row->least, row->most);
	case XL_SAFE_INTS:
	case XL_SAFE_WORDS:
		return is_list(v, row);
	case XL_SAFE_WORD:
		return is_word(v, row->words);
	case XL_SAFE_BOOT:
		return is_made_of(v, "acdn", 8);
	case XL_SAFE_MAC:
		return is_mac(v);
	}
	return false;
}

/* ---- take it ---- */

/* Make @v the member of @o at @path; its objects are made as needed. */
static int
put(struct json_object *o, const char *path, struct json_object *v)
{
	const char *slash;

	while ((slash = strchr(path, '/'))) {
		struct json_object *below;
		char key[WORD_MAX];

		memcpy(key, path, (size_t)(slash - path));
		key[slash - path] = '\0';
		if (!json_object_object_get_ex(o, key, &below)) {
			below = json_object_new_object();
			if (!below || json_object_object_add(o, key, below)) {
				json_object_put(below);
				return -1;
			}
		}
		o = below;
		path = slash + 1;
	}
	return json_object_object_add(o, path, v);
}

/* A list as long as @v, with what is not listed replaced; NULL when it is none,
 * or there is no memory. */
static struct json_object *
list_instead(struct json_object *v, const struct xl_safe_row *row)
{
	struct json_object *ret, *item;

	if (!json_object_is_type(v, json_type_array) ||
	    json_object_array_length(v) > SERIALS_MAX)
		return NULL;
	ret = json_object_new_array();
	for (size_t i = 0; ret && i < json_object_array_length(v); i++) {
		item = json_object_array_get_idx(v, i);
		item = is_word(item, row->words) ?
			       json_object_get(item) :
			       json_object_new_string(row->instead);
		if (!item || json_object_array_add(ret, item)) {
			json_object_put(item);
			json_object_put(ret);
			ret = NULL;
		}
	}
	return ret;
}

/* What is taken in place of @v, which is not as @row wants it; or NULL. */
static struct json_object *
instead_of(struct json_object *v, const struct xl_safe_row *row)
{
	if (!row->instead)
		return NULL;
	return row->kind == XL_SAFE_WORDS ?
		       list_instead(v, row) :
		       json_object_new_string(row->instead);
}

int
xl_safe_take(struct json_object *from, struct json_object *to,
	     const struct xl_safe_row *rows)
{
	for (; rows->path; rows++) {
		struct json_object *v = xl_cfg_get(from, rows->path), *take;
		bool wanted = v && is_as_wanted(v, rows);

		if (!v)
			continue;
		take = wanted ? json_object_get(v) : instead_of(v, rows);
		if (!take)
			continue;
		if (put(to, rows->path, take)) {
			json_object_put(take);
			return -1;
		}
		if (wanted)
			xl_cfg_drop(from, rows->path);
	}
	return 0;
}

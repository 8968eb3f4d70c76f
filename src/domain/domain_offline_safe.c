/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_offline_safe.c - what xl_safe.c does, of an xl configuration file:
 * xl's own parser reads it, and what is on the list is written anew, into a
 * file that has nothing else.
 */
#include <ctype.h>
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_offline.h"
#include "xl_cfg_devices.h"
#include "xl_cfg_write.h"

#define WORD_MAX 32
#define MIB_MAX (1l << 24)
#define VIFS_MAX 64
#define BOOL 0, 1, NULL

/* A number from least to most, or one of words. */
struct row {
	const char *key;
	long least, most;
	const char *words;
};

#define ENDINGS " destroy restart rename-restart preserve "

static const struct row rows[] = {
	{ "memory", 1, MIB_MAX, NULL },
	{ "maxmem", 1, MIB_MAX, NULL },
	{ "vcpus", 1, 4096, NULL },
	{ "maxvcpus", 1, 4096, NULL },
	{ "shadow_memory", 0, MIB_MAX, NULL },
	{ "videoram", 0, MIB_MAX, NULL },
	{ "max_event_channels", 0, 1 << 17, NULL },
	{ "max_grant_frames", 0, 1 << 16, NULL },
	{ "max_maptrack_frames", 0, 1 << 16, NULL },
	{ "rtc_timeoffset", 0, INT32_MAX, NULL },
	{ "usbversion", 0, 3, NULL },
	{ "hap", BOOL },
	{ "localtime", BOOL },
	{ "nomigrate", BOOL },
	{ "dm_restrict", BOOL },
	{ "acpi", BOOL },
	{ "apic", BOOL },
	{ "pae", BOOL },
	{ "nx", BOOL },
	{ "hpet", BOOL },
	{ "acpi_s3", BOOL },
	{ "acpi_s4", BOOL },
	{ "viridian", BOOL },
	{ "nographic", BOOL },
	{ "usb", BOOL },
	{ "vkb_device", BOOL },
	{ "xen_platform_pci", BOOL },
	{ "pvshim", BOOL },
	{ "tsc_mode", 0, 0, " default always_emulate native native_paravirt " },
	{ "bios", 0, 0, " rombios seabios ovmf " },
	{ "vga", 0, 0, " stdvga cirrus none qxl " },
	{ "hdtype", 0, 0, " ide ahci " },
	{ "boot", 0, 0,
	  " a c d n ac ad an ca cd cn da dc dn na nc nd cda "
	  "dca ncd cdn dcn " },
	{ "usbdevice", 0, 0, " tablet mouse keyboard " },
	{ "soundhw", 0, 0, " ac97 adlib cs4231a es1370 gus hda sb16 " },
	{ "on_poweroff", 0, 0, ENDINGS },
	{ "on_reboot", 0, 0, ENDINGS },
	{ "on_watchdog", 0, 0, ENDINGS },
	{ "on_crash", 0, 0, ENDINGS },
	{ "on_soft_reset", 0, 0, ENDINGS },
};

/* Written in ways of their own. */
static const char own_keys[] = " name type builder uuid disk vif ";

struct safe {
	XLU_Config *config;
	FILE *nowhere; /* complaints were made when it was read before */
	FILE *f;
	const struct xl_safe_how *how;
	struct xl_safe_left *left;
	struct err *err;
};

static bool
is_word(const char *s, const char *words)
{
	char word[WORD_MAX + 3];

	return *s && strlen(s) <= WORD_MAX && !strchr(s, ' ') &&
	       snprintf(word, sizeof(word), " %s ", s) > 0 &&
	       strstr(words, word);
}

static bool
is_number(const char *s, long least, long most)
{
	char *end;
	long n = strtol(s, &end, 10);

	return isdigit((unsigned char)*s) && !*end && n >= least && n <= most;
}

/* True when it was there and is written. */
static bool
put_row(struct safe *x, const struct row *row)
{
	const char *s = NULL;

	if (xlu_cfg_get_string(x->config, row->key, &s, 1) || !s)
		return false;
	if (!row->words && is_number(s, row->least, row->most))
		fprintf(x->f, "%s=%s\n", row->key, s);
	else if (row->words && is_word(s, row->words))
		fprintf(x->f, "%s=\"%s\"\n", row->key, s);
	else
		return false;
	return true;
}

/* ---- devices ---- */

static int
put_disks(struct safe *x, const struct domain_info *info)
{
	char what[XL_SAFE_LEFT_LEN];

	fputs("disk=[\n", x->f);
	for (unsigned int i = 0; i < info->n_disks; i++) {
		const struct domain_disk *dd = &info->disks[i];
		const struct xl_cfg_disk *d = xl_cfg_find_disk(
			x->how->disks, x->how->n_disks, dd->vdev);
		const struct xl_cfg_disk drive = { dd->vdev, "", "empty" };
		char options[40];

		if (!d && !dd->cdrom) {
			snprintf(what, sizeof(what), "disk %s", dd->vdev);
			xl_safe_add(x->left, what);
			continue;
		}
		if (!d && dd->source[0]) {
			snprintf(what, sizeof(what), "disk.%s.target",
				 dd->vdev);
			xl_safe_add(x->left, what);
		}
		snprintf(options, sizeof(options), "access=%s%s",
			 dd->readonly ? "ro" : "rw",
			 dd->cdrom ? ",devtype=cdrom" : "");
		if (xl_cfg_put_disk(x->f, d ? d : &drive, options, x->err))
			return -1;
	}
	fputs("]\n", x->f);
	return 0;
}

static bool
is_mac(const char *s)
{
	size_t len = strspn(s, "0123456789abcdefABCDEF:");

	for (unsigned int i = 0; i < 17 && i < len; i++)
		if ((s[i] == ':') != (i % 3 == 2))
			return false;
	return len == 17 && !s[len];
}

/* "mac=...,model=...,bridge=...": the first two, of one card. */
static void
put_vif(struct safe *x, const char *spec, int number)
{
	char *all = strdup(spec), *save = NULL, *s, *value;
	char what[XL_SAFE_LEFT_LEN];

	fputs("\t\"type=vif", x->f);
	for (s = all ? strtok_r(all, ",", &save) : NULL; s;
	     s = strtok_r(NULL, ",", &save)) {
		s += strspn(s, " \t");
		value = strchr(s, '=');
		if (value)
			*value++ = '\0';
		if (value && strcmp(s, "mac") == 0 && is_mac(value)) {
			fprintf(x->f, ",mac=%s", value);
		} else if (value && strcmp(s, "model") == 0 &&
			   is_word(value, " rtl8139 e1000 e1000e ne2k_pci "
					  "pcnet vmxnet3 virtio-net ")) {
			fprintf(x->f, ",model=%s", value);
		} else if (!value || strcmp(s, "type") != 0) {
			snprintf(what, sizeof(what), "vif.%d.%s", number, s);
			xl_safe_add(x->left, what);
		}
	}
	fputs("\",\n", x->f);
	free(all);
}

static void
put_vifs(struct safe *x)
{
	XLU_ConfigList *list = NULL;
	const char *spec;
	int n = 0;

	if (xlu_cfg_get_list(x->config, "vif", &list, &n, 1))
		return;
	if (n > VIFS_MAX)
		xl_safe_add(x->left, "vif: those after the first 64");
	fputs("vif=[\n", x->f);
	for (int i = 0; i < n && i < VIFS_MAX; i++) {
		spec = xlu_cfg_get_listitem(list, i);
		if (spec)
			put_vif(x, spec, i);
	}
	fputs("]\n", x->f);
}

/* ---- all of it ---- */

static int
put_identity(struct safe *x, const struct domain_info *info)
{
	static const char *const types[] = {
		[DOMAIN_PV] = "pv",
		[DOMAIN_PVH] = "pvh",
		[DOMAIN_HVM] = "hvm",
	};

	if (!xl_cfg_quotable(x->how->name))
		return err_set(x->err, ERR_INVALID, 0,
			       "the name \"%s\" cannot be written in xl's "
			       "configuration",
			       x->how->name);
	fputs("name=", x->f);
	xl_cfg_put_quoted(x->f, x->how->name);
	fprintf(x->f, "\ntype=\"%s\"\n", types[info->type]);
	if (x->how->uuid[0])
		fprintf(x->f, "uuid=\"%s\"\n", x->how->uuid);
	return 0;
}

static bool
is_known(const struct safe *x, const char *key)
{
	const char *s = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].key, key) == 0)
			return xlu_cfg_get_string(x->config, key, &s, 1) == 0 &&
			       s &&
			       (rows[i].words ? is_word(s, rows[i].words) :
						is_number(s, rows[i].least,
							  rows[i].most));
	return is_word(key, own_keys);
}

/* The parser tells no keys: words at the begin of a line before a "=".  That is
 * for telling alone; a line within a list may look so too. */
static void
add_left(struct safe *x, const char *text)
{
	char key[XL_SAFE_LEFT_LEN];
	size_t len;

	while (*text) {
		const char *line = text + strspn(text, " \t");

		text += strcspn(text, "\n;");
		text += *text != '\0';
		len = strspn(line, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (len == 0 || len >= sizeof(key) ||
		    line[len + strspn(line + len, " \t")] != '=')
			continue;
		memcpy(key, line, len);
		key[len] = '\0';
		if (!is_known(x, key))
			xl_safe_add(x->left, key);
	}
}

static int
put_all(struct safe *x, const char *text, const struct domain_info *info)
{
	if (put_identity(x, info))
		return -1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_row(x, &rows[i]);
	if (put_disks(x, info))
		return -1;
	put_vifs(x);
	x->left->hvm = info->type == DOMAIN_HVM;
	add_left(x, text);
	return 0;
}

/* As it is, with these disks and this identity at its end. */
static char *
trust_all(const char *text, const struct xl_safe_how *how, struct err *err)
{
	char *with = offline_config(text, how->disks, how->n_disks, err);
	char *ret = NULL;
	int n;

	if (!with)
		return NULL;
	n = asprintf(&ret, "%sname=\"%s\"\n%s%s%s", with, how->name,
		     how->uuid[0] ? "uuid=\"" : "", how->uuid,
		     how->uuid[0] ? "\"\n" : "");
	free(with);
	if (n >= 0)
		return ret;
	err_set(err, ERR_NOMEM, 0, "out of memory");
	return NULL;
}

static int
write_safe(struct safe *x, const char *text, char **ret)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	size_t len = 0;
	int rc = -1;

	x->nowhere = fopen("/dev/null", "w");
	if (info && x->nowhere)
		x->config = xlu_cfg_init(x->nowhere, "");
	if (!x->config) {
		err_set(x->err, ERR_NOMEM, 0, "out of memory");
	} else if (offline_read(text, NULL, info, x->err) == 0) {
		x->f = open_memstream(ret, &len);
		if (xlu_cfg_readdata(x->config, text, (int)strlen(text)))
			err_set(x->err, ERR_CORRUPT, 0,
				"its last line has no end, and makes no sense");
		else if (!x->f)
			err_set(x->err, ERR_NOMEM, 0, "out of memory");
		else
			rc = put_all(x, text, info);
		if (x->f && fclose(x->f) && rc == 0)
			rc = err_set(x->err, ERR_NOMEM, 0, "out of memory");
	}
	if (x->config)
		xlu_cfg_destroy(x->config);
	if (x->nowhere)
		fclose(x->nowhere);
	free(info);
	return rc;
}

char *
offline_safe(const char *text, const struct xl_safe_how *how,
	     struct xl_safe_left *left, struct err *err)
{
	struct safe x = { .how = how, .left = left, .err = err };
	char *ret = NULL;

	memset(left, 0, sizeof(*left));
	if (how->trust)
		return trust_all(text, how, err);
	if (write_safe(&x, text, &ret) == 0)
		return ret;
	free(ret);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_xl_cfg_parse.c - xl's own parser (libxlutil) reads out of our
 * text what was in the JSON.  Needs the library, but no Xen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "xl_cfg.h"

static const char hvm_json[] =
	"{\"c_info\":{\"type\":\"hvm\",\"name\":\"a'b\\\"c\\\\d\","
	" \"uuid\":\"60ecfbd9-bbc8-4617-9468-30d677b417de\"},"
	"\"b_info\":{\"max_vcpus\":2,\"avail_vcpus\":[0],"
	" \"vcpu_hard_affinity\":[[1,2],[1,3]],\"tsc_mode\":\"native\","
	" \"max_memkb\":262144,\"target_memkb\":131072,"
	" \"extra\":[\"-k\",\"de, ch\"],\"sched_params\":{\"weight\":512},"
	" \"cmdline\":\"root=/dev/xvda x=\\\"a b\\\"\\tend\","
	" \"device_model_version\":\"qemu_xen\","
	" \"type.hvm\":{\"bios\":\"seabios\",\"vga\":{\"kind\":\"std\"},"
	"  \"vnc\":{\"enable\":\"True\",\"listen\":\"0.0.0.0\"},"
	"  \"serial_list\":[\"pty\",\"null\"],\"boot\":\"cd\","
	"  \"acpi_s3\":\"False\",\"ms_vm_genid\":[0,1]}},"
	"\"disks\":[{\"pdev_path\":\"/dev/vg/a\",\"vdev\":\"hda\","
	"  \"format\":\"raw\",\"readwrite\":1,\"discard_enable\":\"True\"},"
	" {\"pdev_path\":\"/srv/a b.iso\",\"vdev\":\"hdc\","
	"  \"format\":\"raw\",\"removable\":1,\"is_cdrom\":1},"
	" {\"vdev\":\"hdd\",\"format\":\"empty\",\"removable\":1,"
	"  \"is_cdrom\":1}],"
	"\"nics\":[{\"devid\":0,\"mac\":\"00:16:3e:01:02:03\","
	"  \"bridge\":\"xenbr0\",\"nictype\":\"vif_ioemu\","
	"  \"rate_bytes_per_interval\":50000,"
	"  \"rate_interval_usecs\":50000}],"
	"\"on_reboot\":\"restart\"}";

static const struct xl_cfg_disk disk_a = {
	"hda", "/b/odd \"name\", with = all: sorts.img", "qcow2"
};

static XLU_Config *
parse(const char *json, const struct xl_cfg_disk *disks, size_t n)
{
	struct err err = ERR_INIT;
	XLU_Config *config;
	char *text;

	text = xl_cfg_from_json(json, disks, n, NULL, &err);
	if (!text)
		fail_msg("%s", err.text);
	config = xlu_cfg_init(stderr, "our text");
	assert_non_null(config);
	if (xlu_cfg_readdata(config, text, (int)strlen(text)))
		fail_msg("xl does not read:\n%s", text);
	free(text);
	return config;
}

static void
is_string(const XLU_Config *config, const char *key, const char *want)
{
	const char *found = NULL;

	if (xlu_cfg_get_string(config, key, &found, 1))
		fail_msg("no %s", key);
	assert_string_equal(found, want);
}

static void
is_long(const XLU_Config *config, const char *key, long want)
{
	long found = -1;

	if (xlu_cfg_get_long(config, key, &found, 1))
		fail_msg("no %s", key);
	assert_int_equal(found, want);
}

static void
is_item(const XLU_Config *config, const char *key, int i, const char *want)
{
	XLU_ConfigList *list = NULL;
	const char *found;

	if (xlu_cfg_get_list(config, key, &list, NULL, 1))
		fail_msg("no list %s", key);
	found = xlu_cfg_get_listitem(list, i);
	if (!found)
		fail_msg("no %s[%d]", key, i);
	assert_string_equal(found, want);
}

static void
test_values(void **state)
{
	XLU_Config *config = parse(hvm_json, &disk_a, 1);

	(void)state;
	is_string(config, "name", "a'b\"c\\d");
	is_string(config, "type", "hvm");
	is_string(config, "uuid", "60ecfbd9-bbc8-4617-9468-30d677b417de");
	is_string(config, "cmdline", "root=/dev/xvda x=\"a b\"\tend");
	is_string(config, "bios", "seabios");
	is_string(config, "vga", "stdvga");
	is_string(config, "boot", "cd");
	is_string(config, "vnclisten", "0.0.0.0");
	is_string(config, "tsc_mode", "native");
	is_string(config, "device_model_version", "qemu-xen");
	is_string(config, "ms_vm_genid", "generate");
	is_string(config, "on_reboot", "restart");
	is_string(config, "on_poweroff", "destroy");
	is_long(config, "vnc", 1);
	is_long(config, "acpi_s3", 0);
	is_long(config, "memory", 128);
	is_long(config, "maxmem", 256);
	is_long(config, "vcpus", 1);
	is_long(config, "maxvcpus", 2);
	is_long(config, "cpu_weight", 512);
	is_item(config, "cpus", 0, "1-2");
	is_item(config, "cpus", 1, "1,3");
	is_item(config, "serial", 1, "null");
	is_item(config, "device_model_args", 1, "de, ch");
	is_item(config, "vif", 0,
		"type=ioemu,mac=00:16:3e:01:02:03,"
		"bridge=xenbr0,devid=0,rate=1000000B/s@50000us");
	xlu_cfg_destroy(config);
}

static void
parse_disk(XLU_Config *config, int i, libxl_device_disk *ret)
{
	XLU_ConfigList *list = NULL;
	const char *spec;

	assert_int_equal(xlu_cfg_get_list(config, "disk", &list, NULL, 1), 0);
	spec = xlu_cfg_get_listitem(list, i);
	assert_non_null(spec);
	libxl_device_disk_init(ret);
	assert_int_equal(xlu_disk_parse(config, 1, &spec, ret), 0);
}

static void
test_disks(void **state)
{
	XLU_Config *config = parse(hvm_json, &disk_a, 1);
	libxl_device_disk disk;

	(void)state;
	parse_disk(config, 0, &disk);
	assert_string_equal(disk.vdev, "hda");
	assert_string_equal(disk.pdev_path, disk_a.path);
	assert_int_equal(disk.format, LIBXL_DISK_FORMAT_QCOW2);
	assert_int_equal(disk.readwrite, 1);
	assert_true(libxl_defbool_val(disk.discard_enable));
	libxl_device_disk_dispose(&disk);

	parse_disk(config, 1, &disk);
	assert_string_equal(disk.pdev_path, "/srv/a b.iso");
	assert_int_equal(disk.is_cdrom, 1);
	assert_int_equal(disk.readwrite, 0);
	libxl_device_disk_dispose(&disk);

	parse_disk(config, 2, &disk);
	assert_string_equal(disk.vdev, "hdd");
	assert_int_equal(disk.format, LIBXL_DISK_FORMAT_EMPTY);
	assert_int_equal(disk.is_cdrom, 1);
	libxl_device_disk_dispose(&disk);
	xlu_cfg_destroy(config);
}

static void
test_rate(void **state)
{
	XLU_Config *config = parse(hvm_json, &disk_a, 1);
	libxl_device_nic nic;

	(void)state;
	libxl_device_nic_init(&nic);
	assert_int_equal(xlu_vif_parse_rate(config, "1000000B/s@50000us", &nic),
			 0);
	assert_int_equal(nic.rate_bytes_per_interval, 50000);
	assert_int_equal(nic.rate_interval_usecs, 50000);
	libxl_device_nic_dispose(&nic);
	xlu_cfg_destroy(config);
}

/* Every byte that a C string can hold, as a kernel's command line: xl reads
 * back the same, or it is left out. */
static void
test_all_bytes(void **state)
{
	char json[256], want[16];
	XLU_Config *config;
	const char *found;
	int c;

	(void)state;
	for (c = 1; c < 128; c++) {
		snprintf(want, sizeof(want), "a%cb", c);
		snprintf(json, sizeof(json),
			 "{\"c_info\":{\"type\":\"pv\","
			 "\"name\":\"n\"},\"b_info\":{\"cmdline\":"
			 "\"a\\u%04xb\"}}",
			 (unsigned int)c);
		config = parse(json, NULL, 0);
		found = NULL;
		xlu_cfg_get_string(config, "cmdline", &found, 1);
		if (found)
			assert_string_equal(found, want);
		else
			assert_true(c < 32 || c == 127);
		xlu_cfg_destroy(config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_all_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

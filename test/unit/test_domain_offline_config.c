/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_offline_config.c - a configuration file with other disks, as
 * xl's own parser (libxlutil) reads it.  Needs the library, but no Xen.
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

#include "domain.h"
#include "err.h"
#include "xl_cfg.h"

static XLU_Config *
parse(const char *text)
{
	XLU_Config *config = xlu_cfg_init(stderr, "it");

	assert_non_null(config);
	if (xlu_cfg_readdata(config, text, (int)strlen(text)))
		fail_msg("xl does not read:\n%s", text);
	return config;
}

static int
count(const XLU_Config *config, const char *key)
{
	int n = -1;

	assert_int_equal(xlu_cfg_get_list(config, key, NULL, &n, 1), 0);
	return n;
}

static void
disk(XLU_Config *config, int i, libxl_device_disk *ret)
{
	XLU_ConfigList *list = NULL;
	const char *spec;

	assert_int_equal(xlu_cfg_get_list(config, "disk", &list, NULL, 1), 0);
	spec = xlu_cfg_get_listitem(list, i);
	assert_non_null(spec);
	libxl_device_disk_init(ret);
	assert_int_equal(xlu_disk_parse(config, 1, &spec, ret), 0);
}

/* What all of this rests on. */
static void
test_the_last_value_counts(void **state)
{
	XLU_Config *config = parse("name='a'\ndisk=['1']\nname='b'\n"
				   "disk+=['2']\ndisk=[ 'x', 'y', 'z', ]\n");
	const char *name = NULL;

	(void)state;
	assert_int_equal(xlu_cfg_get_string(config, "name", &name, 1), 0);
	assert_string_equal(name, "b");
	assert_int_equal(count(config, "disk"), 3);
	xlu_cfg_destroy(config);
}

static char *
other_disks(const char *text, const struct xl_cfg_disk *disks, size_t n)
{
	struct err err = ERR_INIT;
	char *ret = domain_offline_config(text, disks, n, &err);

	if (!ret)
		fail_msg("%s", err.text);
	return ret;
}

static const char whole[] =
	"# web1, with care\n"
	"name = \"web1\"\n"
	"memory = 512\n"
	"vif = [ 'bridge=br0', 'bridge=br1' ]\n"
	"disk = [ 'phy:/dev/vg/root,xvda,w',\n"
	"         'format=raw, vdev=/dev/xvdb, access=rw, discard, "
	"direct-io-safe, target=/srv/a,b.img',\n"
	"         '/srv/tools.img,raw,xvdc,r',\n"
	"         ',hdd:cdrom,r',\n"
	"         'file:/srv/Debian \"12\".iso,hdc:cdrom,r' ]\n"
	"on_crash = 'preserve'";

static void
test_other_disks(void **state)
{
	static const struct xl_cfg_disk disks[] = {
		{ "xvda", "/b/odd \"name\", with = all: sorts.img", "raw" },
		{ "xvdb", "/b/xvdb.qcow2", "qcow2" },
	};
	char *text = other_disks(whole, disks, 2);
	XLU_Config *config = parse(text);
	const char *value = NULL;
	libxl_device_disk d;

	(void)state;
	assert_memory_equal(text, whole, strlen(whole));
	assert_int_equal(count(config, "disk"), 5);
	assert_int_equal(count(config, "vif"), 2);
	assert_int_equal(xlu_cfg_get_string(config, "on_crash", &value, 1), 0);
	assert_string_equal(value, "preserve");

	disk(config, 0, &d);
	assert_string_equal(d.vdev, "xvda");
	assert_string_equal(d.pdev_path, disks[0].path);
	assert_int_equal(d.readwrite, 1);
	libxl_device_disk_dispose(&d);
	disk(config, 1, &d);
	assert_string_equal(d.vdev, "xvdb");
	assert_string_equal(d.pdev_path, "/b/xvdb.qcow2");
	assert_int_equal(d.format, LIBXL_DISK_FORMAT_QCOW2);
	assert_true(libxl_defbool_val(d.discard_enable));
	assert_true(d.direct_io_safe);
	libxl_device_disk_dispose(&d);
	disk(config, 2, &d);
	assert_string_equal(d.pdev_path, "/srv/tools.img");
	assert_int_equal(d.readwrite, 0);
	libxl_device_disk_dispose(&d);
	disk(config, 3, &d);
	assert_int_equal(d.format, LIBXL_DISK_FORMAT_EMPTY);
	libxl_device_disk_dispose(&d);
	disk(config, 4, &d);
	assert_string_equal(d.pdev_path, "/srv/Debian \"12\".iso");
	assert_int_equal(d.is_cdrom, 1);
	libxl_device_disk_dispose(&d);
	xlu_cfg_destroy(config);
	free(text);
}

/* A writable disk that has no view is left out. */
static void
test_fewer_disks(void **state)
{
	static const struct xl_cfg_disk one = { "xvdb", "/b/b.img", "raw" };
	char *text = other_disks(whole, &one, 1);
	XLU_Config *config = parse(text);
	libxl_device_disk d;

	(void)state;
	assert_int_equal(count(config, "disk"), 4);
	disk(config, 0, &d);
	assert_string_equal(d.pdev_path, "/b/b.img");
	libxl_device_disk_dispose(&d);
	assert_non_null(strstr(text, "# left out: disk xvda,"));
	xlu_cfg_destroy(config);
	free(text);
}

/* Whatever a file ends with, the list behind it counts. */
static void
test_ends(void **state)
{
	static const struct xl_cfg_disk one = { "xvda", "/b", "raw" };
	static const char *const ends[] = {
		"",
		"\n",
		"\n\n",
		";",
		"; ",
		" ",
		"\t",
		"\n#",
		"\n# disk=[]",
		"\n\\\n",
		"\ndisk += [ '/dev/c,,xvdc,r' ]",
	};
	char text[200], *got;
	XLU_Config *config;
	libxl_device_disk d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(text, sizeof(text),
			 "name='a'\ndisk=[ '/dev/a,,xvda,w' ]%s", ends[i]);
		/* What xl does not take we need not take either. */
		config = xlu_cfg_init(stderr, "the original");
		if (xlu_cfg_readdata(config, text, (int)strlen(text))) {
			xlu_cfg_destroy(config);
			continue;
		}
		xlu_cfg_destroy(config);
		got = other_disks(text, &one, 1);
		config = parse(got);
		disk(config, 0, &d);
		assert_string_equal(d.pdev_path, "/b");
		assert_int_equal(count(config, "disk"),
				 strstr(text, "xvdc") ? 2 : 1);
		libxl_device_disk_dispose(&d);
		xlu_cfg_destroy(config);
		free(got);
	}
}

static void
test_refused(void **state)
{
	static const struct xl_cfg_disk one = { "xvdz", "/b", "raw" };
	struct err err = ERR_INIT;

	(void)state;
	assert_null(domain_offline_config(whole, &one, 1, &err));
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_null(domain_offline_config("no = [", &one, 1, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_value_counts),
		cmocka_unit_test(test_other_disks),
		cmocka_unit_test(test_fewer_disks),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

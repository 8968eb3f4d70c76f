/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_xl_cfg.c - what xl_cfg writes, as text.  That xl's own parser
 * reads the same out of it is test_domain_xl_cfg_parse.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "xl_cfg.h"

#define HEAD                                               \
	"{\"c_info\":{\"type\":\"pvh\",\"name\":\"web1\"," \
	"\"uuid\":\"a0db4a77-0eb6-4878-acfb-a52384786775\"}"

static char *
convert(const char *json, const struct xl_cfg_disk *disks, size_t n,
	const char *name)
{
	struct err err = ERR_INIT;
	char *text = xl_cfg_from_json(json, disks, n, name, &err);

	if (!text)
		fail_msg("%s", err.text);
	return text;
}

static enum err_code
refused(const char *json, const struct xl_cfg_disk *disks, size_t n,
	const char *name)
{
	struct err err = ERR_INIT;

	assert_null(xl_cfg_from_json(json, disks, n, name, &err));
	assert_true(err.text[0] != '\0');
	return err.code;
}

static void
has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void
test_identity(void **state)
{
	char *text = convert(HEAD "}", NULL, 0, NULL);

	(void)state;
	has(text, "name=\"web1\"\n");
	has(text, "type=\"pvh\"\n");
	has(text, "uuid=\"a0db4a77-0eb6-4878-acfb-a52384786775\"\n");
	has_not(text, "not carried over");
	free(text);

	text = convert(HEAD "}", NULL, 0, "copy");
	has(text, "name=\"copy\"\n");
	has_not(text, "uuid");
	free(text);
}

/* libxl leaves out "destroy", but xl's default for a reboot is to restart. */
static void
test_endings_are_all_written(void **state)
{
	char *text = convert(HEAD ",\"on_crash\":\"restart_rename\","
				  "\"on_watchdog\":\"coredump_restart\"}",
			     NULL, 0, NULL);

	(void)state;
	has(text, "on_poweroff=\"destroy\"\n");
	has(text, "on_reboot=\"destroy\"\n");
	has(text, "on_soft_reset=\"destroy\"\n");
	has(text, "on_crash=\"rename-restart\"\n");
	has(text, "on_watchdog=\"coredump-restart\"\n");
	free(text);
}

static void
test_cpus(void **state)
{
	char *text = convert(
		HEAD ",\"b_info\":{\"max_vcpus\":4,\"avail_vcpus\":[0,1],"
		     "\"vcpu_hard_affinity\":[[1,2,3,7],[0]]}}",
		NULL, 0, NULL);

	(void)state;
	has(text, "vcpus=2\nmaxvcpus=4\n");
	has(text, "cpus=[ \"1-3,7\", \"0\" ]\n");
	has_not(text, "not carried over");
	free(text);

	/* A gap in the virtual CPUs cannot be said. */
	text = convert(HEAD ",\"b_info\":{\"max_vcpus\":4,"
			    "\"avail_vcpus\":[0,2]}}",
		       NULL, 0, NULL);
	has(text, "vcpus=4\n");
	has(text, "# not carried over: b_info.avail_vcpus = [0,2]\n");
	free(text);
}

static void
test_memory_is_rounded_up(void **state)
{
	char *text = convert(HEAD ",\"b_info\":{\"target_memkb\":131073,"
				  "\"max_memkb\":262144}}",
			     NULL, 0, NULL);

	(void)state;
	has(text, "memory=129\n");
	has(text, "maxmem=256\n");
	free(text);
}

static const char disks_json[] = HEAD
	",\"disks\":["
	"{\"pdev_path\":\"/dev/vg/a\",\"vdev\":\"xvda\",\"format\":\"raw\","
	" \"backend\":\"phy\",\"script\":\"block-x\",\"readwrite\":1,"
	" \"discard_enable\":\"False\"},"
	"{\"pdev_path\":\"/dev/vg/b\",\"vdev\":\"xvdb\",\"format\":\"raw\","
	" \"readwrite\":1},"
	"{\"pdev_path\":\"/srv/base.img\",\"vdev\":\"xvdc\","
	" \"format\":\"raw\"},"
	"{\"vdev\":\"hdc\",\"format\":\"empty\",\"removable\":1,"
	" \"is_cdrom\":1}]}";

static void
test_disks(void **state)
{
	static const struct xl_cfg_disk disks[] = {
		{ "xvda", "/backup/xvda.img, old", "qcow2" },
	};
	char *text = convert(disks_json, disks, 1, NULL);

	(void)state;
	has(text, "\"vdev=xvda,format=qcow2,access=rw,no-discard,"
		  "target=/backup/xvda.img, old\"");
	has(text, "\"vdev=xvdc,format=raw,access=ro,target=/srv/base.img\"");
	has(text, "\"vdev=hdc,format=empty,access=ro,devtype=cdrom,target=\"");
	/* A writable disk that has no copy must not be shared. */
	has_not(text, "target=/dev/vg");
	has(text, "# not carried over: disk xvdb, to which the original "
		  "writes\n");
	has_not(text, "disks.");
	has_not(text, "block-x");
	free(text);
}

static void
test_disks_refused(void **state)
{
	static const struct xl_cfg_disk unknown = { "xvdz", "/a", "raw" };
	static const struct xl_cfg_disk comma = { "xvda", "/a,", "raw" };
	static const struct xl_cfg_disk control = { "xvda", "/a\x01", "raw" };
	static const struct xl_cfg_disk format = { "xvda", "/a", "raw,x" };

	(void)state;
	assert_int_equal(refused(disks_json, &unknown, 1, NULL), ERR_NOTFOUND);
	assert_int_equal(refused(disks_json, &comma, 1, NULL), ERR_INVALID);
	assert_int_equal(refused(disks_json, &control, 1, NULL), ERR_INVALID);
	assert_int_equal(refused(disks_json, &format, 1, NULL), ERR_INVALID);
	assert_int_equal(refused(disks_json, NULL, 0, "a\x01"), ERR_INVALID);
}

/* Text from a guest's owner must not become settings of its own. */
static void
test_hostile_strings(void **state)
{
	char *text = convert(
		HEAD ",\"b_info\":{\"cmdline\":\"a\\\"\\nname=\\\"x\\\\\","
		     "\"kernel\":\"/k\\u0001\","
		     "\"od\\nd\":\"1\\nname=\\\"evil\\\"\"},"
		     "\"nics\":[{\"bridge\":\"br0,script=evil\","
		     "\"mac\":\"00:16:3e:00:00:01\"}],"
		     "\"disks\":[{\"vdev\":\"a\\nname=\\\"evil\","
		     "\"readwrite\":1}]}",
		NULL, 0, NULL);

	(void)state;
	has(text, "# not carried over: disk ?, to which");
	has(text, "cmdline=\"a\\\"\\nname=\\\"x\\\\\"\n");
	has(text, "# not carried over: b_info.kernel = \"/k\\u0001\"\n");
	has(text, "# not carried over: b_info.? = \"1\\nname=\\\"evil");
	has(text, "\"type=vif,mac=00:16:3e:00:00:01\"");
	has(text, "# not carried over: nics.0.bridge = "
		  "\"br0,script=evil\"\n");
	free(text);
}

static void
test_unknown_is_listed(void **state)
{
	char *text = convert(HEAD
			     ",\"pcidevs\":[{\"bus\":3}],\"channels\":[],"
			     "\"b_info\":{\"type.pvh\":{},\"arch_arm\":{},"
			     "\"cpuid\":{\"cpuid\":[{\"leaf\":1}],\"msr\":[]},"
			     "\"claim_mode\":\"False\"}}",
			     NULL, 0, NULL);

	(void)state;
	has(text, "# not carried over: pcidevs.0.bus = 3\n");
	has(text, "# not carried over: b_info.cpuid.cpuid.0.leaf = 1\n");
	has_not(text, "claim_mode");
	has_not(text, "channels");
	has_not(text, "arch_arm");
	free(text);
}

static void
test_not_a_configuration(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"7",
		"{}",
		"{\"c_info\":7}",
		"{\"c_info\":{\"name\":\"a\"}}",
		"{\"c_info\":{\"type\":\"pv\"}}",
		"{\"c_info\":{\"type\":\"pv\",\"name\":[]}}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(refused(bad[i], NULL, 0, NULL), ERR_CORRUPT);
}

/* Wrong types in every place must be refused or listed, never followed. */
static void
test_odd_types(void **state)
{
	static const char *const odd[] = {
		",\"disks\":7}",
		",\"disks\":{}}",
		",\"nics\":[7]}",
		",\"nics\":[null]}",
		",\"vfbs\":[[]]}",
		",\"b_info\":[]}",
		",\"b_info\":{\"avail_vcpus\":\"x\"}}",
		",\"b_info\":{\"vcpu_hard_affinity\":[[],7]}}",
		",\"b_info\":{\"type.hvm\":{\"vga\":7,\"ms_vm_genid\":\"x\"}}}",
		",\"b_info\":{\"target_memkb\":-1,\"kernel\":null}}",
		",\"on_crash\":{}}",
	};
	char json[512], *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		snprintf(json, sizeof(json), "%s%s", HEAD, odd[i]);
		text = convert(json, NULL, 0, NULL);
		has(text, "name=\"web1\"\n");
		free(text);
	}
	snprintf(json, sizeof(json), "%s,\"disks\":[7]}", HEAD);
	assert_int_equal(refused(json, NULL, 0, NULL), ERR_CORRUPT);
}

/* Of an HVM guest, and not all zero; what is none is none. */
static void
test_genid(void **state)
{
	static const struct {
		const char *rest;
		int has;
		bool generate;
	} cases[] = {
		{ ",\"b_info\":{\"type.hvm\":{\"ms_vm_genid\":[0,0,7]}}}", 1,
		  true },
		{ ",\"b_info\":{\"type.hvm\":{\"ms_vm_genid\":[0,0]}}}", 0,
		  true },
		{ ",\"b_info\":{\"type.hvm\":{\"ms_vm_genid\":\"7\"}}}", 0,
		  false },
		{ ",\"b_info\":{\"type.hvm\":{}}}", 0, false },
		{ ",\"b_info\":{\"type.pvh\":{\"ms_vm_genid\":[7]}}}", 0,
		  false },
	};
	struct err err = ERR_INIT;
	char json[512], *text;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(json, sizeof(json), "%s%s", HEAD, cases[i].rest);
		assert_int_equal(xl_cfg_has_genid(json, &err), cases[i].has);
		text = convert(json, NULL, 0, NULL);
		assert_true((strstr(text, "\nms_vm_genid=\"generate\"\n") !=
			     NULL) == cases[i].generate);
		free(text);
	}
	assert_int_equal(xl_cfg_has_genid("{", &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_endings_are_all_written),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_memory_is_rounded_up),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_disks_refused),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_unknown_is_listed),
		cmocka_unit_test(test_not_a_configuration),
		cmocka_unit_test(test_odd_types),
		cmocka_unit_test(test_genid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

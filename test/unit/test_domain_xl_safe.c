/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_xl_safe.c - what is kept of a hostile configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "xl_safe.h"

#define UUID "a0db4a77-0eb6-4878-acfb-a52384786775"

static const struct xl_cfg_disk disk = { "xvda", "/dev/vg/here", "raw" };

/* All of it, in one line, and how much was left out. */
static char *
keep(const char *json, bool trust, unsigned int *ret_left, struct err *err)
{
	struct xl_safe_how how = {
		.name = "here",
		.uuid = UUID,
		.trust = trust,
		.disks = &disk,
		.n_disks = 1,
	};
	struct xl_safe_left left;
	char *text = xl_safe_json(json, &how, &left, err), *to = text;

	*ret_left = text ? left.n : 0;
	for (const char *s = text; s && *s; s++)
		if (*s != '\n' && *s != ' ')
			*to++ = *s;
	if (text)
		*to = '\0';
	return text;
}

static void
kept(const char *json, const char *want, unsigned int want_left)
{
	struct err err = ERR_INIT;
	unsigned int left;
	char *text = keep(json, false, &left, &err);

	if (!text)
		fail_msg("%s", err.text);
	assert_string_equal(text, want);
	assert_int_equal(left, want_left);
	free(text);
}

#define HEAD "{\"c_info\":{\"type\":\"pvh\",\"name\":\"a\",\"x\":[1]}"
#define KEPT \
	"{\"c_info\":{\"type\":\"pvh\",\"name\":\"here\",\"uuid\":\"" UUID "\"}"

static void
test_values(void **state)
{
	(void)state;
	kept(HEAD "}",
	     KEPT ",\"disks\":[],\"nics\":[],"
		  "\"b_info\":{\"type.pvh\":{}}}",
	     1);
	kept(HEAD ",\"b_info\":{\"max_vcpus\":2,\"kernel\":\"/x\","
		  "\"max_memkb\":-1,\"tsc_mode\":\"native\\u0000x\"}}",
	     KEPT ",\"b_info\":{\"max_vcpus\":2,\"type.pvh\":{}},"
		  "\"disks\":[],\"nics\":[]}",
	     4);
	kept(HEAD ",\"nics\":[{\"mac\":\"00:16:3e:00:00:01\","
		  "\"model\":\"e1000,x=y\",\"script\":\"/x\"}]}",
	     KEPT ",\"disks\":[],\"nics\":[{\"mac\":\"00:16:3e:00:00:01\"}],"
		  "\"b_info\":{\"type.pvh\":{}}}",
	     3);
}

static void
test_disks(void **state)
{
	(void)state;
	kept(HEAD ",\"disks\":[{\"vdev\":\"xvda\",\"pdev_path\":\"/etc/x\","
		  "\"script\":\"/x\",\"backend\":\"tap\",\"readwrite\":1},"
		  "{\"vdev\":\"xvdb\",\"pdev_path\":\"/etc/x\"},"
		  "{\"vdev\":\"hdc\",\"is_cdrom\":1,\"pdev_path\":\"/x\"}]}",
	     KEPT ",\"disks\":[{\"vdev\":\"xvda\",\"pdev_path\":"
		  "\"/dev/vg/here\",\"format\":\"raw\",\"readwrite\":1},"
		  "{\"vdev\":\"hdc\",\"pdev_path\":\"\",\"format\":\"empty\","
		  "\"is_cdrom\":1}],\"nics\":[],\"b_info\":{"
		  "\"type.pvh\":{}}}",
	     4);
}

/* A restart takes the kernel that is left out. */
static void
test_endings(void **state)
{
	static const char hvm[] =
		"{\"c_info\":{\"type\":\"hvm\"},\"on_reboot\":\"restart\"}";
	struct err err = ERR_INIT;
	unsigned int left;
	char *text = keep(hvm, false, &left, &err);

	(void)state;
	kept(HEAD ",\"on_poweroff\":\"preserve\",\"on_reboot\":\"restart\","
		  "\"on_crash\":\"restart_rename\"}",
	     KEPT ",\"on_poweroff\":\"preserve\",\"on_reboot\":\"destroy\","
		  "\"on_crash\":\"destroy\",\"disks\":[],\"nics\":[],"
		  "\"b_info\":{\"type.pvh\":{}}}",
	     1);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"on_reboot\":\"restart\""));
	free(text);
}

/* The port stays, since its state is in the memory; its end on this host does
 * not. */
static void
serial(const char *json, const char *want, unsigned int want_left)
{
	char text[300];
	struct err err = ERR_INIT;
	unsigned int left;
	char *safe;

	snprintf(text, sizeof(text),
		 "{\"c_info\":{\"type\":\"hvm\"},"
		 "\"b_info\":{\"type.hvm\":{%s}}}",
		 json);
	safe = keep(text, false, &left, &err);
	assert_non_null(safe);
	if (want)
		assert_non_null(strstr(safe, want));
	else
		assert_null(strstr(safe, "serial"));
	assert_int_equal(left, want_left);
	free(safe);
}

static void
test_serial(void **state)
{
	(void)state;
	serial("\"serial\":\"pty\"", "\"serial\":\"pty\"", 0);
	serial("\"serial\":\"file:/etc/x\"", "\"serial\":\"null\"", 1);
	serial("\"serial\":\"pty null\"", "\"serial\":\"null\"", 1);
	serial("\"serial_list\":[\"pty\",\"pipe:/x\",7]",
	       "\"serial_list\":[\"pty\",\"null\",\"null\"]", 1);
	serial("\"serial_list\":[\"pty\",\"none\"]",
	       "\"serial_list\":[\"pty\",\"none\"]", 0);
	serial("\"serial_list\":{\"a\":1}", NULL, 1);
	serial("\"serial_list\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", NULL, 1);
}

static void
test_trusted(void **state)
{
	struct err err = ERR_INIT;
	unsigned int left;
	char *text = keep(HEAD ",\"b_info\":{\"kernel\":\"/x\"}}", true, &left,
			  &err);

	(void)state;
	assert_non_null(text);
	assert_non_null(strstr(text, "\"kernel\":\"/x\""));
	assert_non_null(strstr(text, "\"name\":\"here\""));
	free(text);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"c_info\":{\"type\":\"pvh\\u0000x\"}}",
		"{\"c_info\":{\"type\":\"invalid\"}}",
		HEAD ",\"disks\":[{\"vdev\":\"\"}]}",
		HEAD ",\"disks\":[{\"vdev\":\"a\"},{\"vdev\":\"a\"}]}",
		HEAD ",\"disks\":[7]}",
	};
	unsigned int left;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_null(keep(bad[i], false, &left, &err));
		assert_int_equal(err.code, ERR_CORRUPT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),  cmocka_unit_test(test_disks),
		cmocka_unit_test(test_endings), cmocka_unit_test(test_serial),
		cmocka_unit_test(test_trusted), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

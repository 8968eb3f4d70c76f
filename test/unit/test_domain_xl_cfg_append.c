/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_xl_cfg_append.c - what is added to a configuration file, as
 * text.  That xl reads it so is test_domain_offline_config.c.
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

static const struct xl_cfg_drive drives[] = {
	{ "xvda", "phy:/dev/vg/a,xvda,w", "access=rw,discard", false },
	{ "xvdb", "phy:/dev/vg/b,xvdb,w", "access=rw", false },
	{ "hdc", "/srv/an \"odd\" one.iso,raw,hdc,ro,cdrom", "access=ro",
	  true },
};

static const struct xl_cfg_disk exported[] = {
	{ "xvda", "/backup/xvda.img", "raw" },
	{ "xvdb", "/backup/xvdb.qcow2", "qcow2" },
};

static char *
append(const char *text, const struct xl_cfg_disk *disks, size_t n)
{
	struct err err = ERR_INIT;
	char *ret = xl_cfg_append(text, drives, 3, disks, n, &err);

	if (!ret)
		fail_msg("%s", err.text);
	return ret;
}

static void
test_all(void **state)
{
	static const char text[] = "# mine\nname='a'\ndisk=[ 'x' ]\n";
	char *got = append(text, exported, 2);

	(void)state;
	assert_memory_equal(got, text, strlen(text));
	assert_string_equal(
		got + strlen(text),
		"\n"
		"# ---- added by xensnap: the disks of this export ----\n"
		"# xl takes the last of several values: this list takes the "
		"place of any above.\n"
		"disk=[\n"
		"\t\"vdev=xvda,format=raw,access=rw,discard,"
		"target=/backup/xvda.img\",\n"
		"\t\"vdev=xvdb,format=qcow2,access=rw,"
		"target=/backup/xvdb.qcow2\",\n"
		"\t\"/srv/an \\\"odd\\\" one.iso,raw,hdc,ro,cdrom\",\n"
		"]\n");
	free(got);
}

/* A disk without a view is not there: two domains would write to it. */
static void
test_left_out(void **state)
{
	char *got = append("name='a'\n", exported, 1);

	(void)state;
	assert_non_null(strstr(got, "/backup/xvda.img"));
	assert_null(strstr(got, "/dev/vg/b"));
	assert_non_null(strstr(got, "\n# left out: disk xvdb, to which the "
				    "original writes\n"));
	assert_non_null(strstr(got, "one.iso"));
	free(got);
}

static void
test_no_newline_at_the_end(void **state)
{
	char *got = append("name='a' # the end", exported, 2);

	(void)state;
	assert_non_null(strstr(got, "# the end\n\n# ---- added"));
	free(got);
	got = append("", exported, 2);
	assert_int_equal(strncmp(got, "\n# ----", 7), 0);
	free(got);
}

static void
test_no_disks(void **state)
{
	struct err err = ERR_INIT;
	char *got = xl_cfg_append("name='a'\n", NULL, 0, NULL, 0, &err);

	(void)state;
	assert_non_null(got);
	assert_non_null(strstr(got, "\ndisk=[\n]\n"));
	free(got);
}

static enum err_code
refused(const struct xl_cfg_drive *d, const struct xl_cfg_disk *disk)
{
	struct err err = ERR_INIT;

	assert_null(xl_cfg_append("", d, 1, disk, disk ? 1 : 0, &err));
	assert_true(err.text[0] != '\0');
	return err.code;
}

static void
test_refused(void **state)
{
	static const struct xl_cfg_disk unknown = { "xvdz", "/x", "raw" };
	static const struct xl_cfg_disk comma = { "xvda", "/x,", "raw" };
	static const struct xl_cfg_disk control = { "xvda", "/\001", "raw" };
	static const struct xl_cfg_drive odd = { "hdc", "/\001,hdc:cdrom,r",
						 "access=ro", true };

	(void)state;
	assert_int_equal(refused(drives, &unknown), ERR_NOTFOUND);
	assert_int_equal(refused(drives, &comma), ERR_INVALID);
	assert_int_equal(refused(drives, &control), ERR_INVALID);
	assert_int_equal(refused(&odd, NULL), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_no_newline_at_the_end),
		cmocka_unit_test(test_no_disks),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

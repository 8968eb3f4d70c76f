/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain_offline.c - domains that do not run, from all sorts of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain.h"
#include "err.h"
#include "scratch.h"

#define UUID "60ecfbd9-bbc8-4617-9468-30d677b417de"

/* What is found in @text, as the domain web1. */
static void
describe(const char *text, struct domain_info *ret)
{
	struct err err = ERR_INIT;
	struct domain *d;

	scratch_puts("web1.cfg", text);
	if (domain_find_offline(scratch_path("web1.cfg"), "web1", &d, &err))
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(domain_describe(d, ret, &err), 0);
	domain_close(d);
}

/* The file @name is refused with @code, and a text that has @says. */
static void
refused_file(const char *name, enum err_code code, const char *says)
{
	struct err err = ERR_INIT;
	struct domain *d;

	assert_int_equal(
		domain_find_offline(scratch_path(name), "web1", &d, &err), -1);
	assert_null(d);
	if (err.code != code || !strstr(err.text, says))
		fail_msg("not %d \"%s\" but %d \"%s\"", (int)code, says,
			 (int)err.code, err.text);
	if (!strstr(err.text, name))
		fail_msg("it does not name the file: %s", err.text);
}

static void
refused(const char *text, enum err_code code, const char *says)
{
	scratch_puts("web1.cfg", text);
	refused_file("web1.cfg", code, says);
}

static void
test_all_of_it(void **state)
{
	static const char text[] =
		"# a comment\nname = \"web1\"\nuuid='" UUID "'\ntype='pvh'\n"
		"memory=512\nmaxmem=1024\nvcpus=2\nkernel='/boot/vmlinuz'\n"
		"disk=[ 'phy:/dev/vg/root,xvda,w', "
		"'file:/srv/cd.iso,hdc:cdrom,r' ]\n";
	static struct domain_info info;
	struct err err = ERR_INIT;
	struct domain *d;
	char *config;

	(void)state;
	describe(text, &info);
	assert_string_equal(info.name, "web1");
	assert_string_equal(info.uuid, UUID);
	assert_int_equal(info.type, DOMAIN_PVH);
	assert_int_equal(info.state, DOMAIN_SHUT_DOWN);
	assert_int_equal(info.memory_bytes, UINT64_C(512) << 20);
	assert_string_equal(info.xen_version, "");
	assert_false(info.save_ok);
	assert_false(info.live_ok);
	assert_int_equal(info.n_disks, 2);

	/* The file's own text, and nothing that needs a running domain. */
	assert_int_equal(domain_find_offline(scratch_path("web1.cfg"), "web1",
					     &d, &err),
			 0);
	scratch_puts("web1.cfg", "changed since");
	config = domain_config(d, &err);
	assert_string_equal(config, text);
	free(config);
	assert_int_equal(domain_resume(d, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(domain_finish(d, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	domain_close(d);
}

static void
test_little(void **state)
{
	static struct domain_info info;

	(void)state;
	describe("name=\"web1\"", &info);
	assert_string_equal(info.uuid, "");
	assert_int_equal(info.type, DOMAIN_PV);
	assert_int_equal(info.memory_bytes, 0);
	assert_int_equal(info.n_disks, 0);
	describe("name='web1'\ndisk=[]\nmemory='lots'\n", &info);
	assert_int_equal(info.n_disks, 0);
	assert_int_equal(info.memory_bytes, 0);
	describe("name='other'\nname='web1'\nmemory=5;memory=3\n", &info);
	assert_int_equal(info.memory_bytes, 3 << 20);
	describe("name='web1'\nmemory=9223372036854775807\n", &info);
	assert_int_equal(info.memory_bytes, 0);
	describe("name='web1'\nuuid='60ECFBD9-BBC8-4617-9468-30D677B417DE'\n",
		 &info);
	assert_string_equal(info.uuid, UUID);
}

static void
test_types(void **state)
{
	static const struct {
		const char *line;
		enum domain_type type;
	} types[] = {
		{ "type='pv'", DOMAIN_PV },
		{ "type=\"pvh\"", DOMAIN_PVH },
		{ "type='hvm'", DOMAIN_HVM },
		{ "builder='hvm'", DOMAIN_HVM },
		{ "builder='generic'", DOMAIN_PV },
		{ "type='pvh'\nbuilder='generic'", DOMAIN_PVH },
	};
	static struct domain_info info;
	char text[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(text, sizeof(text), "name='web1'\n%s\n",
			 types[i].line);
		describe(text, &info);
		assert_int_equal(info.type, types[i].type);
	}
	refused("name='web1'\ntype='vmware'\n", ERR_CORRUPT,
		"type \"vmware\" is unknown");
	refused("name='web1'\nbuilder='kit'\n", ERR_CORRUPT,
		"builder \"kit\" is unknown");
	refused("name='web1'\ntype=['hvm']\n", ERR_CORRUPT, "is a list");
}

/* ---- disks ---- */

struct form {
	const char *spec;
	const char *vdev, *source, *format, *backend;
	bool readonly, cdrom;
};

static const struct form forms[] = {
	{ "phy:/dev/vg/x,xvda,w", "xvda", "/dev/vg/x", "raw", "phy", false,
	  false },
	{ "/dev/vg/x,raw,xvda,rw", "xvda", "/dev/vg/x", "raw", "phy", false,
	  false },
	{ "/dev/vg/x,,xvda", "xvda", "/dev/vg/x", "raw", "phy", false, false },
	{ "/srv/a b.img, raw, xvda, w", "xvda", "/srv/a b.img", "raw", "phy",
	  false, false },
	{ "file:/srv/a.img,sda1,w", "sda1", "/srv/a.img", "raw", "phy", false,
	  false },
	{ "tap2:aio:/srv/a.img,xvda,w", "xvda", "/srv/a.img", "raw", "phy",
	  false, false },
	{ "format=raw, vdev=xvdb, access=ro, target=/srv/a,b.img", "xvdb",
	  "/srv/a,b.img", "raw", "phy", true, false },
	{ "backendtype=qdisk,vdev=hda,target=/srv/a.img", "hda", "/srv/a.img",
	  "raw", "phy", false, false },
	{ "backendtype=phy,vdev=/dev/xvda,target=/srv/a.img", "xvda",
	  "/srv/a.img", "raw", "phy", false, false },
	{ "backend=0,script=/etc/xen/scripts/block,vdev=xvda,target=/dev/x",
	  "xvda", "/dev/x", "raw", "phy", false, false },
	{ "/srv/a.qcow2,qcow2,xvda,w", "xvda", "/srv/a.qcow2", "qcow2", "qdisk",
	  false, false },
	{ "tap:qcow2:/srv/a.qcow2,xvda,w", "xvda", "/srv/a.qcow2", "qcow2",
	  "qdisk", false, false },
	{ "backendtype=tap,format=vhd,vdev=xvda,target=/srv/a.vhd", "xvda",
	  "/srv/a.vhd", "vhd", "tap", false, false },
	{ "script=block-iscsi,vdev=xvda,target=iqn.2001-05.com:x", "xvda",
	  "iqn.2001-05.com:x", "raw", "a script", false, false },
	{ "drbd:r0,xvda,w", "xvda", "r0", "raw", "a script", false, false },
	{ "backend=store,vdev=xvda,target=/dev/vg/x", "xvda", "/dev/vg/x",
	  "raw", "another domain", false, false },
	{ ",hdc:cdrom,r", "hdc", "", "empty", "phy", true, true },
	{ "devtype=cdrom,vdev=hdc,access=ro,format=empty", "hdc", "", "empty",
	  "phy", true, true },
	{ "file:/srv/cd.iso,hdc:cdrom,r", "hdc", "/srv/cd.iso", "raw", "phy",
	  true, true },
	{ "cd.iso,raw,hdc,ro,cdrom", "hdc", "cd.iso", "raw", "phy", true,
	  true },
};

static void
test_forms(void **state)
{
	static struct domain_info info;
	const struct domain_disk *d = &info.disks[0];
	char text[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];

		snprintf(text, sizeof(text), "name='web1'\ndisk=[ '%s' ]\n",
			 f->spec);
		describe(text, &info);
		assert_int_equal(info.n_disks, 1);
		if (strcmp(d->vdev, f->vdev) != 0 ||
		    strcmp(d->source, f->source) != 0 ||
		    strcmp(d->format, f->format) != 0 ||
		    strcmp(d->backend, f->backend) != 0 ||
		    d->readonly != f->readonly || d->cdrom != f->cdrom)
			fail_msg("%s: %s %s %s %s %d %d", f->spec, d->vdev,
				 d->source, d->format, d->backend, d->readonly,
				 d->cdrom);
	}
}

static void
refused_disks(const char *list, enum err_code code, const char *says)
{
	char text[2000];

	snprintf(text, sizeof(text), "name='web1'\ndisk=%s\n", list);
	refused(text, code, says);
}

static void
test_bad_disks(void **state)
{
	char list[1500], text[1200];

	(void)state;
	refused_disks("['phy:vg/x,xvda,w']", ERR_UNSUPPORTED,
		      "\"vg/x\" is no absolute path");
	refused_disks("['/x']", ERR_CORRUPT, "no vdev specified");
	refused_disks("['']", ERR_CORRUPT, "disk specification");
	refused_disks("['/x,raw,xvda,w!']", ERR_CORRUPT, "access");
	refused_disks("['/x,nonsense,xvda,w']", ERR_CORRUPT, "format");
	refused_disks("['vdev=xvda,access=rw']", ERR_CORRUPT, "no target");
	refused_disks("['/x,raw,xvda,w,more']", ERR_CORRUPT, "too many");
	refused_disks("['/x,raw,../../etc/x,w']", ERR_CORRUPT,
		      "\"../../etc/x\" names no disk");
	refused_disks("['/x,raw,/dev/,w']", ERR_CORRUPT, "names no disk");
	refused_disks("['/x,raw,xvda,w','/y,raw,/dev/xvda,w']", ERR_CORRUPT,
		      "two disks called xvda");
	refused_disks("'/x,raw,xvda,w'", ERR_CORRUPT, "should be a list");
	refused_disks("[['/x,raw,xvda,w']]", ERR_CORRUPT, "is no string");
	memset(text, 'p', 1100);
	text[1100] = '\0';
	snprintf(list, sizeof(list), "['/%s,raw,xvda,w']", text);
	refused_disks(list, ERR_UNSUPPORTED, "is too long");
	text[40] = '\0';
	snprintf(list, sizeof(list), "['/x,raw,%s,w']", text);
	refused_disks(list, ERR_UNSUPPORTED, "is too long");
}

static void
test_many_disks(void **state)
{
	static struct domain_info info;
	char text[DOMAIN_DISKS_MAX * 40];
	int n, used;

	(void)state;
	for (n = DOMAIN_DISKS_MAX; n <= DOMAIN_DISKS_MAX + 1; n++) {
		used = snprintf(text, sizeof(text), "name='web1'\ndisk=[");
		for (int i = 0; i < n; i++)
			used += snprintf(text + used,
					 sizeof(text) - (size_t)used,
					 "'/d/%d,raw,xvd%d,w',", i, i);
		snprintf(text + used, sizeof(text) - (size_t)used, "]");
		if (n == DOMAIN_DISKS_MAX) {
			describe(text, &info);
			assert_int_equal(info.n_disks, n);
		} else {
			refused(text, ERR_UNSUPPORTED, "65 disks");
		}
	}
}

/* ---- what is no such file ---- */

static void
test_bad_text(void **state)
{
	(void)state;
	refused("", ERR_CORRUPT, "names no domain");
	refused("memory=3\n", ERR_CORRUPT, "names no domain");
	/* xl overlooks it, and then takes no list of disks behind it. */
	refused("name='web1'\nmemory=3~", ERR_CORRUPT, "line 2");
	refused("name=''\n", ERR_CORRUPT, "names no domain");
	refused("name=['web1']\n", ERR_CORRUPT, "is a list");
	refused("name='web2'\n", ERR_STATE,
		"it is of a domain called \"web2\", not web1");
	refused("name='web1'\nuuid='1234'\n", ERR_CORRUPT,
		"\"1234\" is no uuid");
	refused("name='web1'\nuuid='" UUID "0'\n", ERR_CORRUPT, "is no uuid");
	refused("name='web1'\nuuid='60ecfbd9_bbc8-4617-9468-30d677b417de'\n",
		ERR_CORRUPT, "is no uuid");
	refused("name='web1'\ndisk=[\n", ERR_CORRUPT, "line 2: ");
	refused("import os\nname='web1'\n", ERR_CORRUPT, "line 1: ");
	refused("name='web1'\nmemory=3 + 4\n", ERR_CORRUPT, "line 2: ");
	refused("\001\002\377garbage\n", ERR_CORRUPT, "line 1: ");
	refused("name='web1'\n\\", ERR_CORRUPT, "middle of a line");
	scratch_put("web1.cfg", "name='web1'\0\n", 13);
	refused_file("web1.cfg", ERR_CORRUPT, "is no text");
}

/* Every byte, and cut everywhere: never a crash, and a reason always. */
static void
test_garbage(void **state)
{
	static const char text[] =
		"name='web1'\ndisk=[ 'phy:/dev/vg/x,xvda,w' ]\n";
	char copy[sizeof(text)];
	struct err err;
	struct domain *d;
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		for (c = -1; c < 256; c += c < 0 ? 1 : 17) {
			strcpy(copy, text);
			copy[i] = c < 0 ? '\0' : (char)c;
			scratch_put("web1.cfg", copy,
				    c < 0 ? i : sizeof(text) - 1);
			err_clear(&err);
			if (domain_find_offline(scratch_path("web1.cfg"),
						"web1", &d, &err) == 0)
				domain_close(d);
			else
				assert_true(err.text[0] != '\0');
		}
	}
}

static void
test_bad_files(void **state)
{
	size_t len = 10u << 20;
	char *big = malloc(len);

	(void)state;
	refused_file("none.cfg", ERR_NOTFOUND, "No such file");
	scratch_mkdir("dir.cfg");
	refused_file("dir.cfg", ERR_CORRUPT, "not a regular file");
	assert_int_equal(mkfifo(scratch_path("fifo.cfg"), 0600), 0);
	refused_file("fifo.cfg", ERR_CORRUPT, "not a regular file");
	memset(big, '#', len);
	scratch_put("big.cfg", big, len);
	free(big);
	refused_file("big.cfg", ERR_CORRUPT, "larger");
	assert_int_equal(symlink("loop.cfg", scratch_path("loop.cfg")), 0);
	refused_file("loop.cfg", ERR_IO, "symbolic links");
}

static void
test_unreadable(void **state)
{
	(void)state;
	scratch_puts("web1.cfg", "name='web1'\n");
	chmod(scratch_path("web1.cfg"), 0);
	chmod(scratch_path(""), 0711);
	/* Root reads everything. */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	refused_file("web1.cfg", ERR_DENIED, "Permission denied");
	assert_int_equal(seteuid(getuid()), 0);
}

/* xl's autostart folder is full of links. */
static void
test_link(void **state)
{
	struct err err = ERR_INIT;
	struct domain *d;

	(void)state;
	scratch_puts("web1.cfg", "name='web1'\n");
	assert_int_equal(symlink("web1.cfg", scratch_path("auto")), 0);
	assert_int_equal(
		domain_find_offline(scratch_path("auto"), "web1", &d, &err), 0);
	domain_close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define t(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)
		t(test_all_of_it), t(test_little),     t(test_types),
		t(test_forms),     t(test_bad_disks),  t(test_many_disks),
		t(test_bad_text),  t(test_garbage),    t(test_bad_files),
		t(test_link),      t(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

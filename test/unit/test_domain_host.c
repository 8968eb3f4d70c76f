/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_host.c - is it told what a host lacks to be Xen's dom0, and is a
 * silent xenstored noticed?  The host is a folder with files in the places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "domain_host.h"
#include "err.h"

static char dir[] = "/tmp/xensnap-test-XXXXXX";

static const char *const dirs[] = {
	"sys", "sys/hypervisor", "proc", "proc/xen",
	"dev", "dev/xen",        "run",  "run/xenstored",
};

static void
path_of(char *ret, const char *name)
{
	snprintf(ret, PATH_MAX, "%s/%s", dir, name);
}

static void
put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	path_of(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
says(enum err_code code, const char *part)
{
	struct err err = ERR_INIT;

	assert_int_equal(domain_host_check(dir, 100, &err), -1);
	if (err.code != code || !strstr(err.text, part))
		fail_msg("%d %s", (int)err.code, err.text);
}

static int
listen_there(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path),
		 "%s/run/xenstored/socket", dir);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* Answers one request, as xenstored would. */
static void *
answer(void *ctx)
{
	char buf[128];
	int fd = accept(*(int *)ctx, NULL, NULL);

	if (fd >= 0 && read(fd, buf, sizeof(buf)) == 18 &&
	    write(fd, buf, 16) == 16)
		return ctx;
	return NULL;
}

static void
test_what_is_missing(void **state)
{
	uint64_t begin;
	int fd;

	(void)state;
	says(ERR_UNSUPPORTED, "no Xen beneath this kernel");
	put("sys/hypervisor/type", "kvm\n");
	says(ERR_UNSUPPORTED, "no Xen beneath this kernel");
	put("sys/hypervisor/type", "xen\n");
	says(ERR_STATE, "/proc/xen is not mounted");
	put("proc/xen/capabilities", "");
	says(ERR_UNSUPPORTED, "it is a guest of Xen itself");
	put("proc/xen/capabilities", "control_d\n");
	says(ERR_STATE, "/dev/xen/privcmd is missing");
	put("dev/xen/privcmd", "");
	says(ERR_STATE, "xenstored is not running");

	fd = listen_there();
	begin = clock_ns();
	says(ERR_TIMEOUT, "xenstored does not answer");
	assert_true(clock_ms_since(begin) >= 99);

	/* Its socket stays behind when it dies. */
	put("dev/xen/xenbus", "");
	close(fd);
	says(ERR_STATE, "xenstored is not running");
}

static void
test_all_is_well(void **state)
{
	struct err err = ERR_INIT;
	char path[PATH_MAX];
	void *answered;
	pthread_t t;
	int fd;

	(void)state;
	path_of(path, "run/xenstored/socket");
	unlink(path);
	fd = listen_there();
	assert_int_equal(pthread_create(&t, NULL, answer, &fd), 0);
	if (domain_host_check(dir, 5000, &err))
		fail_msg("%s", err.text);
	pthread_join(t, &answered);
	assert_ptr_equal(answered, &fd);
	close(fd);
}

static int
set_up(void **state)
{
	char path[PATH_MAX];
	size_t i;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		path_of(path, dirs[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"sys/hypervisor/type",  "proc/xen/capabilities",
		"dev/xen/privcmd",      "dev/xen/xenbus",
		"run/xenstored/socket",
	};
	char path[PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i]);
		unlink(path);
	}
	for (i = sizeof(dirs) / sizeof(dirs[0]); i-- > 0;) {
		path_of(path, dirs[i]);
		rmdir(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_all_is_well),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

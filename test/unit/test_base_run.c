/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_base_run.c - other programs: what they get from us, what we get from
 * them, and that one which hangs is ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

/* Run @script; what it says on stdout is in the result. */
static int
sh(const char *script, const struct run_opts *o, struct run_result *res,
   struct err *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return run(argv, o, res, err);
}

static unsigned int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void
test_output(void **state)
{
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	assert_int_equal(sh("echo out; echo err >&2; exit 7", NULL, &res, &err),
			 0);
	assert_int_equal(res.status, 7);
	assert_string_equal(res.out, "out\n");
	assert_int_equal(res.out_len, 4);
	assert_string_equal(res.err, "err\n");
	run_done(&res);
	run_done(&res); /* a second time does no harm */
	assert_null(res.out);
}

static void
test_much_output(void **state)
{
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	assert_int_equal(sh("head -c 3000000 /dev/zero; "
			    "head -c 200000 /dev/zero >&2",
			    NULL, &res, &err),
			 0);
	assert_int_equal(res.out_len, 3000000);
	run_done(&res);
}

static void
test_signal(void **state)
{
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	assert_int_equal(sh("kill -9 $$", NULL, &res, &err), 0);
	assert_int_equal(res.status, 128 + SIGKILL);
	run_done(&res);
}

static void
test_no_program(void **state)
{
	static const char *const names[] = { "xensnap-no-such-program",
					     "/nonexistent/program",
					     "/etc/passwd",
					     "../../../../../../bin/sh", "" };
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *const argv[] = { names[i], NULL };

		err_clear(&err);
		assert_int_equal(run(argv, NULL, &res, &err), -1);
		assert_int_equal(err.code, i < 3 ? ERR_NOTFOUND : ERR_INVALID);
		assert_null(res.out);
		run_done(&res);
	}
}

/* A name is looked up in system folders only, whatever our PATH says. */
static void
test_fixed_path(void **state)
{
	char dir[] = "/tmp/xensnap-test-XXXXXX";
	const char *const argv[] = { "true", NULL };
	struct err err = ERR_INIT;
	struct run_result res;
	char path[64];
	char *old = strdup(getenv("PATH"));
	FILE *f;

	(void)state;
	assert_non_null(old);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/true", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("#!/bin/sh\nexit 9\n", f);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
	setenv("PATH", dir, 1);
	assert_int_equal(run(argv, NULL, &res, &err), 0);
	assert_int_equal(res.status, 0);
	run_done(&res);
	setenv("PATH", old, 1);
	free(old);
	unlink(path);
	rmdir(dir);
}

static void
test_environment(void **state)
{
	static const char *const env[] = { "LVM_SYSTEM_DIR=/x", "A=b c", NULL };
	struct run_opts o = RUN_OPTS_INIT;
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	setenv("XENSNAP_SECRET", "leak", 1);
	o.env = env;
	assert_int_equal(sh("env", &o, &res, &err), 0);
	assert_null(strstr(res.out, "XENSNAP_SECRET"));
	assert_non_null(strstr(res.out, "LC_ALL=C\n"));
	assert_non_null(strstr(res.out, "PATH=/usr/sbin:"));
	assert_non_null(strstr(res.out, "LVM_SYSTEM_DIR=/x\n"));
	assert_non_null(strstr(res.out, "A=b c\n"));
	run_done(&res);
	unsetenv("XENSNAP_SECRET");
}

/* stdin is empty, the session is its own, SIGPIPE kills it as usual. */
static void
test_surroundings(void **state)
{
	struct err err = ERR_INIT;
	struct run_result res;
	char want[64];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(sh("cat; readlink /proc/$$/fd/0; pwd; "
			    "set -- $(cat /proc/$$/stat); echo $1 $6; "
			    "grep SigIgn /proc/$$/status",
			    NULL, &res, &err),
			 0);
	assert_memory_equal(res.out, "/dev/null\n/\n", 12);
	assert_non_null(strstr(res.out, "SigIgn:\t0000000000000000\n"));
	snprintf(want, sizeof(want), "%d %d\n", atoi(res.out + 12),
		 atoi(res.out + 12));
	assert_non_null(strstr(res.out, want));
	run_done(&res);
	signal(SIGPIPE, SIG_DFL);
}

/* It gets 0, 1, 2 and keep_fd, also of descriptors that are not CLOEXEC. */
static void
test_descriptors(void **state)
{
	struct run_opts o = RUN_OPTS_INIT;
	struct err err = ERR_INIT;
	struct run_result res;
	int leak = open("/etc/hostname", O_RDONLY);
	int keep = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	unsigned int before = open_fds();
	char want[32];

	(void)state;
	assert_true(leak >= 0 && keep >= 0);
	o.keep_fd = keep;
	assert_int_equal(sh("for f in /proc/$$/fd/*; do "
			    "echo ${f##*/} $(readlink $f); done",
			    &o, &res, &err),
			 0);
	snprintf(want, sizeof(want), "%d /etc/passwd\n", keep);
	assert_non_null(strstr(res.out, want));
	assert_null(strstr(res.out, "/etc/hostname"));
	run_done(&res);
	assert_int_equal(open_fds(), before);
	assert_int_equal(fcntl(keep, F_GETFD), FD_CLOEXEC);
	close(leak);
	close(keep);
}

static void
test_no_leak_on_failure(void **state)
{
	const char *const argv[] = { "xensnap-no-such-program", NULL };
	const char *const folder[] = { "/etc", NULL };
	unsigned int before = open_fds();
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	assert_int_equal(run(argv, NULL, &res, &err), -1);
	assert_int_equal(run(folder, NULL, &res, &err), -1);
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child left */
}

static void
test_given_descriptors(void **state)
{
	struct run_opts o = RUN_OPTS_INIT;
	struct err err = ERR_INIT;
	struct run_result res;
	int in[2], out[2];
	char buf[16] = "";

	(void)state;
	assert_int_equal(pipe(in) + pipe(out), 0);
	assert_int_equal(write(in[1], "hello", 5), 5);
	close(in[1]);
	o.stdin_fd = in[0];
	o.stdout_fd = out[1];
	assert_int_equal(sh("cat", &o, &res, &err), 0);
	assert_null(res.out);
	assert_int_equal(read(out[0], buf, sizeof(buf)), 5);
	assert_string_equal(buf, "hello");
	run_done(&res);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static void
test_timeout(void **state)
{
	struct run_opts o = RUN_OPTS_INIT;
	struct err err = ERR_INIT;
	struct run_result res;
	uint64_t begin = clock_ns();
	unsigned int before = open_fds();

	(void)state;
	o.timeout_ms = 200;
	assert_int_equal(sh("sleep 60", &o, &res, &err), -1);
	assert_int_equal(err.code, ERR_TIMEOUT);
	assert_string_equal(err.text,
			    "sh: no end within 200 ms; it was stopped");
	run_done(&res);
	assert_true(clock_ms_since(begin) < 4000);
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* One that does not listen to SIGTERM is killed, with its own children. */
static void
test_timeout_kill(void **state)
{
	struct run_opts o = RUN_OPTS_INIT;
	struct err err = ERR_INIT;
	struct run_result res;
	int out[2];
	char c;

	(void)state;
	assert_int_equal(pipe(out), 0);
	o.timeout_ms = 200;
	o.stdout_fd = out[1];
	assert_int_equal(sh("trap '' TERM; sleep 60; sleep 60", &o, &res, &err),
			 -1);
	assert_string_equal(err.text,
			    "sh: no end within 200 ms; it was killed");
	run_done(&res);
	close(out[1]);
	/* The end of the pipe: nobody holds its other side any more. */
	assert_int_equal(read(out[0], &c, 1), 0);
	close(out[0]);
}

static void
test_run_ok(void **state)
{
	const char *const good[] = { "true", NULL };
	const char *const quiet[] = { "/bin/sh", "-c", "exit 5", NULL };
	const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	const char *const says[] = {
		"/bin/sh", "-c",
		"echo >&2; echo '  WARNING: x' >&2; echo '  no room' >&2;"
		"echo more >&2; exit 5",
		NULL
	};
	const char *const xl[] = {
		"sh", "-c",
		"echo Loading new save file >&2;"
		"echo 'libxl: error: libxl_x.c:1:f: why' >&2;"
		"echo 'libxl: error: libxl_x.c:2:g: and so' >&2; exit 1",
		NULL
	};
	const char *const verb[] = { "mkdir", "/proc/nope", NULL };
	struct err err = ERR_INIT;
	struct run_result res;

	(void)state;
	assert_int_equal(run_ok(good, NULL, &res, &err), 0);
	run_done(&res);
	assert_int_equal(run_ok(quiet, NULL, &res, &err), -1);
	assert_string_equal(err.text, "sh: exit status 5, and no message");
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(res.status, 5);
	run_done(&res);
	assert_int_equal(run_ok(killed, NULL, &res, &err), -1);
	assert_string_equal(err.text, "sh: killed by signal 9");
	run_done(&res);
	assert_int_equal(run_ok(says, NULL, &res, &err), -1);
	assert_string_equal(err.text, "sh: no room");
	run_done(&res);
	assert_int_equal(run_ok(xl, NULL, &res, &err), -1);
	assert_string_equal(err.text, "sh: libxl: error: libxl_x.c:1:f: why");
	run_done(&res);
	assert_int_equal(run_ok(verb, NULL, &res, &err), -1);
	assert_memory_equal(err.text, "mkdir /proc/nope: ", 18);
	run_done(&res);
}

/* Ends of processes that are not ours to wait for are left alone. */
static void
test_other_children(void **state)
{
	struct err err = ERR_INIT;
	struct run_result res;
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0)
		_exit(3);
	assert_int_equal(sh("true", NULL, &res, &err), 0);
	run_done(&res);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_fixed_path),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_no_leak_on_failure),
		cmocka_unit_test(test_given_descriptors),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_timeout_kill),
		cmocka_unit_test(test_run_ok),
		cmocka_unit_test(test_other_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

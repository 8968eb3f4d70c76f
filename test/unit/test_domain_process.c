/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_domain_process.c - finding and stopping xl's monitor, and telling a
 * save helper at work from one that was left behind.
 *
 * The other processes are this program, copied under another name into a
 * folder of the test: only the name of the file and the arguments matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "proc.h"
#include "save_helper.h"
#include "xl_monitor.h"

static char dir[] = "/tmp/xensnap-test-XXXXXX";

static void
path_of(char *ret, const char *name)
{
	snprintf(ret, PATH_MAX, "%s/%s", dir, name);
}

static void
copy_self(const char *name)
{
	char path[PATH_MAX];
	struct stat st = { .st_size = 0 };
	int from, to;

	path_of(path, name);
	from = open("/proc/self/exe", O_RDONLY);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	assert_true(from >= 0 && to >= 0 && !fstat(from, &st));
	while (lseek(to, 0, SEEK_CUR) < st.st_size)
		assert_true(sendfile(to, from, NULL, 1 << 20) > 0);
	close(from);
	close(to);
}

/* Its file and its arguments: exec() sets the one before the other. */
static void
wait_until_runs(pid_t pid, const char *name)
{
	const char *args[1];
	char buf[16];

	while (!proc_runs(pid, name) ||
	       proc_args(pid, buf, sizeof(buf), args, 1) == 0)
		clock_sleep_ms(1);
}

/* Start @name with @args; its stdout is @out.  Returns when it runs. */
static pid_t
start(const char *name, int out, const char *const *args)
{
	char path[PATH_MAX];
	pid_t pid;

	path_of(path, name);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out, STDOUT_FILENO);
		execv(path, (char *const *)args);
		_exit(127);
	}
	wait_until_runs(pid, name);
	return pid;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* An xl with the log file @log, in which @text stands ("%ld" is its pid). */
static pid_t
start_xl(const char *log, const char *command, const char *text)
{
	const char *args[] = { "/usr/sbin/xl", "-v", command, "/none", NULL };
	char path[PATH_MAX], line[256];
	pid_t pid;
	int fd;

	path_of(path, log);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	assert_true(fd >= 0);
	pid = start("xl", fd, args);
	if (text) {
		snprintf(line, sizeof(line), "%s [pid %ld]\n", text, (long)pid);
		assert_true(write(fd, line, strlen(line)) > 0);
	}
	close(fd);
	return pid;
}

static pid_t
found(const char *name, uint32_t domid)
{
	struct err err = ERR_INIT;
	struct xl_monitor m;

	if (xl_monitor_find(name, domid, &m, &err))
		fail_msg("%s", err.text);
	return m.pid;
}

static void
test_find_by_what_it_says(void **state)
{
	pid_t a, b, c;

	(void)state;
	a = start_xl("xl-web1.log", "create",
		     "Waiting for domain web1 (domid 4000001) to die");
	/* The same name, but it watches another domain. */
	b = start_xl("xl-web2.log", "restore",
		     "Waiting for domain web1 (domid 4000002) to die");
	/* Not a command that watches. */
	c = start_xl("xl-web3.log", "save",
		     "Waiting for domain web1 (domid 4000001) to die");
	assert_int_equal(found("web1", 4000001), a);
	assert_int_equal(found("web1", 4000002), b);
	assert_int_equal(found("renamed", 4000001), a);
	assert_int_equal(found("web1", 4000003), 0);
	end(a);
	end(b);
	end(c);
	assert_int_equal(found("web1", 4000001), 0);
}

static void
test_find_after_reboot_and_rotation(void **state)
{
	char path[PATH_MAX], other[PATH_MAX];
	char line[128];
	int fd;
	pid_t a;

	(void)state;
	a = start_xl("xl-web1.log", "create",
		     "Waiting for domain web1 (domid 4000001) to die");
	path_of(path, "xl-web1.log");
	path_of(other, "xl-web1.log.1");
	fd = open(path, O_WRONLY | O_APPEND);
	snprintf(line, sizeof(line),
		 "Done. Rebooting now\nWaiting for domain "
		 "web1 (domid 4000009) to die [pid %ld]\n",
		 (long)a);
	assert_true(write(fd, line, strlen(line)) > 0);
	close(fd);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(found("web1", 4000001), 0);
	assert_int_equal(found("web1", 4000009), a);
	/* Removed: the process still has it. */
	assert_int_equal(unlink(other), 0);
	assert_int_equal(found("web1", 4000009), a);
	end(a);
}

/* A name is whatever somebody chose; it must not be taken for the number. */
static void
test_find_odd_names(void **state)
{
	pid_t a;

	(void)state;
	a = start_xl("xl-odd.log", "create",
		     "Waiting for domain Waiting for "
		     "domain (domid 4000007) to die (domid 4000008) to die");
	assert_int_equal(found("odd", 4000007), 0);
	assert_int_equal(found("odd", 4000008), a);
	end(a);
}

static void
test_find_by_log_name(void **state)
{
	pid_t a;

	(void)state;
	a = start_xl("xl-web1.log", "create", NULL);
	assert_int_equal(found("web1", 4000001), a);
	assert_int_equal(found("web", 4000001), 0);
	assert_int_equal(found("web11", 4000001), 0);
	end(a);
}

static void
test_find_in_foreground(void **state)
{
	const char *args[] = { "xl", "create", "-F", NULL, NULL };
	char path[PATH_MAX];
	int null = open("/dev/null", O_WRONLY);
	pid_t a;
	FILE *f;

	(void)state;
	path_of(path, "fg.cfg");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("# a domain\ntype = 'pv'\n  name = 'fg1' # ours\n", f);
	fclose(f);
	args[3] = path;
	a = start("xl", null, args);
	assert_int_equal(found("fg1", 4000001), a);
	assert_int_equal(found("fg", 4000001), 0);
	end(a);
	close(null);
}

static char
state_of(pid_t pid)
{
	struct proc_stat st;

	return proc_stat(pid, &st) ? st.state : '-';
}

static void
test_stop_and_go_on(void **state)
{
	struct err err = ERR_INIT;
	struct xl_monitor m, other;
	pid_t a;

	(void)state;
	a = start_xl("xl-web1.log", "create", NULL);
	assert_int_equal(xl_monitor_find("web1", 1, &m, &err), 0);
	assert_int_equal(m.pid, a);
	assert_int_equal(xl_monitor_stop(&m, &err), 0);
	assert_int_equal(state_of(a), 'T');

	/* The same number, another process: hands off. */
	other = m;
	other.start--;
	xl_monitor_go_on(&other);
	clock_sleep_ms(20);
	assert_int_equal(state_of(a), 'T');

	xl_monitor_go_on(&m);
	while (state_of(a) == 'T')
		clock_sleep_ms(1);
	assert_int_equal(xl_monitor_stop(&other, &err), 0);
	assert_int_not_equal(state_of(a), 'T');

	end(a);
	assert_int_equal(xl_monitor_stop(&m, &err), 0);
	xl_monitor_go_on(&m);
	other.pid = 0;
	assert_int_equal(xl_monitor_stop(&other, &err), 0);
}

/*
 * A helper that reports on a pipe, started by a process in between, @owner,
 * that holds the other end, as a process that uses libxl does.
 */
static pid_t
start_helper(const char *domid, pid_t *ret_owner)
{
	const char *args[] = { "libxl-save-helper",
			       "--save-domain",
			       "5",
			       "-1",
			       domid,
			       "0",
			       "0",
			       "0",
			       NULL };
	char path[PATH_MAX];
	int tell[2], report[2];
	pid_t helper = 0;

	path_of(path, SAVE_HELPER_PROGRAM);
	assert_int_equal(pipe(tell), 0);
	*ret_owner = fork();
	assert_true(*ret_owner >= 0);
	if (!*ret_owner) {
		if (pipe2(report, O_CLOEXEC))
			_exit(1);
		helper = fork();
		if (!helper) {
			dup2(report[1], STDOUT_FILENO);
			execv(path, (char *const *)args);
			_exit(127);
		}
		close(report[1]);
		wait_until_runs(helper, SAVE_HELPER_PROGRAM);
		if (write(tell[1], &helper, sizeof(helper)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(tell[0], &helper, sizeof(helper)),
			 sizeof(helper));
	close(tell[0]);
	close(tell[1]);
	return helper;
}

static void
test_helper_at_work(void **state)
{
	struct err err = ERR_INIT;
	struct save_helper h;
	pid_t owner, helper;

	(void)state;
	helper = start_helper("4000001", &owner);
	assert_int_equal(save_helper_find(4000001, &h, &err), 0);
	assert_int_equal(h.owner, owner);
	assert_int_equal(h.orphan, 0);
	assert_int_equal(save_helper_find(400000, &h, &err), 0);
	assert_int_equal(h.owner, 0);
	/* Not ours to end. */
	assert_int_equal(save_helper_end_orphan(4000001, 50, &err), 0);
	assert_int_equal(save_helper_find(4000001, &h, &err), 0);
	assert_int_equal(h.owner, owner);
	kill(helper, SIGKILL);
	end(owner);
}

static void
test_helper_left_behind(void **state)
{
	struct err err = ERR_INIT;
	struct save_helper h;
	pid_t owner, helper;

	(void)state;
	/* Whoever adopts orphans here, it is us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	helper = start_helper("4000001", &owner);
	end(owner);
	assert_int_equal(save_helper_find(4000001, &h, &err), 0);
	assert_int_equal(h.owner, 0);
	assert_int_equal(h.orphan, helper);
	assert_int_equal(save_helper_end_orphan(4000001, 5000, &err), 0);
	assert_int_equal(save_helper_find(4000001, &h, &err), 0);
	assert_int_equal(h.orphan, 0);
	assert_int_equal(waitpid(helper, NULL, 0), helper);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	copy_self("xl");
	copy_self(SAVE_HELPER_PROGRAM);
	return 0;
}

/* What a service with a short list of capabilities is; false: it cannot be. */
static bool
lose_ptrace(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	const uint32_t ptrace = CAP_TO_MASK(CAP_SYS_PTRACE);

	if (syscall(SYS_capget, &head, data) || !(data[0].permitted & ptrace))
		return false;
	data[0].effective &= ~ptrace;
	data[0].permitted &= ~ptrace;
	return syscall(SYS_capset, &head, data) == 0;
}

/* Both processes are there, and may be of any domain. */
static int
cannot_tell(void)
{
	struct err err = ERR_INIT;
	struct save_helper helper;
	struct xl_monitor m;

	if (!lose_ptrace())
		return 2;
	if (xl_monitor_find("web1", 4000001, &m, &err) == 0 ||
	    err.code != ERR_DENIED)
		return 1;
	err_clear(&err);
	return save_helper_find(4000001, &helper, &err) == 0 ||
	       err.code != ERR_DENIED;
}

static void
test_may_not_look(void **state)
{
	pid_t monitor, helper, owner, pid;
	int status;

	(void)state;
	monitor = start_xl("xl-web1.log", "create",
			   "Waiting for domain web1 (domid 4000001) to die");
	helper = start_helper("4000001", &owner);
	pid = fork();
	if (!pid)
		_exit(cannot_tell());
	waitpid(pid, &status, 0);
	kill(helper, SIGKILL);
	end(owner);
	end(monitor);
	/* Whoever has no such capability has none to lose. */
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(status, 0);
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"xl",          SAVE_HELPER_PROGRAM, "xl-web1.log",
		"xl-web2.log", "xl-web3.log",       "xl-odd.log",
		"fg.cfg",
	};
	char path[PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_by_what_it_says),
		cmocka_unit_test(test_find_after_reboot_and_rotation),
		cmocka_unit_test(test_find_odd_names),
		cmocka_unit_test(test_find_by_log_name),
		cmocka_unit_test(test_find_in_foreground),
		cmocka_unit_test(test_stop_and_go_on),
		cmocka_unit_test(test_helper_at_work),
		cmocka_unit_test(test_helper_left_behind),
		cmocka_unit_test(test_may_not_look),
	};

	(void)argv;
	/* With arguments we play another program: wait to be killed. */
	if (argc > 1)
		for (;;)
			pause();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.c - fork, exec, wait.
 *
 * All that needs memory happens before the fork: there may be other threads,
 * one of them inside malloc().  The child tells a failed exec through a pipe
 * that a successful one closes.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "units.h"

#define RUN_OUTPUT_MAX ((size_t)64 << 20)
#define RUN_ENV_MAX 32
#define RUN_TIMEOUT_MS 60000u
#define RUN_GRACE_MS 5000

static const char *const path_dirs[] = { "/usr/sbin",       "/usr/bin",
					 "/sbin",           "/bin",
					 "/usr/local/sbin", "/usr/local/bin" };
#define PATH_ENV \
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"

struct child {
	char program[PATH_MAX];
	const char *const *argv;
	const char *env[RUN_ENV_MAX + 3];
	int fds[3]; /* what becomes 0, 1, 2; all above 2 */
	int keep_fd;
	int report[2]; /* the pipe that tells a failed exec */
	int files[2];  /* captured stdout and stderr, or -1 */
	pid_t pid;
	int pidfd;
};

static int
find_program(struct child *c, struct err *err)
{
	const char *name = c->argv[0];

	if (!*name || (*name != '/' && strchr(name, '/')))
		return err_set(err, ERR_INVALID, 0,
			       "'%s' is neither a program's name nor an "
			       "absolute path",
			       name);
	if (*name == '/') {
		snprintf(c->program, sizeof(c->program), "%s", name);
		if (access(c->program, X_OK) == 0)
			return 0;
		return err_set(err, ERR_NOTFOUND, errno, "%s", name);
	}
	for (size_t i = 0; i < sizeof(path_dirs) / sizeof(path_dirs[0]); i++) {
		snprintf(c->program, sizeof(c->program), "%s/%s", path_dirs[i],
			 name);
		if (access(c->program, X_OK) == 0)
			return 0;
	}
	return err_set(err, ERR_NOTFOUND, 0, "no program called %s here", name);
}

static int
make_env(struct child *c, const char *const *more, struct err *err)
{
	size_t n = 0;

	c->env[n++] = PATH_ENV;
	c->env[n++] = "LC_ALL=C";
	for (; more && *more; more++) {
		if (n == RUN_ENV_MAX + 2)
			return err_set(err, ERR_INVALID, 0,
				       "environment with over %d entries",
				       RUN_ENV_MAX);
		c->env[n++] = *more;
	}
	c->env[n] = NULL;
	return 0;
}

/* A duplicate of @fd that is not one of 0, 1, 2. */
static int
above_two(int fd, int *ret, struct err *err)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (*ret < 0)
		return err_set(err, ERR_IO, errno, "descriptor %d", fd);
	return 0;
}

static int
make_file(const char *name, int *ret, struct err *err)
{
	*ret = memfd_create(name, MFD_CLOEXEC);
	if (*ret < 0)
		return err_set(err, ERR_IO, errno, "memfd_create");
	return 0;
}

static int
open_fds(struct child *c, const struct run_opts *o, struct err *err)
{
	int null = -1;
	int rc = -1;

	if (o->keep_fd >= 0 && o->keep_fd < 3)
		return err_set(err, ERR_INVALID, 0, "keep_fd is %d",
			       o->keep_fd);
	c->keep_fd = o->keep_fd;
	if (o->stdin_fd < 0) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0) {
			err_set(err, ERR_IO, errno, "open /dev/null");
			goto out;
		}
	}
	if (above_two(null >= 0 ? null : o->stdin_fd, &c->fds[0], err))
		goto out;
	if (o->stdout_fd < 0 && make_file("stdout", &c->files[0], err))
		goto out;
	if (above_two(o->stdout_fd < 0 ? c->files[0] : o->stdout_fd, &c->fds[1],
		      err))
		goto out;
	if (make_file("stderr", &c->files[1], err) ||
	    above_two(c->files[1], &c->fds[2], err))
		goto out;
	if (pipe2(c->report, O_CLOEXEC)) {
		err_set(err, ERR_IO, errno, "pipe");
		goto out;
	}
	rc = 0;
out:
	fd_close(&null);
	return rc;
}

/* Signals as a fresh process has them: handlers of ours must not run. */
static void
default_signals(void)
{
	struct sigaction sa;
	sigset_t none;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child_main(struct child *c)
{
	ssize_t r;
	int sys;

	/* Where the pipe's number is 0 to 2 it would be overwritten. */
	int report = fcntl(c->report[1], F_DUPFD_CLOEXEC, 3);

	default_signals();
	setsid();
	for (int i = 0; i < 3; i++) {
		if (dup2(c->fds[i], i) < 0)
			goto fail;
	}
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
		goto fail;
	if (c->keep_fd >= 0 && fcntl(c->keep_fd, F_SETFD, 0))
		goto fail;
	if (chdir("/"))
		goto fail;
	execve(c->program, (char *const *)(uintptr_t)c->argv,
	       (char *const *)(uintptr_t)c->env);
fail:
	sys = errno;
	r = write(report, &sys, sizeof(sys));
	(void)r;
	_exit(127);
}

/* fork() with all signals blocked, so that no handler of ours runs there. */
static int
start(struct child *c, struct err *err)
{
	sigset_t all, old;
	ssize_t n;
	int sys;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	c->pid = fork();
	sys = errno;
	if (c->pid == 0)
		child_main(c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (c->pid < 0)
		return err_set(err, ERR_NOMEM, sys, "fork");

	fd_close(&c->report[1]);
	do
		n = read(c->report[0], &sys, sizeof(sys));
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		waitpid(c->pid, NULL, 0);
		c->pid = -1;
		return err_set(err, sys == ENOENT ? ERR_NOTFOUND : ERR_IO, sys,
			       "start %s", c->program);
	}
	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd < 0) {
		/* Cannot watch the time, but must not leave it alone. */
		sys = errno;
		waitpid(c->pid, NULL, 0);
		return err_set(err, ERR_IO, sys, "pidfd_open");
	}
	return 0;
}

/* Has it ended within @ms? */
static bool
ended_within(const struct child *c, unsigned int ms)
{
	struct pollfd p = { c->pidfd, POLLIN, 0 };
	uint64_t from = clock_ns();
	double left;
	int r;

	for (;;) {
		left = ms - clock_ms_since(from);
		r = poll(&p, 1, left > 0 ? (int)left + 1 : 0);
		if (r > 0)
			return true;
		if (r == 0 && left <= 0)
			return false;
	}
}

static int
reap(struct child *c, int *ret_status, struct err *err)
{
	int status;
	pid_t r;

	do
		r = waitpid(c->pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_set(err, ERR_IO, errno, "wait for %s", c->program);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
	return 0;
}

/* Wait; stop it when it is late.  Its own children are in its group. */
static int
finish(struct child *c, unsigned int timeout_ms, int *ret_status,
       struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *end = "was stopped";
	char limit[24];

	if (ended_within(c, timeout_ms))
		return reap(c, ret_status, err);
	units_ms(timeout_ms, limit, sizeof(limit));
	kill(-c->pid, SIGTERM);
	if (!ended_within(c, RUN_GRACE_MS)) {
		kill(-c->pid, SIGKILL);
		end = "was killed";
		if (!ended_within(c, RUN_GRACE_MS))
			return err_set(err, ERR_TIMEOUT, 0,
				       "%s: no end within %s, and it cannot be "
				       "killed: process %d waits for a device",
				       c->argv[0], limit, (int)c->pid);
	}
	reap(c, ret_status, &ignored);
	return err_set(err, ERR_TIMEOUT, 0, "%s: no end within %s; it %s",
		       c->argv[0], limit, end);
}

/* What was captured in the file @fd; NULL with @err. */
static char *
captured(int fd, size_t *ret_len, struct err *err)
{
	struct stat st;
	size_t len;
	ssize_t n;
	char *s;

	if (fstat(fd, &st)) {
		err_set(err, ERR_IO, errno, "stat");
		return NULL;
	}
	len = (size_t)st.st_size;
	if (len > RUN_OUTPUT_MAX) {
		err_set(err, ERR_IO, 0, "its output is larger than %zu MiB",
			RUN_OUTPUT_MAX >> 20);
		return NULL;
	}
	s = malloc(len + 1);
	if (!s) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	n = fd_pread_full(fd, s, len, 0, err);
	if (n < 0) {
		free(s);
		return NULL;
	}
	s[n] = '\0';
	*ret_len = (size_t)n;
	return s;
}

static int
collect(struct child *c, struct run_result *res, struct err *err)
{
	size_t len;

	if (c->files[0] >= 0) {
		res->out = captured(c->files[0], &res->out_len, err);
		if (!res->out)
			return err_add(err, "%s", c->argv[0]);
	}
	res->err = captured(c->files[1], &len, err);
	if (!res->err)
		return err_add(err, "%s", c->argv[0]);
	return 0;
}

int
run(const char *const argv[], const struct run_opts *opts,
    struct run_result *res, struct err *err)
{
	static const struct run_opts plain = RUN_OPTS_INIT;
	struct child c = { .argv = argv,
			   .fds = { -1, -1, -1 },
			   .keep_fd = -1,
			   .report = { -1, -1 },
			   .files = { -1, -1 },
			   .pid = -1,
			   .pidfd = -1 };
	int rc = -1;

	memset(res, 0, sizeof(*res));
	if (!opts)
		opts = &plain;
	if (find_program(&c, err) || make_env(&c, opts->env, err) ||
	    open_fds(&c, opts, err) || start(&c, err))
		goto out;
	if (finish(&c, opts->timeout_ms ? opts->timeout_ms : RUN_TIMEOUT_MS,
		   &res->status, err))
		goto out;
	rc = collect(&c, res, err);
out:
	fd_close(&c.pidfd);
	for (int i = 0; i < 3; i++)
		fd_close(&c.fds[i]);
	for (int i = 0; i < 2; i++) {
		fd_close(&c.report[i]);
		fd_close(&c.files[i]);
	}
	return rc;
}

/* How much a line says of why: libxl and libxc mark their errors, and xl tells
 * what it is at before. */
static int
worth(const char *line, size_t len)
{
	static const char *const nothing[] = { "WARNING", "Loading new save",
					       "Savefile contains",
					       "Parsing config" };

	if (memmem(line, len, ": error:", strlen(": error:")))
		return 3;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strncmp(line, nothing[i], strlen(nothing[i])) == 0)
			return 1;
	return 2;
}

/* The first of the lines of @s that say most. */
static const char *
useful_line(const char *s, size_t *ret_len)
{
	const char *best = NULL;
	int most = 0;
	size_t len;

	for (; *s; s += len) {
		s += strspn(s, " \t\r\n");
		len = strcspn(s, "\r\n");
		if (len == 0 || worth(s, len) <= most)
			continue;
		most = worth(s, len);
		best = s;
		*ret_len = len;
	}
	return best;
}

int
run_ok(const char *const argv[], const struct run_opts *opts,
       struct run_result *res, struct err *err)
{
	const char *slash = strrchr(argv[0], '/');
	const char *verb = argv[1] && argv[1][0] != '-' ? argv[1] : "";
	const char *why;
	size_t len;

	if (run(argv, opts, res, err))
		return -1;
	if (res->status == 0)
		return 0;
	why = useful_line(res->err, &len);
	if (why)
		err_set(err, ERR_IO, 0, "%.*s", (int)len, why);
	else if (res->status > 128)
		err_set(err, ERR_IO, 0, "killed by signal %d",
			res->status - 128);
	else
		err_set(err, ERR_IO, 0, "exit status %d, and no message",
			res->status);
	return err_add(err, "%s%s%s", slash ? slash + 1 : argv[0],
		       *verb ? " " : "", verb);
}

void
run_done(struct run_result *res)
{
	free(res->out);
	free(res->err);
	memset(res, 0, sizeof(*res));
}

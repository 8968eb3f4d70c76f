/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.c - one command the agent runs, and the pipes to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

#define WORDS_MAX 4096
/* How long a command may take to end after SIGTERM. */
#define GRACE_MS 3000
/* What a client is told about a command that ran out of time. */
#define STATUS_TIMEOUT 124

struct order {
	int pty;
	int64_t timeout_ms;
	const char *cwd;
	char *argv[WORDS_MAX + 1];
};

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
command_init(struct command *c)
{
	memset(c, 0, sizeof(*c));
	c->pidfd = c->in = c->out = c->err = -1;
}

static int
order_parse(struct order *o, char *p, size_t len)
{
	char *end = p + len;
	int n = 0;

	o->pty = 0;
	o->timeout_ms = 0;
	o->cwd = "/root";
	if (len == 0 || end[-1] != '\0')
		return -1;
	for (; p < end && strcmp(p, "--") != 0; p += strlen(p) + 1) {
		if (strcmp(p, "pty=1") == 0)
			o->pty = 1;
		else if (strncmp(p, "timeout_ms=", 11) == 0)
			o->timeout_ms = strtoll(p + 11, NULL, 10);
		else if (strncmp(p, "cwd=", 4) == 0)
			o->cwd = p + 4;
		else if (strncmp(p, "env=", 4) == 0)
			putenv(p + 4);
	}
	for (p += 3; p < end && n < WORDS_MAX; p += strlen(p) + 1)
		o->argv[n++] = p;
	o->argv[n] = NULL;
	return n > 0 && p >= end ? 0 : -1;
}

static void
child_exec(const struct order *o)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (chdir(o->cwd) < 0)
		fprintf(stderr, "lab: cd %s: %s\n", o->cwd, strerror(errno));
	else
		execvp(o->argv[0], o->argv);
	fprintf(stderr, "lab: %s: %s\n", o->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
start_pty(struct command *c, const struct order *o)
{
	c->pid = forkpty(&c->out, NULL, NULL, NULL);
	if (c->pid < 0)
		return -1;
	if (c->pid == 0)
		child_exec(o);
	fcntl(c->out, F_SETFD, FD_CLOEXEC);
	c->in = fcntl(c->out, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int
start_pipes(struct command *c, const struct order *o)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    pipe2(err, O_CLOEXEC) == 0)
		c->pid = fork();
	else
		c->pid = -1;
	if (c->pid == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		child_exec(o);
	}
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&err[1]);
	c->in = in[1];
	c->out = out[0];
	c->err = err[0];
	return c->pid < 0 ? -1 : 0;
}

int
command_start(struct command *c, char *strings, size_t len)
{
	static struct order o;

	/* Settings of one command must not leak into the next. */
	clearenv();
	putenv((char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
		       "/usr/bin:/sbin:/bin");
	putenv((char *)"HOME=/root");
	putenv((char *)"LANG=C.UTF-8");
	if (order_parse(&o, strings, len) < 0 ||
	    (o.pty ? start_pty(c, &o) : start_pipes(c, &o)) < 0) {
		c->pid = 0;
		command_abandon(c);
		return -1;
	}
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	if (c->err >= 0)
		fcntl(c->err, F_SETFL, O_NONBLOCK);
	c->deadline_ms = o.timeout_ms > 0 ? now_ms() + o.timeout_ms : 0;
	c->timed_out = 0;
	return 0;
}

int
command_feed(struct command *c, const void *data, size_t len, size_t *at)
{
	while (c->in >= 0 && *at < len) {
		ssize_t n = write(c->in, (const char *)data + *at, len - *at);

		if (n > 0)
			*at += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return 1;
		else if (n < 0 && errno != EINTR)
			close_fd(&c->in);
	}
	if (len == 0)
		close_fd(&c->in);
	return 0;
}

void
command_window(const struct command *c, int rows, int columns)
{
	struct winsize size = {
		.ws_row = (unsigned short)rows,
		.ws_col = (unsigned short)columns,
	};

	if (c->out >= 0)
		ioctl(c->out, TIOCSWINSZ, &size);
}

int
command_wait_ms(const struct command *c)
{
	int64_t left;

	if (c->pid <= 0 || c->deadline_ms == 0 || c->timed_out)
		return -1;
	left = c->deadline_ms - now_ms();
	return left > 0 ? (int)left : 0;
}

void
command_kill(struct command *c)
{
	struct pollfd pf = { .fd = c->pidfd, .events = POLLIN };

	kill(-c->pid, SIGTERM);
	if (poll(&pf, 1, GRACE_MS) <= 0)
		kill(-c->pid, SIGKILL);
}

int
command_status(struct command *c)
{
	int status = 0;

	waitpid(c->pid, &status, 0);
	c->pid = 0;
	close_fd(&c->pidfd);
	close_fd(&c->in);
	if (c->timed_out)
		return STATUS_TIMEOUT;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

void
command_abandon(struct command *c)
{
	if (c->pid > 0) {
		command_kill(c);
		command_status(c);
	}
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
}

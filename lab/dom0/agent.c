/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's agent: runs commands that arrive on virtio-serial ports.
 *
 * It is dom0's process 1.  For each port named lab.N it keeps one worker; a
 * worker serves one command at a time.  Both directions carry frames: one
 * byte of type, three of zero, four of length (little endian), then the
 * payload.
 *
 *   from the host                          to the host
 *   S nonce    are you there?              S nonce    I am
 *   E strings  run this (see exec_parse)   O bytes    its stdout
 *   I bytes    its stdin; none: the end    R bytes    its stderr
 *   K byte     send it this signal         X int      it ended: status
 *   W 2 x u16  its terminal's rows, columns
 *
 * A client sends S, waits for the answer, which tells it where the frames for
 * a former client end, and then sends one E.  After the command the agent
 * skips all it receives up to the next S, whose payload begins with a mark.
 *
 * A client that goes away takes its command with it.  But news of clients
 * that come and go is not ordered with their data: a hang-up seen just after
 * an S may be the former client's.  So only one that lasts counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX	32
#define FRAME_MAX	(256 * 1024)
#define HEADER		8
#define HELLO		"S\0\0\0\30\0\0\0xenlab\n\1"
#define HELLO_LEN	(sizeof(HELLO) - 1)
#define ARGS_MAX	4096
/* How long a port stays hung up before we believe it. */
#define HANGUP_MS	1000
#define TICK_MS		50
/* How long a command may take to end after SIGTERM. */
#define GRACE_MS	3000
/* What a client is told about a command that ran out of time. */
#define STATUS_TIMEOUT	124

struct worker {
	int port;
	int wake;		/* edge-triggered epoll, for a silent wait */
	unsigned char in[HEADER + FRAME_MAX];
	size_t in_len;
	int hunting;		/* no client: all up to the next S is stale */
	int64_t hungup_ms;	/* since when, or 0 */
	char *args[ARGS_MAX + 1];
	/* the command, while one runs */
	pid_t pid;
	int pidfd;
	int cmd_in;		/* -1 once closed */
	int cmd_out;
	int cmd_err;
	int64_t deadline_ms;	/* 0: none */
	int timed_out;
	size_t stdin_at;	/* bytes of the pending I frame written */
};

struct order {
	int pty;
	int64_t timeout_ms;
	const char *cwd;
	char **argv;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Whether the port has been hung up for so long that the client has gone. */
static int
client_gone(struct worker *w, int revents)
{
	if (!(revents & POLLHUP)) {
		w->hungup_ms = 0;
		return 0;
	}
	if (w->hungup_ms == 0)
		w->hungup_ms = now_ms();
	return now_ms() - w->hungup_ms >= HANGUP_MS;
}

/* All of it, or -1 when the client has gone. */
static int
port_write(struct worker *w, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		ssize_t n = write(w->port, p, len);
		struct pollfd pf = { .fd = w->port, .events = POLLOUT };

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		poll(&pf, 1, TICK_MS);
		if (client_gone(w, pf.revents))
			return -1;
		if (pf.revents & POLLHUP)
			poll(NULL, 0, TICK_MS);
	}
	return 0;
}

static int
send_frame(struct worker *w, char type, const void *data, size_t len)
{
	unsigned char frame[HEADER + 32768];

	memset(frame, 0, HEADER);
	frame[0] = (unsigned char)type;
	frame[4] = (unsigned char)len;
	frame[5] = (unsigned char)(len >> 8);
	memcpy(frame + HEADER, data, len);
	return port_write(w, frame, HEADER + len);
}

static size_t
frame_len(const struct worker *w)
{
	return w->in[4] | (size_t)w->in[5] << 8 | (size_t)w->in[6] << 16 |
	       (size_t)w->in[7] << 24;
}

/*
 * The strings of an E frame: key=value settings, "--", then the command.
 * Settings: pty=1, timeout_ms=N, cwd=DIR, env=NAME=VALUE.
 */
static int
exec_parse(struct worker *w, size_t len, struct order *o)
{
	char *p = (char *)w->in + HEADER;
	char *end = p + len;
	int n = 0;

	memset(o, 0, sizeof(*o));
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
	for (p += 3; p < end && n < ARGS_MAX; p += strlen(p) + 1)
		w->args[n++] = p;
	w->args[n] = NULL;
	o->argv = w->args;
	return n > 0 ? 0 : -1;
}

static void
exec_child(const struct order *o)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (chdir(o->cwd) < 0)
		fprintf(stderr, "lab: cd %s: %s\n", o->cwd, strerror(errno));
	execvp(o->argv[0], o->argv);
	fprintf(stderr, "lab: %s: %s\n", o->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
start_pty(struct worker *w, const struct order *o)
{
	int master;

	w->pid = forkpty(&master, NULL, NULL, NULL);
	if (w->pid < 0)
		return -1;
	if (w->pid == 0)
		exec_child(o);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	w->cmd_in = fcntl(master, F_DUPFD_CLOEXEC, 3);
	w->cmd_out = master;
	return 0;
}

static int
start_pipes(struct worker *w, const struct order *o)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(err, O_CLOEXEC) < 0)
		return -1;
	w->pid = fork();
	if (w->pid == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		exec_child(o);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	w->cmd_in = in[1];
	w->cmd_out = out[0];
	w->cmd_err = err[0];
	return w->pid < 0 ? -1 : 0;
}

static void
command_start(struct worker *w, size_t len)
{
	struct order o;
	int status = 125;

	/* Settings of one command must not leak into the next. */
	clearenv();
	putenv((char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	       "/usr/bin:/sbin:/bin");
	putenv((char *)"HOME=/root");
	putenv((char *)"LANG=C.UTF-8");
	if (exec_parse(w, len, &o) < 0 ||
	    (o.pty ? start_pty(w, &o) : start_pipes(w, &o)) < 0) {
		w->hunting = 1;
		send_frame(w, 'X', &status, sizeof(status));
		return;
	}
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	fcntl(w->cmd_in, F_SETFL, O_NONBLOCK);
	fcntl(w->cmd_out, F_SETFL, O_NONBLOCK);
	if (w->cmd_err >= 0)
		fcntl(w->cmd_err, F_SETFL, O_NONBLOCK);
	w->deadline_ms = o.timeout_ms > 0 ? now_ms() + o.timeout_ms : 0;
	w->timed_out = 0;
	w->stdin_at = 0;
}

/* Forward what one of the command's outputs holds; 1: more may be there. */
static int
forward(struct worker *w, int *fd, char type)
{
	unsigned char buf[32768];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0)
		return send_frame(w, type, buf, (size_t)n) < 0 ? -1 : 1;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
	return 0;
}

/*
 * The command ended: pass on what it wrote before, then its status.  A
 * process it left behind may hold the pipes open; we do not wait for it.
 */
static int
command_finish(struct worker *w)
{
	int status, code, r;

	waitpid(w->pid, &status, 0);
	w->pid = 0;
	close_fd(&w->pidfd);
	close_fd(&w->cmd_in);
	while (w->cmd_out >= 0 && (r = forward(w, &w->cmd_out, 'O')) != 0)
		if (r < 0)
			return -1;
	while (w->cmd_err >= 0 && (r = forward(w, &w->cmd_err, 'R')) != 0)
		if (r < 0)
			return -1;
	close_fd(&w->cmd_out);
	close_fd(&w->cmd_err);
	if (w->timed_out)
		code = STATUS_TIMEOUT;
	else if (WIFSIGNALED(status))
		code = 128 + WTERMSIG(status);
	else
		code = WEXITSTATUS(status);
	w->hunting = 1;
	return send_frame(w, 'X', &code, sizeof(code));
}

/* End the command's process group: politely, then not. */
static void
command_kill(struct worker *w)
{
	struct pollfd pf = { .fd = w->pidfd, .events = POLLIN };

	if (w->pid <= 0)
		return;
	kill(-w->pid, SIGTERM);
	if (poll(&pf, 1, GRACE_MS) <= 0)
		kill(-w->pid, SIGKILL);
}

static void
command_abandon(struct worker *w)
{
	command_kill(w);
	if (w->pid > 0)
		waitpid(w->pid, NULL, 0);
	w->pid = 0;
	close_fd(&w->pidfd);
	close_fd(&w->cmd_in);
	close_fd(&w->cmd_out);
	close_fd(&w->cmd_err);
}

/* Give the command its stdin; 1: the frame is not used up yet. */
static int
feed_stdin(struct worker *w, size_t len)
{
	while (w->cmd_in >= 0 && w->stdin_at < len) {
		ssize_t n = write(w->cmd_in, w->in + HEADER + w->stdin_at,
				  len - w->stdin_at);

		if (n > 0)
			w->stdin_at += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return 1;
		else if (n < 0 && errno != EINTR)
			close_fd(&w->cmd_in);
	}
	if (len == 0)
		close_fd(&w->cmd_in);
	w->stdin_at = 0;
	return 0;
}

static void
set_window(const struct worker *w)
{
	const unsigned char *p = w->in + HEADER;
	struct winsize size = {
		.ws_row = (unsigned short)(p[0] | p[1] << 8),
		.ws_col = (unsigned short)(p[2] | p[3] << 8),
	};

	if (w->cmd_out >= 0)
		ioctl(w->cmd_out, TIOCSWINSZ, &size);
}

/* Act on one whole frame; 1: it must wait, -1: the client has gone. */
static int
frame_act(struct worker *w, size_t len)
{
	switch (w->in[0]) {
	case 'S':
		/* Still busy: the former client's end escaped us. */
		command_abandon(w);
		return len > 64 ? -1 : send_frame(w, 'S', w->in + HEADER, len);
	case 'E':
		if (w->pid == 0)
			command_start(w, len);
		return 0;
	case 'I':
		return w->pid > 0 ? feed_stdin(w, len) : 0;
	case 'K':
		if (w->pid > 0 && len == 1)
			kill(-w->pid, w->in[HEADER]);
		return 0;
	case 'W':
		if (len == 4)
			set_window(w);
		return 0;
	default:
		return -1;
	}
}

/* Drop what a former client left; 1: a new one's S is at the front. */
static int
hunt(struct worker *w)
{
	unsigned char *p = memmem(w->in, w->in_len, HELLO, HELLO_LEN);
	size_t drop = p ? (size_t)(p - w->in) : 0;

	if (!p && w->in_len >= HELLO_LEN)
		drop = w->in_len - (HELLO_LEN - 1);
	w->in_len -= drop;
	memmove(w->in, w->in + drop, w->in_len);
	return p != NULL;
}

/* Use up the whole frames in the buffer; 1: waiting for the command. */
static int
frames_act(struct worker *w)
{
	if (w->hunting && !hunt(w))
		return 0;
	w->hunting = 0;
	while (!w->hunting && w->in_len >= HEADER) {
		size_t len = frame_len(w);
		int r;

		if (len > FRAME_MAX)
			return -1;
		if (w->in_len < HEADER + len)
			return 0;
		r = frame_act(w, len);
		if (r != 0)
			return r;
		w->in_len -= HEADER + len;
		memmove(w->in, w->in + HEADER + len, w->in_len);
	}
	return 0;
}

/* Take what the port has into the buffer: how much, or -1. */
static ssize_t
port_read(struct worker *w)
{
	ssize_t n = read(w->port, w->in + w->in_len,
			 sizeof(w->in) - w->in_len);

	if (n > 0)
		w->in_len += (size_t)n;
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	return n;
}

/* Until the command's time is up; -1: for ever. */
static int
wait_ms(const struct worker *w)
{
	int64_t left;

	if (w->pid <= 0 || w->deadline_ms == 0 || w->timed_out)
		return -1;
	left = w->deadline_ms - now_ms();
	return left > 0 ? (int)left : 0;
}

/* One round with a client; -1: it has gone. */
static int
serve(struct worker *w)
{
	int stalled = frames_act(w);
	int limit = wait_ms(w);
	struct pollfd pf[5] = {
		{ w->port, (short)(stalled ? 0 : POLLIN), 0 },
		{ stalled ? w->cmd_in : -1, POLLOUT, 0 },
		{ w->cmd_out, POLLIN, 0 },
		{ w->cmd_err, POLLIN, 0 },
		{ w->pidfd, POLLIN, 0 },
	};

	if (stalled < 0)
		return -1;
	if (w->hunting)
		return 0;
	if (w->hungup_ms != 0) {
		/* poll() would return at once, always. */
		poll(NULL, 0, TICK_MS);
		limit = 0;
	}
	if (poll(pf, 5, limit) < 0 && errno != EINTR)
		return -1;
	if (client_gone(w, pf[0].revents))
		return -1;
	if ((pf[0].revents & POLLIN) && port_read(w) < 0)
		return -1;
	if (pf[2].revents && forward(w, &w->cmd_out, 'O') < 0)
		return -1;
	if (pf[3].revents && forward(w, &w->cmd_err, 'R') < 0)
		return -1;
	if (wait_ms(w) == 0) {
		w->timed_out = 1;
		command_kill(w);
	} else if (pf[4].revents && command_finish(w) < 0) {
		return -1;
	}
	return 0;
}

/*
 * Wait for a client's S.  A port nobody is connected to is always "hung up",
 * so poll() would spin: edge-triggered epoll wakes only when something
 * changes.
 */
static void
wait_for_client(struct worker *w)
{
	struct epoll_event ev;
	ssize_t n = port_read(w);

	if (frames_act(w) == 0 && w->hunting && n <= 0)
		epoll_wait(w->wake, &ev, 1, -1);
}

static void
worker_main(const char *path)
{
	static struct worker w;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	w.port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	w.wake = epoll_create1(EPOLL_CLOEXEC);
	w.pidfd = w.cmd_in = w.cmd_out = w.cmd_err = -1;
	if (w.port < 0 || w.wake < 0 ||
	    epoll_ctl(w.wake, EPOLL_CTL_ADD, w.port, &ev) < 0) {
		perror(path);
		sleep(1);
		_exit(1);
	}
	w.hunting = 1;
	for (;;) {
		if (w.hunting) {
			wait_for_client(&w);
		} else if (serve(&w) < 0) {
			command_abandon(&w);
			w.hunting = 1;
		}
	}
}

static pid_t
worker_start(const char *path)
{
	pid_t pid = fork();

	if (pid == 0)
		worker_main(path);
	return pid;
}

/* The device of the port with this name, or 0. */
static int
port_find(int number, char *path, size_t size)
{
	int dev, sub;

	for (dev = 0; dev < 4; dev++) {
		for (sub = 0; sub < PORTS_MAX; sub++) {
			char file[128], name[32] = "", want[32];
			FILE *f;

			snprintf(file, sizeof(file),
				 "/sys/class/virtio-ports/vport%dp%d/name",
				 dev, sub);
			f = fopen(file, "r");
			if (!f)
				continue;
			if (!fgets(name, sizeof(name), f))
				name[0] = '\0';
			fclose(f);
			snprintf(want, sizeof(want), "lab.%d\n", number);
			if (strcmp(name, want) != 0)
				continue;
			snprintf(path, size, "/dev/vport%dp%d", dev, sub);
			return 1;
		}
	}
	return 0;
}

int
main(void)
{
	static char path[PORTS_MAX][64];
	pid_t pid[PORTS_MAX];
	int i, n = 0;

	signal(SIGPIPE, SIG_IGN);
	while (n < PORTS_MAX && port_find(n, path[n], sizeof(path[n])))
		n++;
	for (i = 0; i < n; i++)
		pid[i] = worker_start(path[i]);

	/* Process 1 inherits every orphan of the machine. */
	for (;;) {
		pid_t dead = wait(NULL);

		if (dead < 0)
			sleep(1);
		for (i = 0; i < n; i++)
			if (dead == pid[i])
				pid[i] = worker_start(path[i]);
	}
}

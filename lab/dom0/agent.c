/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.c - runs in dom0 the commands that arrive on virtio-serial ports.
 *
 * It is dom0's process 1.  For each port named lab.N it keeps one worker; a
 * worker serves one command at a time.  Both directions carry frames: one
 * byte of type, three of zero, four of length (little endian), then the
 * payload.
 *
 *   from the host                          to the host
 *   S mark     are you there?              S mark     I am
 *   E strings  run this (command_start)    O bytes    its stdout
 *   I bytes    its stdin; none: the end    R bytes    its stderr
 *   K byte     send it this signal         X int      it ended: status
 *   W 2 x u16  its terminal's rows, columns
 *
 * A client sends S, waits for the answer, which tells it where the frames for
 * a former client end, and then sends one E.  After the command the agent
 * skips all it receives up to the next S.
 *
 * A client that goes away takes its command with it.  But news of clients
 * that come and go is not ordered with their data: a hang-up seen just after
 * an S may be the former client's.  So only one that lasts counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define PORTS_MAX 32
#define FRAME_MAX (256 * 1024)
#define HEADER 8
#define HELLO_PAYLOAD 24
/* How a client's first frame begins, up to the random rest of its mark. */
#define HELLO "S\0\0\0\30\0\0\0xenlab\n\1"
#define HELLO_LEN (sizeof(HELLO) - 1)
#define OUTPUT_MAX 32768
/* How long a port stays hung up before we believe it. */
#define HANGUP_MS 1000
#define TICK_MS 50
/* What a client is told whose command could not be started. */
#define STATUS_BAD 126

struct worker {
	int port;
	int wake; /* edge-triggered epoll, for a silent wait */
	unsigned char in[HEADER + FRAME_MAX];
	size_t in_len;
	size_t stdin_at;   /* bytes of the I frame at the front written */
	int hunting;       /* no client: all up to the next S is stale */
	int64_t hungup_ms; /* since when, or 0 */
	struct command cmd;
};

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

/* Take what the port has into the buffer: how much, or -1. */
static ssize_t
port_read(struct worker *w)
{
	ssize_t n = read(w->port, w->in + w->in_len, sizeof(w->in) - w->in_len);

	if (n > 0)
		w->in_len += (size_t)n;
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	return n;
}

/* len: at most OUTPUT_MAX */
static int
frame_send(struct worker *w, char type, const void *data, size_t len)
{
	unsigned char frame[HEADER + OUTPUT_MAX];

	memset(frame, 0, HEADER);
	frame[0] = (unsigned char)type;
	frame[4] = (unsigned char)len;
	frame[5] = (unsigned char)(len >> 8);
	memcpy(frame + HEADER, data, len);
	return port_write(w, frame, HEADER + len);
}

static int
status_send(struct worker *w, int status)
{
	unsigned char word[4] = { (unsigned char)status, 0, 0, 0 };

	w->hunting = 1;
	return frame_send(w, 'X', word, sizeof(word));
}

/* Forward what one of the command's outputs holds; 1: more may be there. */
static int
output_forward(struct worker *w, int *fd, char type)
{
	unsigned char buf[OUTPUT_MAX];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0)
		return frame_send(w, type, buf, (size_t)n) < 0 ? -1 : 1;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
	return 0;
}

static int
output_drain(struct worker *w, int *fd, char type)
{
	int r = 0;

	while (*fd >= 0 && (r = output_forward(w, fd, type)) > 0)
		;
	close_fd(fd);
	return r;
}

/*
 * The command ended: pass on what it wrote before, then its status.  A
 * process it left behind may hold the pipes open; we do not wait for it.
 */
static int
command_finish(struct worker *w)
{
	int status = command_status(&w->cmd);

	if (output_drain(w, &w->cmd.out, 'O') < 0 ||
	    output_drain(w, &w->cmd.err, 'R') < 0)
		return -1;
	return status_send(w, status);
}

/* Act on the whole frame at the front; 1: it must wait, -1: give up. */
static int
frame_act(struct worker *w, size_t len)
{
	unsigned char *p = w->in + HEADER;
	int running = w->cmd.pid > 0;

	switch (w->in[0]) {
	case 'S':
		/* If it still runs, the former client's end escaped us. */
		command_abandon(&w->cmd);
		return len > HELLO_PAYLOAD ? -1 : frame_send(w, 'S', p, len);
	case 'E':
		w->stdin_at = 0;
		if (!running && command_start(&w->cmd, (char *)p, len) < 0)
			return status_send(w, STATUS_BAD);
		return 0;
	case 'I':
		if (running && command_feed(&w->cmd, p, len, &w->stdin_at))
			return 1;
		w->stdin_at = 0;
		return 0;
	case 'K':
		if (running && len == 1)
			kill(-w->cmd.pid, p[0]);
		return 0;
	case 'W':
		if (len == 4)
			command_window(&w->cmd, p[0] | p[1] << 8,
				       p[2] | p[3] << 8);
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
		size_t len = w->in[4] | (size_t)w->in[5] << 8 |
			     (size_t)w->in[6] << 16 | (size_t)w->in[7] << 24;
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

/* One round with a client; -1: it has gone. */
static int
serve(struct worker *w)
{
	struct command *c = &w->cmd;
	int stalled = frames_act(w);
	int limit = command_wait_ms(c);
	struct pollfd pf[5] = {
		{ w->port, (short)(stalled ? 0 : POLLIN), 0 },
		{ stalled ? c->in : -1, POLLOUT, 0 },
		{ c->out, POLLIN, 0 },
		{ c->err, POLLIN, 0 },
		{ c->pidfd, POLLIN, 0 },
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
	if (poll(pf, 5, limit) < 0)
		return errno == EINTR ? 0 : -1;
	if (client_gone(w, pf[0].revents))
		return -1;
	if ((pf[0].revents & POLLIN) && port_read(w) < 0)
		return -1;
	if (pf[2].revents && output_forward(w, &c->out, 'O') < 0)
		return -1;
	if (pf[3].revents && output_forward(w, &c->err, 'R') < 0)
		return -1;
	if (command_wait_ms(c) == 0) {
		c->timed_out = 1;
		command_kill(c);
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
	w.hunting = 1;
	command_init(&w.cmd);
	if (w.port < 0 || w.wake < 0 ||
	    epoll_ctl(w.wake, EPOLL_CTL_ADD, w.port, &ev) < 0) {
		perror(path);
		sleep(1);
		_exit(1);
	}
	for (;;) {
		if (w.hunting) {
			wait_for_client(&w);
		} else if (serve(&w) < 0) {
			command_abandon(&w.cmd);
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

/* Whether this port is the one named lab.NUMBER. */
static int
port_is(int dev, int sub, int number)
{
	char file[128], name[32] = "", want[32];
	FILE *f;

	snprintf(file, sizeof(file), "/sys/class/virtio-ports/vport%dp%d/name",
		 dev, sub);
	f = fopen(file, "r");
	if (!f)
		return 0;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	snprintf(want, sizeof(want), "lab.%d\n", number);
	return strcmp(name, want) == 0;
}

/* The device of the port lab.NUMBER; 0: there is none. */
static int
port_find(int number, char *path, size_t size)
{
	for (int dev = 0; dev < 4; dev++) {
		for (int sub = 0; sub < PORTS_MAX; sub++) {
			if (!port_is(dev, sub, number))
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
	int n = 0;

	signal(SIGPIPE, SIG_IGN);
	while (n < PORTS_MAX && port_find(n, path[n], sizeof(path[n])))
		n++;
	for (int i = 0; i < n; i++)
		pid[i] = worker_start(path[i]);

	/* Process 1 inherits every orphan of the machine. */
	for (;;) {
		pid_t dead = wait(NULL);

		if (dead < 0)
			sleep(1);
		for (int i = 0; i < n; i++)
			if (dead == pid[i])
				pid[i] = worker_start(path[i]);
	}
}

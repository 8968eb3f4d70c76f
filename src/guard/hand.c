/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hand.c - see hand.h: fork(), a pipe, and a struct at the answer's end. */
#include "hand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

#define READ_BYTES 65536u

/* Behind the answer: both ends are the same program. */
struct outcome {
	int rc;
	struct err err;
};

static void __attribute__((noreturn)) work(hand_fn *fn, void *arg, int fd)
{
	struct outcome o = { .err = ERR_INIT };
	struct buf answer = BUF_INIT;
	struct err ignored = ERR_INIT;

	o.rc = fn(arg, &answer, &o.err);
	if (o.rc == 0)
		o.rc = buf_check(&answer, &o.err);
	put_bytes(&answer, &o, sizeof(o));
	fd_write_all(fd, answer.data, answer.len, &ignored);
	_exit(0);
}

int
hand_start(struct hand *h, hand_fn *fn, void *arg, int close_fd,
	   struct err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return err_set(err, ERR_IO, errno, "make a pipe");
	pid = fork();
	if (pid < 0) {
		err_set(err, ERR_IO, errno, "fork");
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return -1;
	}
	if (pid == 0) {
		fd_close(&fds[0]);
		fd_close(&close_fd);
		work(fn, arg, fds[1]);
	}
	fd_close(&fds[1]);
	buf_done(&h->answer);
	h->pid = pid;
	h->fd = fds[0];
	h->since_ns = clock_ns();
	return 0;
}

bool
hand_busy(const struct hand *h)
{
	return h->pid != 0;
}

/* Its end: what it said last is the outcome. */
static void
finish(struct hand *h, int *ret_rc, struct err *err)
{
	struct outcome o;
	int status = 0;

	fd_close(&h->fd);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	if (h->answer.no_room || h->answer.len < sizeof(o)) {
		*ret_rc =
			err_set(err, ERR_IO, 0, "it died (status %d)", status);
		return;
	}
	h->answer.len -= sizeof(o);
	memcpy(&o, h->answer.data + h->answer.len, sizeof(o));
	*ret_rc = o.rc;
	if (o.rc)
		*err = o.err;
}

bool
hand_ready(struct hand *h, int *ret_rc, struct err *err)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	unsigned char *to;
	ssize_t n;

	while (hand_busy(h) && poll(&p, 1, 0) == 1) {
		to = buf_more(&h->answer, READ_BYTES);
		n = to ? read(h->fd, to, READ_BYTES) : 0;
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0) {
			if (to)
				h->answer.len -= READ_BYTES;
			finish(h, ret_rc, err);
			return true;
		}
		h->answer.len -= READ_BYTES - (size_t)n;
	}
	return false;
}

bool
hand_wait(struct hand *h, unsigned int ms)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	uint64_t from = clock_ns();
	struct err ignored = ERR_INIT;
	int rc;

	while (hand_busy(h) && clock_ms_since(from) < ms) {
		poll(&p, 1, 100);
		hand_ready(h, &rc, &ignored);
	}
	return !hand_busy(h);
}

void
hand_done(struct hand *h)
{
	fd_close(&h->fd);
	buf_done(&h->answer);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_fed.c - see run_fed.h. */
#include "run_fed.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "fd.h"

/* The program, in a thread of its own, since run() waits for its end. */
struct fed {
	const char *const *argv;
	struct run_opts opts;
	bool failed;
	struct err err;
};

/* Our end of what it reads is closed with it: whoever still writes then gets
 * EPIPE instead of waiting. */
static void *
run_it(void *arg)
{
	struct fed *f = arg;
	struct run_result res;

	f->failed = run_ok(f->argv, &f->opts, &res, &f->err) != 0;
	run_done(&res);
	fd_close(&f->opts.stdin_fd);
	return NULL;
}

static bool
is_broken_pipe(const struct err *err)
{
	return err->code == ERR_IO && err->sys == EPIPE;
}

int
run_fed(const char *const argv[], const struct run_opts *opts, run_feed *feed,
	void *ctx, struct err *err)
{
	struct fed f = { .argv = argv, .opts = *opts, .err = ERR_INIT };
	struct err e = ERR_INIT;
	pthread_t thread;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, ERR_IO, errno, "pipe");
	f.opts.stdin_fd = ends[0];
	rc = pthread_create(&thread, NULL, run_it, &f);
	if (rc) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return err_set(err, ERR_NOMEM, rc, "start a thread");
	}
	rc = feed(ctx, ends[1], &e);
	fd_close(&ends[1]);
	pthread_join(thread, NULL);
	if (f.failed && (rc == 0 || is_broken_pipe(&e)))
		*err = f.err;
	else if (rc)
		*err = e;
	return rc || f.failed ? -1 : 0;
}

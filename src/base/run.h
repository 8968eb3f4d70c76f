/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h - run another program, without a shell, with a time limit.
 *
 * The child gets a clean environment (PATH, LC_ALL=C, and what the caller
 * adds), its own session (a Ctrl-C meant for us does not reach it), "/" as
 * working folder, default signals, /dev/null as stdin, and no descriptors of
 * ours.  Its output goes to unlinked files, not to pipes: a child that outlives
 * us must never die of a broken pipe in the middle of changing a device.
 */
#ifndef XENSNAP_RUN_H
#define XENSNAP_RUN_H

#include <stddef.h>

#include "err.h"

struct run_opts {
	unsigned int timeout_ms; /* 0: 60 s */
	int stdin_fd;            /* -1: /dev/null */
	int stdout_fd;           /* -1: captured into run_result.out */
	int keep_fd;             /* a descriptor the child inherits, or -1 */
	const char *const *env;  /* more "NAME=value", then NULL; or NULL */
};

#define RUN_OPTS_INIT                                          \
	{                                                      \
		.stdin_fd = -1, .stdout_fd = -1, .keep_fd = -1 \
	}

struct run_result {
	int status; /* exit status, or 128 + signal */
	char *out;  /* NUL-terminated; owned by the result */
	size_t out_len;
	char *err; /* NUL-terminated; owned by the result */
};

/*
 * run() - run @argv (argv[0] is an absolute path or found in a fixed PATH of
 * system folders) and wait for its end.
 *
 * A child that is over its time limit gets SIGTERM, and after 5 s SIGKILL,
 * with all of its process group.  One that a device holds even then is left,
 * and the error says so.  Output over 64 MiB is ERR_IO.
 * Returns 0 when the child ran and ended by itself, whatever its status; -1
 * with ERR_NOTFOUND (no such program), ERR_INVALID (a relative path),
 * ERR_TIMEOUT, ERR_IO, ERR_NOMEM.
 * @res is always initialised; run_done() it in every case.
 */
int run(const char *const argv[], const struct run_opts *opts,
	struct run_result *res, struct err *err);

/*
 * run_ok() - run(), and a status other than 0 is an error as well: ERR_IO
 * with "PROGRAM VERB: first useful line of its stderr".
 */
int run_ok(const char *const argv[], const struct run_opts *opts,
	   struct run_result *res, struct err *err);

/* run_done() - free what @res owns; it may be used again afterwards. */
void run_done(struct run_result *res);

#endif

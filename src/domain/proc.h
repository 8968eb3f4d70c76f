/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * proc.h - other processes, as /proc shows them.
 *
 * A process may end at any moment, so "it is gone" is an answer here, never an
 * error.  Nothing is kept between calls.
 */
#ifndef XENSNAP_PROC_H
#define XENSNAP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct proc_stat {
	char state; /* 'R', 'S', 'D', 'T', 'Z', ... */
	pid_t parent;
	uint64_t start; /* clock ticks since boot */
};

/* proc_stat() - what @pid is doing; false when it is gone. */
bool proc_stat(pid_t pid, struct proc_stat *ret);

/*
 * proc_runs() - does @pid run a program whose file is called @program?  Also
 * when that file was replaced since; false when it is gone or a zombie.
 */
bool proc_runs(pid_t pid, const char *program);

/*
 * proc_hides() - may we not see what program @pid runs, and is it called
 * @program?  Without CAP_SYS_PTRACE (a service may lack it) root does not see
 * that, nor what is open, of a process that has more rights: everything here
 * then answers as if there were none.
 */
bool proc_hides(pid_t pid, const char *program);

/*
 * proc_args() - the arguments of @pid in @buf, each with its NUL, cut after
 * @len - 1 bytes; @ret (@max entries) points at them.  Returns how many there
 * are, 0 when it is gone.
 */
unsigned int proc_args(pid_t pid, char *buf, size_t len, const char **ret,
		       unsigned int max);

/*
 * proc_fd_link() - what descriptor @fd of @pid is, "/var/log/x" or
 * "pipe:[123]", in @ret; false when it has none of that number.
 */
bool proc_fd_link(pid_t pid, int fd, char *ret, size_t len);

/* proc_has_fd() - has @pid a descriptor that is @link? */
bool proc_has_fd(pid_t pid, const char *link);

/* A process of proc_each(); false ends the round. */
typedef bool proc_visit(pid_t pid, void *ctx);

/* proc_each() - call @visit for each process.  -1 with ERR_IO without /proc. */
int proc_each(proc_visit *visit, void *ctx, struct err *err);

#endif

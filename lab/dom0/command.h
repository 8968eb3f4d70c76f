/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.h - one command the agent runs, and the pipes to it.
 */
#ifndef LAB_COMMAND_H
#define LAB_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct command {
	pid_t pid; /* 0: none */
	int pidfd; /* these are -1 when closed */
	int in;
	int out;
	int err;             /* always closed if it has a terminal */
	int64_t deadline_ms; /* by now_ms(); 0: none */
	int timed_out;
};

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

/* Close *fd if it is open, and make it -1. */
void close_fd(int *fd);

/* Make c an empty command; before anything else. */
void command_init(struct command *c);

/*
 * Start the command that the strings describe: settings, "--", its words,
 * each ended by a NUL.  Settings: pty=1, timeout_ms=N, cwd=DIR,
 * env=NAME=VALUE.  Only when c is empty.  -1: nothing runs.  If its program
 * cannot be run, the command ends with 126 or 127 and says why on its stderr.
 */
int command_start(struct command *c, char *strings, size_t len);

/*
 * Write data from *at on into its stdin, moving *at, as far as that goes
 * without waiting.  1: it takes no more now.  No data closes its stdin.
 */
int command_feed(struct command *c, const void *data, size_t len, size_t *at);

/* Tell its terminal, if it has one, how large it is. */
void command_window(const struct command *c, int rows, int columns);

/* How long until its time is up, in ms; -1: for ever. */
int command_wait_ms(const struct command *c);

/* End its process group: politely, and if that takes long, not. */
void command_kill(struct command *c);

/*
 * Collect the ended command's status: as a shell counts it, or the one that
 * says its time was up.  Its outputs stay open, as they may hold something.
 */
int command_status(struct command *c);

/* End it if it runs, forget what it wrote; c is empty afterwards. */
void command_abandon(struct command *c);

#endif

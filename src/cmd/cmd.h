/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd.h - the commands: one row of one table for each.
 *
 * The row says what a verb takes; the command line is read by it (opts.h), and
 * --help, the manual page's option lists and the shell completions are made
 * from it (help.h, generate.h).
 */
#ifndef XENSNAP_CMD_H
#define XENSNAP_CMD_H

#include <stdbool.h>

#include "err.h"

enum cmd_exit {
	CMD_DONE = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_WARNINGS = 3, /* done, but something is not as it should be */
	CMD_BUSY = 4,     /* somebody else is at work on it */
};

enum cmd_flag {
	CMD_CHANGES = 1, /* changes something: has --dry-run */
	CMD_PRINTS = 2,  /* prints results: has --json */
};

struct cmd_opt {
	const char *name; /* "cow-size", without the dashes; NULL ends a list */
	char letter;      /* 'v', or 0; only options without a value have one */
	char group;       /* options of one group exclude each other, or 0 */
	const char *arg;  /* "SIZE", or "raw|qcow2" for a choice, or NULL */
	const char *help;
	unsigned int needs; /* of the common ones: the verb's flag, or 0 */
	bool many;          /* may be given more than once */
};

struct cmd_example {
	const char *line; /* without "xensnap " */
	const char *what;
};

struct cmd_args;

struct cmd_verb {
	const char *name;
	const char *args; /* "SNAPSHOT...", for people and completions */
	const char *line; /* what it does, in under 60 characters */
	const char *text; /* the same in whole sentences */
	const struct cmd_opt *opts;         /* its own */
	const struct cmd_example *examples; /* ended by line == NULL */
	unsigned int min_args;
	unsigned int max_args;
	unsigned int flags; /* enum cmd_flag */

	/*
	 * run() - do it.  An exit status (enum cmd_exit), or -1 with @err.
	 * CMD_DONE becomes CMD_WARNINGS when warnings were given.
	 */
	int (*run)(const struct cmd_args *args, struct err *err);
};

#define CMD_OPTS_MAX 32
#define CMD_MANY_MAX 64    /* values of options that may be repeated */
#define CMD_ARGS_ANY 4096u /* max_args of a verb that takes any number */

/* A command line, read by its verb's row (opts.h). */
struct cmd_args {
	const struct cmd_verb *verb;
	unsigned int n_args;
	char **args; /* what is no option, in order */
	unsigned int count[CMD_OPTS_MAX];
	const char *value[CMD_OPTS_MAX];
	unsigned int n_many;
	struct {
		unsigned int opt;
		const char *value;
	} many[CMD_MANY_MAX];
};

/* cmd_verb() - row @i of the table, or NULL after the last one. */
const struct cmd_verb *cmd_verb(unsigned int i);

/* cmd_find() - the verb called @name, or NULL. */
const struct cmd_verb *cmd_find(const char *name);

/*
 * cmd_opt() - option @i of @v: first its own, then the common ones that it
 * has; NULL after the last one.  @v NULL: the options without a verb.
 */
const struct cmd_opt *cmd_opt(const struct cmd_verb *v, unsigned int i);

/*
 * cmd_near() - of what is at hand the name most like @text, which is not among
 * them, or NULL when none is like it.  @v NULL: verbs; else options of @v.
 */
const char *cmd_near(const struct cmd_verb *v, const char *text);

/* The verbs; each is the run() of its row. */
int cmd_create(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_list(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_show(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_delete(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_export(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_import(const struct cmd_args *args, struct err *err);
int cmd_diff(const struct cmd_args *args, struct err *err);
int cmd_revert(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_clone(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_recover(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_doctor(const struct cmd_args *args, struct err *err);
int cmd_watch(const struct cmd_args *args, struct err *err);
int cmd_status(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_init(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_backup(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_backups(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_restore(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_prune(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_verify(const struct cmd_args *args, struct err *err);
int cmd_trial(const struct cmd_args *args, struct err *err);
int cmd_compare(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_key(const struct cmd_args *args, struct err *err);
/* see above */
int cmd_help(const struct cmd_args *args, struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* opts.h - a command line, read by the row of its verb. */
#ifndef XENSNAP_OPTS_H
#define XENSNAP_OPTS_H

#include <stdbool.h>

#include "cmd.h"
#include "err.h"

/*
 * opts_parse() - read @argv (@argc words after the verb) as @v says.
 *
 * Options may stand anywhere; a value follows by "=" or as the next word; "--"
 * ends the options; "-" is no option.  What is no option is moved to the front
 * of @argv, which @ret then borrows.  With --help nothing more is checked.
 * -1 with ERR_INVALID, one line that says what exactly is wrong.
 */
int opts_parse(const struct cmd_verb *v, int argc, char **argv,
	       struct cmd_args *ret, struct err *err);

/* opts_count() - how often the option @name, which the verb has, was given. */
unsigned int opts_count(const struct cmd_args *a, const char *name);

/* opts_has() - was the option @name given?  Of one that the verb does not
 * have: no. */
bool opts_has(const struct cmd_args *a, const char *name);

/* opts_value() - the value of option @name, borrowed, or NULL. */
const char *opts_value(const struct cmd_args *a, const char *name);

/* opts_value_at() - value @k, from 0, of option @name, which may be given more
 * than once; NULL when it was not given so often. */
const char *opts_value_at(const struct cmd_args *a, const char *name,
			  unsigned int k);

/* opts_usage() - append "see 'xensnap VERB --help'" to @err and make it
 * ERR_INVALID; returns -1. */
int opts_usage(const struct cmd_verb *v, struct err *err);

#endif

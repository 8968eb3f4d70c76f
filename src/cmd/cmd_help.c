/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_help.c - xensnap help [VERB] */
#include "cmd.h"
#include "help.h"
#include "opts.h"

int
cmd_help(const struct cmd_args *args, struct err *err)
{
	const struct cmd_verb *v;
	const char *near;

	if (args->n_args == 0) {
		help_all(stdout);
		return CMD_DONE;
	}
	v = cmd_find(args->args[0]);
	if (v) {
		help_verb(stdout, v);
		return CMD_DONE;
	}
	near = cmd_near(NULL, args->args[0]);
	err_set(err, ERR_INVALID, 0, "no command is called '%s'%s%s%s",
		args->args[0], near ? " (did you mean '" : "", near ? near : "",
		near ? "'?)" : "");
	return err_more(err, "see 'xensnap help'");
}

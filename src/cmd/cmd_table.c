/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_table.c - what each verb takes, does and is called. */
#include <stddef.h>
#include <string.h>

#include "cmd_rows.h"

const struct cmd_opt no_opts[] = { END_OF_OPTS };

static const struct cmd_example help_examples[] = {
	{ "help create", "the same as xensnap create --help" }, { NULL, NULL }
};

static const struct cmd_verb rows_help[] = {
	{ .name = "help",
	  .args = "[VERB]",
	  .line = "this list, or all about one command",
	  .text = "Show the commands, or all about one of them.",
	  .opts = no_opts,
	  .examples = help_examples,
	  .max_args = 1,
	  .run = cmd_help },
	END_OF_ROWS
};

/* In this order they are listed. */
static const struct cmd_verb *const tables[] = {
	rows_keep, rows_back, rows_host, rows_repo, rows_help,
};

static const struct cmd_opt common[] = {
	{ .name = "dry-run",
	  .needs = CMD_CHANGES,
	  .help = "check all that can be checked and say what would be done; "
		  "change nothing" },
	{ .name = "json",
	  .group = 'f',
	  .needs = CMD_PRINTS,
	  .help = "print the result as one JSON object" },
	{ .name = "verbose",
	  .letter = 'v',
	  .help = "say what is being done; twice: how" },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "say nothing but results, warnings and errors" },
	{ .name = "help", .letter = 'h', .help = "this text" },
	END_OF_OPTS
};

static const struct cmd_opt without_verb[] = {
	{ .name = "help", .letter = 'h', .help = "the commands" },
	{ .name = "version", .help = "the version" },
	END_OF_OPTS
};

const struct cmd_verb *
cmd_verb(unsigned int i)
{
	for (unsigned int t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct cmd_verb *v = tables[t]; v->name; v++)
			if (i-- == 0)
				return v;
	return NULL;
}

const struct cmd_verb *
cmd_find(const char *name)
{
	const struct cmd_verb *v;

	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

const struct cmd_opt *
cmd_opt(const struct cmd_verb *v, unsigned int i)
{
	const struct cmd_opt *o = v ? v->opts : without_verb;

	for (; o->name; o++) {
		if (i-- == 0)
			return o;
	}
	for (o = common; v && o->name; o++) {
		if ((v->flags & o->needs) == o->needs && i-- == 0)
			return o;
	}
	return NULL;
}

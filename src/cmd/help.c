/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* help.c - see help.h. */
#include "help.h"

#include <string.h>

#include "print.h"

#define VERB_COLUMN 30 /* where the words about a verb begin */
#define OPT_COLUMN 26  /* where the words about an option begin */

/* @head, then @text in a column of its own; below when @head is too wide. */
static void
two_columns(FILE *f, const char *head, size_t column, const char *text)
{
	size_t used = 2 + strlen(head);

	fprintf(f, "  %s", head);
	if (used + 2 > column) {
		fputc('\n', f);
		used = 0;
	}
	print_wrapped(f, text, column, used);
}

static void
help_opts(FILE *f, const struct cmd_verb *v)
{
	const struct cmd_opt *o;
	char head[80], letter[8];

	for (unsigned int i = 0; (o = cmd_opt(v, i)); i++) {
		snprintf(letter, sizeof(letter), o->letter ? "-%c, " : "%c",
			 o->letter);
		snprintf(head, sizeof(head), "%s--%s%s%s", letter, o->name,
			 o->arg ? "=" : "", o->arg ? o->arg : "");
		two_columns(f, head, OPT_COLUMN, o->help);
	}
}

void
help_all(FILE *f)
{
	const struct cmd_verb *v;
	char head[80];

	fputs("Usage: xensnap VERB [OPTION]... [ARGUMENT]...\n\n", f);
	print_wrapped(f,
		      "Freeze a running Xen domain - its memory and all of its "
		      "disks, at one instant - with a pause too short to "
		      "notice.",
		      0, 0);
	fputc('\n', f);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		snprintf(head, sizeof(head), "%s %s", v->name, v->args);
		two_columns(f, head, VERB_COLUMN, v->line);
	}
	fputc('\n', f);
	help_opts(f, NULL);
	fputs("\nA SNAPSHOT is named DOMAIN@NAME. All about a verb: xensnap "
	      "VERB --help\n",
	      f);
}

void
help_verb(FILE *f, const struct cmd_verb *v)
{
	fprintf(f, "Usage: xensnap %s [OPTION]... %s\n\n", v->name, v->args);
	print_wrapped(f, v->text, 0, 0);
	fputc('\n', f);
	help_opts(f, v);
	fputs("\nExamples:\n", f);
	for (const struct cmd_example *e = v->examples; e->line; e++) {
		fprintf(f, "  xensnap %s\n", e->line);
		print_wrapped(f, e->what, 6, 0);
	}
	fputs("\nExit status: 0 done, 1 failed, 2 usage, 3 done with warnings, "
	      "4 busy.\n",
	      f);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* generate.c - see generate.h. */
#include "generate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"

/* "VERB --option [ARG]", one a line; VERB is "-" where there is none. */
static void
generate_options(void)
{
	const struct cmd_verb *v = NULL;
	const struct cmd_opt *o;
	unsigned int i = 0;

	do {
		for (unsigned int j = 0; (o = cmd_opt(v, j)); j++)
			printf("%s --%s%s%s\n", v ? v->name : "-", o->name,
			       o->arg ? " " : "", o->arg ? o->arg : "");
		v = cmd_verb(i++);
	} while (v);
}

/* ---- the manual page ---- */

/* Text in which roff shall see nothing of its own. */
static void
roff(const char *s)
{
	for (; *s; s++) {
		if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '\'')
			fputs("\\(aq", stdout);
		else if (*s == '.' && (s[1] == '.' || s[1] == '\0'))
			fputs("\\&.", stdout);
		else
			putchar(*s);
	}
}

/* Those with a letter are the same for every verb: told once, at the end. */
static void
roff_opts(const struct cmd_verb *v, bool letters)
{
	const struct cmd_opt *o;

	for (unsigned int i = 0; (o = cmd_opt(v, i)); i++) {
		if (v && (o->letter != 0) != letters)
			continue;
		fputs(".TP\n", stdout);
		if (o->letter)
			printf(".BR \\-%c \", \" ", o->letter);
		else
			fputs(o->arg ? ".BI " : ".B ", stdout);
		fputs("\\-\\-", stdout);
		roff(o->name);
		if (o->arg) {
			fputs("= ", stdout);
			roff(o->arg);
		}
		putchar('\n');
		roff(o->help);
		putchar('\n');
	}
}

static void
generate_man(void)
{
	const struct cmd_verb *v;

	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		printf(".SS xensnap %s ", v->name);
		roff(v->args);
		fputs("\n", stdout);
		roff(v->text);
		putchar('\n');
		roff_opts(v, false);
		fputs(".PP\nExamples:\n", stdout);
		for (const struct cmd_example *e = v->examples; e->line; e++) {
			fputs(".TP\n.B xensnap ", stdout);
			roff(e->line);
			putchar('\n');
			roff(e->what);
			putchar('\n');
		}
	}
	fputs(".SS With every verb\n", stdout);
	roff_opts(cmd_verb(0), true);
	fputs(".SS Without a verb\n", stdout);
	roff_opts(NULL, true);
}

/* ---- completions ---- */

/* What a verb's arguments are: the word that begins their description. */
static bool
takes(const struct cmd_verb *v, const char *word)
{
	const char *p = v->args + (v->args[0] == '[');

	return strncmp(p, word, strlen(word)) == 0;
}

static bool
is_choice(const struct cmd_opt *o)
{
	return o->arg && islower((unsigned char)o->arg[0]);
}

/* "list|add REPO": is the first argument one of some words? */
static bool
has_actions(const struct cmd_verb *v)
{
	return islower((unsigned char)v->args[0]);
}

static void
words_of(const char *choices)
{
	for (; *choices && *choices != ' '; choices++)
		putchar(*choices == '|' ? ' ' : *choices);
}

static void
bash_values(const struct cmd_verb *v)
{
	const struct cmd_opt *o;

	for (unsigned int i = 0; (o = cmd_opt(v, i)); i++) {
		if (!o->arg)
			continue;
		printf("\t%s:--%s) ", v->name, o->name);
		if (is_choice(o)) {
			fputs("words=\"", stdout);
			words_of(o->arg);
			fputs("\" ;;\n", stdout);
		} else {
			fputs("return ;;\n", stdout);
		}
	}
}

static void
bash_words(const struct cmd_verb *v)
{
	const struct cmd_opt *o;
	const struct cmd_verb *other;

	printf("\t%s:-*) words=\"", v->name);
	for (unsigned int i = 0; (o = cmd_opt(v, i)); i++)
		printf("%s--%s%s", i ? " " : "", o->name, o->arg ? "=" : "");
	printf("\" ;;\n\t%s:*) ", v->name);
	if (takes(v, "SNAPSHOT")) {
		/* What comes after the snapshot is a file: bash knows those. */
		if (v->max_args == 2)
			fputs("[[ ${all[*]:2:${#all[@]}-3} == *@* ]] || ",
			      stdout);
		fputs("words=$(xensnap list --names 2>/dev/null)", stdout);
	} else if (takes(v, "DOMAIN")) {
		fputs("words=$(xl list 2>/dev/null | "
		      "awk 'NR > 2 { print $1 }')",
		      stdout);
	} else if (has_actions(v)) {
		fputs("words=\"", stdout);
		words_of(v->args);
		fputs("\"", stdout);
	} else {
		fputs("words=\"", stdout);
		for (unsigned int i = 0; (other = cmd_verb(i)); i++)
			printf("%s%s", i ? " " : "", other->name);
		fputs("\"", stdout);
	}
	fputs(" ;;\n", stdout);
}

/*
 * bash breaks words at "@" and "=", so the word is read from the line itself,
 * and what is offered loses the part that bash thinks is done.
 */
static void
generate_bash(void)
{
	const struct cmd_verb *v;
	const struct cmd_opt *o;

	fputs("# bash completion for xensnap; made from its table of verbs\n"
	      "_xensnap()\n{\n"
	      "\tlocal line=${COMP_LINE:0:COMP_POINT} verb cur prev\n"
	      "\tlocal words='' done=''\n"
	      "\tlocal -a all\n"
	      "\tread -ra all <<<\"$line\"\n"
	      "\t[[ $line == *[[:space:]] ]] && all+=(\"\")\n"
	      "\tverb=${all[1]} cur=${all[-1]} prev=${all[-2]}\n"
	      "\tif ((${#all[@]} <= 2)); then\n"
	      "\t\twords=\"",
	      stdout);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++)
		printf("%s ", v->name);
	for (unsigned int i = 0; (o = cmd_opt(NULL, i)); i++)
		printf("%s--%s", i ? " " : "", o->name);
	fputs("\"\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t\treturn\n\tfi\n"
	      "\tif [[ $cur == --*=* ]]; then\n"
	      "\t\tprev=${cur%%=*} cur=${cur#*=}\n\tfi\n"
	      "\tcase $verb:$prev in\n",
	      stdout);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++)
		bash_values(v);
	fputs("\tesac\n\t[[ $words ]] || case $verb:$cur in\n", stdout);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++)
		bash_words(v);
	fputs("\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t[[ $cur == *@* ]] && done=${cur%\"${cur##*@}\"}\n"
	      "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$done\"}\")\n"
	      "\t[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace\n"
	      "}\n"
	      "complete -o default -F _xensnap xensnap\n",
	      stdout);
}

/* Text inside '...[...]' of a zsh option: no quotes, no brackets, colons. */
static void
zsh_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *s))
			printf("\\%c", *s);
		else
			putchar(*s);
	}
}

static void
zsh_opts(const struct cmd_verb *v)
{
	const struct cmd_opt *o, *other;

	for (unsigned int i = 0; (o = cmd_opt(v, i)); i++) {
		fputs("\t\t'", stdout);
		for (unsigned int j = 0; (other = cmd_opt(v, j)); j++) {
			if (j != i && o->group && o->group == other->group)
				printf("(--%s)", other->name);
		}
		printf("%s--%s%s[", o->many ? "*" : "", o->name,
		       o->arg ? "=" : "");
		zsh_text(o->help);
		fputs("]", stdout);
		if (o->arg) {
			fputs(":", stdout);
			zsh_text(o->arg);
			fputs(strcmp(o->arg, "FILE") == 0 ? ":_files" : ":",
			      stdout);
		}
		if (is_choice(o)) {
			fputs("(", stdout);
			words_of(o->arg);
			fputs(")", stdout);
		}
		fputs("' \\\n", stdout);
	}
}

static void
generate_zsh(void)
{
	const struct cmd_verb *v;

	fputs("#compdef xensnap\n"
	      "# zsh completion for xensnap; made from its table of verbs\n"
	      "_xensnap_snapshots() {\n"
	      "\tcompadd -- ${(f)\"$(xensnap list --names 2>/dev/null)\"}\n"
	      "}\n"
	      "_xensnap_domains() {\n"
	      "\tcompadd -- ${${(f)\"$(xl list 2>/dev/null)\"}[3,-1]%% *}\n"
	      "}\n"
	      "_xensnap_verbs() {\n\tlocal -a verbs=(\n",
	      stdout);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		printf("\t\t'%s:", v->name);
		zsh_text(v->line);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_describe verb verbs\n}\n"
	      "if ((CURRENT == 2)); then\n"
	      "\t_arguments -S \\\n",
	      stdout);
	zsh_opts(NULL);
	fputs("\t\t'1:verb:_xensnap_verbs'\n"
	      "\treturn\nfi\n"
	      "local verb=$words[2]\n"
	      "shift words\n((CURRENT--))\n"
	      "case $verb in\n",
	      stdout);
	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		printf("%s)\n\t_arguments -S \\\n", v->name);
		zsh_opts(v);
		if (strstr(v->args, "DIR"))
			fputs("\t\t'2:folder:_files -/' \\\n", stdout);
		if (has_actions(v)) {
			fputs("\t\t'1:action:(", stdout);
			words_of(v->args);
			fputs(")' '2:folder:_files -/'\n\t;;\n", stdout);
			continue;
		}
		printf("\t\t'%s:%s'\n\t;;\n", v->max_args > 2 ? "*" : "1",
		       takes(v, "SNAPSHOT") ? "snapshot:_xensnap_snapshots" :
		       takes(v, "DOMAIN")   ? "domain:_xensnap_domains" :
					      "verb:_xensnap_verbs");
	}
	fputs("esac\n", stdout);
}

int
generate(const char *kind, struct err *err)
{
	if (strcmp(kind, "options") == 0)
		generate_options();
	else if (strcmp(kind, "man") == 0)
		generate_man();
	else if (strcmp(kind, "bash") == 0)
		generate_bash();
	else if (strcmp(kind, "zsh") == 0)
		generate_zsh();
	else
		return err_set(err, ERR_INVALID, 0,
			       "--generate man|bash|zsh|options, not '%s'",
			       kind);
	return 0;
}

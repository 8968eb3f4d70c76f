/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * opts.c - not getopt_long(): it prints, abbreviates, and knows no table.
 */
#include "opts.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "text.h"

static int
set(struct cmd_args *a, unsigned int i, const char *value, struct err *err)
{
	const struct cmd_opt *o = cmd_opt(a->verb, i);
	const struct cmd_opt *other;

	for (unsigned int j = 0; (other = cmd_opt(a->verb, j)); j++) {
		if (j != i && o->group && other->group == o->group &&
		    a->count[j])
			return err_set(err, ERR_INVALID, 0,
				       "--%s and --%s exclude each other",
				       other->name, o->name);
	}
	if (o->arg && a->count[i] && !o->many)
		return err_set(err, ERR_INVALID, 0, "--%s is given twice",
			       o->name);
	if (o->many && a->n_many == CMD_MANY_MAX)
		return err_set(err, ERR_INVALID, 0,
			       "--%s is given more than %d times", o->name,
			       CMD_MANY_MAX);
	if (o->many) {
		a->many[a->n_many].opt = i;
		a->many[a->n_many++].value = value;
	}
	a->count[i]++;
	a->value[i] = value;
	return 0;
}

/* "raw|qcow2": is @value one of them?  Upper case stands for a value. */
static bool
is_choice(const char *arg, const char *value)
{
	size_t len = strlen(value);
	const char *p = arg;

	if (!islower((unsigned char)*arg))
		return true;
	while (p) {
		if (strncmp(p, value, len) == 0 &&
		    (p[len] == '|' || p[len] == '\0'))
			return true;
		p = strchr(p, '|');
		if (p)
			p++;
	}
	return false;
}

/* A name or the like is written down, and read by others. */
static bool
is_text(const char *arg)
{
	return strcmp(arg, "NAME") == 0 || strcmp(arg, "TEXT") == 0;
}

static int
unknown(const struct cmd_args *a, const char *word, size_t len, struct err *err)
{
	char name[64];
	const char *near;

	if (len < sizeof(name)) {
		memcpy(name, word, len);
		name[len] = '\0';
		near = cmd_near(a->verb, name);
		if (near)
			return err_set(err, ERR_INVALID, 0,
				       "unknown option '--%s' (did you mean "
				       "'--%s'?)",
				       name, near);
	}
	return err_set(err, ERR_INVALID, 0, "unknown option '--%.*s'", (int)len,
		       word);
}

/* The option whose name is the first @len bytes of @word, or -1. */
static int
find_long(const struct cmd_args *a, const char *word, size_t len)
{
	const struct cmd_opt *o;

	for (unsigned int i = 0; (o = cmd_opt(a->verb, i)); i++) {
		if (strlen(o->name) == len && memcmp(o->name, word, len) == 0)
			return (int)i;
	}
	return -1;
}

/*
 * "--name" or "--name=value" without its dashes; @next is the word after it,
 * or NULL.  Returns how many words were used, or -1.
 */
static int
parse_long(struct cmd_args *a, const char *word, const char *next,
	   struct err *err)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	const struct cmd_opt *o;
	int used = 1;
	int i;

	i = find_long(a, word, len);
	if (i < 0)
		return unknown(a, word, len, err);
	o = cmd_opt(a->verb, (unsigned int)i);
	if (value)
		value++;
	if (value && !o->arg)
		return err_set(err, ERR_INVALID, 0, "--%s takes no value",
			       o->name);
	if (o->arg && !value) {
		/* An option here means that the value was forgotten. */
		if (next && (next[0] != '-' || next[1] == '\0'))
			value = next;
		used = 2;
	}
	if (o->arg && (!value || !*value))
		return err_set(err, ERR_INVALID, 0, "--%s needs a value: %s",
			       o->name, o->arg);
	if (o->arg && !is_choice(o->arg, value))
		return err_set(err, ERR_INVALID, 0, "--%s is %s, not '%s'",
			       o->name, o->arg, value);
	if (o->arg && is_text(o->arg) && !text_is_plain(value))
		return err_set(err, ERR_INVALID, 0,
			       "--%s: '%s' is not UTF-8 without control "
			       "characters",
			       o->name, value);
	if (set(a, (unsigned int)i, value, err))
		return -1;
	return used;
}

/* "-vv", "-qh", ...: letters without values. */
static int
parse_letters(struct cmd_args *a, const char *word, struct err *err)
{
	const struct cmd_opt *o;
	unsigned int i;

	for (const char *p = word + 1; *p; p++) {
		for (i = 0; (o = cmd_opt(a->verb, i)); i++) {
			if (o->letter == *p)
				break;
		}
		if (!o)
			return err_set(err, ERR_INVALID, 0,
				       "unknown option '-%c' in '%s'", *p,
				       word);
		if (set(a, i, NULL, err))
			return -1;
	}
	return 1;
}

/* The name of argument @n of "SNAPSHOT DIR|-", without brackets and dots. */
static void
arg_name(const char *args, unsigned int n, char *ret, size_t len)
{
	size_t word;

	for (; n > 0; n--) {
		args += strcspn(args, " ");
		args += strspn(args, " ");
	}
	word = strcspn(args, " .");
	if (word >= len)
		word = len - 1;
	memcpy(ret, args, word);
	ret[word] = '\0';
}

static int
check_count(const struct cmd_args *a, struct err *err)
{
	char name[40];

	if (a->n_args < a->verb->min_args) {
		arg_name(a->verb->args, a->n_args, name, sizeof(name));
		return err_set(err, ERR_INVALID, 0, "%s is missing", name);
	}
	if (a->n_args > a->verb->max_args)
		return err_set(err, ERR_INVALID, 0,
			       "'%s' is one argument too many",
			       a->args[a->verb->max_args]);
	return 0;
}

int
opts_parse(const struct cmd_verb *v, int argc, char **argv,
	   struct cmd_args *ret, struct err *err)
{
	const char *word;
	bool ended = false;
	int used;

	memset(ret, 0, sizeof(*ret));
	ret->verb = v;
	ret->args = argv;
	for (int i = 0; i < argc; i += used) {
		word = argv[i];
		used = 1;
		if (ended || word[0] != '-' || word[1] == '\0')
			ret->args[ret->n_args++] = argv[i];
		else if (strcmp(word, "--") == 0)
			ended = true;
		else if (word[1] == '-')
			used = parse_long(ret, word + 2,
					  i + 1 < argc ? argv[i + 1] : NULL,
					  err);
		else
			used = parse_letters(ret, word, err);
		if (used < 0)
			return opts_usage(v, err);
		if (opts_has(ret, "help"))
			return 0;
	}
	if (check_count(ret, err))
		return opts_usage(v, err);
	return 0;
}

int
opts_usage(const struct cmd_verb *v, struct err *err)
{
	err->code = ERR_INVALID;
	return err_more(err, "see 'xensnap %s --help'", v->name);
}

unsigned int
opts_count(const struct cmd_args *a, const char *name)
{
	int i = find_long(a, name, strlen(name));

	assert(i >= 0);
	return a->count[i];
}

bool
opts_has(const struct cmd_args *a, const char *name)
{
	int i = find_long(a, name, strlen(name));

	return i >= 0 && a->count[i] > 0;
}

const char *
opts_value(const struct cmd_args *a, const char *name)
{
	int i = find_long(a, name, strlen(name));

	assert(i >= 0 && cmd_opt(a->verb, (unsigned int)i)->arg);
	return a->value[i];
}

const char *
opts_value_at(const struct cmd_args *a, const char *name, unsigned int k)
{
	int i = find_long(a, name, strlen(name));

	assert(i >= 0 && cmd_opt(a->verb, (unsigned int)i)->many);
	for (unsigned int n = 0; n < a->n_many; n++)
		if (a->many[n].opt == (unsigned int)i && k-- == 0)
			return a->many[n].value;
	return NULL;
}

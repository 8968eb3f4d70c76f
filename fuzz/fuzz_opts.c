/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_opts.c - command lines: a byte chooses the verb, the lines behind it are
 * its words.  What is accepted has as many arguments as the verb takes, and is
 * made of those words.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "opts.h"

#define WORDS_MAX 64

static const struct cmd_verb *
choose(uint8_t which)
{
	unsigned int n = 0;

	while (cmd_verb(n))
		n++;
	return cmd_verb(which % n);
}

/* Is @s in the @len bytes at @text? */
static bool
is_in(const char *s, const char *text, size_t len)
{
	return s >= text && s <= text + len;
}

static void
check(const struct cmd_args *a, const char *text, size_t len)
{
	const struct cmd_opt *o;
	unsigned int many = 0;

	if (!opts_has(a, "help"))
		must(a->n_args >= a->verb->min_args &&
		     a->n_args <= a->verb->max_args);
	for (unsigned int i = 0; i < a->n_args; i++)
		must(is_in(a->args[i], text, len));
	for (unsigned int i = 0; (o = cmd_opt(a->verb, i)); i++) {
		must(opts_count(a, o->name) == a->count[i]);
		if (!o->arg || !a->count[i])
			continue;
		must(o->many || a->count[i] == 1);
		must(opts_value(a, o->name)[0]);
		must(is_in(opts_value(a, o->name), text, len));
		for (unsigned int k = 0; o->many && k < a->count[i]; k++)
			must(is_in(opts_value_at(a, o->name, k), text, len));
		many += o->many ? a->count[i] : 0;
	}
	must(many == a->n_many && many <= CMD_MANY_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *words[WORDS_MAX], *text, *save = NULL;
	const struct cmd_verb *v;
	struct err err = ERR_INIT;
	struct cmd_args a;
	int n = 0;

	if (len < 1)
		return 0;
	v = choose(p[0]);
	text = fuzz_text(p + 1, len - 1);
	for (char *w = strtok_r(text, "\n", &save); w && n < WORDS_MAX;
	     w = strtok_r(NULL, "\n", &save))
		words[n++] = w;
	if (opts_parse(v, n, words, &a, &err) == 0) {
		check(&a, text, len);
	} else {
		fuzz_refused(&err, INVALID);
		must(strstr(err.text, "--help") ||
		     strlen(err.text) + 1 == sizeof(err.text));
	}
	free(text);
	return 0;
}

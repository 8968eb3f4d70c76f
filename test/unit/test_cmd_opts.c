/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_cmd_opts.c - command lines: what is read, and what is said of the wrong
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "opts.h"

#define WORDS_MAX 16

static char line[400];
static char *words[WORDS_MAX];

/* Split @text at blanks; '_' stands for an empty word. */
static int
split(const char *text)
{
	int n = 0;

	snprintf(line, sizeof(line), "%s", text);
	for (char *w = strtok(line, " "); w; w = strtok(NULL, " ")) {
		assert_true(n < WORDS_MAX);
		words[n++] = strcmp(w, "_") == 0 ? w + 1 : w;
	}
	return n;
}

static void
parse(const char *verb, const char *text, struct cmd_args *a)
{
	struct err err = ERR_INIT;

	if (opts_parse(cmd_find(verb), split(text), words, a, &err))
		fail_msg("%s %s: %s", verb, text, err.text);
}

static void
assert_wrong(const char *verb, const char *text, const char *says)
{
	struct err err = ERR_INIT;
	struct cmd_args a;
	char want[200];

	snprintf(want, sizeof(want), "%s; see 'xensnap %s --help'", says, verb);
	assert_int_equal(
		opts_parse(cmd_find(verb), split(text), words, &a, &err), -1);
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(err.text, want);
}

static void
test_values(void **state)
{
	static const char *const lines[] = {
		"--cow-size 5G web1",
		"--cow-size=5G web1",
		"web1 --cow-size 5G",
		"--cow-size=5G -- web1",
	};
	struct cmd_args a;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse("create", lines[i], &a);
		assert_string_equal(opts_value(&a, "cow-size"), "5G");
		assert_int_equal(a.n_args, 1);
		assert_string_equal(a.args[0], "web1");
		assert_false(opts_has(&a, "live"));
	}
	parse("create", "web1", &a);
	assert_null(opts_value(&a, "cow-size"));
	parse("create", "--cow-size=a=b web1", &a);
	assert_string_equal(opts_value(&a, "cow-size"), "a=b");
	parse("export", "--disk - a b", &a);
	assert_string_equal(opts_value(&a, "disk"), "-");
	parse("export", "--disk=--x a b", &a);
	assert_string_equal(opts_value(&a, "disk"), "--x");
}

static void
test_flags(void **state)
{
	struct cmd_args a;

	(void)state;
	parse("create", "--live --json -v web1 -vq --dry-run", &a);
	assert_true(opts_has(&a, "live"));
	assert_true(opts_has(&a, "json"));
	assert_true(opts_has(&a, "quiet"));
	assert_true(opts_has(&a, "dry-run"));
	assert_false(opts_has(&a, "stop"));
	assert_false(opts_has(&a, "no-such-option"));
	assert_int_equal(opts_count(&a, "verbose"), 2);
	parse("create", "--verbose --verbose -v w", &a);
	assert_int_equal(opts_count(&a, "verbose"), 3);
}

static void
test_arguments(void **state)
{
	struct cmd_args a;

	(void)state;
	parse("export", "a@b -", &a);
	assert_int_equal(a.n_args, 2);
	assert_string_equal(a.args[1], "-");
	parse("delete", "a --json b -- --c -d", &a);
	assert_int_equal(a.n_args, 4);
	assert_string_equal(a.args[0], "a");
	assert_string_equal(a.args[1], "b");
	assert_string_equal(a.args[2], "--c");
	assert_string_equal(a.args[3], "-d");
	assert_true(opts_has(&a, "json"));
	parse("create", "_", &a);
	assert_string_equal(a.args[0], "");
	parse("list", "", &a);
	assert_int_equal(a.n_args, 0);
}

/* --help wins over what is wrong after it and over what is missing. */
static void
test_help(void **state)
{
	struct cmd_args a;

	(void)state;
	parse("export", "--help", &a);
	assert_true(opts_has(&a, "help"));
	parse("export", "-h --nonsense", &a);
	assert_true(opts_has(&a, "help"));
	parse("create", "-vh a b c", &a);
	assert_true(opts_has(&a, "help"));
}

static void
test_wrong(void **state)
{
	(void)state;
	assert_wrong("create", "", "DOMAIN[@NAME] is missing");
	assert_wrong("export", "", "SNAPSHOT is missing");
	assert_wrong("export", "a@b", "DIR|- is missing");
	assert_wrong("delete", "--dry-run", "SNAPSHOT|CLONE is missing");
	assert_wrong("show", "a b", "'b' is one argument too many");
	assert_wrong("create", "--cow-size",
		     "--cow-size needs a value: SIZE|PERCENT");
	assert_wrong("create", "--cow-size --live w",
		     "--cow-size needs a value: SIZE|PERCENT");
	assert_wrong("create", "--cow-size= w",
		     "--cow-size needs a value: SIZE|PERCENT");
	assert_wrong("create", "--cow-size _ w",
		     "--cow-size needs a value: SIZE|PERCENT");
	assert_wrong("create", "--cow-size 1 --cow-size 2 w",
		     "--cow-size is given twice");
	assert_wrong("create", "--live=yes w", "--live takes no value");
	assert_wrong("create", "--live --stop w",
		     "--live and --stop exclude each other");
	assert_wrong("create", "--stop --live w",
		     "--stop and --live exclude each other");
	assert_wrong("list", "--json --names",
		     "--json and --names exclude each other");
	assert_wrong("export", "--format vmdk a b",
		     "--format is raw|qcow2, not 'vmdk'");
	assert_wrong("export", "--format ra a b",
		     "--format is raw|qcow2, not 'ra'");
	assert_wrong("show", "-x a", "unknown option '-x' in '-x'");
	assert_wrong("show", "-vx a", "unknown option '-x' in '-vx'");
	assert_wrong("show", "--dry-run a", "unknown option '--dry-run'");
	assert_wrong("show", "--jso a",
		     "unknown option '--jso' (did you mean '--json'?)");
	assert_wrong("create", "--liv w",
		     "unknown option '--liv' (did you mean '--live'?)");
	assert_wrong("create", "--=x w", "unknown option '--'");
}

/* A name of any length is no trouble. */
static void
test_long(void **state)
{
	struct err err = ERR_INIT;
	char word[5000];
	char *one[] = { word };
	struct cmd_args a;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	memcpy(word, "--", 2);
	assert_int_equal(opts_parse(cmd_find("show"), 1, one, &a, &err), -1);
	memcpy(word, "-\033", 2);
	assert_int_equal(opts_parse(cmd_find("show"), 1, one, &a, &err), -1);
	assert_null(strchr(err.text, '\033'));
	memcpy(word, "xx", 2);
	assert_int_equal(opts_parse(cmd_find("show"), 1, one, &a, &err), 0);
}

/* What the parser and the generators take for granted of the table. */
static void
test_table(void **state)
{
	const struct cmd_verb *v;
	const struct cmd_opt *o;
	unsigned int j;

	(void)state;
	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		assert_ptr_equal(cmd_find(v->name), v);
		assert_non_null(v->run);
		assert_true(strlen(v->line) < 60);
		assert_non_null(v->examples[0].line);
		assert_true(v->min_args <= v->max_args);
		for (j = 0; (o = cmd_opt(v, j)); j++) {
			assert_false(o->letter && o->arg);
			assert_true(strlen(o->name) < 24);
			for (unsigned int k = 0; k < j; k++)
				assert_string_not_equal(cmd_opt(v, k)->name,
							o->name);
		}
		assert_true(j <= CMD_OPTS_MAX);
	}
	assert_null(cmd_find("nope"));
	assert_string_equal(cmd_near(NULL, "lst"), "list");
	assert_null(cmd_near(NULL, "frobnicate"));
	assert_null(cmd_near(NULL, ""));
}

/* Some options may be given more than once; their values are in order. */
static void
test_many(void **state)
{
	struct cmd_args a;

	(void)state;
	parse("restore", "R B --map a=/x --in-place --map=b=/y", &a);
	assert_int_equal(a.n_args, 2);
	assert_string_equal(opts_value_at(&a, "map", 0), "a=/x");
	assert_string_equal(opts_value_at(&a, "map", 1), "b=/y");
	assert_null(opts_value_at(&a, "map", 2));
	assert_wrong("restore", "R B --to x --to y", "--to is given twice");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),    cmocka_unit_test(test_flags),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_help),
		cmocka_unit_test(test_many),      cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_long),      cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

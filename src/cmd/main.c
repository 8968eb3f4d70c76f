/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main.c - find the verb, run it, say what went wrong, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "cmd.h"
#include "config.h"
#include "generate.h"
#include "help.h"
#include "log.h"
#include "opts.h"
#include "print.h"
#include "progress.h"

/*
 * A closed descriptor 0, 1 or 2 would become some disk's, and be written our
 * messages to.  What takes its place cannot be used the wrong way round.
 */
static int
fill_fds(struct err *err)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_WRONLY };
	int fd;

	for (int i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) >= 0 || errno != EBADF)
			continue;
		fd = open("/dev/null", modes[i]);
		if (fd != i)
			return err_set(err, ERR_IO, errno, "open /dev/null");
	}
	return 0;
}

/*
 * What we were born with must not decide what we do: libxl would run the
 * helper that LIBXL_SAVE_HELPER names and finds xl's scripts by PATH, files
 * become nobody else's, neither a reader of our output that goes away nor a
 * limit of file sizes must kill us while a domain stands still, and our
 * children's ends are ours to see.
 */
static int
clean_start(struct err *err)
{
	sigset_t none;

	umask(077);
	unsetenv("LIBXL_SAVE_HELPER");
	if (setenv("PATH",
		   "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:"
		   "/usr/bin:/bin",
		   1))
		return err_set(err, ERR_NOMEM, errno, "set PATH");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

static int
exit_of(const struct err *err)
{
	switch (err->code) {
	case ERR_INVALID:
		return CMD_USAGE;
	case ERR_BUSY:
		return CMD_BUSY;
	default:
		return CMD_FAILED;
	}
}

/* Say it; @what is what was asked for. */
static int
fail(const char *what, const struct err *err)
{
	progress_end();
	print_failure(what, err);
	return exit_of(err);
}

static int
without_verb(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *word = argc > 1 ? argv[1] : "";
	const char *near;
	int r = 0;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help_all(stdout);
	} else if (strcmp(word, "--version") == 0) {
		puts("xensnap " XENSNAP_VERSION);
	} else if (argc == 3 && strcmp(word, "--generate") == 0) {
		r = generate(argv[2], &err);
	} else if (argc < 2) {
		r = err_set(&err, ERR_INVALID, 0, "no command was given");
	} else if (word[0] == '-') {
		r = err_set(&err, ERR_INVALID, 0,
			    "unknown option '%s'; a command comes first", word);
	} else {
		near = cmd_near(NULL, word);
		r = err_set(&err, ERR_INVALID, 0,
			    "no command is called '%s'%s%s%s", word,
			    near ? " (did you mean '" : "", near ? near : "",
			    near ? "'?)" : "");
	}
	if (r)
		err_more(&err, "see 'xensnap --help'");
	if (r || print_end(&err))
		return fail("", &err);
	return CMD_DONE;
}

/*
 * "create web1@x: ...": the verb and what it is asked about.  Some errors begin
 * with that too, which is told once.
 */
static int
fail_asked(const struct cmd_args *a, const struct err *err)
{
	const char *about = a->n_args ? a->args[0] : "";
	size_t len = strlen(about);
	struct err e = *err;
	char what[256];

	if (a->n_args != 1 && a->verb->max_args != 2)
		return fail(a->verb->name, err);
	if (len && strncmp(err->text, about, len) == 0 &&
	    strncmp(err->text + len, ": ", 2) == 0)
		snprintf(e.text, sizeof(e.text), "%s", err->text + len + 2);
	snprintf(what, sizeof(what), "%s%s%s", a->verb->name, len ? " " : "",
		 about);
	return fail(what, &e);
}

static int
run_verb(const struct cmd_verb *v, int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct cmd_args args;
	int r;

	if (opts_parse(v, argc, argv, &args, &err))
		return fail(v->name, &err);
	if (opts_has(&args, "help")) {
		help_verb(stdout, v);
		return print_end(&err) ? fail(v->name, &err) : CMD_DONE;
	}
	print_init(opts_count(&args, "verbose"), opts_has(&args, "quiet"));
	if (cancel_init(&err))
		return fail_asked(&args, &err);
	r = v->run(&args, &err);
	progress_end();
	if (r < 0 || print_end(&err))
		return fail_asked(&args, &err);
	return r == CMD_DONE && log_warnings() > 0 ? CMD_WARNINGS : r;
}

int
main(int argc, char **argv)
{
	const struct cmd_verb *v;
	struct err err = ERR_INIT;

	if (fill_fds(&err) || clean_start(&err))
		return fail("", &err);
	v = argc > 1 ? cmd_find(argv[1]) : NULL;
	return v ? run_verb(v, argc - 2, argv + 2) : without_verb(argc, argv);
}

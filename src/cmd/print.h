/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.h - what people see: results on stdout, all else on stderr.
 *
 * Text from outside is cleaned (text.h) before it is shown.
 */
#ifndef XENSNAP_PRINT_H
#define XENSNAP_PRINT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"
#include "log.h"

#define PRINT_WIDTH 79

/*
 * print_init() - take the log over to stderr: warnings always, notices unless
 * @quiet, -v and -vv by @verbose; and decide whether there is a progress bar.
 */
void print_init(unsigned int verbose, bool quiet);

/* print_line() - one line of a result; a failure is kept for print_end(). */
void print_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * print_labelled() - @label and then @text as a result, broken into lines that
 * fit; those after the first begin at column @indent.
 */
void print_labelled(const char *label, size_t indent, const char *text);

/* print_json() - @o, pretty, as the result; -1 with ERR_NOMEM. */
int print_json(struct json_object *o, struct err *err);

/* print_json_line() - @o on a line of its own; a failure is kept for
 * print_end(). */
void print_json_line(struct json_object *o);

/*
 * print_to_journal() - if stderr is the journal, as systemd says in
 * $JOURNAL_STREAM, begin each line with its priority, as sd-daemon(3) tells,
 * and without our name, which the journal has.
 */
void print_to_journal(void);

/* print_end() - has all of the result gone out?  -1 with ERR_IO if not: a full
 * disk, a pipe that nobody reads. */
int print_end(struct err *err);

/* print_failure() - "xensnap: WHAT: text of @err" on stderr, after erasing the
 * progress bar.  @what may be "". */
void print_failure(const char *what, const struct err *err);

/*
 * print_wrapped() - @text to @f, broken between words so that no line passes
 * PRINT_WIDTH, each line after @indent spaces; the first line continues one
 * that has @used columns already.
 */
void print_wrapped(FILE *f, const char *text, size_t indent, size_t used);

/* A table that is put together first, since its widths depend on all of it. */
struct print_table {
	unsigned int n_columns;
	unsigned int right; /* bit i: column i is aligned to the right */
	unsigned int indent;
	char **cells;
	size_t n_cells, room;
	bool failed; /* out of memory */
};

/* print_cell() - add the next cell; rows fill up from left to right. */
void print_cell(struct print_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* print_table() - print the table and free what it owns; -1 with ERR_NOMEM. */
int print_table(struct print_table *t, struct err *err);

/* print_table_done() - free what it owns; it may be used again. */
void print_table_done(struct print_table *t);

#endif

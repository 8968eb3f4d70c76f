/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print.c - see print.h. */
#include "print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "progress.h"
#include "text.h"

static unsigned int say_verbose;
static bool say_quiet;

static bool
is_wanted(enum log_level level)
{
	return !((level == LOG_NOTICE && say_quiet) ||
		 (level == LOG_INFO && say_verbose < 1) ||
		 (level == LOG_DEBUG && say_verbose < 2));
}

/* sd-daemon(3) */
static void
to_journal(enum log_level level, const char *line, void *ctx)
{
	static const int priority[] = {
		[LOG_ERROR] = 3, [LOG_WARNING] = 4, [LOG_NOTICE] = 5,
		[LOG_INFO] = 6,  [LOG_DEBUG] = 7,
	};

	(void)ctx;
	if (is_wanted(level))
		progress_above("<%d>%s\n", priority[level], line);
}

void
print_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[48];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	if (strcmp(stream, ours) == 0)
		log_to(to_journal, NULL);
}

static void
to_stderr(enum log_level level, const char *line, void *ctx)
{
	static const char *const prefix[] = { [LOG_ERROR] = "error: ",
					      [LOG_WARNING] = "warning: ",
					      [LOG_NOTICE] = "",
					      [LOG_INFO] = "",
					      [LOG_DEBUG] = "debug: " };

	(void)ctx;
	if (is_wanted(level))
		progress_above("xensnap: %s%s\n", prefix[level], line);
}

void
print_init(unsigned int verbose, bool quiet)
{
	say_verbose = verbose;
	say_quiet = quiet;
	/* So that results and what is said beside them keep their order. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	progress_init(!quiet && isatty(STDERR_FILENO));
	log_to(to_stderr, NULL);
}

/* What the format makes, cleaned; malloc()ed, or NULL. */
static char *__attribute__((format(printf, 1, 0)))
clean_text(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		return NULL;
	return text_clean(s);
}

/* The first errno of a result that did not go out. */
static int lost;

static void
note(bool failed)
{
	if (failed && !lost)
		lost = errno ? errno : EIO;
}

void
print_line(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = clean_text(fmt, ap);
	va_end(ap);
	errno = ENOMEM;
	note(!s || puts(s) < 0);
	free(s);
}

void
print_labelled(const char *label, size_t indent, const char *text)
{
	char *l = strdup(label), *t = strdup(text);

	errno = ENOMEM;
	note(!l || !t || fputs(text_clean(l), stdout) < 0);
	if (l && t)
		print_wrapped(stdout, text_clean(t), indent, strlen(l));
	free(l);
	free(t);
}

int
print_json(struct json_object *o, struct err *err)
{
	const char *s = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			   JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!s)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	note(puts(s) < 0);
	return 0;
}

void
print_json_line(struct json_object *o)
{
	const char *s = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	errno = ENOMEM;
	note(!s || puts(s) < 0);
}

int
print_end(struct err *err)
{
	/* A closed stdout is /dev/null by now (main.c). */
	note(fflush(stdout) != 0);
	if (!lost && ferror(stdout))
		lost = EIO;
	if (lost)
		return err_set(err, ERR_IO, lost, "write the result");
	return 0;
}

void
print_failure(const char *what, const struct err *err)
{
	bool denied = err->code == ERR_DENIED || err->sys == EACCES ||
		      err->sys == EPERM;
	char clean[256];

	snprintf(clean, sizeof(clean), "%s", what);
	progress_above("xensnap: %s%s%s%s\n", text_clean(clean),
		       *what ? ": " : "", err->text,
		       denied && geteuid() != 0 ? "; xensnap needs root" : "");
}

void
print_wrapped(FILE *f, const char *text, size_t indent, size_t used)
{
	size_t len;
	bool first = true;

	while (*text) {
		len = strcspn(text, " ");
		if (!first && used + 1 + len > PRINT_WIDTH) {
			fputc('\n', f);
			used = 0;
			first = true;
		}
		if (first) {
			for (; used < indent; used++)
				fputc(' ', f);
		} else {
			fputc(' ', f);
			used++;
		}
		fwrite(text, 1, len, f);
		used += len;
		text += len;
		text += strspn(text, " ");
		first = false;
	}
	note(fputc('\n', f) < 0 && f == stdout);
}

void
print_cell(struct print_table *t, const char *fmt, ...)
{
	va_list ap;
	char **larger;
	size_t room;

	if (t->n_cells == t->room) {
		room = t->room ? 2 * t->room : 64;
		larger = reallocarray(t->cells, room, sizeof(*larger));
		if (!larger) {
			t->failed = true;
			return;
		}
		t->cells = larger;
		t->room = room;
	}
	va_start(ap, fmt);
	t->cells[t->n_cells] = clean_text(fmt, ap);
	va_end(ap);
	if (t->cells[t->n_cells])
		t->n_cells++;
	else
		t->failed = true;
}

/* Columns that @s takes: its characters (wide ones are not expected). */
static size_t
columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_row(const struct print_table *t, char *const *row, const size_t *widths)
{
	size_t pad;

	printf("%*s", (int)t->indent, "");
	for (unsigned int i = 0; i < t->n_columns; i++) {
		pad = widths[i] - columns(row[i]);
		if (i > 0)
			fputs("  ", stdout);
		if (t->right & 1u << i)
			printf("%*s%s", (int)pad, "", row[i]);
		else if (i + 1 < t->n_columns)
			printf("%s%*s", row[i], (int)pad, "");
		else
			fputs(row[i], stdout);
	}
	note(putchar('\n') < 0);
}

int
print_table(struct print_table *t, struct err *err)
{
	size_t widths[32] = { 0 };
	bool failed = t->failed || t->n_columns > 32;
	size_t w;

	for (size_t i = 0; !failed && i < t->n_cells; i++) {
		w = columns(t->cells[i]);
		if (w > widths[i % t->n_columns])
			widths[i % t->n_columns] = w;
	}
	for (size_t i = 0; !failed && i + t->n_columns <= t->n_cells;
	     i += t->n_columns)
		print_row(t, t->cells + i, widths);
	print_table_done(t);
	return failed ? err_set(err, ERR_NOMEM, 0, "out of memory") : 0;
}

void
print_table_done(struct print_table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->n_cells = t->room = 0;
	t->failed = false;
}

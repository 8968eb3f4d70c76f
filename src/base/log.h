/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h - lines for people, told to a sink that cmd/ (or the daemon) sets.
 *
 * Only cmd/ prints.  Everything below says what it has to say here; without
 * a sink nothing is written.  Safe to call from any thread.
 */
#ifndef XENSNAP_LOG_H
#define XENSNAP_LOG_H

enum log_level {
	LOG_ERROR, /* something will be lost, or is, and nobody here can help */
	LOG_WARNING, /* "..., continuing" */
	LOG_NOTICE,  /* the state of a domain or device changed */
	LOG_INFO,    /* -v */
	LOG_DEBUG,   /* -vv */
};

typedef void log_sink(enum log_level level, const char *line, void *ctx);

/*
 * log_to() - from now on give each line (no newline at its end) to @sink.
 * NULL: to nobody.  Call it before threads are started.
 */
void log_to(log_sink *sink, void *ctx);

/* log_error() - say what somebody must see to; we go on.  Counts as a
 * warning. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_warning() - say something that went wrong but does not stop us. */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_notice() - say a change to a domain or device, and its undoing. */
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_info() - say what is being done, for -v. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_debug() - say how it is being done, for -vv. */
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * log_warnings() - how many warnings were said since the start; a command
 * that succeeded with warnings exits with 3.
 */
unsigned int log_warnings(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.c - one lock, so that lines of several threads do not mix and the sink
 * need not know of threads.
 */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "text.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink *to;
static void *to_ctx;
static atomic_uint n_warnings;

void
log_to(log_sink *sink, void *ctx)
{
	pthread_mutex_lock(&lock);
	to = sink;
	to_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

static void __attribute__((format(printf, 2, 0)))
say(enum log_level level, const char *fmt, va_list ap)
{
	char line[1024];

	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		return;
	text_clean(line);
	pthread_mutex_lock(&lock);
	if (to)
		to(level, line, to_ctx);
	pthread_mutex_unlock(&lock);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	atomic_fetch_add(&n_warnings, 1);
	va_start(ap, fmt);
	say(LOG_ERROR, fmt, ap);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list ap;

	atomic_fetch_add(&n_warnings, 1);
	va_start(ap, fmt);
	say(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void
log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_NOTICE, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

unsigned int
log_warnings(void)
{
	return atomic_load(&n_warnings);
}

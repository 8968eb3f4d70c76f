/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl_log.c - libxl's words: kept, passed on, and read for the three
 * moments that it tells in no other way.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "domain_libxl.h"
#include "log.h"

/* libxl writes "file.c:12:function: Domain 5:fact": the fact is for people. */
static const char *
fact_of(const char *text)
{
	const char *p, *colon;

	p = strstr(text, "Domain ");
	if (p) {
		colon = p + strlen("Domain ");
		while (*colon >= '0' && *colon <= '9')
			colon++;
		if (*colon == ':' && colon[1])
			return colon + 1;
	}
	return text;
}

static void
keep_error(struct lx_log *log, int sys, const char *text)
{
	char *end;

	if (sys == ENOSPC || sys == EDQUOT)
		log->no_space = true;
	if (strstr(text, "didn't acknowledge suspend"))
		log->no_ack = true;
	if (log->error[0])
		return;
	snprintf(log->error, sizeof(log->error), "%.255s", fact_of(text));
	log->error_sys = sys > 0 ? sys : 0;
	/* libxc's name for "nothing more to say". */
	end = strstr(log->error, ": Internal error");
	if (end)
		*end = '\0';
}

static void __attribute__((format(printf, 5, 0)))
on_message(xentoollog_logger *logger, xentoollog_level level, int sys,
	   const char *context, const char *format, va_list ap)
{
	struct lx_log *log = (struct lx_log *)logger;
	char text[512];

	vsnprintf(text, sizeof(text), format, ap);
	text[strcspn(text, "\n")] = '\0';
	/* The words are no interface; without them we know less, but nothing
	 * goes wrong. */
	if (!log->marks.asked_ns && strstr(text, "suspend request via"))
		log->marks.asked_ns = clock_ns();
	if (!log->marks.acked_ns && strstr(text, "acknowledged suspend"))
		log->marks.acked_ns = clock_ns();
	if (level >= XTL_ERROR)
		keep_error(log, sys, text);
	if (sys > 0)
		log_debug("%s: %s: %s", context ? context : "libxl", text,
			  strerror(sys));
	else
		log_debug("%s: %s", context ? context : "libxl", text);
}

static void
on_progress(xentoollog_logger *logger, const char *context, const char *doing,
	    int percent, unsigned long done, unsigned long total)
{
	struct lx_log *log = (struct lx_log *)logger;
	uint64_t now = clock_ns();

	(void)percent;
	if (!context || strcmp(context, "xc") != 0)
		return;
	if (!log->marks.began_ns)
		log->marks.began_ns = now;
	/* Every 4 MiB while pages are written: the first and last will do. */
	if (total && done && done != total)
		return;
	if (strcmp(doing, "Domain now suspended") == 0)
		log->marks.suspended_ns = now;
	else if (strcmp(doing, "End of stream") == 0)
		log->marks.end_ns = now;
	log_debug("xc: %s %lu/%lu", doing, done, total);
}

static void
on_destroy(xentoollog_logger *logger)
{
	(void)logger; /* is part of a larger thing */
}

void
lx_log_init(struct lx_log *log)
{
	memset(log, 0, sizeof(*log));
	log->vtable.vmessage = on_message;
	log->vtable.progress = on_progress;
	log->vtable.destroy = on_destroy;
}

void
lx_log_clear(struct lx_log *log)
{
	log->error[0] = '\0';
	log->error_sys = 0;
	log->no_space = false;
	log->no_ack = false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * say.c - lines for the console.
 */
#define _GNU_SOURCE 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "say.h"

#define LINE_MAX_LEN 400

static void say_line(const char *prefix, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void
say_line(const char *prefix, const char *fmt, va_list ap)
{
	char line[LINE_MAX_LEN + 2];
	size_t len, done = 0;
	ssize_t r;

	snprintf(line, sizeof(line), "WITNESS %s", prefix);
	len = strlen(line);
	vsnprintf(line + len, LINE_MAX_LEN - len, fmt, ap);
	len = strlen(line);
	line[len++] = '\n';

	while (done < len) {
		r = write(STDOUT_FILENO, line + done, len - done);
		if (r <= 0)
			return;
		done += (size_t)r;
	}
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("", fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("fatal why=", fmt, ap);
	va_end(ap);

	if (getpid() == 1) {
		/* Give the console's reader time to take the line. */
		sleep(2);
		sync();
		reboot(RB_POWER_OFF);
		for (;;)
			pause();
	}
	exit(2);
}

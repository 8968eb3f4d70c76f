/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap.c - see tap.h. */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned int number, failed;

static bool __attribute__((format(printf, 2, 0)))
say(bool good, const char *fmt, va_list ap)
{
	number++;
	failed += !good;
	printf("%sok %u - ", good ? "" : "not ", number);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	return good;
}

bool
tap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(good, fmt, ap);
	va_end(ap);
	return good;
}

void
tap_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
}

int
tap_done(void)
{
	printf("1..%u\n", number);
	return failed != 0;
}

bool
tap_works(int rc, struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(rc == 0, fmt, ap);
	va_end(ap);
	if (rc)
		tap_note("  %s", err->text);
	err_clear(err);
	return rc == 0;
}

bool
tap_fails(int rc, struct err *err, enum err_code code, const char *fmt, ...)
{
	bool good = rc == -1 && err->code == code && err->text[0];
	va_list ap;

	va_start(ap, fmt);
	say(good, fmt, ap);
	va_end(ap);
	if (!good)
		tap_note("  %d, code %d instead of %d: %s", rc, (int)err->code,
			 (int)code, err->text);
	else
		tap_note("  %s", err->text);
	err_clear(err);
	return good;
}

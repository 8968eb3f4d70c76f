/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * err.c - the texts are put together in a buffer of our own, since an argument
 * may well be the text of the same error.
 */
#include "err.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* Defined for the analyser's sake; here are the functions themselves. */
#undef err_set
#undef err_add
#undef err_more

/* Copy @s into @err, cut with "..." where a character ends. */
static void
keep(struct err *err, const char *s)
{
	size_t room = sizeof(err->text) - 1;
	size_t n = strlen(s);

	if (n <= room) {
		memcpy(err->text, s, n + 1);
	} else {
		n = text_cut(s, room - 3);
		memcpy(err->text, s, n);
		memcpy(err->text + n, "...", 4);
	}
	text_clean(err->text);
}

int
err_set(struct err *err, enum err_code code, int sys, const char *fmt, ...)
{
	char buf[2 * sizeof(err->text)];
	const char *why = sys ? strerrordesc_np(sys) : NULL;
	size_t room = sizeof(err->text) - 1;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(buf, sizeof(buf), fmt, ap) < 0)
		buf[0] = '\0';
	va_end(ap);

	/* What stopped us is at the end: rather cut what was tried. */
	if (sys) {
		if (!why)
			why = "unknown error";
		room -= strlen(why) + 2;
		n = strlen(buf);
		if (n > room) {
			n = text_cut(buf, room - 3);
			memcpy(buf + n, "...", 3);
			n += 3;
		}
		snprintf(buf + n, sizeof(buf) - n, ": %s", why);
	}
	err->code = code;
	err->sys = sys;
	keep(err, buf);
	return -1;
}

int
err_add(struct err *err, const char *fmt, ...)
{
	char buf[3 * sizeof(err->text)];
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(buf, 2 * sizeof(err->text), fmt, ap) < 0)
		buf[0] = '\0';
	va_end(ap);
	n = strlen(buf);
	snprintf(buf + n, sizeof(buf) - n, ": %s", err->text);
	keep(err, buf);
	return -1;
}

int
err_more(struct err *err, const char *fmt, ...)
{
	char buf[3 * sizeof(err->text)];
	int n;
	va_list ap;

	n = snprintf(buf, sizeof(buf), "%s; ", err->text);
	va_start(ap, fmt);
	if (vsnprintf(buf + n, sizeof(buf) - (size_t)n, fmt, ap) < 0)
		buf[n] = '\0';
	va_end(ap);
	keep(err, buf);
	return -1;
}

void
err_clear(struct err *err)
{
	err->code = ERR_NONE;
	err->sys = 0;
	err->text[0] = '\0';
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * say.h - lines for the console.
 *
 * Everything witness prints is one line that starts with "WITNESS ", written
 * with one write(2), so that lines of several threads never mix.
 */
#ifndef WITNESS_SAY_H
#define WITNESS_SAY_H

/*
 * say() - print "WITNESS " and the formatted text and a newline on stdout.
 *
 * May be called from any thread; blocks while the console is full.  Lines
 * longer than 400 characters are cut.  A console that cannot be written to
 * is ignored: there is nowhere to complain.
 */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * fatal() - say "fatal why=..." and stop for good.
 *
 * As pid 1 the machine is powered off (returning would be a kernel panic,
 * hanging would cost the lab its time limit), otherwise the process exits
 * with status 2.
 */
void fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif

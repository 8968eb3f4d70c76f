/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap.h - results of tests, one line each, as the Test Anything Protocol. */
#ifndef XENSNAP_TEST_TAP_H
#define XENSNAP_TEST_TAP_H

#include <stdbool.h>

#include "err.h"

/* tap_ok() - one case; returns @good, so that a test can stop there. */
bool tap_ok(bool good, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* tap_note() - a line for people. */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* tap_done() - the plan; the exit status of the test. */
int tap_done(void);

/*
 * tap_works() - the call that gave @rc and @err has worked; tap_fails() - it
 * has not, and for the reason @code.  Both say what there is in @err, and
 * clear it.
 */
bool tap_works(int rc, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* see above */
bool tap_fails(int rc, struct err *err, enum err_code code, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));

#endif

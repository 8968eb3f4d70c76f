/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * err.h - one error, on the caller's stack.
 *
 * A function that can fail returns 0 or -1 (or a pointer or NULL) and fills
 * the struct err of its caller.  The text is one line; it says what was tried
 * and the fact that stopped it.  Who passes an error on may put context in
 * front of it; it is shown once, by cmd/.  Nothing is allocated, so that an
 * error can be told when memory is short.
 */
#ifndef XENSNAP_ERR_H
#define XENSNAP_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum err_code {
	ERR_NONE = 0,
	ERR_NOMEM,
	ERR_IO,    /* a system call or a device failed */
	ERR_NOSPC, /* no room: volume group, pool, file system */
	ERR_NOTFOUND,
	ERR_EXISTS,
	ERR_BUSY, /* somebody else is at work on it: exit 4 */
	ERR_TIMEOUT,
	ERR_DENIED,      /* not root, or not permitted */
	ERR_CORRUPT,     /* a record that cannot be what we wrote */
	ERR_UNSUPPORTED, /* this host, domain or disk cannot do that */
	ERR_CANCELLED,   /* the user asked to stop */
	ERR_STATE,       /* the domain or device is not as required */
	ERR_INVALID,     /* bad input: exit 2 when it is the command line */
};

struct err {
	enum err_code code;
	int sys;        /* errno, or 0 */
	char text[480]; /* one line, no newline, always terminated */
};

#define ERR_INIT                 \
	{                        \
		.code = ERR_NONE \
	}

/*
 * err_set() - record an error; @sys is an errno whose text is appended after
 * ": ", or 0 for none.  Control characters in the result become '?', so that
 * hostile names cannot drive a terminal.  An earlier error in @err is
 * overwritten; @err's own text may be an argument.  What is too long is cut,
 * but not the text of @sys: "open aaa...: No such file or directory".
 *
 * Always returns -1, so that a function that owns nothing can return it.
 */
int err_set(struct err *err, enum err_code code, int sys, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * err_add() - put "context: " in front of the text of @err.  Text that no
 * longer fits is cut at the end.  Always returns -1.
 */
int err_add(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * err_more() - append "; fact" to the text of @err: what is true now, after
 * the undoing.  Always returns -1.
 */
int err_more(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* So that it knows, in every file: what an error leaves unset is not used. */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_add(...) (err_add(__VA_ARGS__), -1)
#define err_more(...) (err_more(__VA_ARGS__), -1)
#endif

/* err_clear() - make @err "no error" again. */
void err_clear(struct err *err);

#endif

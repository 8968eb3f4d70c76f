/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fail.h - named places at which a test can make us die.
 *
 * Only builds with -Dfail_points=true have them.  XENSNAP_DIE_AT=NAME kills
 * the process (SIGKILL, as the kernel's OOM killer would) when it comes to the
 * place NAME; XENSNAP_STOP_AT=NAME stops it (SIGSTOP), so that a test can act
 * at that place; XENSNAP_FLIP_AT=NAME changes a bit of what fail_flip() is
 * given there.  NAME#2 means the second time that it comes there.
 * XENSNAP_TRACE_FAIL=FILE appends each place's name to FILE, so that a test
 * can enumerate them all.
 */
#ifndef XENSNAP_FAIL_H
#define XENSNAP_FAIL_H

#include <stddef.h>

#ifdef XENSNAP_FAIL_POINTS

/* fail_here() - die or stop if a test asked for it at the place @name. */
void fail_here(const char *name);

/* fail_flip() - a bit in the middle of @len bytes at @p, as above. */
void fail_flip(const char *name, void *p, size_t len);

#else

#define fail_here(name) ((void)(name))
#define fail_flip(name, p, len) ((void)(name), (void)(p), (void)(len))

#endif

#endif

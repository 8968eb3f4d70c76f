/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_store.h - a guest's own nodes in xenstore.
 *
 * By hand over the kernel's device, so that the agent needs no library.  Paths
 * are relative to the domain, so that a restore, which gives it another number,
 * changes nothing.  Each question waits some seconds for its answer at most.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <stddef.h>

/* store_read() - @node in @ret, cut to fit; 1, or 0 (and "") when there is
 * none or it may not be read, or -1: no answer. */
int store_read(const char *node, char *ret, size_t size);

/* store_write() - @node is @text from now on, when this returns 0.  -1: it may
 * or may not be. */
int store_write(const char *node, const char *text);

/* store_remove() - @node is gone, when this returns 0. */
int store_remove(const char *node);

/*
 * store_bell() - a descriptor that becomes readable when @node changes, and
 * now.  -1 with errno.  It may fall silent after a restore: look now and then.
 */
int store_bell(const char *node);

/* store_hush() - until it changes again. */
void store_hush(int bell);

#endif

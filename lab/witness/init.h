/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init.h - what pid 1 of a guest has to do.
 */
#ifndef WITNESS_INIT_H
#define WITNESS_INIT_H

#include <stddef.h>

/*
 * init_agent() - start /xensnap-agent, which goes on by itself; a failure is
 * said.  Before threads are started.
 */
void init_agent(void);

/*
 * init_setup() - mount /proc, /sys and /dev, open the console, load modules.
 *
 * As pid 1 only, first of all.  Modules are the files named in
 * /modules/order, one a line (those without a leading / lie in
 * /modules); without that file none are needed.  Makes /sbin/poweroff and
 * /sbin/reboot as links to this program if they are not there.
 * Failures are fatal().
 */
void init_setup(void);

/*
 * init_cmdline() - read the kernel's command line into @line.
 */
void init_cmdline(char *line, size_t size);

/*
 * init_signals() - block all signals in this and all later threads.
 *
 * Returns a signalfd for those that ask pid 1 to end and for children that
 * died, or -1 with errno.
 */
int init_signals(void);

/*
 * init_signal() - read one signal from @fd.
 *
 * Returns 'p' (power off), 'r' (reboot) or 0 (nothing to do; dead children
 * are reaped).
 */
int init_signal(int fd);

/*
 * init_ask() - be /sbin/poweroff (@how 'p') or /sbin/reboot ('r'): tell pid 1.
 *
 * Xen's request to shut down reaches a Linux guest as a call of these.
 * Returns an exit status.
 */
int init_ask(int how);

/*
 * init_end() - power off ('p') or reboot ('r').
 *
 * Everything is written and unmounted.  As pid 1 it does not return.
 */
void init_end(int how);

#endif

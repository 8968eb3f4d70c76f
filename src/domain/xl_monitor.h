/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_monitor.h - the process by which xl watches over a running domain.
 *
 * In Xen 4.17 to 4.19 this process takes a suspend for the domain's end and
 * exits; afterwards nobody handles the domain's reboot or power-off.  Stopped
 * while the suspend happens, it wakes up to a running domain and sees nothing.
 * So: xl_monitor_find(), xl_monitor_stop() before the suspend and
 * xl_monitor_go_on() on every way out; the watchdog does it for the dead.
 */
#ifndef XENSNAP_XL_MONITOR_H
#define XENSNAP_XL_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* A process and its start time, which tells it from a later one of its pid. */
struct xl_monitor {
	pid_t pid;      /* 0: the domain has no monitor */
	uint64_t start; /* clock ticks since boot, /proc/PID/stat */
};

/*
 * xl_monitor_find() - the monitor of the domain @name with @domid.  None is no
 * error (a domain made with `xl create -e` has none): @ret->pid is 0 then.
 * Reads /proc only.  -1 with ERR_IO, or ERR_DENIED when there may be one that
 * cannot be seen.
 */
int xl_monitor_find(const char *name, uint32_t domid, struct xl_monitor *ret,
		    struct err *err);

/*
 * xl_monitor_stop() - SIGSTOP it, and wait (at most a second) until it has
 * stopped.  A monitor that is gone counts as success.
 */
int xl_monitor_stop(const struct xl_monitor *m, struct err *err);

/* xl_monitor_go_on() - SIGCONT it, if it still is the same process. */
void xl_monitor_go_on(const struct xl_monitor *m);

#endif

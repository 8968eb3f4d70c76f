/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watchdog.h - a small process that puts things right when we die.
 *
 * Started before anything is touched.  It does nothing but wait at the other
 * end of a socket.  If that end closes while it is armed, we are dead: it
 * resumes the domain, lets held devices go on and wakes xl's monitor, within
 * a second, and leaves the rest (views, files) to `xensnap recover`.  It
 * shares the lock of the domain, so nobody else begins in between.
 */
#ifndef XENSNAP_WATCHDOG_H
#define XENSNAP_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk.h"
#include "domain.h"
#include "err.h"
#include "xl_monitor.h"

struct watchdog {
	int fd; /* our end of the socket, -1: none */
	pid_t pid;
};

/* Who finds a dead one's lock waits so long: a watchdog at work shares it for a
 * few seconds. */
#define WATCHDOG_LOCK_MS 15000u

/* What a dead process may have left standing. */
struct leftover {
	bool domain; /* it may stand still, and its monitor sleep */
	bool paused; /* by us */
	bool asked;  /* its guest, to freeze: it may be frozen */
	/* With a memory: it may be gone as well, and goes on from that. */
	struct domain_saved saved;
	struct xl_monitor monitor;
	unsigned int n_devices;
	/* device-mapper names, "" is skipped */
	char devices[DOMAIN_DISKS_MAX][DISK_DEVICE_LEN];
};

/* What put_right() had to do. */
struct put_right {
	bool resumed;            /* the domain stood still, or was paused */
	bool restored;           /* it was gone, or could not be resumed */
	unsigned int n_released; /* devices that were held */
};

#define WATCHDOG_INIT \
	{             \
		-1, 0 \
	}

/*
 * watchdog_start() - fork it.  Before threads and before libxl: the child
 * starts with a clean slate.  -1 with ERR_IO; then there is none.
 */
int watchdog_start(struct watchdog *w, struct err *err);

/*
 * watchdog_arm() - from now on our death means: put_right(@l).  Returns when
 * the watchdog has said that it knows.  -1 with ERR_IO when it is dead.
 */
int watchdog_arm(struct watchdog *w, const struct leftover *l, struct err *err);

/*
 * watchdog_stop() - tell it that all is well and wait for its end.  Also when
 * it was never started.
 */
void watchdog_stop(struct watchdog *w);

/*
 * put_right() - what the watchdog does, and `recover` as well: release
 * @devices (dm names, "" is skipped) and, unless only those were touched,
 * withdraw or end a suspend of the domain, or restore it from its saved
 * memory, and wake the monitor; at last tell a guest that was asked to
 * freeze that it may thaw.  A guest that was asked to suspend may stop a
 * little later, so one that runs is watched for @watch_ms.  Goes on after a
 * failure, and returns -1 with the first one; the monitor of a domain that
 * still stands still is not woken then, for it would take it for dead.  May
 * be repeated.
 */
int put_right(const struct leftover *l, unsigned int watch_ms,
	      struct put_right *ret, struct err *err);

#endif

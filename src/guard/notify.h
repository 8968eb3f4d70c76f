/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notify.h - tell systemd how we are: sd_notify(3)'s protocol, a datagram of
 * NAME=VALUE lines to the socket in $NOTIFY_SOCKET.  The protocol is documented
 * there, stable, and meant to be spoken without the library: one datagram is
 * no reason to need libsystemd.
 */
#ifndef XENSNAP_NOTIFY_H
#define XENSNAP_NOTIFY_H

/* notify() - "READY=1"; nothing happens when nobody listens, and a failure is
 * none of ours. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* notify_watchdog_ms() - so often "WATCHDOG=1" is to be told; 0: never. */
unsigned int notify_watchdog_ms(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_watch.h - how what is watched is shown. */
#ifndef XENSNAP_CMD_WATCH_H
#define XENSNAP_CMD_WATCH_H

#include "err.h"
#include "guard.h"

/* watch_event_json() - one event as one line of JSON: a guard_tell. */
void watch_event_json(const struct guard_event *e, void *ctx);

/* watch_report_json() - what one look has found, as JSON; -1 with ERR_NOMEM. */
int watch_report_json(const struct guard_report *r, struct err *err);

/* watch_report() - the same as a table; -1 with ERR_NOMEM. */
int watch_report(const struct guard_report *r, struct err *err);

#endif

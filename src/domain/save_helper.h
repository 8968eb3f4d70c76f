/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * save_helper.h - libxl's helper processes that save a domain.
 *
 * libxl saves in a process of its own, libxl-save-helper, which it talks to
 * through pipes.  When the process that started it is killed, the helper lives
 * on until it next talks (at most some 4 MiB of memory later).  Whether a
 * suspended domain is somebody's work in progress or was left behind can be
 * told from it: a helper whose pipe still has its other end in its parent is
 * at work for a living process.
 */
#ifndef XENSNAP_SAVE_HELPER_H
#define XENSNAP_SAVE_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define SAVE_HELPER_PROGRAM "libxl-save-helper"

struct save_helper {
	pid_t owner;  /* who has a living one at work, or 0 */
	pid_t orphan; /* one whose owner is dead, or 0 */
};

/*
 * save_helper_find() - the helpers that save domain @domid.  Reads /proc only.
 * 0, or -1 with ERR_IO, or ERR_DENIED when there may be one that cannot be
 * seen.
 */
int save_helper_find(uint32_t domid, struct save_helper *ret, struct err *err);

/*
 * save_helper_end_orphan() - SIGKILL the helper of domain @domid whose owner is
 * dead, if there is one, and wait at most @wait_ms until it is gone.  Living
 * ones are left alone.  0, or -1 with ERR_IO, or ERR_TIMEOUT when it is still
 * there.
 */
int save_helper_end_orphan(uint32_t domid, unsigned int wait_ms,
			   struct err *err);

#endif

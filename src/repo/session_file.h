/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session_file.h - a file on this host for each session that it has begun and
 * not ended, locked while its process is alive: so that a prune here need not
 * wait for one that is dead.
 */
#ifndef XENSNAP_SESSION_FILE_H
#define XENSNAP_SESSION_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "outcome.h"

/*
 * session_file_new() - for session @id, in folder @dirfd; a descriptor that
 * holds the lock, or -1 with ERR_IO.
 */
int session_file_new(int dirfd, const uint8_t id[SESSION_ID], struct err *err);

/*
 * session_file_note() - the session is about to put the pack with @sum.  -1
 * with ERR_IO or ERR_NOSPC.
 */
int session_file_note(int fd, const uint8_t sum[SHA256_BYTES], struct err *err);

/* session_file_distrust() - nothing that was noted so far is to be used again,
 * since some of it is not as it was meant.  -1 with ERR_IO. */
int session_file_distrust(int fd, struct err *err);

/*
 * session_file_each_dead() - @fn for each pack that was noted, so may have
 * been put, by each session of this host whose process is not alive; after its
 * last the session's file is removed.  -1 with ERR_IO, or @fn's error; then it
 * stays.
 */
typedef int session_pack_fn(const uint8_t sum[SHA256_BYTES], void *ctx,
			    struct err *err);
int session_file_each_dead(int dirfd, session_pack_fn *fn, void *ctx,
			   struct err *err);

/*
 * session_file_done() - the session has ended: *@fd is closed, the file goes.
 */
void session_file_done(int dirfd, const uint8_t id[SESSION_ID], int *fd);

/* session_is_alive() - is the process of session @id, of this host, at work? On
 * any doubt it is. */
bool session_is_alive(int dirfd, const uint8_t id[SESSION_ID]);

#endif

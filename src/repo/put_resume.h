/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * put_resume.h - what sessions of this host stored that died before their end:
 * the next session need not store it again.
 *
 * Each session's file here lists its packs (session_file.h).  A pack that is
 * still there, while no prune is under way, stays until the end of the session
 * that looks: it began before, so every later prune waits for it
 * (doc/decisions/0008-prune.md).
 */
#ifndef XENSNAP_PUT_RESUME_H
#define XENSNAP_PUT_RESUME_H

#include "err.h"
#include "index.h"
#include "put.h"
#include "repo.h"

/*
 * put_resume() - enter into @ix, as a session's own, all pieces of @how's realm
 * in packs of dead sessions of this host; the session's file is @file, in which
 * they are listed from now on.  Only with a full key, and a repository that was
 * loaded after the session was there.  A pack that is gone or damaged is passed
 * over; of what is in it only a session that reads back looks at more than
 * their list.  -1 with ERR_NOMEM or ERR_IO.
 */
int put_resume(struct repo *r, struct index *ix, const struct put_how *how,
	       int file, struct err *err);

#endif

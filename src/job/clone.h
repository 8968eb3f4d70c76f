/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone.h - the parts of clone: what its files share, and `recover`. */
#ifndef XENSNAP_CLONE_H
#define XENSNAP_CLONE_H

#include "cloned.h"
#include "err.h"
#include "held.h"
#include "job.h"

/*
 * clone_config() - the configuration by which xl starts @c, made of that of the
 * snapshot @h; malloc()ed for the caller.  NULL with ERR_CORRUPT,
 * ERR_INVALID, ERR_IO, ERR_NOMEM, ERR_UNSUPPORTED.
 */
char *clone_config(const struct held *h, const struct cloned *c,
		   const struct clone_opts *o, struct err *err);

/*
 * clone_check_network() - can a clone of @h have the network that @o wants?  -1
 * with ERR_UNSUPPORTED, ERR_NOTFOUND (no such bridge), ERR_INVALID, ERR_IO.
 */
int clone_check_network(const struct held *h, const struct clone_opts *o,
			struct err *err);

/*
 * clone_remove() - end the clone @c if it runs, and remove its disks and its
 * record.  Its lock is held.  May be repeated.  -1 with ERR_BUSY, ERR_IO: the
 * record is there still.
 */
int clone_remove(const struct cloned *c, struct err *err);

/*
 * clone_tidy() - remove what clones of @from@@name shared, if there are none
 * and nobody is at the snapshot.  That it fails is told as a warning.
 */
void clone_tidy(const char *from, const char *name);

#endif

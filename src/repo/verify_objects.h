/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_objects.h - all of a repository's objects that are no packs. */
#ifndef XENSNAP_VERIFY_OBJECTS_H
#define XENSNAP_VERIFY_OBJECTS_H

#include <stdint.h>

#include "err.h"
#include "repo.h"
#include "repo_verify.h"

/*
 * verify_objects() - open each session, outcome, head, forget and index part,
 * and compare the two copies of each key slot; what is wrong is told by
 * @how->problem, how many in *@ret_bad.  -1 with the store's errors.
 */
int verify_objects(struct repo *r, const struct verify_how *how,
		   uint32_t *ret_bad, struct err *err);

#endif

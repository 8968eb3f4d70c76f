/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_index.h - the index of an open repository, from its index parts. */
#ifndef XENSNAP_REPO_INDEX_H
#define XENSNAP_REPO_INDEX_H

#include "err.h"
#include "index.h"
#include "repo.h"

/*
 * repo_index() - where the pieces of realm @realm are (REALM_NONE: of all that
 * our key can read), for index_free(): the parts of the head's base, and of
 * the commits that it does not know. Condemned packs are marked.  What this
 * host kept of them is not read again, unless @r says so, and what was read is
 * kept.  @r must outlive it.  NULL with ERR_CORRUPT, ERR_DENIED or the store's.
 */
struct index *repo_index(struct repo *r, uint32_t realm, struct err *err);

#endif

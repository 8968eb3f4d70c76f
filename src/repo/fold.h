/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fold.h - the index parts of committed sessions become part of a head's base,
 * without what is in packs that go away.
 *
 * A part that loses nothing and is large enough stays as it is; small ones, and
 * what is left of others, are written together anew.
 */
#ifndef XENSNAP_FOLD_H
#define XENSNAP_FOLD_H

#include <stdint.h>

#include "err.h"
#include "head.h"
#include "mark.h"
#include "repo.h"

/*
 * fold_base() - the base for the next head of @r into @h: of the head that was
 * loaded and of all commits that it does not know, without the packs that @h
 * condemns.  Of a piece in two packs one stays known, by @m (mark.h) one that
 * is there.  New parts are put and synced.  Each commit is folded once: a
 * second time would bring back entries of packs that are gone.  -1 with the
 * store's errors, ERR_CORRUPT or ERR_NOMEM.
 */
int fold_base(struct repo *r, const struct mark *m, struct head *h,
	      struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page_index.h - where in a save file each page of the guest is.
 *
 * A page that changed while it was saved is there more than once; what was set
 * last counts, as for a restore (libxc's xg_sr_restore.c).  The index is a file
 * without a name, 8 bytes for each page, since that of a guest with a TiB would
 * not fit into memory.
 */
#ifndef XENSNAP_PAGE_INDEX_H
#define XENSNAP_PAGE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "stream.h"

struct page_index {
	int fd;
	uint64_t n; /* pages' numbers are less than that */
};

/* What is known of a page: 0, nothing; else STREAM_TYPE() of it and
 * PAGE_INDEX_AT(). */
#define PAGE_INDEX_AT(e) ((e) & ((UINT64_C(1) << 60) - 1))
#define PAGE_INDEX_HAS_DATA(e) ((e) && STREAM_TYPE(e) < STREAM_TYPE_BARE)

/* page_index_make() - an empty one, its file in folder @dirfd.  -1 with ERR_IO
 * or ERR_NOSPC; for page_index_done() in any case. */
int page_index_make(int dirfd, struct page_index *ret, struct err *err);
void page_index_done(struct page_index *ix);

/*
 * page_index_set() - @n entries of a page record (stream.h), whose pages lie
 * from @data on in the save file.  -1 with ERR_IO or ERR_NOSPC.
 */
int page_index_set(struct page_index *ix, const uint64_t *entries,
		   unsigned int n, uint64_t data, struct err *err);

/* page_index_get() - what is known of the @n pages from @first on, all less
 * than @ix->n.  From several threads.  -1 with ERR_IO. */
int page_index_get(const struct page_index *ix, uint64_t first, unsigned int n,
		   uint64_t *ret, struct err *err);

/*
 * page_index_next() - the first pages from *@first on, before @end, of which
 * there is data: 1 with them in *@first and *@ret_n, 0 when there are none, -1
 * with ERR_IO.
 */
int page_index_next(const struct page_index *ix, uint64_t end, uint64_t *first,
		    uint64_t *ret_n, struct err *err);

#endif

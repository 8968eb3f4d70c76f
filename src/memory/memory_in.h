/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory_in.h - a save file of xl's as two images that can be read by offset:
 *
 *	pages   each page of the guest at its number times 4096, so that a page
 *	        which has not changed is found where it was in the backup
 *	        before; zeros where there is none
 *	frame   all else (frame.h)
 *
 * Nothing is copied: each read looks up where in the file the page is.
 */
#ifndef XENSNAP_MEMORY_IN_H
#define XENSNAP_MEMORY_IN_H

#include <stdint.h>

#include "err.h"
#include "reader.h"

struct memory_in;

/*
 * memory_in_open() - the save file @fd, which stays the caller's and must not
 * change.  Walks all of it (stream.h); its index becomes a nameless file in
 * folder @dirfd, 8 bytes for each page.  -1 with ERR_CORRUPT, ERR_UNSUPPORTED,
 * ERR_CANCELLED, ERR_NOSPC, ERR_NOMEM, ERR_IO.  For memory_in_close().
 */
int memory_in_open(int fd, int dirfd, struct memory_in **ret, struct err *err);

/* memory_in_close() - NULL is allowed. */
void memory_in_close(struct memory_in *m);

/* memory_in_pages(), memory_in_frame() - the images, *@ret_bytes large;
 * borrowed from @m. */
const struct reader *memory_in_pages(const struct memory_in *m,
				     uint64_t *ret_bytes);
const struct reader *memory_in_frame(const struct memory_in *m,
				     uint64_t *ret_bytes);

#endif

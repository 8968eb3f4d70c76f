/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_stream.h - is what follows xl's header a whole stream of libxl's?
 *
 * Looked at are frames, not contents: headers, the kind and length of each
 * record, that both streams end, and that nothing follows.  What is in the
 * records is for Xen's and QEMU's own readers, which this protects from
 * nothing but what is cut, and from what was never meant for them.
 */
#ifndef XENSNAP_XL_STREAM_H
#define XENSNAP_XL_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct xl_stream {
	bool pv; /* or a guest with hardware support: PVH, HVM */
	uint64_t n_records;
	uint64_t n_pages; /* that it names, again those sent more than once */
};

/*
 * xl_stream_check() - the stream in the file @fd from @offset to @end, which is
 * the file's end.  Takes a read for some records each, so is quick with large
 * ones; may be cancelled.  -1 with ERR_CORRUPT (a record cannot be, or the end
 * is not where it should be), ERR_UNSUPPORTED (another version, or a record
 * that a restore would refuse), ERR_CANCELLED, ERR_IO.
 */
int xl_stream_check(int fd, uint64_t offset, uint64_t end,
		    struct xl_stream *ret, struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream.h - libxl's stream, which follows xl's header in a save file, walked
 * from its beginning to its end; libxc's stream, with the memory, is in it.
 *
 * Looked at are frames, not contents: headers, the kind and length of each
 * record, which pages a record has, that both streams end, and that nothing
 * follows.  No length is believed.  What else is in the records is for Xen's
 * and QEMU's own readers, which this protects from nothing but what is cut, and
 * from what was never meant for them.
 */
#ifndef XENSNAP_STREAM_H
#define XENSNAP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define STREAM_PAGE 4096u

/* An entry of a page record: the page's number in the guest, and its type. */
#define STREAM_PFN(entry) ((entry) & ((UINT64_C(1) << 52) - 1))
#define STREAM_TYPE(entry) ((unsigned int)((entry) >> 60))
#define STREAM_ENTRY(pfn, type) ((pfn) | (uint64_t)(type) << 60)

/* Pages' numbers are less than that: guests of 16 TiB. */
#define STREAM_PFNS_MAX (UINT64_C(1) << 32)

/* From this type on there is nothing in the page: broken, allocated without
 * data, not there. */
#define STREAM_TYPE_BARE 0xdu

struct stream_walked {
	bool pv; /* or a guest with hardware support: PVH, HVM */
	uint64_t n_records;
	uint64_t n_pages; /* that it names, again those sent more than once */
	/* In the file: libxc's records, from the first one to its END, which
	 * is not one of them. */
	uint64_t libxc_from, libxc_to;
};

/* Of libxc's records those that are named here. */
#define STREAM_X86_CPUID_POLICY 0x11u

/* Who wants to know what is in it, in order; a member may be NULL, and ends the
 * walk by returning -1. */
struct stream_visitor {
	/* A record of libxc's, if not of pages: its body, @len bytes at
	 * @at. */
	int (*record)(uint32_t type, uint64_t at, uint32_t len, void *ctx,
		      struct err *err);
	/* Headers and whole records, those of pages apart: @len bytes at
	 * @offset. */
	int (*other)(uint64_t offset, uint64_t len, void *ctx, struct err *err);
	/* @n entries of a page record.  The pages of those whose type has one
	 * lie one behind the other from @data on. */
	int (*pages)(const uint64_t *entries, unsigned int n, uint64_t data,
		     void *ctx, struct err *err);
	void *ctx;
};

/*
 * stream_walk() - the stream in the file @fd from @offset to @end; @v or NULL.
 * What a restore would only compare with what it has (VERIFY, and the pages
 * behind it) is not shown to @v.  A read or two for each record, so quick with
 * large files; may be cancelled.  -1 with ERR_CORRUPT (a record cannot be, or
 * the end is not at @end), ERR_UNSUPPORTED (another version, or a record that a
 * restore would refuse), ERR_CANCELLED, ERR_IO, or because @v did.
 */
int stream_walk(int fd, uint64_t offset, uint64_t end,
		const struct stream_visitor *v, struct stream_walked *ret,
		struct err *err);

#endif

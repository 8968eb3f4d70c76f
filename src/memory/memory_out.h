/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory_out.h - the two images of memory_in.h as a save file again, written in
 * sequence, so into a pipe as well: `xl restore` takes it.
 *
 * It is in the one form that a save without "live" has, whatever it was made
 * of: each page once, in order, in records of 1024 numbers; other records as
 * they were.  So what such a save wrote comes back byte for byte.
 *
 * Life: memory_out_open() -> memory_out_begin() -> memory_out_pages() from the
 * beginning of the pages to their end -> memory_out_end() ->
 * memory_out_close().
 */
#ifndef XENSNAP_MEMORY_OUT_H
#define XENSNAP_MEMORY_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "err.h"

struct memory_out;

/*
 * memory_out_open() - of the frame, an image of @bytes in the file @frame,
 * which stays the caller's.  All of it is looked at, as stream.h does, before
 * anything is written: nothing in it is believed.  For memory_out_close() in
 * any case.  -1 with ERR_CORRUPT, ERR_UNSUPPORTED, ERR_CANCELLED, ERR_NOMEM,
 * ERR_IO.
 */
int memory_out_open(int frame, uint64_t bytes, struct memory_out **ret,
		    struct err *err);

/* memory_out_close() - NULL is allowed. */
void memory_out_close(struct memory_out *m);

/* memory_out_page_bytes() - how large the other image must be. */
uint64_t memory_out_page_bytes(const struct memory_out *m);

/* memory_out_config() - libxl's JSON, as the save file had it; borrowed. */
const char *memory_out_config(const struct memory_out *m);

/*
 * memory_out_cpu() - what the guest was told that its processor can do: 1, or 0
 * when the memory does not say.  -1 as stream_cpu().
 */
int memory_out_cpu(const struct memory_out *m, struct cpu_features *ret,
		   struct err *err);

/*
 * memory_out_begin() - what is before the pages, to @to, which stays the
 * caller's; with @config in place of the configuration, unless it is NULL.  -1
 * with ERR_IO, ERR_NOSPC, ERR_UNSUPPORTED (it is too long).
 */
int memory_out_begin(struct memory_out *m, int to, const char *config,
		     struct err *err);

/* memory_out_pages() - the next @len bytes of the pages, whole ones, at @p.  -1
 * with ERR_CORRUPT, ERR_IO, ERR_NOSPC. */
int memory_out_pages(struct memory_out *m, const uint8_t *p, size_t len,
		     struct err *err);

/* memory_out_end() - all pages came: what is behind them.  -1 as above. */
int memory_out_end(struct memory_out *m, struct err *err);

#endif

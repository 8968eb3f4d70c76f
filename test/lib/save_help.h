/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * save_help.h - save files of xl's, made up, and the way through memory_in.h
 * and memory_out.h in scratch files.  Fails the cmocka test when it cannot.
 */
#ifndef XENSNAP_SAVE_HELP_H
#define XENSNAP_SAVE_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* Types of pages. */
#define NOTAB 0u
#define BROKEN 0xdu
#define XTAB 0xfu

/* The configuration in its header, and that header's length. */
#define SAVE_CONFIG "{\"c_info\": {}}"
#define SAVE_HEADER (52 + sizeof(SAVE_CONFIG))

/* Kinds of guests. */
#define SAVE_PV 1u
#define SAVE_HVM 2u

/* put_start() - what is before the first record of libxc's. */
void put_start(struct buf *b, uint32_t kind);

/* put_head(), put_tail() - what is before the pages, and behind them. */
void put_head(struct buf *b);
void put_tail(struct buf *b);

/* put_record() - a record of libxc's or libxl's. */
void put_record(struct buf *b, uint32_t type, const char *body);

/* put_pages() - a record of @n pages from number @first on, all of @type; what
 * is in them depends on @seed. */
void put_pages(struct buf *b, uint64_t first, uint32_t n, unsigned int type,
	       unsigned int seed);

/*
 * put_canonical() - a whole file, in the one form: 0 to 1299 with data, then
 * holes, a broken one, and 4000 with data.
 */
void put_canonical(struct buf *b, unsigned int seed);

/* save_split() - @save into the files "pages" and "frame".  -1 with the error
 * of memory_in_open(). */
int save_split(const struct buf *save, struct err *err);

/*
 * save_join() - those two into the file "again", the pages in pieces of @step
 * bytes, with @config in place of the configuration unless it is NULL.  -1 with
 * the error of memory_out.h.
 */
int save_join(size_t step, const char *config, struct err *err);

#endif

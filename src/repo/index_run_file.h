/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_run_file.h - a run's file, for index_run.c and index_run_out.c alone:
 *
 *	pages of 4096 bytes: 8 of a sum, then 146 entries of 28 (fewer in the
 *		last page, filled up with zeros)
 *	the first 8 bytes of each page's first id
 *	for each slot: sum and length of its pack
 *	for each index part: its name, how many slots and entries it has
 *	magic, id of the repository, how many entries, slots and parts there
 *		are, sum of all behind the pages
 *
 * Sums are the first 8 bytes of SHA-256: against accidents, since whoever can
 * write to this folder of root's has no need to.
 */
#ifndef XENSNAP_INDEX_RUN_FILE_H
#define XENSNAP_INDEX_RUN_FILE_H

#include "err.h"
#include "index_run.h"

#define PAGE 4096
#define SUM 8
#define ENTRY 28
#define PER_PAGE ((PAGE - SUM) / ENTRY)
#define MAGIC "xsnaprn2"
#define PACK_BYTES (SHA256_BYTES + 8)
#define PART_BYTES (SHA256_BYTES + 4 + 4)
#define TAIL (8 + REPO_ID + 8 + 4 + 4 + SUM)

/* run_sum() - the sum of @len bytes at @p.  -1 with ERR_IO. */
int run_sum(const void *p, size_t len, uint8_t ret[SUM], struct err *err);

#endif

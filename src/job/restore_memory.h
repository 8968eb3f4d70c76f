/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore_memory.h - the memory of a backup as a save file of xl's: its frame,
 * then its pages in sequence, as memory_out.h has it.
 */
#ifndef XENSNAP_RESTORE_MEMORY_H
#define XENSNAP_RESTORE_MEMORY_H

#include <stdint.h>

#include "copy.h"
#include "cpu.h"
#include "err.h"
#include "index.h"
#include "outcome.h"
#include "repo.h"

struct restore_memory {
	struct repo *r;
	struct index *ix; /* of the realm that the backup is of */
	uint32_t realm;
	const struct backup *b; /* which has a memory */
	const char *config;     /* libxl's JSON for its header; NULL: its own */
	int to;                 /* a file or a pipe, written in sequence */
	copy_progress *progress; /* or NULL */
	void *progress_ctx;
};

/*
 * restore_memory() - all of it; *@ret_bytes of the guest's pages.  Every piece
 * is checked, and the frame as a whole before anything is written; nothing is
 * fsynced.  -1 with ERR_CORRUPT, ERR_UNSUPPORTED, ERR_CANCELLED, ERR_NOSPC,
 * ERR_IO; then a part is written.
 */
int restore_memory(const struct restore_memory *m, uint64_t *ret_bytes,
		   struct err *err);

/*
 * restore_memory_cpu() - what the guest was told that its processor can do: 1,
 * or 0 when its memory does not say.  Writes nothing; the frame is looked at as
 * for restore_memory(), so what is wrong with it is told before anything is
 * made.  -1 as that.
 */
int restore_memory_cpu(const struct restore_memory *m, struct cpu_features *ret,
		       struct err *err);

#endif

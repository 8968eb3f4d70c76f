/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scale.h - what the two halves of bench/scale's program share. */
#ifndef XENSNAP_SCALE_H
#define XENSNAP_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "name.h"
#include "repo.h"

/* scale_opener() - what opens the repository: the key file of thirty-two 7s. */
struct slot_opener scale_opener(void);

/*
 * scale_id() - the id of chunk @i of disk @disk, as it is in version @version.
 */
void scale_id(uint64_t disk, uint64_t i, uint64_t version,
	      uint8_t ret[NAME_BYTES]);

/*
 * scale_fill() - a repository of @tib TiB of different chunks and @backups
 * backups in @folder; says on stdout what is in it.  -1 with any error; what
 * was made by then stays.
 */
int scale_fill(const char *folder, double tib, uint64_t backups,
	       struct err *err);

/*
 * scale_put() - file @name in @folder, with the @len bytes at @p and a hole up
 * to @bytes; not synced: the bench ends if the machine does.  scale_folders() -
 * the folders that objects are in.  -1 with ERR_IO.
 */
int scale_put(const char *folder, const char *name, const void *p, size_t len,
	      uint64_t bytes, struct err *err);
int scale_folders(const char *folder, struct err *err);

#endif

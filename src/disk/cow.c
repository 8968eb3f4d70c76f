/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cow.c - see cow.h. */
#include "cow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fd.h"

static uint64_t
div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/*
 * What the area needs when every chunk of the disk is written: a header, the
 * chunks, 16 bytes of table for each, and one table more as the end.  LVM makes
 * none larger, but for a dm-snapshot older than 1.12, which leaks chunks.
 */
uint64_t
cow_max_bytes(uint64_t disk_bytes)
{
	uint64_t chunks = div_up(disk_bytes, COW_CHUNK_BYTES);
	uint64_t per_table = COW_CHUNK_BYTES / 16;

	return (1 + chunks + (chunks + per_table) / per_table) *
	       COW_CHUNK_BYTES;
}

uint64_t
cow_percent_bytes(uint64_t disk_bytes, unsigned int percent)
{
	return percent < 100 ? disk_bytes / 100 * percent :
			       cow_max_bytes(disk_bytes);
}

/* The second device in a snapshot's table, "major:minor major:minor P 8". */
int
cow_find(const struct dm_target *table, struct dm_dev *ret, struct err *err)
{
	unsigned int ma, mi;

	if (strcmp(table->type, "snapshot") != 0 || table->n_targets != 1 ||
	    sscanf(table->params, "%*u:%*u %u:%u P", &ma, &mi) != 2)
		return err_set(err, ERR_STATE, 0,
			       "LVM made a table of a kind not known: %s %s",
			       table->type, table->params);
	if (dm_find_number(ma, mi, ret, err))
		return -1;
	if (!ret->exists)
		return err_set(err, ERR_STATE, 0,
			       "no copy-on-write device %u:%u", ma, mi);
	return 0;
}

/* Zero the header and read it back past all caches: an old one would do. */
int
cow_wipe(const struct dm_dev *dev, struct err *err)
{
	struct stat st;
	char path[40];
	char *block = NULL;
	int fd = -1, rc = -1;

	snprintf(path, sizeof(path), "/dev/dm-%u", dev->minor);
	if (posix_memalign((void **)&block, COW_CHUNK_BYTES, COW_CHUNK_BYTES)) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err_set(err, ERR_IO, errno, "open %s (%s)", dev->name, path);
		goto out;
	}
	if (!S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(dev->major, dev->minor)) {
		err_set(err, ERR_STATE, 0, "%s is not %s", path, dev->name);
		goto out;
	}
	memset(block, 0, COW_CHUNK_BYTES);
	if (fd_pwrite_all(fd, block, COW_CHUNK_BYTES, 0, err) ||
	    fd_sync(fd, dev->name, err))
		goto out;
	memset(block, 0xff, COW_CHUNK_BYTES);
	if (fd_pread_full(fd, block, COW_CHUNK_BYTES, 0, err) !=
	    COW_CHUNK_BYTES) {
		err_set(err, ERR_IO, 0, "read %s", dev->name);
		goto out;
	}
	for (size_t i = 0; i < COW_CHUNK_BYTES; i++) {
		if (block[i]) {
			err_set(err, ERR_IO, 0, "%s: written zeros, read else",
				dev->name);
			goto out;
		}
	}
	rc = 0;
out:
	fd_close(&fd);
	free(block);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounts.h - what is mounted, by /proc/self/mountinfo.
 *
 * Pure: text in, table out; nothing is opened and nothing allocated.
 */
#ifndef AGENT_MOUNTS_H
#define AGENT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct mount {
	unsigned int id;           /* as in statx()'s stx_mnt_id */
	unsigned int major, minor; /* of the file system, not of this mount */
	const char *point;         /* where, in this process' view */
	const char *type;
	const char *source;
	bool writable; /* the file system, however this mount is */
};

/*
 * mounts_parse() - the lines of @text, which is cut up in place and has to
 * outlast @ret.  Returns how many, or -1 when there are more than @max or a
 * line makes no sense.
 */
int mounts_parse(char *text, struct mount *ret, size_t max);

/* mounts_on_disk() - is it a file system on a disk, and written to? */
bool mounts_on_disk(const struct mount *m);

/* mounts_same() - are both of one file system? */
bool mounts_same(const struct mount *a, const struct mount *b);

#endif

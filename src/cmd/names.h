/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names.h - DOMAIN@NAME on the command line, and long results on the heap. */
#ifndef XENSNAP_NAMES_H
#define XENSNAP_NAMES_H

#include "cmd.h"
#include "err.h"
#include "snapshot.h"

#define NAMES_FULL_MAX (2 * SNAPSHOT_NAME_MAX + 2)

/* A name, taken apart. */
struct names {
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
};

/* names_snapshot() - argument @i as DOMAIN@NAME; -1 with ERR_INVALID. */
int names_snapshot(const struct cmd_args *a, unsigned int i, struct names *ret,
		   struct err *err);

/* names_domain() - argument @i as DOMAIN alone; -1 with ERR_INVALID. */
int names_domain(const struct cmd_args *a, unsigned int i, struct names *ret,
		 struct err *err);

/* names_full() - "DOMAIN@NAME" in @ret (NAMES_FULL_MAX); returns @ret. */
const char *names_full(const char *domain, const char *name, char *ret);

#define NAMES_SKIPPED_MAX (DOMAIN_DISKS_MAX * (SNAPSHOT_VDEV_LEN + 2))

/* names_skipped() - "xvdb, xvdc": the disks that were left out of @s, in @ret
 * (NAMES_SKIPPED_MAX); returns @ret. */
const char *names_skipped(const struct snapshot *s, char *ret);

/*
 * names_skip() - "xvdb,xvdc", the value of --skip-disk, into @ret, *@ret_n of
 * them.  -1 with ERR_INVALID.
 */
int names_skip(const char *text, char ret[][SNAPSHOT_VDEV_LEN],
	       unsigned int *ret_n, struct err *err);

/* names_quiesced() - how its disks were left by a guest that was asked. */
const char *names_quiesced(enum domain_quiesced quiesced);

/* names_when() - "2026-11-22 20:35:13" for the record's time, in @ret. */
const char *names_when(const char *created, char *ret, size_t len);

#endif

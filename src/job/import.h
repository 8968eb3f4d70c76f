/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.h - the parts of import. */
#ifndef XENSNAP_IMPORT_H
#define XENSNAP_IMPORT_H

#include "disk.h"
#include "err.h"
#include "import_dir.h"
#include "job_import.h"
#include "journal.h"
#include "xl_header.h"

#define IMPORT_CONFIG_MAX (1u << 20)

struct import {
	const struct import_opts *o;
	struct import_report *report;
	struct snapshot *s; /* report->s */
	struct err *err;

	struct import_dir dir;
	bool has_record;
	struct snapshot was;     /* what snapshot.json says */
	struct domain_info info; /* what its configuration says */
	struct xl_header header; /* of memory.xl */
	int memory;              /* memory.xl, or -1 */
	const char *config;      /* as it came: JSON, or with mode offline */
	char *config_text;       /* an xl file; owned unless the header's */
	char *safe;              /* what is kept of it */
	const struct import_file *files[DOMAIN_DISKS_MAX]; /* of s->disks */

	int dirfd; /* while it is made, or -1 */
	bool begun;
	struct journal journal;
};

/*
 * import_look() - what is in the folder, whether all of it belongs together,
 * and what it will be here: fills all of the first part, and x->s but for what
 * only the copies tell.  Changes nothing.
 */
int import_look(struct import *x);

/* import_record() - what snapshot.json says, if it is there, as far as it can
 * be; import_look()'s first part. */
int import_record(struct import *x);

/* import_disks() - which file is which disk, and where it belongs on this
 * host; import_look()'s last part. */
int import_disks(struct import *x);

/* import_name_copies() - the paths that the copies will have in @folder.  -1
 * with ERR_UNSUPPORTED: one is too long. */
int import_name_copies(struct import *x, const char *folder);

/* import_copy() - copy all of them into x->dirfd, and check the copies.  -1:
 * some may be there. */
int import_copy(struct import *x);

/* import_memory() - the same of the memory, with x->safe in its header. */
int import_memory(struct import *x);

#endif

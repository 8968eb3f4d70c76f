/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jobs_file.h - a job file: which domains are backed up to which repository,
 * how often, and what stays.  Pure: a text in, what it says out.
 *
 *   # lines of KEY = VALUE
 *   domains = web* db1
 *   repository = /srv/backup
 *   key-file = /root/backup.key
 *   every = 6h
 */
#ifndef XENSNAP_JOBS_FILE_H
#define XENSNAP_JOBS_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "job.h"
#include "keep.h"

#define JOBS_PATTERNS_MAX 64
#define JOBS_EVERY_S 86400u
#define JOBS_EVERY_LEAST_S 60u
#define JOBS_KEEP_MAX 1000000u

/* Names of domains, or patterns of them: fnmatch(3). */
struct jobs_patterns {
	unsigned int n;
	char at[JOBS_PATTERNS_MAX][SNAPSHOT_NAME_MAX + 1];
};

struct jobs_file {
	char name[SNAPSHOT_NAME_MAX + 1]; /* the file's, without ".conf" */
	struct jobs_patterns domains, except;
	char repository[PATH_MAX];
	/* One of the two is set. */
	char key_file[PATH_MAX];
	char passphrase_file[PATH_MAX];
	enum create_mode mode;
	bool copy;
	struct disk_cow_size cow; /* all zeros: it does not say */
	bool prunes;              /* a rule was given */
	struct keep_rules keep;
	uint64_t every_s;
	uint64_t verify_s; /* 0: never */
	bool has_window;
	unsigned int from_min, to_min; /* of the day, local time */
};

/*
 * jobs_parse() - the @len bytes of @text, a NUL behind them, as the job @name.
 * @where is what errors call the file.  -1 with ERR_INVALID, "WHERE:LINE: ...".
 */
int jobs_parse(const char *name, const char *where, const char *text,
	       size_t len, struct jobs_file *ret, struct err *err);

/* jobs_is_pattern() - does @word stand for any number of domains? */
bool jobs_is_pattern(const char *word);

/* jobs_takes() - is the domain @name one of the job's? */
bool jobs_takes(const struct jobs_file *f, const char *name);

/* jobs_names() - the same, and it is named without a wildcard: it should be
 * there. */
bool jobs_names(const struct jobs_file *f, const char *name);

#endif

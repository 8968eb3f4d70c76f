/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outcome.h - how a session ended, and the backup that it made (doc/format.md,
 * "Outcome"): to bytes and back.
 */
#ifndef XENSNAP_OUTCOME_H
#define XENSNAP_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "key.h"
#include "name.h"
#include "sha256.h"

#define SESSION_ID 16
#define HOST_ID 16
#define OUTCOME_DISKS_MAX 64
#define OUTCOME_TEXT 256
#define OUTCOME_INDEX_MAX (1u << 20)

enum outcome_what {
	OUTCOME_COMMIT = 1,
	OUTCOME_BREAK = 2,
};

enum outcome_purpose {
	PURPOSE_BACKUP = 1,
	PURPOSE_REPACK = 2,
};

/* From where a backup is. */
enum backup_from {
	FROM_SNAPSHOT = 1,
	FROM_CONFIG = 2,
	FROM_DISK = 3,
};

/* How it was found what to read of a disk. */
enum backup_how {
	HOW_WHOLE = 1,
	HOW_DATA = 2,
	HOW_CHANGES = 3,
};

/* There are tens of thousands of them in memory, and texts are short. */
struct backup_disk {
	char vdev[32];
	const char *source; /* up to TEXT_MAX; NULL counts as "" */
	char format[16];
	uint64_t bytes;
	uint8_t levels;
	uint8_t root[NAME_BYTES];
	enum backup_how how;
	const char *why; /* below OUTCOME_TEXT; so too */
	uint64_t read_bytes;
	uint64_t changed_bytes;
};

struct backup {
	char name[160];
	char domain[80];
	uint8_t uuid[16];
	uint8_t generation[16];
	uint8_t mode; /* 1 to 5 as doc/format.md says, 0: a lone disk */
	uint64_t instant;
	enum backup_from from;
	uint8_t config[NAME_BYTES];
	uint32_t config_bytes;
	uint8_t parent[SESSION_ID];
	unsigned int n_disks;
	bool memory;               /* it has one, as BACKUP_IMAGES images */
	struct backup_disk *disks; /* and behind them those */
	char *texts;               /* of one that was decoded: its disks' */
};

/* Behind the disks: where the pages of the memory are, and the rest of it
 * (memory_in.h). */
#define BACKUP_IMAGES 2u

/* backup_n_all() - how many there are of disks and images together. */
unsigned int backup_n_all(const struct backup *b);

/* backup_pages(), backup_frame() - the images of its memory, which it has. */
const struct backup_disk *backup_pages(const struct backup *b);
const struct backup_disk *backup_frame(const struct backup *b);

struct outcome {
	enum outcome_what what;
	enum outcome_purpose purpose;
	uint8_t host[HOST_ID];
	char host_name[OUTCOME_TEXT];
	uint64_t sequence;
	uint8_t previous[SHA256_BYTES];
	uint64_t ended;
	uint32_t n_index;
	uint8_t *index; /* n_index * SHA256_BYTES */
	uint64_t new_bytes;
	uint64_t stored_bytes;
	struct backup backup; /* with PURPOSE_BACKUP */
};

/* outcome_encode() - @o appended to @b; the caller asks buf_check(). */
void outcome_encode(const struct outcome *o, struct buf *b);

/*
 * outcome_decode() - the @len bytes at @p into @ret, for outcome_done().  -1
 * with ERR_CORRUPT or ERR_NOMEM; then nothing is owned.
 */
int outcome_decode(const uint8_t *p, size_t len, struct outcome *ret,
		   struct err *err);

/* outcome_done() - free what @o holds. */
void outcome_done(struct outcome *o);

#endif

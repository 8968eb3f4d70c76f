/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thin_snap.c - see thin_snap.h. */
#include "thin_snap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "buf.h"
#include "cancel.h"
#include "clock.h"
#include "fail.h"
#include "fd.h"
#include "log.h"
#include "lv_health.h"

#define MARK ".thin-"
#define MARK_BYTES 64u /* "12345 7\n" */
#define SUPERBLOCK_MAGIC 27022010u
#define WAIT_MS 1800000u
#define WAIT_STEP_MS 100u

/* ---- the mark ---- */

static int
open_root(bool make, struct err *err)
{
	const char *root = getenv("XENSNAP_ROOT");

	if (!root || !*root)
		root = "/var/lib/xensnap";
	if (make && mkdir(root, 0700) && errno != EEXIST)
		return err_set(err, fd_code(errno), errno, "make folder %s",
			       root);
	return fd_open_dir(AT_FDCWD, root, err);
}

static int
mark_name(const struct thin_snap *s, char *ret, size_t len, struct err *err)
{
	int n = snprintf(ret, len, MARK "%s", s->uuid);

	if (!s->uuid[0] || strchr(s->uuid, '/') || n < 0 || (size_t)n >= len)
		return err_set(err, ERR_STATE, 0,
			       "thin pool %s has a uuid of a kind not known",
			       s->pool);
	return 0;
}

/*
 * @root: where the metadata snapshot is, 0: we are about to take it; with the
 * transaction at which the pool is.
 */
static int
put_mark(const struct thin_snap *s, uint64_t root, struct err *err)
{
	char name[NAME_MAX], text[MARK_BYTES];
	int dir, rc;

	if (mark_name(s, name, sizeof(name), err))
		return -1;
	dir = open_root(true, err);
	if (dir < 0)
		return -1;
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n", root,
		 s->transaction);
	rc = fd_write_file(dir, name, text, strlen(text), err);
	fd_close(&dir);
	return rc;
}

/*
 * A metadata snapshot is a copy of the pool's superblock, with the transaction
 * of its time: *@ret, or 0 when there is none at @root.
 */
static int
read_transaction(const struct thin_snap *s, uint64_t root, uint64_t *ret,
		 struct err *err)
{
	uint8_t *block = NULL;
	int fd, rc = -1;
	ssize_t n;

	*ret = 0;
	if (posix_memalign((void **)&block, DM_METADATA_BLOCK,
			   DM_METADATA_BLOCK))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	fd = open(s->metadata, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		err_set(err, fd_code(errno), errno, "open %s", s->metadata);
		goto out;
	}
	n = fd_pread_full(fd, block, DM_METADATA_BLOCK,
			  root * DM_METADATA_BLOCK, err);
	if (n < 0)
		goto out;
	if (n == (ssize_t)DM_METADATA_BLOCK &&
	    le64_at(block + 32) == SUPERBLOCK_MAGIC)
		*ret = le64_at(block + 48);
	rc = 0;
out:
	fd_close(&fd);
	free(block);
	return rc;
}

/*
 * Is the metadata snapshot at @root ours?  1, 0 or -1.  One who died before he
 * could write where it is had seen that there was none right before; then it is
 * of the same transaction.
 */
static int
is_ours(const struct thin_snap *s, uint64_t root, struct err *err)
{
	char name[NAME_MAX], *text = NULL;
	uint64_t marked, of, is;
	size_t len;
	int dir, rc = -1;

	if (mark_name(s, name, sizeof(name), err))
		return -1;
	dir = open_root(false, err);
	if (dir >= 0 &&
	    fd_read_file(dir, name, MARK_BYTES, &text, &len, err) == 0) {
		if (sscanf(text, "%" SCNu64 " %" SCNu64, &marked, &of) != 2)
			rc = 0;
		else if (marked)
			rc = marked == root;
		else if (read_transaction(s, root, &is, err) == 0)
			rc = is == of;
	} else if (err->code == ERR_NOTFOUND) {
		err_clear(err);
		rc = 0;
	}
	free(text);
	fd_close(&dir);
	return rc;
}

static int
remove_mark(const struct thin_snap *s, struct err *err)
{
	char name[NAME_MAX];
	int dir, rc = 0;

	if (mark_name(s, name, sizeof(name), err))
		return -1;
	dir = open_root(false, err);
	if (dir < 0)
		return -1;
	if (unlinkat(dir, name, 0) && errno != ENOENT)
		rc = err_set(err, fd_code(errno), errno, "remove %s", name);
	fd_close(&dir);
	return rc;
}

/* ---- the pool ---- */

static int
find_metadata(struct thin_snap *s, struct err *err)
{
	struct dm_pool_table has;
	struct dm_target t;
	struct stat st;

	if (dm_table(s->pool, &t, err) || dm_pool_table(&t, &has, err))
		return err_add(err, "thin pool %s", s->pool);
	s->block_bytes = has.block_bytes;
	snprintf(s->metadata, sizeof(s->metadata), "/dev/dm-%u",
		 has.metadata_minor);
	s->lock = open(s->metadata, O_RDONLY | O_CLOEXEC);
	if (s->lock < 0)
		return err_set(err, fd_code(errno), errno, "open %s",
			       s->metadata);
	if (fstat(s->lock, &st) || !S_ISBLK(st.st_mode) ||
	    st.st_rdev != makedev(has.metadata_major, has.metadata_minor))
		return err_set(err, ERR_STATE, 0,
			       "%s is not the metadata of thin pool %s",
			       s->metadata, s->pool);
	return 0;
}

/* Where its metadata snapshot is, 0 for none; and s->transaction. */
static int
get_root(struct thin_snap *s, uint64_t *ret, struct err *err)
{
	struct dm_pool_status status;
	struct dm_target t;
	const char *fault;

	if (dm_status(s->pool, &t, err) || dm_pool_status(&t, &status, err))
		return -1;
	fault = lv_health_pool_fault(&status);
	if (fault)
		return err_set(err, ERR_STATE, 0, "thin pool %s %s", s->pool,
			       fault);
	*ret = status.held_root;
	s->transaction = status.transaction_id;
	return 0;
}

static int
lock(const struct thin_snap *s, struct err *err)
{
	uint64_t from = clock_ns();

	while (flock(s->lock, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, ERR_IO, errno, "lock %s",
				       s->metadata);
		if (cancel_check(err))
			return -1;
		if (clock_ms_since(from) > WAIT_MS)
			return err_set(err, ERR_BUSY, 0,
				       "another xensnap is at the metadata of "
				       "thin pool %s",
				       s->pool);
		clock_sleep_ms(WAIT_STEP_MS);
	}
	return 0;
}

static int
give_back(const struct thin_snap *s, struct err *err)
{
	if (dm_message(s->pool, "release_metadata_snap", err))
		return -1;
	fail_here("disk.changes.released");
	return remove_mark(s, err);
}

/* What a dead one of us left, locked: *@ret tells whether there was one. */
static int
clear_leftover(struct thin_snap *s, bool *ret, struct err *err)
{
	uint64_t root;
	int ours;

	*ret = false;
	if (get_root(s, &root, err))
		return -1;
	if (root == 0)
		return 0;
	ours = is_ours(s, root, err);
	if (ours < 0)
		return -1;
	if (ours == 0)
		return err_set(
			err, ERR_BUSY, 0,
			"thin pool %s has a metadata snapshot of another "
			"program (`dmsetup message %s 0 "
			"release_metadata_snap` releases it)",
			s->pool, s->pool);
	if (give_back(s, err))
		return -1;
	log_notice("thin pool %s had a metadata snapshot, left by a dead "
		   "process; it is released",
		   s->pool);
	*ret = true;
	return 0;
}

static int
begin(const struct dm_dev *pool, struct thin_snap *s, struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->lock = -1;
	memcpy(s->pool, pool->name, sizeof(s->pool));
	memcpy(s->uuid, pool->uuid, sizeof(s->uuid));
	return find_metadata(s, err);
}

static int
reserve(struct thin_snap *s, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (put_mark(s, 0, err))
		return -1;
	fail_here("disk.changes.marked");
	if (dm_message(s->pool, "reserve_metadata_snap", err)) {
		if (remove_mark(s, &ignored))
			log_warning("%s", ignored.text);
		return -1;
	}
	fail_here("disk.changes.reserved");
	if (get_root(s, &s->root, err) == 0 && s->root &&
	    put_mark(s, s->root, err) == 0)
		return 0;
	if (err->code == ERR_NONE)
		err_set(err, ERR_STATE, 0,
			"thin pool %s does not show its metadata snapshot",
			s->pool);
	if (give_back(s, &ignored))
		err_more(err, "and it was left: %s", ignored.text);
	return -1;
}

int
thin_snap_take(const struct dm_dev *pool, struct thin_snap *ret,
	       struct err *err)
{
	bool was;

	if (begin(pool, ret, err) == 0 && lock(ret, err) == 0 &&
	    clear_leftover(ret, &was, err) == 0 && reserve(ret, err) == 0)
		return 0;
	fd_close(&ret->lock);
	return -1;
}

void
thin_snap_release(struct thin_snap *s)
{
	struct err err = ERR_INIT;

	if (give_back(s, &err))
		log_warning("the metadata snapshot of thin pool %s is still "
			    "there: %s",
			    s->pool, err.text);
	fd_close(&s->lock);
}

/* ---- after a death ---- */

/* The pool with the uuid @uuid, unless one of us is at it now. */
static int
recover_pool(const char *uuid, bool *ret, struct err *err)
{
	struct thin_snap s;
	struct dm_dev pool;
	int rc;

	*ret = false;
	if (dm_find_uuid(uuid, &pool, err))
		return -1;
	if (!pool.exists)
		return 0;
	rc = begin(&pool, &s, err);
	if (rc == 0 && flock(s.lock, LOCK_EX | LOCK_NB) == 0) {
		rc = clear_leftover(&s, ret, err);
		/* What is there now is another's; ours was never taken. */
		if (rc && err->code == ERR_BUSY) {
			err_clear(err);
			rc = 0;
		}
		if (rc == 0 && !*ret)
			rc = remove_mark(&s, err);
	}
	fd_close(&s.lock);
	return rc;
}

static int
recover_all(DIR *dir, unsigned int *ret_n, struct err *err)
{
	struct dirent *e;
	int rc = 0;
	bool was;

	while ((e = readdir(dir))) {
		struct err one = ERR_INIT;

		if (strncmp(e->d_name, MARK, strlen(MARK)) != 0)
			continue;
		if (recover_pool(e->d_name + strlen(MARK), &was, &one)) {
			*err = one;
			rc = -1;
		} else {
			*ret_n += was;
		}
	}
	return rc;
}

int
thin_snap_recover(unsigned int *ret_n, struct err *err)
{
	int fd = open_root(false, err);
	DIR *dir;
	int rc;

	*ret_n = 0;
	if (fd < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		err_set(err, ERR_IO, errno, "read the folder of snapshots");
		fd_close(&fd);
		return -1;
	}
	rc = recover_all(dir, ret_n, err);
	closedir(dir);
	return rc;
}

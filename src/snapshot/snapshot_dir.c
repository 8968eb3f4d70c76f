/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot_dir.c - the folders in which snapshots live, and their renames.
 *
 * A folder's name is its state: NAME exists, .NAME.partial is being made,
 * .NAME.deleting is being deleted.  Each change of state is one rename and an
 * fsync of the domain's folder, so a crash leaves one state or the other.
 * A snapshot's name begins with a letter or a digit and cannot be confused
 * with the dotted ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "json.h"
#include "snapshot.h"
#include "snapshot_folder.h"

#define PARTIAL ".partial"
#define DELETING ".deleting"
#define FOLDER_MAX (SNAPSHOT_NAME_MAX + 16)

static void
folder_name(char *ret, const char *name, const char *suffix)
{
	snprintf(ret, FOLDER_MAX, ".%s%s", name, suffix);
}

static bool
exists(int dir, const char *folder)
{
	struct stat st;

	return fstatat(dir, folder, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
check_free(int dir, const char *domain, const char *name, struct err *err)
{
	char partial[FOLDER_MAX], deleting[FOLDER_MAX];

	folder_name(partial, name, PARTIAL);
	folder_name(deleting, name, DELETING);
	if (exists(dir, name))
		return err_set(err, ERR_EXISTS, 0,
			       "there is a snapshot %s@%s already; choose "
			       "another name or delete it",
			       domain, name);
	if (exists(dir, partial) || exists(dir, deleting))
		return err_set(err, ERR_STATE, 0,
			       "a dead process left %s@%s half %s; run "
			       "`xensnap recover %s`",
			       domain, name,
			       exists(dir, partial) ? "made" : "deleted",
			       domain);
	return 0;
}

int
snapshot_check_free(const char *domain, const char *name, struct err *err)
{
	int dir = snapshot_open_domain(domain, false, err);
	int rc;

	if (dir < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = check_free(dir, domain, name, err);
	fd_close(&dir);
	return rc;
}

int
snapshot_partial_path(const char *domain, const char *name, const char *file,
		      char *ret, size_t len, struct err *err)
{
	char partial[FOLDER_MAX];
	int n;

	folder_name(partial, name, PARTIAL);
	n = snprintf(ret, len, "%s/%s/%s/%s", snapshot_root(), domain, partial,
		     file);
	if (n > 0 && (size_t)n < len)
		return 0;
	return err_set(err, ERR_INVALID, 0, "the path of %s is too long", file);
}

int
snapshot_begin(const struct snapshot *s, struct err *err)
{
	char partial[FOLDER_MAX];
	int dir = snapshot_open_domain(s->domain, true, err);
	int fd = -1;

	if (dir < 0)
		return -1;
	folder_name(partial, s->name, PARTIAL);
	if (check_free(dir, s->domain, s->name, err))
		goto out;
	if (fd_make_dir(dir, partial, err) == 0)
		fd = fd_open_dir(dir, partial, err);
	/* Made, but not durable: nobody would know that it is there. */
	if (fd < 0)
		unlinkat(dir, partial, AT_REMOVEDIR);
out:
	fd_close(&dir);
	return fd;
}

/*
 * Rename a folder of @domain durably.  If it cannot be made durable it gets its
 * old name back, so that on failure nothing has happened, as far as anybody
 * can see.
 */
static int
rename_folder(const char *domain, const char *from, const char *to,
	      struct err *err)
{
	int dir = snapshot_open_domain(domain, false, err);
	int rc = -1;

	if (dir < 0)
		return -1;
	if (exists(dir, to)) {
		err_set(err, ERR_EXISTS, 0, "%s/%s is there already", domain,
			to);
		goto out;
	}
	if (renameat(dir, from, dir, to)) {
		err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno,
			"rename %s/%s to %s", domain, from, to);
		goto out;
	}
	rc = fd_sync(dir, domain, err);
	if (rc && renameat(dir, to, dir, from))
		err_more(err, "%s/%s cannot be renamed back", domain, to);
out:
	fd_close(&dir);
	return rc;
}

int
snapshot_commit(const struct snapshot *s, int dirfd, struct err *err)
{
	struct json_object *o = snapshot_to_json(s, err);
	int rc = -1;

	if (!o)
		return -1;
	if (json_write_file(dirfd, SNAPSHOT_RECORD, o, err))
		goto out;
	fail_here("commit.record");
	rc = snapshot_end_commit(s->domain, s->name, err);
	fail_here("commit.renamed");
out:
	json_object_put(o);
	return rc;
}

int
snapshot_end_commit(const char *domain, const char *name, struct err *err)
{
	char partial[FOLDER_MAX];

	folder_name(partial, name, PARTIAL);
	return rename_folder(domain, partial, name, err);
}

static int
remove_folder(const char *domain, const char *folder, struct err *err)
{
	int dir = snapshot_open_domain(domain, false, err);
	int rc;

	if (dir < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	rc = fd_remove_dir(dir, folder, err);
	fd_close(&dir);
	return rc;
}

int
snapshot_abort(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];

	folder_name(folder, name, PARTIAL);
	return remove_folder(domain, folder, err);
}

int
snapshot_end_delete(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];

	folder_name(folder, name, DELETING);
	return remove_folder(domain, folder, err);
}

static int
open_folder(const char *domain, const char *folder, struct err *err)
{
	int dir = snapshot_open_domain(domain, false, err);
	int fd = -1;

	if (dir >= 0)
		fd = fd_open_dir(dir, folder, err);
	fd_close(&dir);
	return fd;
}

static int
open_snapshot(const char *domain, const char *name, struct err *err)
{
	int fd = open_folder(domain, name, err);

	if (fd < 0 && err->code == ERR_NOTFOUND)
		err_set(err, ERR_NOTFOUND, 0,
			"there is no snapshot %s@%s; `xensnap list` shows "
			"what there is",
			domain, name);
	return fd;
}

int
snapshot_use(const char *domain, const char *name, struct err *err)
{
	int fd = open_snapshot(domain, name, err);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB)) {
		fd_close(&fd);
		err_set(err, ERR_BUSY, 0, "%s@%s is being deleted", domain,
			name);
	}
	return fd;
}

int
snapshot_use_alone(const char *domain, const char *name, struct err *err)
{
	int fd = open_snapshot(domain, name, err);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		fd_close(&fd);
		err_set(err, ERR_BUSY, 0, "%s@%s is in use", domain, name);
	}
	return fd;
}

int
snapshot_begin_delete(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];
	int fd = open_snapshot(domain, name, err);
	int rc = -1;

	if (fd < 0)
		return -1;
	folder_name(folder, name, DELETING);
	if (flock(fd, LOCK_EX | LOCK_NB))
		err_set(err, ERR_BUSY, 0,
			"%s@%s is being read by another process; nothing was "
			"deleted",
			domain, name);
	else
		rc = rename_folder(domain, name, folder, err);
	fd_close(&fd);
	return rc;
}

int
snapshot_open_deleting(const char *domain, const char *name, struct err *err)
{
	char folder[FOLDER_MAX];

	folder_name(folder, name, DELETING);
	return open_folder(domain, folder, err);
}

int
snapshot_load_dir(int dirfd, struct snapshot *ret, struct err *err)
{
	struct json_object *o = json_read_file(dirfd, SNAPSHOT_RECORD, err);
	int rc;

	if (!o)
		return -1;
	rc = snapshot_from_json(o, ret, err);
	json_object_put(o);
	return rc ? err_add(err, "read %s", SNAPSHOT_RECORD) : 0;
}

int
snapshot_load(const char *domain, const char *name, struct snapshot *ret,
	      struct err *err)
{
	int dirfd = open_snapshot(domain, name, err);
	int rc;

	if (dirfd < 0)
		return -1;
	rc = snapshot_load_dir(dirfd, ret, err);
	/* The snapshot is there: to say it is not would cost it its views. */
	if (rc && err->code == ERR_NOTFOUND)
		err->code = ERR_CORRUPT;
	if (rc == 0 &&
	    (strcmp(ret->domain, domain) != 0 || strcmp(ret->name, name) != 0))
		rc = err_set(err, ERR_CORRUPT, 0,
			     "the record in %s/%s says it is %s@%s", domain,
			     name, ret->domain, ret->name);
	fd_close(&dirfd);
	return rc;
}

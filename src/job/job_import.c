/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_import.c - an export comes back, on this host or another.
 *
 * Look at all of it (import_look.c), copy it into a partial folder and check
 * the copies (import_copy.c), and let the folder get its name: as create does
 * it, with the same journal, so that `recover` takes back what a dead import
 * left.  No domain and no disk of this host is touched.  Why what is believed
 * is: doc/decisions/0014-import.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "fail.h"
#include "fd.h"
#include "import.h"
#include "log.h"
#include "units.h"

#define NO_DOMID UINT32_MAX

/* ---- room ---- */

/* Where blocks can be shared none is taken; that only the attempt tells. */
static uint64_t
bytes_of(const struct import *x, dev_t dev)
{
	uint64_t need = 0;

	for (unsigned int i = 0; i < x->dir.n_files; i++) {
		const struct stat *st = &x->dir.files[i].st;
		uint64_t data = (uint64_t)st->st_blocks * 512;

		if (st->st_dev != dev)
			need += data < (uint64_t)st->st_size ?
					data :
					(uint64_t)st->st_size;
	}
	return need;
}

/* So that it is not told after an hour. */
static int
check_room(struct import *x, int dirfd)
{
	char need[24], room[24];
	struct statvfs fs;
	struct stat st;
	uint64_t bytes, is;

	if (fstatvfs(dirfd, &fs) || fstat(dirfd, &st))
		return err_set(x->err, ERR_IO, errno, "look at %s",
			       snapshot_root());
	bytes = bytes_of(x, st.st_dev);
	is = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes <= is)
		return 0;
	return err_set(x->err, ERR_NOSPC, 0, "it takes %s, and %s has %s left",
		       units_size(bytes, need, sizeof(need)), snapshot_root(),
		       units_size(is, room, sizeof(room)));
}

/* What is not there yet will be made. */
static int
look_for_room(struct import *x)
{
	struct err e = ERR_INIT;
	int root = fd_open_dir(AT_FDCWD, snapshot_root(), &e);
	int rc = root < 0 ? 0 : check_room(x, root);

	fd_close(&root);
	return rc;
}

/* ---- make it ---- */

static int
begin(struct import *x)
{
	static const struct xl_monitor no_monitor;
	struct domain_info info = { .domid = NO_DOMID };
	char folder[PATH_MAX];

	if (snapshot_path(x->s->domain, x->s->name, folder, sizeof(folder),
			  x->err) ||
	    import_name_copies(x, folder))
		return -1;
	strcpy(info.uuid, x->s->uuid);
	x->dirfd = snapshot_begin(x->s, x->err);
	if (x->dirfd < 0)
		return -1;
	x->begun = true;
	if (journal_begin(&x->journal, x->dirfd, x->s->generation, &info,
			  &no_monitor, x->err))
		return -1;
	fail_here("import.begun");
	return check_room(x, x->dirfd);
}

static int
commit(struct import *x)
{
	if (fd_write_file(x->dirfd, snapshot_config_file(x->s->mode), x->safe,
			  strlen(x->safe), x->err))
		return -1;
	fail_here("import.config");
	if (journal_step(&x->journal, JOURNAL_COMMIT, x->err))
		return -1;
	return snapshot_commit(x->s, x->dirfd, x->err);
}

static void
undo(struct import *x)
{
	struct err e = ERR_INIT;

	if (!x->begun)
		return;
	if (snapshot_abort(x->s->domain, x->s->name, &e) == 0) {
		err_more(x->err, "nothing was kept");
		return;
	}
	log_warning("%s", e.text);
	err_more(x->err, "not all was undone: run `xensnap recover %s`",
		 x->s->domain);
}

static int
import(struct import *x)
{
	int lock = snapshot_lock(x->s->domain, 0, x->err);
	int rc = -1;

	if (lock < 0)
		return -1;
	if (begin(x) == 0 && import_copy(x) == 0 && import_memory(x) == 0 &&
	    commit(x) == 0)
		rc = 0;
	else
		undo(x);
	snapshot_unlock(x->s->domain, &lock);
	return rc;
}

static void
done(struct import *x)
{
	journal_end(&x->journal);
	xl_header_done(&x->header);
	free(x->config_text);
	free(x->safe);
	fd_close(&x->memory);
	fd_close(&x->dirfd);
	import_dir_close(&x->dir);
	free(x);
}

int
job_import(const struct import_opts *opts, struct import_report *ret,
	   struct err *err)
{
	struct import *x = calloc(1, sizeof(*x));
	int rc = -1;

	if (!x)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memset(ret, 0, sizeof(*ret));
	x->o = opts;
	x->report = ret;
	x->s = &ret->s;
	x->err = err;
	x->dir = (struct import_dir)IMPORT_DIR_INIT;
	x->journal = (struct journal)JOURNAL_INIT;
	x->memory = x->dirfd = -1;
	if (import_look(x) == 0 && look_for_room(x) == 0)
		rc = opts->dry_run ? 0 : import(x);
	done(x);
	return rc;
}

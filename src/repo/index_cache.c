/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_cache.c - see index_cache.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "hex.h"
#include "index_cache.h"
#include "log.h"

#define FOLDER "index"
/* More come of processes that were killed or ran at once; the smallest go. */
#define FILES_MAX 32

void
index_cache_open(struct index_cache *c, int statefd)
{
	struct err why = ERR_INIT;

	if (mkdirat(statefd, FOLDER, 0700) && errno != EEXIST)
		err_set(&why, fd_code(errno), errno, "make folder " FOLDER);
	else
		c->dirfd = fd_open_dir(statefd, FOLDER, &why);
	if (c->dirfd < 0)
		log_notice("the repository's index is not kept on this host: "
			   "%s",
			   why.text);
}

void
index_cache_done(struct index_cache *c)
{
	fd_close(&c->dirfd);
	buf_done(&c->drop);
}

void
index_cache_gone(const char *file, bool damaged, void *ctx)
{
	struct index_cache *c = ctx;

	/* What took its place has no name yet. */
	if (damaged)
		unlinkat(c->dirfd, file, 0);
	else
		put_bytes(&c->drop, file, RUN_FILE);
}

/* ---- loading ---- */

struct loading {
	struct index_cache *c;
	struct index_runs *rs;
	index_use_fn *use;
	void *ctx;
	bool tidy;
	struct buf found; /* struct used_run */
};

static bool
is_name(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n == 2 * RUN_TAG && strcmp(name + n, ".run") == 0;
}

/* The run in that file, if it is ours and whole. */
static void
look(struct loading *l, const char *name)
{
	struct used_run u = { .fixed = false };
	struct err why = ERR_INIT;
	int fd = openat(l->c->dirfd, name,
			O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		/* A link would be in the way of what shall be called so. */
		if (errno == ELOOP)
			unlinkat(l->c->dirfd, name, 0);
		return;
	}
	u.run = index_run_open(fd, &why);
	if (u.run && !index_run_is_of(u.run, l->rs->repo_id))
		err_set(&why, ERR_CORRUPT, 0, "it is another repository's");
	if (u.run && why.code == ERR_NONE) {
		memcpy(u.file, name, strlen(name)); /* is_name() */
		u.uses = calloc((size_t)index_run_parts(u.run) + 1, 1);
		if (u.uses)
			put_bytes(&l->found, &u, sizeof(u));
	}
	if (why.code == ERR_CORRUPT) {
		log_info("%s/%s: %s; it goes", FOLDER, name, why.text);
		unlinkat(l->c->dirfd, name, 0);
	}
	if (!u.file[0] || !u.uses || l->found.no_room)
		used_run_free(&u);
}

static int
look_at_all(struct loading *l, struct err *err)
{
	int fd = fd_open_dir(l->c->dirfd, ".", err);
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return err_set(err, ERR_IO, errno, "list folder " FOLDER);
	}
	while ((d = readdir(dir)) != NULL)
		if (is_name(d->d_name))
			look(l, d->d_name);
	closedir(dir);
	return buf_check(&l->found, err);
}

static int
largest_first(const void *a, const void *b)
{
	uint64_t x = index_run_entries(((const struct used_run *)a)->run);
	uint64_t y = index_run_entries(((const struct used_run *)b)->run);

	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(((const struct used_run *)a)->file,
		      ((const struct used_run *)b)->file);
}

/* Of what use it is to us.  False: of none, now. */
static bool
ask(struct loading *l, struct used_run *u)
{
	struct run_part part;
	bool used = false;

	for (uint32_t i = 0; i < index_run_parts(u->run); i++) {
		index_run_part(u->run, i, &part);
		u->uses[i] = (uint8_t)l->use(part.name, l->ctx);
		used |= u->uses[i] == PART_USED;
		u->fixed |= u->uses[i] == PART_OTHER;
	}
	if (!used && !u->fixed && l->tidy)
		unlinkat(l->c->dirfd, u->file, 0);
	return used;
}

/* Take those that are @fixed, or those that are not. */
static int
take(struct loading *l, struct used_run *u, size_t n, bool fixed,
     struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct used_run one = u[i];

		if (!one.run || one.fixed != fixed)
			continue;
		memset(&u[i], 0, sizeof(u[i]));
		rc = index_runs_take(l->rs, &one, err);
	}
	return rc;
}

int
index_cache_load(struct index_cache *c, struct index_runs *rs,
		 index_use_fn *use, void *ctx, bool tidy, struct err *err)
{
	struct loading l = { .c = c, .rs = rs, .use = use };
	struct used_run *u;
	size_t n;
	int rc;

	if (c->dirfd < 0)
		return 0;
	l.ctx = ctx;
	l.tidy = tidy;
	rc = look_at_all(&l, err);
	u = (struct used_run *)(void *)l.found.data;
	n = l.found.len / sizeof(*u);
	if (n)
		qsort(u, n, sizeof(*u), largest_first);
	for (size_t i = 0; i < n; i++) {
		bool fits = rc == 0 && i < FILES_MAX;

		if (!fits && rc == 0 && tidy)
			unlinkat(c->dirfd, u[i].file, 0);
		if (!fits || !ask(&l, &u[i]))
			used_run_free(&u[i]);
	}
	if (rc == 0)
		rc = take(&l, u, n, true, err) || take(&l, u, n, false, err);
	for (size_t i = 0; i < n; i++)
		used_run_free(&u[i]);
	buf_done(&l.found);
	return rc ? -1 : 0;
}

/* ---- saving ---- */

static int
save(struct index_cache *c, struct used_run *u, struct err *err)
{
	char hex[2 * RUN_TAG + 1], name[RUN_FILE], path[64];
	int fd = index_run_fd(u->run);

	hex_text(index_run_tag(u->run), RUN_TAG, hex);
	snprintf(name, sizeof(name), "%s.run", hex);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd_sync(fd, name, err))
		return -1;
	fail_here("index.written");
	if (linkat(AT_FDCWD, path, c->dirfd, name, AT_SYMLINK_FOLLOW) &&
	    errno != EEXIST)
		return err_set(err, fd_code(errno), errno, "keep %s", name);
	fail_here("index.kept");
	snprintf(u->file, sizeof(u->file), "%s", name);
	return 0;
}

/* Is that file one that is used now? */
static bool
is_used(const struct index_runs *rs, const char *file)
{
	for (unsigned int i = 0; i < rs->parts.n; i++)
		if (strcmp(rs->parts.at[i].file, file) == 0)
			return true;
	return false;
}

void
index_cache_save(struct index_cache *c, struct index_runs *rs)
{
	struct err why = ERR_INIT;
	bool added = false;

	if (c->dirfd < 0)
		return;
	for (unsigned int i = 0; i < rs->parts.n; i++) {
		struct used_run *u = &rs->parts.at[i];

		if (u->file[0] || index_run_entries(u->run) == 0)
			continue;
		added = true;
		if (save(c, u, &why))
			goto failed;
	}
	if (added && fd_sync(c->dirfd, FOLDER, &why))
		goto failed;
	for (size_t at = 0; at < c->drop.len; at += RUN_FILE) {
		const char *file = (const char *)c->drop.data + at;

		if (!is_used(rs, file))
			unlinkat(c->dirfd, file, 0);
		fail_here("index.dropped");
	}
	c->drop.len = 0;
	return;
failed:
	log_notice("the repository's index is not kept on this host: %s",
		   why.text);
}

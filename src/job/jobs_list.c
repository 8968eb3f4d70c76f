/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_list.c - see jobs_list.h. */
#include "jobs_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

#define SUFFIX ".conf"

/* ---- files ---- */

/* "web" of "web.conf"; hidden ones, and what editors leave, are none. */
static bool
job_name(const char *file, char *ret, size_t len)
{
	size_t n = strlen(file), tail = strlen(SUFFIX);

	if (file[0] == '.' || n <= tail || strcmp(file + n - tail, SUFFIX) != 0)
		return false;
	snprintf(ret, len, "%.*s", (int)(n - tail), file);
	return true;
}

static int
read_file(int dirfd, const char *where, const char *name, struct jobs_file *ret,
	  struct err *err)
{
	const char *file = strrchr(where, '/') + 1;
	char *text;
	size_t len;
	int rc;

	if (fd_read_file(dirfd, file, JOBS_FILE_MAX, &text, &len, err))
		return err_add(err, "%s", where);
	rc = jobs_parse(name, where, text, len, ret, err);
	free(text);
	return rc;
}

static int
add_bad(struct jobs_list *l, const char *name, const struct err *bad,
	struct err *err)
{
	struct jobs_bad *more =
		reallocarray(l->bad, l->n_bad + 1, sizeof(*more));

	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	l->bad = more;
	snprintf(more[l->n_bad].name, sizeof(more->name), "%.*s",
		 SNAPSHOT_NAME_MAX, name);
	more[l->n_bad++].err = *bad;
	return 0;
}

static int
add_file(struct jobs_list *l, int dirfd, const char *dir, const char *name,
	 struct err *err)
{
	char where[PATH_MAX];
	struct err bad = ERR_INIT;
	struct jobs_file *more =
		reallocarray(l->files, l->n + 1, sizeof(*more));

	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	l->files = more;
	snprintf(where, sizeof(where), "%s/%s" SUFFIX, dir, name);
	if (read_file(dirfd, where, name, &more[l->n], &bad))
		return add_bad(l, name, &bad, err);
	l->n++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct jobs_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
read_folder(struct jobs_list *l, DIR *d, const char *dir, const char *only,
	    struct err *err)
{
	char name[NAME_MAX + 1];
	struct dirent *e;

	for (errno = 0; (e = readdir(d)); errno = 0)
		if (job_name(e->d_name, name, sizeof(name)) &&
		    (!only || strcmp(only, name) == 0) &&
		    add_file(l, dirfd(d), dir, name, err))
			return -1;
	if (errno)
		return err_set(err, ERR_IO, errno, "read folder %s", dir);
	if (l->n)
		qsort(l->files, l->n, sizeof(*l->files), by_name);
	return 0;
}

int
jobs_list(const char *dir, const char *only, struct jobs_list *ret,
	  struct err *err)
{
	DIR *d;
	int rc;

	memset(ret, 0, sizeof(*ret));
	d = opendir(dir);
	if (!d)
		return err_set(err, fd_code(errno), errno, "open folder %s",
			       dir);
	rc = read_folder(ret, d, dir, only, err);
	closedir(d);
	if (rc == 0 && ret->n + ret->n_bad == 0 && only)
		return err_set(err, ERR_NOTFOUND, 0,
			       "there is no job %s: no %s/%s" SUFFIX, only, dir,
			       only);
	return rc;
}

void
jobs_list_done(struct jobs_list *l)
{
	free(l->files);
	free(l->bad);
	memset(l, 0, sizeof(*l));
}

/* ---- domains ---- */

static int
collect(const struct domain_seen *seen, void *ctx, struct err *err)
{
	struct jobs_running *r = ctx;
	struct domain_seen *more;

	if (domain_state_is_end(seen->state))
		return 0;
	more = reallocarray(r->seen, r->n + 1, sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	r->seen = more;
	more[r->n++] = *seen;
	return 0;
}

static int
seen_by_name(const void *a, const void *b)
{
	const struct domain_seen *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void
jobs_running(struct jobs_running *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->known = domain_each(collect, ret, &ret->why) == 0;
	if (ret->n)
		qsort(ret->seen, ret->n, sizeof(*ret->seen), seen_by_name);
}

const struct domain_seen *
jobs_running_find(const struct jobs_running *r, const char *name)
{
	for (unsigned int i = 0; i < r->n; i++)
		if (strcmp(r->seen[i].name, name) == 0)
			return &r->seen[i];
	return NULL;
}

void
jobs_running_done(struct jobs_running *r)
{
	free(r->seen);
	memset(r, 0, sizeof(*r));
}

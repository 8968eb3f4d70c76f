/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_list.c - walk over what is kept, and over what was left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloned.h"
#include "fd.h"
#include "snapshot.h"

/* One folder entry, sorted by name for an order that does not change. */
struct names {
	char **name;
	size_t n;
};

static void
names_done(struct names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	l->name = NULL;
	l->n = 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
names_add(struct names *l, const char *name, struct err *err)
{
	char **more = realloc(l->name, (l->n + 1) * sizeof(*more));

	if (!more)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	l->name = more;
	l->name[l->n] = strdup(name);
	if (!l->name[l->n])
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	l->n++;
	return 0;
}

/* All entries of folder @path/@sub but . and ..; none when it is not there. */
static int
names_read(struct names *l, const char *path, const char *sub, struct err *err)
{
	char full[4096];
	struct dirent *e;
	DIR *d = NULL;
	int fd, rc = -1;

	snprintf(full, sizeof(full), "%s%s%s", path, sub ? "/" : "",
		 sub ? sub : "");
	fd = fd_open_dir(AT_FDCWD, full, err);
	if (fd < 0) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	d = fdopendir(fd);
	if (!d) {
		err_set(err, ERR_IO, errno, "read folder %s", full);
		fd_close(&fd);
		return -1;
	}
	for (errno = 0; (e = readdir(d)); errno = 0) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (names_add(l, e->d_name, err))
			goto out;
	}
	if (errno) {
		err_set(err, ERR_IO, errno, "read folder %s", full);
		goto out;
	}
	if (l->n)
		qsort(l->name, l->n, sizeof(*l->name), by_name);
	rc = 0;
out:
	closedir(d);
	return rc;
}

/* Is @text a name of ours (and not a lock, or something of somebody else)? */
static bool
is_name(const char *text)
{
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	struct err ignored = ERR_INIT;

	return !strchr(text, '@') &&
	       snapshot_split_name(text, false, domain, name, &ignored) == 0;
}

static bool
is_folder(const char *name)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", snapshot_root(), name);
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Others who only ask do not disturb us, nor we them. */
bool
snapshot_is_busy(const char *domain)
{
	char path[4096];
	bool busy;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/.lock", snapshot_root(), domain);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}

int
snapshot_domains(int (*fn)(const char *domain, void *ctx), void *ctx,
		 struct err *err)
{
	struct names l = { NULL, 0 };
	int rc = -1;
	size_t i;

	if (names_read(&l, snapshot_root(), NULL, err))
		goto out;
	for (i = 0; i < l.n; i++)
		if (is_name(l.name[i]) && is_folder(l.name[i]) &&
		    fn(l.name[i], ctx))
			goto out;
	rc = 0;
out:
	names_done(&l);
	return rc;
}

struct found {
	struct snapshot *s; /* NULL: the record is bad */
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
	struct err bad;
};

struct collection {
	struct found *found;
	size_t n;
	struct err *err;
};

static int
collect_one(struct collection *c, const char *domain, const char *name)
{
	struct found *more, *f;

	more = realloc(c->found, (c->n + 1) * sizeof(*more));
	if (!more)
		return err_set(c->err, ERR_NOMEM, 0, "out of memory");
	c->found = more;
	f = &c->found[c->n];
	memset(f, 0, sizeof(*f));
	snprintf(f->domain, sizeof(f->domain), "%s", domain);
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->s = malloc(sizeof(*f->s));
	if (!f->s)
		return err_set(c->err, ERR_NOMEM, 0, "out of memory");
	if (snapshot_load(domain, name, f->s, &f->bad)) {
		free(f->s);
		f->s = NULL;
		/* Deleted since we saw its name. */
		if (f->bad.code == ERR_NOTFOUND)
			return 0;
	}
	c->n++;
	return 0;
}

static int
collect_domain(const char *domain, void *ctx)
{
	struct collection *c = ctx;
	struct names l = { NULL, 0 };
	int rc = -1;
	size_t i;

	if (names_read(&l, snapshot_root(), domain, c->err))
		goto out;
	for (i = 0; i < l.n; i++)
		if (is_name(l.name[i]) && collect_one(c, domain, l.name[i]))
			goto out;
	rc = 0;
out:
	names_done(&l);
	return rc;
}

/* Oldest first; a record that tells no time comes before all others. */
static int
by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r = strcmp(x->s ? x->s->created : "", y->s ? y->s->created : "");

	if (r == 0)
		r = strcmp(x->domain, y->domain);
	return r ? r : strcmp(x->name, y->name);
}

int
snapshot_each(const char *domain,
	      int (*fn)(const struct snapshot *s, const char *domain,
			const char *name, const struct err *bad, void *ctx),
	      void *ctx, struct err *err)
{
	struct collection c = { NULL, 0, err };
	int rc = -1;
	size_t i;

	if (domain ? collect_domain(domain, &c) :
		     snapshot_domains(collect_domain, &c, err))
		goto out;
	if (err->code)
		goto out;
	if (c.n)
		qsort(c.found, c.n, sizeof(*c.found), by_age);
	for (i = 0; i < c.n; i++) {
		struct found *f = &c.found[i];

		if (fn(f->s, f->domain, f->name, f->s ? NULL : &f->bad, ctx))
			goto out;
	}
	rc = 0;
out:
	for (i = 0; i < c.n; i++)
		free(c.found[i].s);
	free(c.found);
	return rc;
}

/* ".NAME.partial" and ".NAME.deleting" into NAME and what it is. */
static bool
is_leftover(const char *folder, enum snapshot_leftover *kind, char *name)
{
	static const char *const suffixes[] = {
		[SNAPSHOT_PARTIAL] = ".partial",
		[SNAPSHOT_DELETING] = ".deleting",
	};
	size_t len = strlen(folder), i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t tail = strlen(suffixes[i]);

		if (folder[0] != '.' || len <= tail + 1 ||
		    len - tail - 1 > SNAPSHOT_NAME_MAX ||
		    strcmp(folder + len - tail, suffixes[i]) != 0)
			continue;
		memcpy(name, folder + 1, len - tail - 1);
		name[len - tail - 1] = '\0';
		*kind = (enum snapshot_leftover)i;
		return is_name(name);
	}
	return false;
}

int
snapshot_leftovers(const char *domain,
		   int (*fn)(enum snapshot_leftover kind, int dirfd,
			     const char *domain, const char *name, void *ctx),
		   void *ctx, struct err *err)
{
	char path[4096], name[SNAPSHOT_NAME_MAX + 1];
	struct names l = { NULL, 0 };
	enum snapshot_leftover kind;
	int fd, rc = -1;
	size_t i;

	if (names_read(&l, snapshot_root(), domain, err))
		goto out;
	for (i = 0; i < l.n; i++) {
		if (!is_leftover(l.name[i], &kind, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", snapshot_root(),
			 domain, l.name[i]);
		fd = fd_open_dir(AT_FDCWD, path, err);
		if (fd < 0)
			goto out;
		if (fn(kind, fd, domain, name, ctx)) {
			fd_close(&fd);
			goto out;
		}
		fd_close(&fd);
	}
	rc = 0;
out:
	names_done(&l);
	return rc;
}

/* ---- at a glance ---- */

/* A domain that was being reverted: reverting.h. */
#define REVERTING ".revert"

struct looker {
	struct snapshot_glance *glance;
	struct err *err;
};

/* FNV-1a: another stamp for other names. */
static uint64_t
hash(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static int
look_at_domain(const char *domain, void *ctx)
{
	struct looker *k = ctx;
	struct snapshot_glance *g = k->glance;
	struct names l = { NULL, 0 };
	char name[SNAPSHOT_NAME_MAX + 1];
	enum snapshot_leftover kind;
	int rc = names_read(&l, snapshot_root(), domain, k->err);

	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		/* A clone has its configuration when it has its disks. */
		if (is_name(l.name[i]) ||
		    strcmp(l.name[i], CLONED_CONFIG) == 0) {
			g->stamp = hash(hash(g->stamp, domain), l.name[i]);
		} else if (is_leftover(l.name[i], &kind, name) ||
			   strcmp(l.name[i], REVERTING) == 0) {
			g->leftovers =
				hash(hash(g->leftovers + 1, domain), l.name[i]);
			g->n_leftovers++;
		}
	}
	names_done(&l);
	return rc;
}

int
snapshot_glance(struct snapshot_glance *ret, struct err *err)
{
	struct looker k = { .glance = ret, .err = err };

	memset(ret, 0, sizeof(*ret));
	ret->stamp = 1;
	return snapshot_domains(look_at_domain, &k, err) || err->code ? -1 : 0;
}

int
snapshot_glance_at(const char *domain, struct snapshot_glance *ret,
		   struct err *err)
{
	struct looker k = { .glance = ret, .err = err };

	memset(ret, 0, sizeof(*ret));
	ret->stamp = 1;
	return look_at_domain(domain, &k);
}

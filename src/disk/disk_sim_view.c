/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_sim_view.c - see disk_sim_view.h. */
#include "disk_sim_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "changes.h"
#include "disk_sim.h"
#include "disk_sim_tags.h"
#include "fd.h"
#include "sim_guest.h"
#include "view_health.h"

#define TAGS DISK_SIM_TAGS

/* Call @fn for each view; its -1 stops.  The world is locked. */
static int
each_view(int (*fn)(const char *view, const struct sim_tags *t, void *ctx,
		    struct err *err),
	  void *ctx, struct err *err)
{
	char path[SIM_PATH_MAX], view[SIM_PATH_MAX];
	struct dirent *e;
	struct sim_tags t;
	size_t len;
	DIR *dir;
	int rc = 0;

	sim_path(path, "views");
	dir = opendir(path);
	if (!dir)
		return err_set(err, ERR_IO, errno, "open %s", path);
	while (rc == 0 && (e = readdir(dir))) {
		len = strlen(e->d_name);
		if (len <= strlen(TAGS) ||
		    strcmp(e->d_name + len - strlen(TAGS), TAGS) != 0)
			continue;
		sim_path(view, "views/%.*s", (int)(len - strlen(TAGS)),
			 e->d_name);
		if (disk_sim_tags(view, &t))
			rc = fn(view, &t, ctx, err);
	}
	closedir(dir);
	return rc;
}

/* ---- room ---- */

struct room {
	char prefix[SIM_PATH_MAX];
	uint64_t used;
};

static int
add_used(const char *view, const struct sim_tags *t, void *ctx, struct err *err)
{
	struct room *r = ctx;

	(void)view;
	(void)err;
	if (strncmp(t->source, r->prefix, strlen(r->prefix)) == 0)
		r->used += t->cow_bytes;
	return 0;
}

static int
look_at_group(const char *group, uint64_t *ret_all, uint64_t *ret_used,
	      struct err *err)
{
	char path[SIM_PATH_MAX], text[32];
	struct room r = { .used = 0 };

	sim_path(r.prefix, "disks/%s/", group);
	if (each_view(add_used, &r, err))
		return -1;
	*ret_used = r.used;
	*ret_all = UINT64_MAX;
	sim_path(path, "groups/%s", group);
	if (sim_get(path, text, sizeof(text)))
		*ret_all = strtoull(text, NULL, 10);
	return 0;
}

int
disk_sim_room(const char *group, uint64_t *ret, struct err *err)
{
	uint64_t all, used;

	if (look_at_group(group, &all, &used, err))
		return -1;
	*ret = all > used ? all - used : 0;
	return 0;
}

/* As a thin LV's: of its pool, which is called "pool". */
static void
set_pool(struct disk *d)
{
	uint64_t data = 1 << 30, data_used = 1 << 27;
	uint64_t metadata = 1 << 24, metadata_used = 1 << 20;
	struct disk_space *s = d->spaces;
	char path[SIM_PATH_MAX], text[100];

	sim_path(path, "groups/%s.pool", d->group);
	if (sim_get(path, text, sizeof(text)))
		sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		       &data, &data_used, &metadata, &metadata_used);
	s[0].kind = DISK_SPACE_POOL_DATA;
	s[0].bytes = data;
	s[0].used = data_used;
	s[1].kind = DISK_SPACE_POOL_METADATA;
	s[1].bytes = metadata;
	s[1].used = metadata_used;
	s[1].takes = 32768;
	for (d->n_spaces = 0; d->n_spaces < 2; d->n_spaces++)
		snprintf(s[d->n_spaces].what, sizeof(s->what), "%s/pool",
			 d->group);
}

int
disk_sim_set_spaces(struct disk *d, struct err *err)
{
	struct disk_space *s = &d->spaces[0];

	if (!(d->ops->can & DISK_CAN_HOLD)) {
		set_pool(d);
		return 0;
	}
	if (look_at_group(d->group, &s->bytes, &s->used, err))
		return -1;
	s->kind = DISK_SPACE_VG;
	snprintf(s->what, sizeof(s->what), "%s", d->group);
	s->takes = d->need_bytes;
	d->n_spaces = 1;
	return 0;
}

int
disk_sim_group_free(const char *group, uint64_t *ret, struct err *err)
{
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	rc = disk_sim_room(group, ret, err);
	sim_leave(&lock);
	return rc;
}

/* ---- views ---- */

/* Holes stay holes, so that exporting has some to find. */
static int
copy_data(int from, int to, off_t size, struct err *err)
{
	static const unsigned char zeros[SIM_PAGE];
	unsigned char page[SIM_PAGE];
	uint64_t at;
	ssize_t n;

	for (at = 0; at < (uint64_t)size; at += SIM_PAGE) {
		n = fd_pread_full(from, page, sizeof(page), at, err);
		if (n < 0)
			return -1;
		if (memcmp(page, zeros, (size_t)n) != 0 &&
		    fd_pwrite_all(to, page, (size_t)n, at, err))
			return -1;
	}
	return 0;
}

int
disk_sim_copy(const char *from, const char *to, struct err *err)
{
	struct stat st;
	int in, out = -1, rc = -1;

	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &st)) {
		err_set(err, ERR_IO, errno, "open %s", from);
		goto out;
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || ftruncate(out, st.st_size)) {
		err_set(err, ERR_IO, errno, "make %s", to);
		goto out;
	}
	rc = copy_data(in, out, st.st_size, err);
out:
	fd_close(&in);
	fd_close(&out);
	return rc;
}

/* A reason out of the file NAME.@suffix, when there is one. */
static bool
spoilt(const struct disk_view_ref *ref, const char *suffix, char *why,
       size_t len)
{
	char path[SIM_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s.%s", ref->view, suffix);
	why[0] = '\0';
	if (!sim_there(path))
		return false;
	sim_get(path, why, len);
	return true;
}

static void
judge(const struct disk_view_ref *ref, struct disk_view_health *h)
{
	char why[160];
	struct sim_tags t;

	view_health_init(h);
	if (!disk_sim_tags(ref->view, &t)) {
		if (sim_there(ref->view))
			view_health_set(h, DISK_VIEW_FOREIGN,
					"another volume has its name");
		else
			view_health_set(h, DISK_VIEW_GONE,
					"its volume is gone");
		return;
	}
	if (ref->generation[0] && strcmp(t.generation, ref->generation) != 0)
		view_health_set(h, DISK_VIEW_FOREIGN,
				"its volume has the tags of another snapshot");
	if (strcmp(t.state, "view") != 0)
		view_health_set(h, DISK_VIEW_LOST,
				"it was not set to its instant");
	if (spoilt(ref, "lost", why, sizeof(why)))
		view_health_set(h, DISK_VIEW_LOST, "%s",
				why[0] ? why :
					 "its copy-on-write area ran full");
	if (spoilt(ref, "impaired", why, sizeof(why)))
		view_health_set(h, DISK_VIEW_IMPAIRED, "%s", why);
}

int
disk_sim_view_state(const struct disk_view_ref *ref,
		    struct disk_view_health *ret, struct err *err)
{
	int lock;

	if (sim_enter(&lock, err))
		return -1;
	if (sim_fault("state", NULL)) {
		sim_leave(&lock);
		return err_set(err, ERR_IO, 0, "simulated: no state");
	}
	judge(ref, ret);
	if (view_health_readable(ret) && ref->cow_bytes)
		ret->used = 0.25;
	if (view_health_readable(ret) &&
	    disk_sim_area(ref->view, 0, &ret->area, err))
		err_clear(err);
	sim_leave(&lock);
	return 0;
}

int
disk_sim_view_open(const struct disk_view_ref *ref, int *ret_fd,
		   struct err *err)
{
	struct disk_view_health h;
	int lock, rc;

	*ret_fd = -1;
	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	judge(ref, &h);
	if (sim_fault("open", NULL))
		rc = err_set(err, ERR_IO, 0, "simulated: cannot open %s",
			     ref->view);
	else
		rc = view_health_check(ref, &h, err);
	sim_leave(&lock);
	if (rc)
		return -1;
	*ret_fd = open(ref->view, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", ref->view);
	return 0;
}

int
disk_sim_view_close(const struct disk_view_ref *ref, int fd, struct err *err)
{
	struct disk_view_health h;
	int lock, rc;

	fd_close(&fd);
	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	judge(ref, &h);
	if (sim_fault("overflow", NULL))
		view_health_set(&h, DISK_VIEW_LOST,
				"its copy-on-write area ran full");
	rc = view_health_recheck(ref, &h, err);
	sim_leave(&lock);
	return rc;
}

static int
remove_file(const char *view, const char *suffix, struct err *err)
{
	char path[SIM_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s%s", view, suffix);
	if (unlink(path) && errno != ENOENT)
		return err_set(err, ERR_IO, errno, "remove %s", path);
	return 0;
}

int
disk_sim_view_drop(const struct disk_view_ref *ref, struct err *err)
{
	struct disk_view_health h;
	int lock, rc = 0;

	sim_slow();
	if (sim_enter(&lock, err))
		return -1;
	judge(ref, &h);
	if (h.state == DISK_VIEW_FOREIGN || h.state == DISK_VIEW_GONE)
		;
	else if (sim_fault("drop", NULL))
		rc = err_set(err, ERR_BUSY, 0, "the view %s is in use",
			     ref->view);
	else if (remove_file(ref->view, "", err) ||
		 remove_file(ref->view, ".lost", err) ||
		 remove_file(ref->view, ".impaired", err) ||
		 remove_file(ref->view, ".fill", err) ||
		 remove_file(ref->view, TAGS, err))
		rc = -1;
	sim_leave(&lock);
	return rc;
}

/* ---- what differs ---- */

int
disk_sim_changes(const struct disk_pair *pair, struct changes *ret,
		 struct err *err)
{
	unsigned char a[SIM_PAGE], b[SIM_PAGE];
	int lock;
	bool fault;

	if (sim_enter(&lock, err))
		return -1;
	fault = sim_fault("changes", NULL);
	sim_leave(&lock);
	if (fault)
		return err_set(err, ERR_STATE, 0, "simulated: no table of %s",
			       pair->base->view);
	for (uint64_t at = 0; at < ret->bytes; at += SIM_PAGE) {
		ssize_t n = fd_pread_full(pair->base_fd, a, SIM_PAGE, at, err);
		ssize_t m = fd_pread_full(pair->view_fd, b, SIM_PAGE, at, err);

		if (n < 0 || m < 0)
			return -1;
		if ((n != m || memcmp(a, b, (size_t)n) != 0) &&
		    changes_add(ret, at, SIM_PAGE, err))
			return -1;
	}
	snprintf(ret->how, sizeof(ret->how), "simulated table of %s",
		 pair->base->view);
	return 0;
}

/* ---- all of them ---- */

struct found {
	struct disk_view_ref *refs;
	char **owners;
	unsigned int n;
};

static int
add_found(const char *view, const struct sim_tags *t, void *ctx,
	  struct err *err)
{
	struct found *f = ctx;
	struct disk_view_ref *refs, *r;
	char **owners;

	if (strcmp(t->state, DISK_SIM_CLONE) == 0)
		return 0;
	refs = realloc(f->refs, (f->n + 1) * sizeof(*refs));
	if (refs)
		f->refs = refs;
	owners = realloc(f->owners, (f->n + 1) * sizeof(*owners));
	if (owners)
		f->owners = owners;
	if (!refs || !owners)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	owners[f->n] = strdup(t->owner);
	if (!owners[f->n])
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	r = &refs[f->n++];
	memset(r, 0, sizeof(*r));
	snprintf(r->driver, sizeof(r->driver), "sim");
	snprintf(r->view, sizeof(r->view), "%s", view);
	snprintf(r->source, sizeof(r->source), "%s", t->source);
	snprintf(r->generation, sizeof(r->generation), "%s", t->generation);
	r->cow_bytes = t->cow_bytes;
	return 0;
}

int
disk_sim_find_views(struct disk_view_ref **ret, char ***ret_owners,
		    unsigned int *ret_n, struct err *err)
{
	struct found f = { NULL, NULL, 0 };
	unsigned int i;
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	rc = each_view(add_found, &f, err);
	sim_leave(&lock);
	if (rc == 0 && ret_owners) {
		*ret_owners = f.owners;
	} else {
		for (i = 0; i < f.n; i++)
			free(f.owners[i]);
		free(f.owners);
	}
	if (rc) {
		free(f.refs);
		return -1;
	}
	*ret = f.refs;
	*ret_n = f.n;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk_sim_fill.c - see disk_sim_fill.h. */
#include "disk_sim_fill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "disk_sim_tags.h"
#include "disk_sim_view.h"
#include "sim_world.h"

#define EXTENT SIM_PAGE

/* ---- find ---- */

/* "DIR/disks/GROUP/NAME" */
void
disk_sim_group_of(const char *source, char *ret, size_t len)
{
	char prefix[SIM_PATH_MAX];
	const char *from;

	sim_path(prefix, "disks/");
	from = source + strlen(prefix);
	snprintf(ret, len, "%.*s", (int)strcspn(from, "/"), from);
}

static void
look_at_room(struct disk_fill *f)
{
	struct err ignored = ERR_INIT;
	char path[SIM_PATH_MAX], text[32];

	sim_path(path, "groups/%s", f->group);
	if (sim_get(path, text, sizeof(text)))
		f->group_bytes = strtoull(text, NULL, 10);
	if (disk_sim_room(f->group, &f->group_free, &ignored))
		f->group_free = 0;
}

/* The area of the file @path, of a disk of @disk_bytes. */
static void
describe_area(struct disk_fill *f, enum disk_fill_kind kind, const char *path,
	      uint64_t disk_bytes)
{
	const char *name = strrchr(path, '/') + 1;

	f->kind = kind;
	f->max_bytes = disk_bytes + EXTENT;
	snprintf(f->what, sizeof(f->what), "%.*s", (int)sizeof(f->what) - 1,
		 name);
	snprintf(f->device, sizeof(f->device), "%.*s",
		 (int)sizeof(f->device) - 1, name);
}

static bool
find_pool(struct disk_fill *all, unsigned int n, struct disk_fill *f)
{
	char what[DISK_SPACE_LEN];
	bool known = false;

	snprintf(what, sizeof(what), "%s/pool", f->group);
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(all[i].what, what) != 0)
			continue;
		all[i].n_views++;
		known = true;
	}
	if (known)
		return false;
	f[1] = f[0];
	f[0].kind = DISK_FILL_POOL_DATA;
	f[1].kind = DISK_FILL_POOL_METADATA;
	memcpy(f[0].what, what, sizeof(what));
	memcpy(f[1].what, what, sizeof(what));
	return true;
}

static void
begin(struct disk_fill *f, unsigned int ref, const char *source)
{
	memset(f, 0, sizeof(*f));
	f->ref = ref;
	f->n_views = 1;
	f->extent_bytes = EXTENT;
	disk_sim_group_of(source, f->group, sizeof(f->group));
	look_at_room(f);
}

/* The world is locked.  Returns how many there are more. */
static unsigned int
add(struct disk_fill *all, unsigned int n, const struct disk_view_ref *refs,
    unsigned int i)
{
	struct disk_fill *f = &all[n];

	if (strncmp(refs[i].driver, "sim", 3) != 0 || !sim_there(refs[i].view))
		return 0;
	begin(f, i, refs[i].source);
	if (strcmp(refs[i].driver, "sim") == 0) {
		describe_area(f, DISK_FILL_VIEW, refs[i].view, refs[i].bytes);
		return 1;
	}
	return find_pool(all, n, f) ? 2 : 0;
}

/* The same for a clone's disk: 1, or 0 when it is not there, or has none. */
static unsigned int
add_clone(struct disk_fill *f, const struct disk_clone *clones, unsigned int i)
{
	const struct disk_clone *c = &clones[i];
	struct sim_tags t;

	if (strcmp(c->driver, "sim") != 0 || !sim_there(c->path) ||
	    !disk_sim_tags(c->path, &t) || strcmp(t.generation, c->token) != 0)
		return 0;
	begin(f, i, t.source);
	describe_area(f, DISK_FILL_CLONE, c->path, c->bytes);
	return 1;
}

int
disk_sim_fill_find(const struct disk_fill_want *w, struct disk_fill **ret,
		   unsigned int *ret_n, struct err *err)
{
	size_t most = 2 * (size_t)w->n_views + w->n_clones;
	struct disk_fill *all = calloc(most + 1, sizeof(*all));
	unsigned int k = 0;
	int lock;

	if (!all)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (sim_enter(&lock, err)) {
		free(all);
		return -1;
	}
	for (unsigned int i = 0; i < w->n_views; i++)
		k += add(all, k, w->views, i);
	for (unsigned int i = 0; i < w->n_clones; i++)
		k += add_clone(&all[k], w->clones, i);
	sim_leave(&lock);
	*ret = all;
	*ret_n = k;
	return 0;
}

/* ---- read ---- */

static int
read_area(struct disk_fill *f, struct err *err)
{
	char path[SIM_PATH_MAX], mark[SIM_PATH_MAX + 8], text[32];

	sim_path(path, "views/%s", f->device);
	if (!sim_there(path)) {
		f->state = DISK_FILL_IDLE;
		return 0;
	}
	if (disk_sim_area(path, 0, &f->bytes, err))
		return -1;
	snprintf(mark, sizeof(mark), "%s.open", path);
	f->open = f->kind == DISK_FILL_VIEW && sim_there(mark);
	snprintf(mark, sizeof(mark), "%s.fill", path);
	f->used = sim_get(mark, text, sizeof(text)) ? strtoull(text, NULL, 10) :
						      0;
	snprintf(mark, sizeof(mark), "%s.lost", path);
	if (f->used > f->bytes && sim_put(mark, "", err))
		return -1;
	if (sim_there(mark)) {
		f->state = DISK_FILL_LOST;
		snprintf(f->why, sizeof(f->why), "its area ran full");
	}
	return 0;
}

struct pool {
	uint64_t data, data_used, metadata, metadata_used;
};

static void
get_pool(const struct disk_fill *f, struct pool *ret)
{
	char path[SIM_PATH_MAX], text[120];

	*ret = (struct pool){ 1 << 30, 1 << 27, 1 << 24, 1 << 20 };
	sim_path(path, "groups/%s.pool", f->group);
	if (sim_get(path, text, sizeof(text)))
		sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		       &ret->data, &ret->data_used, &ret->metadata,
		       &ret->metadata_used);
}

static void
read_pool(struct disk_fill *f)
{
	bool data = f->kind == DISK_FILL_POOL_DATA;
	struct pool p;

	get_pool(f, &p);
	f->bytes = data ? p.data : p.metadata;
	f->used = data ? p.data_used : p.metadata_used;
	if (f->used < f->bytes)
		return;
	f->state = DISK_FILL_FULL;
	snprintf(f->why, sizeof(f->why), "it has run out of room");
}

/* The world is locked. */
static int
read_one(struct disk_fill *f, struct err *err)
{
	f->state = DISK_FILL_GOOD;
	f->why[0] = '\0';
	if (disk_fill_is_area(f))
		return read_area(f, err);
	read_pool(f);
	return 0;
}

int
disk_sim_fill_read(struct disk_fill *f, struct err *err)
{
	int lock, rc;

	if (sim_enter(&lock, err))
		return -1;
	rc = sim_fault("fill", f->device) ?
		     err_set(err, ERR_IO, 0, "simulated: no status of %s",
			     f->what) :
		     read_one(f, err);
	sim_leave(&lock);
	return rc;
}

int
disk_sim_fill_clone(const struct disk_clone *c, struct disk_fill *ret,
		    struct err *err)
{
	int lock, r;

	if (sim_enter(&lock, err))
		return -1;
	r = (int)add_clone(ret, c, 0);
	if (r && read_one(ret, err))
		r = -1;
	sim_leave(&lock);
	return r;
}

/* ---- extend ---- */

static int
set_size(const struct disk_fill *f, uint64_t to, struct err *err)
{
	char path[SIM_PATH_MAX], text[120];
	struct pool p;
	uint64_t was;

	if (disk_fill_is_area(f)) {
		sim_path(path, "views/%s", f->device);
		return disk_sim_area(path, to, &was, err);
	}
	get_pool(f, &p);
	if (f->kind == DISK_FILL_POOL_DATA)
		p.data = to;
	else
		p.metadata = to;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", p.data,
		 p.data_used, p.metadata, p.metadata_used);
	sim_path(path, "groups/%s.pool", f->group);
	return sim_put(path, text, err);
}

static int
extend(struct disk_fill *f, uint64_t to, uint64_t reserve, struct err *err)
{
	uint64_t room, more;

	if (sim_fault("extend", f->device))
		return err_set(err, ERR_IO, 0, "simulated: lvextend of %s",
			       f->what);
	if (read_one(f, err))
		return -1;
	look_at_room(f);
	if (f->bytes >= to)
		return 0;
	room = f->group_free > reserve ? f->group_free - reserve : 0;
	room -= room % EXTENT;
	more = (to - f->bytes + EXTENT - 1) / EXTENT * EXTENT;
	if (more > room)
		more = room;
	if (more == 0)
		return err_set(err, ERR_NOSPC, 0, "group %s has no room",
			       f->group);
	if (set_size(f, f->bytes + more, err) || read_one(f, err))
		return -1;
	look_at_room(f);
	return 0;
}

int
disk_sim_fill_extend(struct disk_fill *f, uint64_t to, uint64_t reserve,
		     struct err *err)
{
	char knob[DISK_DEVICE_LEN + 16];
	unsigned int ms;
	int lock, rc;

	snprintf(knob, sizeof(knob), "extend-ms.%s", f->device);
	ms = sim_knob(knob, sim_knob("extend-ms", 0));
	if (ms)
		clock_sleep_ms(ms);
	if (sim_enter(&lock, err))
		return -1;
	rc = extend(f, to, reserve, err);
	sim_leave(&lock);
	return rc;
}

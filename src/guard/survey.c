/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * survey.c - see guard_room.h: what there is that fills up.
 *
 * By the records of snapshots and of clones; LVM is asked once for all of
 * them.  A record that cannot be read costs what it is of, and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "cloned.h"
#include "guard_room.h"
#include "log.h"

/* What is on record, and where. */
struct list {
	size_t size; /* of an item */
	void *items;
	struct gauge_place *places;
	unsigned int n, room;
};

struct records {
	struct list views;  /* of disk_view_ref */
	struct list clones; /* of disk_clone */
	unsigned int n_snapshots;
	struct err *err;
};

static int
list_add(struct list *l, const void *item, const struct gauge_place *place,
	 struct err *err)
{
	if (l->n == l->room) {
		unsigned int room = l->room ? 2 * l->room : 64;
		struct gauge_place *places;
		void *items;

		items = reallocarray(l->items, room, l->size);
		if (items)
			l->items = items;
		places = reallocarray(l->places, room, sizeof(*places));
		if (places)
			l->places = places;
		if (!items || !places)
			return err_set(err, ERR_NOMEM, 0, "out of memory");
		l->room = room;
	}
	memcpy((char *)l->items + l->n * l->size, item, l->size);
	l->places[l->n++] = *place;
	return 0;
}

static void
list_done(struct list *l)
{
	free(l->items);
	free(l->places);
}

static int
add_views(const struct snapshot *s, const char *domain, const char *name,
	  const struct err *bad, void *ctx)
{
	struct gauge_place p = { .domain = "" };
	struct records *r = ctx;

	r->n_snapshots++;
	if (bad) {
		log_info("%s@%s is not watched: %s", domain, name, bad->text);
		return 0;
	}
	memcpy(p.domain, s->domain, sizeof(p.domain));
	memcpy(p.name, s->name, sizeof(p.name));
	memcpy(p.generation, s->generation, sizeof(p.generation));
	for (unsigned int i = 0; i < s->n_disks; i++) {
		memcpy(p.vdev, s->disks[i].vdev, sizeof(p.vdev));
		if (list_add(&r->views, &s->disks[i].view, &p, r->err))
			return -1;
	}
	return 0;
}

/* Those that have an area; one that is being made has perhaps none yet. */
static int
add_disks(const struct cloned *c, struct records *r)
{
	struct gauge_place p = { .domain = "" };

	memcpy(p.domain, c->domain, sizeof(p.domain));
	memcpy(p.generation, c->uuid, sizeof(p.generation));
	for (unsigned int i = 0; i < c->n_disks; i++) {
		memcpy(p.vdev, c->disks[i].vdev, sizeof(p.vdev));
		if (c->disks[i].disk.cow_bytes &&
		    list_add(&r->clones, &c->disks[i].disk, &p, r->err))
			return -1;
	}
	return 0;
}

static int
add_clone(const char *domain, void *ctx)
{
	struct records *r = ctx;
	struct cloned *c = calloc(1, sizeof(*c));
	struct err e = ERR_INIT;
	int is, rc = 0;

	if (!c)
		return err_set(r->err, ERR_NOMEM, 0, "out of memory");
	is = cloned_read(domain, c, &e);
	if (is < 0)
		log_info("clone %s is not watched: %s", domain, e.text);
	else if (is > 0)
		rc = add_disks(c, r);
	free(c);
	return rc;
}

static int
read_records(struct records *r)
{
	if (snapshot_each(NULL, add_views, r, r->err) || r->err->code ||
	    snapshot_domains(add_clone, r, r->err) || r->err->code)
		return -1;
	return 0;
}

int
gauges_survey(void *arg, struct buf *ret, struct err *err)
{
	struct records r = {
		.views = { .size = sizeof(struct disk_view_ref) },
		.clones = { .size = sizeof(struct disk_clone) },
		.err = err,
	};
	struct disk_fill_want want;
	struct disk_fill *fills = NULL;
	unsigned int n = 0;
	int rc = -1;

	(void)arg;
	if (read_records(&r))
		goto out;
	want = (struct disk_fill_want){ r.views.items, r.views.n,
					r.clones.items, r.clones.n };
	if (r.views.n + r.clones.n && disk_fill_find(&want, &fills, &n, err))
		goto out;
	put_u32(ret, r.n_snapshots);
	for (unsigned int i = 0; i < n; i++) {
		const struct list *l =
			fills[i].kind == DISK_FILL_CLONE ? &r.clones : &r.views;

		put_bytes(ret, &fills[i], sizeof(fills[i]));
		put_bytes(ret, &l->places[fills[i].ref], sizeof(l->places[0]));
	}
	rc = 0;
out:
	free(fills);
	list_done(&r.views);
	list_done(&r.clones);
	return rc;
}

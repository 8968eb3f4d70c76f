/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_diff.c - what differs between two snapshots: for each disk ask the
 * storage where to look, and compare the two views there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "held.h"
#include "job.h"
#include "text.h"

struct diffing {
	const struct diff_opts *o;
	struct held a, b;
	struct diff_report *report;
	struct err *err;
};

/* One disk of both. */
struct pair {
	const struct snapshot_disk *a, *b;
	struct disk_changes changes;
	bool found; /* they say where to look */
};

static uint64_t
min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- where to look ---- */

static void
ask_tables(const struct diffing *x, struct pair *p, struct diff_disk *ret)
{
	bool a_first = strcmp(x->a.s.created, x->b.s.created) <= 0;
	const struct disk_view_ref *older = &(a_first ? p->a : p->b)->view;
	const struct disk_view_ref *newer = &(a_first ? p->b : p->a)->view;
	struct err why = ERR_INIT;
	const char *how = p->changes.how;

	if (strcmp(older->generation, newer->generation) == 0) {
		how = "it is the very same view";
		p->found = true;
	} else if (strcmp(older->source, newer->source) != 0) {
		how = "they are of different disks";
	} else if (disk_view_is_copy(older) || disk_view_is_copy(newer)) {
		how = "a copy has no table of what changed";
	} else if (disk_changes(older, newer, -1, &p->changes, &why)) {
		how = why.text;
	} else {
		p->found = true;
	}
	snprintf(ret->how, sizeof(ret->how), "%.*s",
		 (int)text_cut(how, sizeof(ret->how) - 1), how);
	ret->by_table = p->found;
}

/* ---- what is there ---- */

static int
tell(const struct diffing *x, struct diff_disk *d, uint64_t offset,
     uint64_t bytes)
{
	d->n_ranges++;
	d->differ_bytes += bytes;
	return x->o->range ? x->o->range(d->vdev, offset, bytes,
					 x->o->range_ctx, x->err) :
			     0;
}

/* Nothing is read: all that the tables name, or all there is. */
static int
trust(const struct diffing *x, const struct pair *p, struct diff_disk *d)
{
	uint64_t all = max(d->a_bytes, d->b_bytes);

	if (!p->found)
		return all ? tell(x, d, 0, all) : 0;
	for (uint64_t i = 0; i < p->changes.n; i++)
		if (tell(x, d, p->changes.e[i].offset, p->changes.e[i].bytes))
			return -1;
	return 0;
}

/* The ranges, up to byte @end. */
static size_t
cut(struct disk_changes *c, uint64_t end)
{
	size_t n = 0;

	while (n < c->n && c->e[n].offset < end) {
		c->e[n].bytes = min(c->e[n].bytes, end - c->e[n].offset);
		n++;
	}
	return n;
}

static int
compare_open(const struct diffing *x, struct pair *p, int a, int b,
	     struct diff_disk *d)
{
	uint64_t both = min(d->a_bytes, d->b_bytes);
	uint64_t all = max(d->a_bytes, d->b_bytes);
	struct disk_extent none = { .bytes = 0 };
	struct differ t = {
		.what = d->vdev,
		.a = a,
		.b = b,
		.bytes = both,
		.range = x->o->range,
		.range_ctx = x->o->range_ctx,
		.progress = x->o->progress,
		.progress_ctx = x->o->progress_ctx,
	};
	struct differ_count n;

	if (p->found) {
		t.n_ranges = cut(&p->changes, both);
		t.ranges = t.n_ranges ? p->changes.e : &none;
	}
	if (differ_run(&t, &n, x->err))
		return -1;
	d->n_ranges = n.n;
	d->differ_bytes = n.bytes;
	d->read_bytes = n.read;
	return both < all ? tell(x, d, both, all - both) : 0;
}

static int
compare(const struct diffing *x, struct pair *p, struct diff_disk *d)
{
	struct err *err = x->err;
	int a, b, rc;

	if (disk_view_open(&p->a->view, &a, err))
		return err_add(err, "disk %s of %s", d->vdev, x->a.s.name);
	if (disk_view_open(&p->b->view, &b, err)) {
		struct err more = ERR_INIT;

		disk_view_close(&p->a->view, a, &more);
		return err_add(err, "disk %s of %s", d->vdev, x->b.s.name);
	}
	rc = compare_open(x, p, a, b, d);
	/* A view that was lost meanwhile says so at its end. */
	if (disk_view_close(&p->a->view, a, err))
		rc = -1;
	if (disk_view_close(&p->b->view, b, err))
		rc = -1;
	return rc;
}

/* ---- the job ---- */

static int
diff_disk(struct diffing *x, const struct snapshot_disk *any)
{
	struct diff_report *r = x->report;
	struct diff_disk *d = &r->disks[r->n_disks++];
	struct pair p = {
		.a = snapshot_find_disk(&x->a.s, any->vdev),
		.b = snapshot_find_disk(&x->b.s, any->vdev),
	};
	int rc;

	strcpy(d->vdev, any->vdev);
	strcpy(d->format, any->format);
	d->in_a = p.a != NULL;
	d->in_b = p.b != NULL;
	if (!p.a || !p.b) {
		r->same = false;
		return 0;
	}
	d->a_bytes = p.a->view.bytes;
	d->b_bytes = p.b->view.bytes;
	disk_look_begin();
	ask_tables(x, &p, d);
	rc = x->o->tables ? trust(x, &p, d) : compare(x, &p, d);
	disk_look_end();
	if (d->differ_bytes)
		r->same = false;
	disk_changes_done(&p.changes);
	return rc;
}

static int
diff_all(struct diffing *x)
{
	const char *vdev = x->o->vdev;

	for (unsigned int i = 0; i < x->a.s.n_disks; i++) {
		const struct snapshot_disk *d = &x->a.s.disks[i];

		if ((!vdev || strcmp(d->vdev, vdev) == 0) && diff_disk(x, d))
			return -1;
	}
	for (unsigned int i = 0; i < x->b.s.n_disks; i++) {
		const struct snapshot_disk *d = &x->b.s.disks[i];

		if ((!vdev || strcmp(d->vdev, vdev) == 0) &&
		    !snapshot_find_disk(&x->a.s, d->vdev) && diff_disk(x, d))
			return -1;
	}
	if (vdev && x->report->n_disks == 0)
		return err_set(x->err, ERR_NOTFOUND, 0,
			       "neither of the two has a disk %s", vdev);
	return 0;
}

int
job_diff(const struct diff_opts *o, struct diff_report *ret, struct err *err)
{
	struct diffing *x = calloc(1, sizeof(*x));
	int rc = -1;

	if (!x)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memset(ret, 0, sizeof(*ret));
	ret->same = true;
	x->o = o;
	x->report = ret;
	x->err = err;
	x->b.folder = -1;
	if (held_open(&x->a, o->a->domain, o->a->name, err) == 0 &&
	    held_open(&x->b, o->b->domain, o->b->name, err) == 0)
		rc = diff_all(x);
	held_close(&x->a);
	held_close(&x->b);
	free(x);
	return rc;
}

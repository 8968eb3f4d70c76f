/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* changes.c - see changes.h. */
#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

void
changes_init(struct changes *c, uint64_t bytes)
{
	memset(c, 0, sizeof(*c));
	c->bytes = bytes;
	c->max = CHANGES_MAX;
	c->grain = 1;
	c->settled = true;
}

void
changes_done(struct changes *c)
{
	free(c->e);
	changes_init(c, c->bytes);
}

static int
grow(struct changes *c, struct err *err)
{
	size_t room = c->room ? 2 * c->room : 64;
	struct disk_extent *e;

	if (room > c->max)
		room = c->max;
	e = realloc(c->e, room * sizeof(*e));
	if (!e)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	c->e = e;
	c->room = room;
	return 0;
}

/* Coarser and coarser, until there is room for as much again. */
static void
shrink(struct changes *c)
{
	changes_settle(c, 1);
	while (c->n > c->max / 2)
		changes_settle(c, c->grain < CHANGES_GRAIN ? CHANGES_GRAIN :
							     2 * c->grain);
}

int
changes_add(struct changes *c, uint64_t offset, uint64_t bytes, struct err *err)
{
	uint64_t end = 0; /* of the last one */

	if (offset >= c->bytes || bytes == 0)
		return 0;
	if (bytes > c->bytes - offset)
		bytes = c->bytes - offset;
	if (c->n == c->max)
		shrink(c);
	if (c->n)
		end = c->e[c->n - 1].offset + c->e[c->n - 1].bytes;
	c->settled = c->settled && c->grain == 1 && (!c->n || end <= offset);
	if (c->n && end == offset) {
		c->e[c->n - 1].bytes += bytes;
		return 0;
	}
	if (c->n == c->room && grow(c, err))
		return -1;
	c->e[c->n].offset = offset;
	c->e[c->n++].bytes = bytes;
	return 0;
}

static int
by_offset(const void *a, const void *b)
{
	const struct disk_extent *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* @e widened to whole pieces of @grain, as far as the disk goes. */
static struct disk_extent
widen(const struct changes *c, const struct disk_extent *e)
{
	uint64_t end = e->offset + e->bytes, over = end % c->grain;
	struct disk_extent ret;

	ret.offset = e->offset - e->offset % c->grain;
	if (over)
		end = c->grain - over < c->bytes - end ? end + c->grain - over :
							 c->bytes;
	ret.bytes = end - ret.offset;
	return ret;
}

void
changes_settle(struct changes *c, uint64_t grain)
{
	size_t k = 0;

	if (grain > c->grain)
		c->grain = grain;
	else if (c->settled)
		return;
	if (c->n)
		qsort(c->e, c->n, sizeof(*c->e), by_offset);
	for (size_t i = 0; i < c->n; i++) {
		struct disk_extent e = widen(c, &c->e[i]);
		struct disk_extent *last = k ? &c->e[k - 1] : NULL;

		if (!last || last->offset + last->bytes < e.offset)
			c->e[k++] = e;
		else if (last->offset + last->bytes < e.offset + e.bytes)
			last->bytes = e.offset + e.bytes - last->offset;
	}
	c->n = k;
	c->settled = true;
}

bool
changes_cover(const struct changes *whole, const struct changes *part,
	      uint64_t *ret_at)
{
	size_t k = 0;

	for (size_t i = 0; i < part->n; i++) {
		const struct disk_extent *p = &part->e[i];

		while (k < whole->n &&
		       whole->e[k].offset + whole->e[k].bytes <= p->offset)
			k++;
		*ret_at = p->offset;
		if (k == whole->n || whole->e[k].offset > p->offset)
			return false;
		*ret_at = whole->e[k].offset + whole->e[k].bytes;
		if (*ret_at < p->offset + p->bytes)
			return false;
	}
	return true;
}

void
changes_take(struct changes *c, struct disk_changes *ret)
{
	changes_settle(c, 1);
	ret->n = c->n;
	ret->e = c->e;
	ret->bytes = 0;
	for (size_t i = 0; i < c->n; i++)
		ret->bytes += c->e[i].bytes;
	memcpy(ret->how, c->how, sizeof(ret->how));
	c->e = NULL;
	c->n = c->room = 0;
}

void
disk_changes_done(struct disk_changes *c)
{
	free(c->e);
	memset(c, 0, sizeof(*c));
}

/* ---- two views ---- */

int
changes_check_pair(const struct disk_view_ref *base,
		   const struct disk_view_ref *view, struct err *err)
{
	if (strcmp(base->driver, view->driver) != 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the older view %s is of another kind (%s, now "
			       "%s)",
			       base->view, base->driver, view->driver);
	if (!base->view_uuid[0] || !view->view_uuid[0] ||
	    !base->source_uuid[0] || !view->source_uuid[0] ||
	    !base->generation[0] || !view->generation[0])
		return err_set(err, ERR_STATE, 0,
			       "the records of %s and %s do not tell which "
			       "views they are",
			       base->view, view->view);
	if (strcmp(base->source_uuid, view->source_uuid) != 0)
		return err_set(err, ERR_STATE, 0,
			       "the disk %s is not the one of which the older "
			       "view %s was taken",
			       view->source, base->view);
	if (strcmp(base->view_uuid, view->view_uuid) == 0 ||
	    strcmp(base->generation, view->generation) == 0)
		return err_set(err, ERR_STATE, 0,
			       "%s and %s are of the same instant", base->view,
			       view->view);
	return 0;
}

/* Open as well: nobody can deactivate or drop it meanwhile. */
static int
open_and_ask(const struct disk_ops *ops, struct disk_pair *pair,
	     struct changes *list, struct err *err)
{
	struct err late = ERR_INIT;
	int rc;

	if (ops->view_open(pair->view, &pair->view_fd, err))
		return -1;
	rc = ops->changes(pair, list, err);
	if (ops->view_close(pair->view, pair->view_fd, &late) && rc == 0) {
		*err = late;
		rc = -1;
	}
	return rc;
}

/* Of a pair whose base is open and whose kind has tables. */
static int
ask_open(const struct disk_ops *ops, struct disk_pair *pair,
	 struct disk_changes *ret, struct err *err)
{
	uint64_t base = pair->base->bytes, view = pair->view->bytes;
	struct changes list;
	int rc;

	changes_init(&list, base > view ? base : view);
	rc = pair->view_fd < 0 ? open_and_ask(ops, pair, &list, err) :
				 ops->changes(pair, &list, err);
	if (rc == 0)
		changes_take(&list, ret);
	changes_done(&list);
	return rc;
}

static int
no_table(const struct disk_pair *pair, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "there is no table of what has changed since %s (%s)",
		       pair->base->view, pair->base->driver);
}

static int
ask(const struct disk_ops *ops, struct disk_pair *pair,
    struct disk_changes *ret, struct err *err)
{
	struct err late = ERR_INIT;
	int rc;

	if (!ops->changes)
		return no_table(pair, err);
	if (ops->view_open(pair->base, &pair->base_fd, err))
		return -1;
	rc = ask_open(ops, pair, ret, err);
	/* Lost while its table was read, it may have left out anything. */
	if (ops->view_close(pair->base, pair->base_fd, &late) && rc == 0) {
		disk_changes_done(ret);
		*err = late;
		rc = -1;
	}
	return rc;
}

int
changes_ask(const struct disk_ops *ops, struct disk_pair *pair,
	    struct disk_changes *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	return changes_check_pair(pair->base, pair->view, err) ?
		       -1 :
		       ask(ops, pair, ret, err);
}

int
changes_ask_disk(const struct disk_ops *ops, const struct disk_view_ref *base,
		 int base_fd, int disk, struct disk_changes *ret,
		 struct err *err)
{
	struct disk_view_ref itself = *base;
	struct disk_pair pair = {
		.base = base,
		.base_fd = base_fd,
		.view = &itself,
		.view_fd = disk,
		.is_disk = true,
	};

	memset(ret, 0, sizeof(*ret));
	strcpy(itself.view, base->source);
	if (!base->view_uuid[0] || !base->source_uuid[0])
		return err_set(err, ERR_STATE, 0,
			       "the record of %s does not tell which view it "
			       "is",
			       base->view);
	return ops->changes ? ask_open(ops, &pair, ret, err) :
			      no_table(&pair, err);
}

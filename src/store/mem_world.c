/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mem_world.c - see mem_world.h. */
#include "mem_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

struct mem_world *
mem_world_new(void)
{
	struct mem_world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->limit = UINT64_MAX;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void
object_free(struct mem_object *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->versions[i].data);
	free(o->versions);
	free(o);
}

void
mem_world_free(struct mem_world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		object_free(w->objects[i]);
	free(w->objects);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Where @name is, or belongs. */
static size_t
place(const struct mem_world *w, const char *name)
{
	size_t low = 0;
	size_t high = w->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(w->objects[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct mem_object *
mem_world_find(struct mem_world *w, const char *name)
{
	size_t i = place(w, name);

	if (i < w->n && strcmp(w->objects[i]->name, name) == 0)
		return w->objects[i];
	return NULL;
}

const struct mem_version *
mem_object_now(const struct mem_object *o)
{
	static const struct mem_version gone = { .there = false };

	return o ? &o->versions[o->n - 1] : &gone;
}

/* One more version of @o; -1 if there is no memory. */
static int
add_version(struct mem_object *o, const void *p, size_t len, uint64_t by)
{
	struct mem_version v = { .there = p != NULL, .len = len, .by = by };
	struct mem_version *more;

	/* One byte more: malloc(0) may be NULL. */
	v.data = malloc(len + 1);
	more = realloc(o->versions, (o->n + 1) * sizeof(v));
	if (more)
		o->versions = more;
	if (!more || !v.data) {
		free(v.data);
		return -1;
	}
	if (p && len > 0)
		memcpy(v.data, p, len);
	o->versions[o->n++] = v;
	return 0;
}

/* The object @name, new, which is on the disk as gone. */
static struct mem_object *
add_object(struct mem_world *w, const char *name)
{
	struct mem_object *o = calloc(1, sizeof(*o));
	struct mem_object **more;
	size_t at = place(w, name);

	more = realloc(w->objects, (w->n + 1) * sizeof(struct mem_object *));
	if (more)
		w->objects = more;
	if (!more || !o || add_version(o, NULL, 0, 0)) {
		if (o)
			object_free(o);
		return NULL;
	}
	snprintf(o->name, sizeof(o->name), "%s", name);
	memmove(w->objects + at + 1, w->objects + at,
		(w->n - at) * sizeof(struct mem_object *));
	w->objects[at] = o;
	w->n++;
	return o;
}

int
mem_world_change(struct mem_world *w, const char *name, const void *p,
		 size_t len, uint64_t by, struct err *err)
{
	struct mem_object *o = mem_world_find(w, name);

	if (!o)
		o = add_object(w, name);
	if (!o || add_version(o, p, len, by))
		return err_set(err, ERR_NOMEM, 0, "%s: out of memory", name);
	return 0;
}

void
mem_object_settle(struct mem_object *o, size_t keep, bool last)
{
	size_t end = last ? keep + 1 : o->n;

	for (size_t i = 0; i < o->n; i++)
		if (i < keep || i >= end)
			free(o->versions[i].data);
	memmove(o->versions, o->versions + keep,
		(end - keep) * sizeof(o->versions[0]));
	o->n = end - keep;
	o->versions[0].by = 0;
}

void
mem_world_sweep(struct mem_world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct mem_object *o = w->objects[i];

		if (o->n == 1 && !o->versions[0].there)
			object_free(o);
		else
			w->objects[n++] = o;
	}
	w->n = n;
}

uint64_t
mem_world_bytes(const struct mem_world *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->n; i++)
		sum += mem_object_now(w->objects[i])->len;
	return sum;
}

/* All versions of @from, to @w; -1 if there is no memory. */
static int
copy_object(struct mem_world *w, const struct mem_object *from)
{
	struct mem_object *o = add_object(w, from->name);

	if (!o)
		return -1;
	for (size_t i = 0; i < from->n; i++) {
		const struct mem_version *v = &from->versions[i];

		if (add_version(o, v->there ? v->data : NULL, v->len, v->by))
			return -1;
	}
	mem_object_settle(o, 1, false);
	return 0;
}

struct mem_world *
mem_world_copy(const struct mem_world *w)
{
	struct mem_world *copy = mem_world_new();

	if (!copy)
		return NULL;
	copy->handles = w->handles;
	copy->limit = w->limit;
	copy->lies = w->lies;
	copy->lists = w->lists;
	for (size_t i = 0; i < w->n; i++) {
		if (copy_object(copy, w->objects[i]) == 0)
			continue;
		mem_world_free(copy);
		return NULL;
	}
	return copy;
}

/* splitmix64, public domain. */
uint64_t
mem_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
mem_version_tear(struct mem_version *v, uint64_t *state)
{
	switch (mem_random(state) % 3) {
	case 0: /* nothing this time */
		break;
	case 1:
		v->len = mem_random(state) % (v->len + 1);
		break;
	default:
		for (size_t at = 0; at < v->len; at += SECTOR)
			if (mem_random(state) % 2)
				memset(v->data + at, 0,
				       v->len - at < SECTOR ? v->len - at :
							      SECTOR);
	}
}

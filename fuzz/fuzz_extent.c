/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_extent.c - where a file system says that it has put two files.  Two
 * bytes: the files' sizes; then extents, for the one and the other file: what
 * is free before it, how long, where (a byte each), and its flags (u32).
 *
 * A simple model, a unit at a time, says what differs: that and no more is
 * among the changes.  And extents that lie anywhere, which have the same
 * fields in eight bytes each, are refused or compared, but never beyond them.
 */
#include <stdlib.h>
#include <string.h>

#include "extent.h"
#include "fuzz.h"
#include "take.h"

#define UNIT 4096u
#define UNITS 256
#define EXTENTS_MAX 64

/* A file; of each unit, by the model: 0 zeros, 1 its own, else the place. */
struct file {
	unsigned int n;
	struct fiemap_extent e[EXTENTS_MAX];
	uint32_t unit[UNITS];
};

static int
more(void *ctx, uint64_t from, struct fiemap_extent *e, unsigned int n,
     struct err *err)
{
	const struct file *f = ctx;
	unsigned int k = 0;

	(void)err;
	for (unsigned int i = 0; i < f->n && k < n && k < 3; i++)
		if (f->e[i].fe_logical + f->e[i].fe_length > from)
			e[k++] = f->e[i];
	return (int)k;
}

static uint32_t
content(uint32_t flags, uint32_t place)
{
	static const uint32_t known =
		FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_UNWRITTEN |
		FIEMAP_EXTENT_MERGED | FIEMAP_EXTENT_SHARED;

	if (flags & ~known)
		return 1;
	if (flags & FIEMAP_EXTENT_UNWRITTEN)
		return 0;
	return (flags & FIEMAP_EXTENT_SHARED) ? place : 1;
}

/* The next extent of @f, behind those it has, and what it says of units. */
static void
take_extent(struct take *t, struct file *f, unsigned int *at)
{
	unsigned int gap = take_u8(t) % 16, len = take_u8(t) % 16 + 1;
	unsigned int place = take_u8(t) % 64 + 2;
	uint32_t flags = take_u32(t);
	struct fiemap_extent *e = &f->e[f->n];

	if (t->wrong || f->n == EXTENTS_MAX || *at + gap + len > UNITS)
		return;
	*at += gap;
	memset(e, 0, sizeof(*e));
	e->fe_logical = (uint64_t)*at * UNIT;
	e->fe_length = (uint64_t)len * UNIT;
	e->fe_physical = (uint64_t)place * UNIT;
	e->fe_flags = flags;
	f->n++;
	for (unsigned int i = 0; i < len; i++)
		f->unit[(*at)++] = content(flags, place + i);
}

static bool
differs(const struct file *b, const struct file *v, unsigned int unit)
{
	return b->unit[unit] != v->unit[unit] || b->unit[unit] == 1;
}

static void
check(const struct file *b, const struct file *v, unsigned int units,
      struct changes *c)
{
	unsigned int u = 0;

	changes_settle(c, 1);
	for (size_t i = 0; i < c->n; i++) {
		for (; u < c->e[i].offset / UNIT; u++)
			must(!differs(b, v, u));
		for (; u < (c->e[i].offset + c->e[i].bytes) / UNIT; u++)
			must(u >= units || differs(b, v, u));
	}
	for (; u < units; u++)
		must(!differs(b, v, u));
}

static void
model(struct take *t)
{
	unsigned int b_units = take_u8(t), v_units = take_u8(t), at[2] = { 0 };
	struct extent_source base = { more, NULL, (uint64_t)b_units * UNIT };
	struct extent_source view = { more, NULL, (uint64_t)v_units * UNIT };
	struct file b = { .n = 0 }, v = { .n = 0 };
	struct err err = ERR_INIT;
	struct changes c;

	while (!t->wrong && t->left) {
		take_extent(t, &b, &at[0]);
		take_extent(t, &v, &at[1]);
	}
	base.ctx = &b;
	view.ctx = &v;
	changes_init(&c, UNITS * UNIT);
	must(extent_compare(&base, &view, &c, &err) == 0);
	check(&b, &v, b_units < v_units ? b_units : v_units, &c);
	changes_done(&c);
}

static void
anywhere(struct take *t)
{
	struct file b = { .n = 0 }, v = { .n = 0 };
	struct extent_source base = { more, &b, take_u64(t) >> 40 };
	struct extent_source view = { more, &v, take_u64(t) >> 40 };
	struct err err = ERR_INIT;
	struct changes c;

	while (!t->wrong && t->left && b.n + v.n < EXTENTS_MAX) {
		struct file *f = b.n > v.n ? &v : &b;
		struct fiemap_extent *e = &f->e[f->n++];

		e->fe_logical = take_u64(t);
		e->fe_length = take_u64(t);
		e->fe_physical = take_u64(t);
		e->fe_flags = take_u32(t);
	}
	changes_init(&c, UINT64_MAX);
	if (extent_compare(&base, &view, &c, &err))
		fuzz_refused(&err, CORRUPT);
	changes_done(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct take t = take_from(p, len), same = t;

	model(&t);
	anywhere(&same);
	return 0;
}

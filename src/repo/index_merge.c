/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_merge.c - see index_merge.h. */
#include <stdlib.h>
#include <string.h>

#include "index_merge.h"

struct source {
	struct run_at at;
	const struct merge_from *from;
	struct index_entry e; /* the next one */
};

/* A heap: the source with the lowest next id is the first. */
struct heap {
	struct source *s[INDEX_MERGE_MAX];
	unsigned int n;
};

/* Of equal ids the earlier run's comes first. */
static bool
is_before(const struct source *a, const struct source *b)
{
	int c = memcmp(a->e.id, b->e.id, INDEX_ID);

	return c ? c < 0 : a->from < b->from;
}

static void
sink(struct heap *h, unsigned int i)
{
	for (;;) {
		unsigned int least = i;
		struct source *s = h->s[i];

		for (unsigned int k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < h->n && is_before(h->s[k], h->s[least]))
				least = k;
		if (least == i)
			return;
		h->s[i] = h->s[least];
		h->s[least] = s;
		i = least;
	}
}

/* Its next entry that stays: 1; 0: there is none; or -1. */
static int
advance(struct source *s, struct err *err)
{
	const struct merge_from *f = s->from;
	int r;

	for (;;) {
		r = run_at_next(&s->at, &s->e, err);
		if (r <= 0 || !f->becomes)
			return r;
		s->e.pack = s->e.pack < f->n ? f->becomes[s->e.pack] :
					       RUN_NOWHERE;
		if (s->e.pack != RUN_NOWHERE)
			return 1;
	}
}

static int
begin(struct heap *h, struct source *s, const struct merge_from *from,
      unsigned int n, struct err *err)
{
	for (unsigned int i = 0; i < n; i++) {
		int r;

		s[i].from = &from[i];
		run_at_begin(&s[i].at, from[i].run);
		r = advance(&s[i], err);
		if (r < 0)
			return -1;
		if (r > 0)
			h->s[h->n++] = &s[i];
	}
	for (unsigned int i = h->n; i-- > 0;)
		sink(h, i);
	return 0;
}

static int
merge(struct heap *h, struct run_out *o, struct err *err)
{
	while (h->n > 0) {
		int r;

		if (run_out_add(o, &h->s[0]->e, err))
			return -1;
		r = advance(h->s[0], err);
		if (r < 0)
			return -1;
		if (r == 0)
			h->s[0] = h->s[--h->n];
		sink(h, 0);
	}
	return 0;
}

struct index_run *
index_merge(int dirfd, const struct merge_from *from, unsigned int n,
	    const struct run_about *about, struct err *err)
{
	struct source *s = calloc((size_t)n + 1, sizeof(*s));
	struct run_out *o = NULL;
	struct heap h = { .n = 0 };

	if (!s) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	o = run_out_new(dirfd, err);
	if (o && (begin(&h, s, from, n, err) || merge(&h, o, err))) {
		run_out_free(o);
		o = NULL;
	}
	free(s);
	return o ? run_out_end(o, about, err) : NULL;
}

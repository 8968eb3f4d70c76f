/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan.c - see scan.h. */
#include <stdlib.h>

#include "scan.h"

/* On to the next range, at the end of one. */
static bool
begin_range(struct scan *s)
{
	if (s->at < s->end)
		return true;
	if (s->ranges) {
		if (s->range == s->n_ranges)
			return false;
		s->at = s->ranges[s->range].first * s->chunk;
		s->end = s->at + s->ranges[s->range].n * s->chunk;
	} else if (s->range == 0) {
		s->end = s->bytes;
	}
	s->range++;
	if (s->end > s->bytes)
		s->end = s->bytes;
	return s->at < s->end;
}

/* The hole at @s->at, if there is one; else data_end is set.  1: a hole. */
static int
look_for_hole(struct scan *s, struct slab *ret, struct err *err)
{
	uint64_t offset = s->at, len = 0, mask = s->chunk - 1;
	int r = reader_next_data(s->from, s->end, &offset, &len, err);

	if (r < 0)
		return -1;
	if (r == 0) {
		offset = s->end;
		len = 0;
	} else {
		s->data_end = (offset + len + mask) & ~mask;
		offset &= ~mask;
	}
	if (s->data_end > s->end)
		s->data_end = s->end;
	if (offset <= s->at)
		return 0;
	*ret = (struct slab){
		.offset = s->at,
		.len = offset - s->at,
		.hole = true,
	};
	s->at = offset;
	return 1;
}

int
scan_next(struct scan *s, struct slab *ret, struct err *err)
{
	uint64_t left;
	int r;

	if (!begin_range(s))
		return 0;
	if (s->at >= s->data_end) {
		r = look_for_hole(s, ret, err);
		if (r)
			return r;
	}
	left = (s->data_end < s->end ? s->data_end : s->end) - s->at;
	*ret = (struct slab){
		.offset = s->at,
		.len = left < s->max ? left : s->max,
	};
	s->at += ret->len;
	return 1;
}

struct map_range *
scan_ranges(const struct disk_extent *e, size_t n, uint32_t chunk,
	    size_t *ret_n, struct err *err)
{
	struct map_range *to = calloc(n + 1, sizeof(*to));
	size_t used = 0;

	if (!to) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t first = e[i].offset / chunk;
		uint64_t end = (e[i].offset + e[i].bytes + chunk - 1) / chunk;
		struct map_range *last = used ? &to[used - 1] : NULL;

		if (e[i].bytes == 0)
			continue;
		if (last && first <= last->first + last->n)
			last->n = end - last->first;
		else
			to[used++] = (struct map_range){ first, end - first };
	}
	*ret_n = used;
	return to;
}

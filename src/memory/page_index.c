/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* page_index.c - see page_index.h. */
#include "page_index.h"

#include "copy.h"
#include "fd.h"

#define EACH sizeof(uint64_t)
#define WINDOW 512u /* that are looked at, or written, at once */

int
page_index_make(int dirfd, struct page_index *ret, struct err *err)
{
	ret->n = 0;
	ret->fd = fd_open_scratch(dirfd, err);
	return ret->fd < 0 ? -1 : 0;
}

void
page_index_done(struct page_index *ix)
{
	fd_close(&ix->fd);
}

static int
put(struct page_index *ix, uint64_t first, const uint64_t *e, unsigned int n,
    struct err *err)
{
	if (fd_pwrite_all(ix->fd, e, n * EACH, first * EACH, err))
		return -1;
	if (first + n > ix->n)
		ix->n = first + n;
	return 0;
}

int
page_index_set(struct page_index *ix, const uint64_t *entries, unsigned int n,
	       uint64_t data, struct err *err)
{
	uint64_t run[WINDOW], first = 0;
	unsigned int used = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t pfn = STREAM_PFN(entries[i]);
		unsigned int type = STREAM_TYPE(entries[i]);

		if (used == WINDOW || (used && pfn != first + used)) {
			if (put(ix, first, run, used, err))
				return -1;
			used = 0;
		}
		if (used == 0)
			first = pfn;
		run[used] = STREAM_ENTRY(0, type);
		if (type < STREAM_TYPE_BARE) {
			run[used] |= data;
			data += STREAM_PAGE;
		}
		used++;
	}
	return used ? put(ix, first, run, used, err) : 0;
}

int
page_index_get(const struct page_index *ix, uint64_t first, unsigned int n,
	       uint64_t *ret, struct err *err)
{
	ssize_t got = fd_pread_full(ix->fd, ret, n * EACH, first * EACH, err);

	if (got < 0)
		return -1;
	if ((size_t)got < n * EACH)
		return err_set(err, ERR_IO, 0, "the index of pages is cut off");
	return 0;
}

/* The first one from @from on, before @end, that has data, or has none; @end
 * when there is none. */
static int
find(const struct page_index *ix, uint64_t from, uint64_t end, bool data,
     uint64_t *ret, struct err *err)
{
	uint64_t e[WINDOW];

	while (from < end) {
		uint64_t left = end - from;
		unsigned int n = left < WINDOW ? (unsigned int)left : WINDOW;

		if (page_index_get(ix, from, n, e, err))
			return -1;
		for (unsigned int i = 0; i < n; i++) {
			if (PAGE_INDEX_HAS_DATA(e[i]) != data)
				continue;
			*ret = from + i;
			return 0;
		}
		from += n;
	}
	*ret = end;
	return 0;
}

int
page_index_next(const struct page_index *ix, uint64_t end, uint64_t *first,
		uint64_t *ret_n, struct err *err)
{
	uint64_t at = *first * EACH, len = 0, to;

	if (end > ix->n)
		end = ix->n;
	while (at < end * EACH) {
		/* What was never named is a hole of the file. */
		int r = copy_next_data(ix->fd, end * EACH, &at, &len, err);

		if (r <= 0)
			return r;
		to = (at + len) / EACH;
		if (find(ix, at / EACH, to, true, first, err))
			return -1;
		if (*first < to) {
			if (find(ix, *first, end, false, &to, err))
				return -1;
			*ret_n = to - *first;
			return 1;
		}
		at = to * EACH;
	}
	return 0;
}

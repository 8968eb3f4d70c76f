/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * found.c - what an earlier boot has left on the disks.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "found.h"
#include "record.h"
#include "say.h"

#define READ_STEP 64u /* records in one read */

/* One record as it was found. */
struct found {
	struct record r;
	int whole;
};

/*
 * Which number must be in a slot if @last was the last one written?  The
 * highest n <= last with n mod disks = disk and (n / disks) mod slots = slot,
 * or 0 for a slot that was never written.
 */
static uint64_t
found_want(const struct disks *d, unsigned int disk, uint32_t slot,
	   uint64_t last)
{
	uint64_t round = (uint64_t)d->count * d->slots;
	uint64_t first = (uint64_t)slot * d->count + disk;

	if (first > last)
		return 0;
	return first + (last - first) / round * round;
}

static void
found_read(const struct disks *d, unsigned int k, struct found *f, char *mem)
{
	const struct disk *disk = &d->disk[k];
	uint32_t n;

	for (uint32_t s = 0; s < d->slots; s += n) {
		ssize_t size;

		n = d->slots - s;
		if (n > READ_STEP)
			n = READ_STEP;
		size = (ssize_t)(n * RECORD_SIZE);
		if (pread(disk->fd, mem, (size_t)size,
			  disk_slot(d, disk, 0, s)) != size)
			fatal("%s: read: %s", disk->path, strerror(errno));
		for (uint32_t i = 0; i < n; i++)
			f[s + i].whole =
				record_read(mem + i * RECORD_SIZE, &f[s + i].r);
	}
}

/* The one record with the highest number decides whose records they are. */
static const struct record *
found_last(const struct found *all, size_t count)
{
	const struct record *last = NULL;

	for (size_t i = 0; i < count; i++) {
		if (all[i].whole && (!last || all[i].r.number > last->number))
			last = &all[i].r;
	}
	return last;
}

static void
found_compare(const struct disks *d, const struct found *all,
	      const struct record *last)
{
	unsigned int missing = 0, foreign = 0, torn = 0;

	for (unsigned int k = 0; k < d->count; k++) {
		for (uint32_t s = 0; s < d->slots; s++) {
			const struct found *f = &all[k * d->slots + s];

			if (!f->whole || f->r.disk != k || f->r.slot != s)
				torn++;
			else if (f->r.instance != last->instance)
				foreign++;
			else if (f->r.number !=
				 found_want(d, k, s, last->number))
				missing++;
		}
	}
	say("found %s n=%llu boot=%08x disks=%u missing=%u foreign=%u torn=%u",
	    missing || foreign || torn ? "BROKEN" : "prefix",
	    (unsigned long long)last->number,
	    (unsigned int)(last->instance >> 32), d->count, missing, foreign,
	    torn);
}

void
found_say(const struct disks *d)
{
	struct found *all = calloc((size_t)d->count * d->slots, sizeof(*all));
	const struct record *last;
	char *mem = NULL;

	if (!all ||
	    posix_memalign((void **)&mem, RECORD_SIZE, READ_STEP * RECORD_SIZE))
		fatal("no memory");
	for (unsigned int k = 0; k < d->count; k++)
		found_read(d, k, all + k * d->slots, mem);

	last = found_last(all, (size_t)d->count * d->slots);
	if (!last)
		say("found nothing");
	else if (last->disks != d->count || last->slots != d->slots)
		say("found other disks=%u slots=%u", last->disks, last->slots);
	else
		found_compare(d, all, last);
	free(mem);
	free(all);
}

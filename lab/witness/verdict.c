/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict.c - compares disks and pattern with memory and says the verdict.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "pattern.h"
#include "record.h"
#include "say.h"
#include "verdict.h"
#include "writer.h"
#include "xenstore.h"

#define READ_STEP 64u /* records in one read */
#define DETAILS_MAX 6u

struct verdict_counts {
	unsigned int lost;    /* acknowledged, but something older is there */
	unsigned int future;  /* never issued, or by another instance */
	unsigned int torn;    /* not a whole record, or in a wrong place */
	unsigned int pattern; /* damaged pages */
	unsigned int io;      /* errors */
	const char *fs;       /* state of the first bad file system */
};

static struct disks *verdict_disks;
static uint64_t verdict_instance;
static struct verdict_counts worst = { .fs = "clean" };
static unsigned int verdict_details;

void
verdict_init(struct disks *d, uint64_t instance)
{
	verdict_disks = d;
	verdict_instance = instance;
}

static void
verdict_detail(const char *kind, const struct record *want, uint64_t pending,
	       const struct record *found)
{
	if (verdict_details++ >= DETAILS_MAX)
		return;
	say("detail kind=%s stream=%s disk=%u slot=%u want=%llu pending=%llu "
	    "found=%llu by=%08x",
	    kind, record_stream_name(want->stream), want->disk, want->slot,
	    (unsigned long long)want->number, (unsigned long long)pending,
	    (unsigned long long)found->number,
	    (unsigned int)(found->instance >> 32));
}

/*
 * @want: where the record should be and which number is acknowledged;
 * @pending: or this one; @issued: no number above this can exist.
 */
static void
verdict_record(struct verdict_counts *c, const void *block,
	       const struct record *want, uint64_t pending, uint64_t issued)
{
	struct record r;

	if (!record_read(block, &r) ||
	    (r.instance == want->instance &&
	     (r.stream != want->stream || r.disk != want->disk ||
	      r.slot != want->slot))) {
		c->torn++;
		verdict_detail("torn", want, pending, &r);
	} else if (r.instance != want->instance || r.number > issued) {
		c->future++;
		verdict_detail("future", want, pending, &r);
	} else if (r.number == want->number ||
		   (pending && r.number == pending)) {
		return;
	} else if (r.number < want->number) {
		c->lost++;
		verdict_detail("lost", want, pending, &r);
	} else {
		/* Issued, but not to this slot: it cannot be here. */
		c->torn++;
		verdict_detail("torn", want, pending, &r);
	}
}

static void
verdict_region(struct verdict_counts *c, unsigned int k, int load, char *mem)
{
	const struct disk *disk = &verdict_disks->disk[k];
	uint32_t slots = load ? verdict_disks->load_slots :
				verdict_disks->slots;
	uint32_t n;

	for (uint32_t s = 0; s < slots; s += n) {
		ssize_t size;

		n = slots - s;
		if (n > READ_STEP)
			n = READ_STEP;
		size = (ssize_t)(n * RECORD_SIZE);
		if (pread(disk->fd, mem, (size_t)size,
			  disk_slot(verdict_disks, disk, load, s)) != size) {
			say("error read disk=%u slot=%u why=%s", k, s,
			    strerror(errno));
			writer_error();
			continue;
		}
		for (uint32_t i = 0; i < n; i++) {
			const struct writer_slot *ws =
				writer_slot(k, load, s + i);
			struct record want = {
				.instance = verdict_instance,
				.number = ws->acked,
				.stream = load ? RECORD_LOAD : RECORD_ORDERED,
				.disk = k,
				.slot = s + i,
			};

			verdict_record(c, mem + i * RECORD_SIZE, &want,
				       ws->pending, writer_issued(k, load));
		}
	}
}

static void
verdict_file(struct verdict_counts *c, unsigned int k, unsigned int i,
	     char *mem)
{
	const struct file_slot *fs = files_slot(k, i);
	struct record want = {
		.instance = verdict_instance,
		.number = fs->acked.there ? fs->acked.number : 0,
		.stream = RECORD_FILE,
		.disk = k,
		.slot = i,
	};
	struct record none = { .number = 0 };
	uint64_t pending = fs->pending.number;
	int there = files_read(k, i, mem);

	if (there < 0) {
		c->torn++;
		say("detail kind=torn stream=file disk=%u slot=%u why=%s", k, i,
		    strerror(errno));
	} else if (there) {
		/* A file that memory has removed is a lost unlink. */
		if (!fs->acked.there)
			want.number = fs->acked.number;
		verdict_record(c, mem, &want, fs->pending.there ? pending : 0,
			       files_issued(k));
	} else if (fs->acked.there && !(pending && !fs->pending.there)) {
		c->lost++;
		verdict_detail("lost", &want, pending, &none);
	}
}

static void
verdict_check(struct verdict_counts *c)
{
	char *mem = NULL;

	if (posix_memalign((void **)&mem, RECORD_SIZE, READ_STEP * RECORD_SIZE))
		fatal("no memory");
	verdict_details = 0;
	disks_drop_caches();
	for (unsigned int k = 0; k < verdict_disks->count; k++) {
		const struct disk *disk = &verdict_disks->disk[k];
		const char *fs;

		verdict_region(c, k, 0, mem);
		verdict_region(c, k, 1, mem);
		for (unsigned int i = 0; disk->dir[0] && i < FILES_KEPT; i++)
			verdict_file(c, k, i, mem);
		/* Last: reading may be what finds the error. */
		fs = disk_fs_state(disk);
		if (strcmp(c->fs, "clean") == 0)
			c->fs = fs;
	}
	c->pattern = pattern_check();
	c->io = writer_errors();
	free(mem);
}

static unsigned int
verdict_max(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

static void
verdict_remember(const struct verdict_counts *c)
{
	worst.lost = verdict_max(worst.lost, c->lost);
	worst.future = verdict_max(worst.future, c->future);
	worst.torn = verdict_max(worst.torn, c->torn);
	worst.pattern = verdict_max(worst.pattern, c->pattern);
	worst.io = verdict_max(worst.io, c->io);
	if (strcmp(worst.fs, "clean") == 0)
		worst.fs = c->fs;
}

static int
verdict_broken(void)
{
	return worst.lost || worst.future || worst.torn || worst.pattern ||
	       worst.io || strcmp(worst.fs, "clean") != 0;
}

static void
verdict_say(enum gate_reason why, const struct clock_gaps *g)
{
	static const char *const since[] = {
		[GATE_NONE] = "none",     [GATE_TIMER] = "timer",
		[GATE_GAP] = "gap",       [GATE_ASKED] = "asked",
		[GATE_RESUME] = "resume", [GATE_STOP] = "stop",
	};
	char pattern[24] = "ok", io[24] = "ok", domid[16];

	if (worst.pattern)
		snprintf(pattern, sizeof(pattern), "bad%u", worst.pattern);
	if (worst.io)
		snprintf(io, sizeof(io), "bad%u", worst.io);
	xenstore_domid(domid, sizeof(domid));
	say("verdict=%s n=%llu since=%s boot=%08x disks=%u lost=%u future=%u "
	    "torn=%u pattern=%s fs=%s io=%s gap_ms=%lld tsc_noise_ms=%lld "
	    "real_jump_ms=%lld stall_ms=%lld dom=%s",
	    verdict_broken() ? "BROKEN" : "one-instant",
	    (unsigned long long)writer_acked(), since[why],
	    (unsigned int)(verdict_instance >> 32), verdict_disks->count,
	    worst.lost, worst.future, worst.torn, pattern, worst.fs, io,
	    (long long)g->gap_ms, (long long)g->noise_ms,
	    (long long)g->real_jump_ms, (long long)writer_stall_ms(), domid);
}

void
verdict_give(enum gate_reason why)
{
	struct clock_gaps g;

	do {
		struct verdict_counts c = { .fs = "clean" };

		if (why == GATE_NONE)
			why = gate_wait_parked();
		clock_settle(&g);
		gate_forget();
		/*
		 * What was taken for a mere gap may be a resume, now that
		 * all have looked; and what somebody was late to tell may
		 * have had its verdict already.
		 */
		if (g.suspended)
			why = GATE_RESUME;
		else if (why == GATE_RESUME)
			continue;
		verdict_check(&c);
		if (clock_suspended())
			gate_request(GATE_RESUME);
		verdict_remember(&c);
		verdict_say(why, &g);
		/* The check's own; but one of a suspend meanwhile stays. */
		if (!clock_suspended())
			clock_forget_gap();
		why = GATE_NONE;
	} while (gate_open());
}

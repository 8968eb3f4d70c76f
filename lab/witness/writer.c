/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writer.c - writes the records and remembers which must be there.
 *
 * Invariant: a number is noted as pending in its slot before the request is
 * issued, and as acked only after its completion was seen.  So whatever
 * moment memory is saved at, the disk holds acked or pending.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "gate.h"
#include "record.h"
#include "say.h"
#include "writer.h"

#define NAP_NS 20000000 /* nobody waits longer for the gate */
#define FORMAT_STEP 64u /* records in one write */
#define REQUESTS_MAX (1 + DISKS_MAX * 16)

/* A request that is or may be in flight. */
struct request {
	int busy;
	struct record r;
	uint64_t tsc; /* when it was issued */
	void *block;
	struct iocb cb;
};

/* One stream's rate: when the next record is due. */
struct pace {
	int64_t interval_ns; /* 0: at once */
	int64_t due_ns;
};

static struct {
	struct disks *disks;
	uint64_t instance;
	int load;
	unsigned int load_depth;
	aio_context_t aio;
	struct request request[REQUESTS_MAX];
	unsigned int requests; /* how many are used at all */
	struct writer_slot *slot[DISKS_MAX][2];
	uint64_t ordered_issued;
	uint64_t load_issued[DISKS_MAX];
	unsigned int load_in_flight[DISKS_MAX];
	struct pace ordered_pace;
	struct pace load_pace[DISKS_MAX];
} writer;

static pthread_mutex_t writer_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t writer_ordered_acked, writer_load_count;
static _Atomic int64_t writer_stall;
static atomic_uint writer_error_count;

static uint32_t
writer_slots(int load)
{
	return load ? writer.disks->load_slots : writer.disks->slots;
}

void
writer_init(struct disks *d, const struct options *o, uint64_t instance)
{
	int64_t second = 1000000000;

	writer.disks = d;
	writer.instance = instance;
	writer.load = o->load != 0;
	writer.load_depth = o->load_depth;
	writer.requests = 1 + (o->load ? d->count * o->load_depth : 0);
	writer.ordered_pace.interval_ns = o->rate ? second / o->rate : 0;

	for (unsigned int i = 0; i < writer.requests; i++) {
		if (posix_memalign(&writer.request[i].block, RECORD_SIZE,
				   RECORD_SIZE))
			fatal("no memory");
	}
	for (unsigned int k = 0; k < d->count; k++) {
		writer.load_pace[k].interval_ns =
			o->load_rate ? second / o->load_rate : 0;
		for (int load = 0; load < 2; load++) {
			writer.slot[k][load] = calloc(
				writer_slots(load), sizeof(struct writer_slot));
			if (!writer.slot[k][load])
				fatal("no memory");
		}
	}
}

static struct record
writer_record(int load, unsigned int disk, uint32_t slot, uint64_t number)
{
	return (struct record){
		.instance = writer.instance,
		.number = number,
		.stream = load ? RECORD_LOAD : RECORD_ORDERED,
		.disk = disk,
		.slot = slot,
		.disks = writer.disks->count,
		.slots = writer_slots(load),
	};
}

void
writer_format(void)
{
	void *mem = NULL;

	if (posix_memalign(&mem, RECORD_SIZE, FORMAT_STEP * RECORD_SIZE))
		fatal("no memory");
	for (unsigned int k = 0; k < writer.disks->count; k++) {
		const struct disk *disk = &writer.disks->disk[k];
		uint32_t all = writer.disks->slots + writer.disks->load_slots;
		uint32_t n;

		for (uint32_t s = 0; s < all; s += n) {
			ssize_t size;

			for (n = 0; n < FORMAT_STEP && s + n < all; n++) {
				int load = s + n >= writer.disks->slots;
				uint32_t first = load ? writer.disks->slots : 0;
				struct record r = writer_record(
					load, k, s + n - first, 0);

				record_make(&r, (char *)mem + n * RECORD_SIZE);
			}
			size = (ssize_t)(n * RECORD_SIZE);
			if (pwrite(disk->fd, mem, (size_t)size,
				   disk_slot(writer.disks, disk, 0, s)) != size)
				fatal("%s: write: %s", disk->path,
				      strerror(errno));
		}
	}
	free(mem);
}

/* Under writer_lock, as all that follows unless said otherwise. */
static void
writer_submit(struct request *q)
{
	const struct disk *disk = &writer.disks->disk[q->r.disk];
	struct iocb *list[1] = { &q->cb };
	int load = q->r.stream == RECORD_LOAD;

	memset(&q->cb, 0, sizeof(q->cb));
	q->cb.aio_data = (uint64_t)(q - writer.request);
	q->cb.aio_lio_opcode = IOCB_CMD_PWRITE;
	q->cb.aio_fildes = (uint32_t)disk->fd;
	q->cb.aio_buf = (uint64_t)(uintptr_t)q->block;
	q->cb.aio_nbytes = RECORD_SIZE;
	q->cb.aio_offset = disk_slot(writer.disks, disk, load, q->r.slot);
	q->tsc = clock_tsc();
	if (syscall(SYS_io_submit, writer.aio, 1L, list) != 1)
		fatal("%s: io_submit: %s", disk->path, strerror(errno));
}

/*
 * Issues one record, unless the gate turns out to be closed: returns 1 then.
 * The block is made before the gate is asked, so that there is next to no
 * time between its answer and the request in which a suspend could fall.
 */
static int
writer_issue(struct request *q, int load, unsigned int disk, uint64_t number)
{
	uint64_t place = load ? number : number / writer.disks->count;
	uint32_t slot = (uint32_t)(place % writer_slots(load));

	q->r = writer_record(load, disk, slot, number);
	record_make(&q->r, q->block);
	if (gate_closed())
		return 1;

	q->busy = 1;
	writer.slot[disk][load][slot].pending = number;
	if (load) {
		writer.load_issued[disk] = number;
		writer.load_in_flight[disk]++;
	} else {
		writer.ordered_issued = number;
	}
	writer_submit(q);
	return 0;
}

static void
writer_done(struct request *q, int64_t result)
{
	int load = q->r.stream == RECORD_LOAD;
	struct writer_slot *s = &writer.slot[q->r.disk][load][q->r.slot];
	int64_t took = (int64_t)(clock_tsc() - q->tsc);

	q->busy = 0;
	if (load)
		writer.load_in_flight[q->r.disk]--;
	if (took > atomic_load(&writer_stall))
		atomic_store(&writer_stall, took);
	if (result != RECORD_SIZE) {
		/* It stays pending for good: it may be there or not. */
		if (writer_errors() < 4)
			say("error write disk=%u number=%llu result=%lld",
			    q->r.disk, (unsigned long long)q->r.number,
			    (long long)result);
		writer_error();
		return;
	}
	s->acked = q->r.number;
	s->pending = 0;
	if (load)
		atomic_fetch_add(&writer_load_count, 1);
	else
		atomic_store(&writer_ordered_acked, q->r.number);
}

/* Is a record of this pace due?  If so, sets when the next one is. */
static int
writer_due(struct pace *p, int64_t now)
{
	if (p->interval_ns == 0)
		return 1;
	if (p->due_ns > now)
		return 0;
	/* After a standstill go on at the same rate, do not catch up. */
	if (now - p->due_ns > 1000000000)
		p->due_ns = now;
	p->due_ns += p->interval_ns;
	return 1;
}

static struct request *
writer_idle_load_request(unsigned int disk)
{
	for (unsigned int i = 0; i < writer.load_depth; i++) {
		struct request *q =
			&writer.request[1 + disk * writer.load_depth + i];
		struct writer_slot *s;

		if (q->busy)
			continue;
		/* A record behind by a whole round keeps its slot. */
		s = &writer.slot[disk][1][(writer.load_issued[disk] + 1) %
					  writer.disks->load_slots];
		return s->pending && writer_errors() == 0 ? NULL : q;
	}
	return NULL;
}

/*
 * Issues what is due.  Returns 1 if the gate is closed.
 */
static int
writer_issue_due(void)
{
	int64_t now = clock_ns();

	if (!writer.request[0].busy && writer_due(&writer.ordered_pace, now)) {
		uint64_t n = writer.ordered_issued + 1;

		if (writer_issue(&writer.request[0], 0,
				 (unsigned int)(n % writer.disks->count), n))
			return 1;
	}
	if (!writer.load)
		return gate_is_closed();
	for (unsigned int k = 0; k < writer.disks->count; k++) {
		struct request *q = writer_idle_load_request(k);

		if (!q || !writer_due(&writer.load_pace[k], now))
			continue;
		if (writer_issue(q, 1, k, writer.load_issued[k] + 1))
			return 1;
	}
	return gate_is_closed();
}

unsigned int
writer_pending(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < writer.requests; i++)
		n += writer.request[i].busy != 0;
	return n;
}

/* Not under writer_lock while it waits. */
static void
writer_wait(int in_flight)
{
	struct io_event ev[16];
	struct timespec nap = { .tv_nsec = NAP_NS };
	int64_t until = writer.ordered_pace.due_ns - clock_ns();
	long n;

	if (!in_flight && !writer.load && until > 0 && until < NAP_NS)
		nap.tv_nsec = until;
	if (!in_flight) {
		nanosleep(&nap, NULL);
		return;
	}
	/* EINTR: the freezer; clock.c sees that for itself. */
	n = syscall(SYS_io_getevents, writer.aio, 1L, 16L, ev, &nap);
	pthread_mutex_lock(&writer_lock);
	for (long i = 0; i < n; i++)
		writer_done(&writer.request[ev[i].data], ev[i].res);
	pthread_mutex_unlock(&writer_lock);
}

static void *
writer_thread(void *arg)
{
	(void)arg;
	for (;;) {
		unsigned int in_flight;
		int closed;

		pthread_mutex_lock(&writer_lock);
		closed = gate_is_closed() || writer_issue_due();
		in_flight = writer_pending();
		pthread_mutex_unlock(&writer_lock);

		if (closed && in_flight == 0)
			gate_park();
		else
			writer_wait(in_flight != 0);
	}
	return NULL;
}

int
writer_start(void)
{
	pthread_t t;

	writer.aio = 0;
	if (syscall(SYS_io_setup, (long)REQUESTS_MAX, &writer.aio))
		fatal("io_setup: %s", strerror(errno));
	for (unsigned int i = 0; i < writer.requests; i++) {
		if (writer.request[i].busy)
			writer_submit(&writer.request[i]);
	}
	gate_join();
	errno = pthread_create(&t, NULL, writer_thread, NULL);
	return errno ? -1 : 0;
}

const struct writer_slot *
writer_slot(unsigned int disk, int load, uint32_t slot)
{
	return &writer.slot[disk][load][slot];
}

uint64_t
writer_issued(unsigned int disk, int load)
{
	return load ? writer.load_issued[disk] : writer.ordered_issued;
}

uint64_t
writer_acked(void)
{
	return atomic_load(&writer_ordered_acked);
}

uint64_t
writer_load_acked(void)
{
	return atomic_load(&writer_load_count);
}

void
writer_error(void)
{
	atomic_fetch_add(&writer_error_count, 1);
}

unsigned int
writer_errors(void)
{
	return atomic_load(&writer_error_count);
}

int64_t
writer_stall_ms(void)
{
	return clock_tsc_ms(atomic_exchange(&writer_stall, 0));
}

void
writer_hold(void)
{
	pthread_mutex_lock(&writer_lock);
}

void
writer_release(void)
{
	pthread_mutex_unlock(&writer_lock);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clock.c - notices that the machine stood still, and for how long.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "clock.h"
#include "gate.h"

#define TICK_MS 5
#define CALIBRATE_NS 200000000
#define SLACK_NS 20000   /* the clocks' own rounding */
#define NARROW_NS 200000 /* two readings this near are exact enough */
#define NOISE_SECONDS 32

static uint64_t tsc_khz = 1;
static int64_t gap_limit_tsc; /* of the option alone */

static _Atomic uint64_t watcher_tick;
static atomic_uint watcher_ticks;
static _Atomic int64_t gap_max;
static _Atomic int64_t noise; /* second largest of noise_ring */
static atomic_uint freezes, freezes_seen;
static _Atomic int64_t boot_offset, real_offset;

/* The largest gap of each of the last seconds; only the watcher uses it. */
static int64_t noise_ring[NOISE_SECONDS];

static int64_t
clock_get(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t
clock_ns(void)
{
	return clock_get(CLOCK_MONOTONIC);
}

uint64_t
clock_tsc(void)
{
	return __rdtsc();
}

int64_t
clock_tsc_ms(int64_t tsc)
{
	return tsc / (int64_t)tsc_khz;
}

uint64_t
clock_tsc_khz(void)
{
	return tsc_khz;
}

/* How far the clock @id is ahead of MONOTONIC, from the narrowest reading. */
static int64_t
clock_offset(clockid_t id)
{
	int64_t best = 0, width = INT64_MAX;

	for (int i = 0; i < 8; i++) {
		int64_t before = clock_ns();
		int64_t other = clock_get(id);
		int64_t after = clock_ns();

		if (after - before < width) {
			width = after - before;
			best = other - before - width / 2;
		}
	}
	return best;
}

void
clock_init(unsigned int gap_ms)
{
	int64_t from = clock_get(CLOCK_MONOTONIC_RAW);
	uint64_t tsc = __rdtsc();
	int64_t ns;

	do {
		usleep(10000);
		ns = clock_get(CLOCK_MONOTONIC_RAW) - from;
	} while (ns < CALIBRATE_NS);
	tsc_khz = (__rdtsc() - tsc) * 1000 / (uint64_t)(ns / 1000);
	if (tsc_khz == 0)
		tsc_khz = 1;
	gap_limit_tsc = (int64_t)tsc_khz * gap_ms;
	atomic_store(&boot_offset, clock_offset(CLOCK_BOOTTIME));
	atomic_store(&real_offset, clock_offset(CLOCK_REALTIME));
}

/*
 * MONOTONIC is read before and after BOOTTIME: without a suspend BOOTTIME
 * minus the known offset lies between the two, however long we were not run.
 */
static int
clock_boottime_jumped(void)
{
	int64_t offset = atomic_load(&boot_offset);

	for (int i = 0; i < 4; i++) {
		int64_t before = clock_ns();
		int64_t boot = clock_get(CLOCK_BOOTTIME) - offset;
		int64_t after = clock_ns();

		if (boot < before - SLACK_NS || boot > after + SLACK_NS)
			return 1;
		if (after - before < NARROW_NS)
			return 0;
	}
	return 0;
}

int
clock_suspended(void)
{
	return atomic_load(&freezes) != atomic_load(&freezes_seen) ||
	       clock_boottime_jumped();
}

static int64_t
clock_limit(void)
{
	int64_t by_noise = 3 * atomic_load(&noise);

	return by_noise > gap_limit_tsc ? by_noise : gap_limit_tsc;
}

int
clock_watcher_late(void)
{
	int64_t late = (int64_t)(__rdtsc() - atomic_load(&watcher_tick));

	return late > clock_limit() || late < -(int64_t)tsc_khz;
}

void
clock_note_suspend(void)
{
	atomic_fetch_add(&freezes, 1);
}

void
clock_settle(struct clock_gaps *ret)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	unsigned int ticks = atomic_load(&watcher_ticks);
	unsigned int freeze;
	int64_t boot, real;

	/* Two: the first may have been under way. */
	for (int i = 0; i < 1000; i++) {
		if (atomic_load(&watcher_ticks) - ticks >= 2)
			break;
		nanosleep(&ms, NULL);
	}

	/* A freeze from here on is a new one. */
	freeze = atomic_load(&freezes);
	ret->suspended = freeze != atomic_load(&freezes_seen) ||
			 clock_boottime_jumped();
	atomic_store(&freezes_seen, freeze);
	boot = clock_offset(CLOCK_BOOTTIME);
	real = clock_offset(CLOCK_REALTIME);
	ret->boot_jump_ms =
		(boot - atomic_exchange(&boot_offset, boot)) / 1000000;
	ret->real_jump_ms =
		(real - atomic_exchange(&real_offset, real)) / 1000000;
	ret->gap_ms = clock_tsc_ms(atomic_exchange(&gap_max, 0));
	ret->noise_ms = clock_tsc_ms(atomic_load(&noise));
}

void
clock_forget_gap(void)
{
	atomic_store(&gap_max, 0);
}

/* One outlier in half a minute is not what the machine is usually like. */
static void
clock_noise_update(void)
{
	int64_t first = 0, second = 0;

	for (int i = 0; i < NOISE_SECONDS; i++) {
		if (noise_ring[i] > first) {
			second = first;
			first = noise_ring[i];
		} else if (noise_ring[i] > second) {
			second = noise_ring[i];
		}
	}
	atomic_store(&noise, second);
}

static void
clock_tick(uint64_t last, uint64_t now)
{
	static unsigned int slot;
	static uint64_t slot_since;
	int64_t gap = (int64_t)(now - last);
	int suspended;

	if (gap > atomic_load(&gap_max))
		atomic_store(&gap_max, gap);
	/* Only another physical machine's counter can be behind. */
	if (gap < 0)
		clock_note_suspend();

	suspended = clock_suspended();
	if (suspended) {
		gate_request(GATE_RESUME);
	} else if (gap > clock_limit()) {
		/* During a check it is the check itself that takes time. */
		if (!gate_is_closed())
			gate_request(GATE_GAP);
	} else if (gap > noise_ring[slot]) {
		noise_ring[slot] = gap;
	}

	if (now - slot_since > tsc_khz * 1000) {
		clock_noise_update();
		slot = (slot + 1) % NOISE_SECONDS;
		noise_ring[slot] = 0;
		slot_since = now;
	}
}

static void *
clock_watcher(void *arg)
{
	int ep = *(int *)arg;
	uint64_t last = atomic_load(&watcher_tick), now;
	struct epoll_event ev;

	for (;;) {
		/* EINTR is counted by the detector, once for both. */
		epoll_wait(ep, &ev, 1, TICK_MS);
		now = __rdtsc();
		clock_tick(last, now);
		last = now;
		/* Last, so that nobody passes the gate before it is shut. */
		atomic_store(&watcher_tick, now);
		atomic_fetch_add(&watcher_ticks, 1);
	}
	return NULL;
}

static void *
clock_freeze_detector(void *arg)
{
	int ep = *(int *)arg;
	struct epoll_event ev;

	for (;;) {
		/* Enough to note it: the watcher looks every few ms. */
		if (epoll_wait(ep, &ev, 1, -1) < 0 && errno == EINTR)
			clock_note_suspend();
	}
	return NULL;
}

int
clock_start(void)
{
	static int ep = -1;
	pthread_t t;

	if (ep < 0)
		ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		return -1;
	atomic_store(&watcher_tick, __rdtsc());
	errno = pthread_create(&t, NULL, clock_watcher, &ep);
	if (errno)
		return -1;
	errno = pthread_create(&t, NULL, clock_freeze_detector, &ep);
	return errno ? -1 : 0;
}

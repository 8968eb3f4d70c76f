/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clock.h - notices that the machine stood still, and for how long.
 *
 * Three signs, each enough by itself:
 *
 * - Freezer: Linux freezes all processes before a Xen suspend, and a process
 *   that sits in epoll_wait(2) then gets EINTR (signal(7)).  A thread that
 *   does nothing else sits there; all signals are blocked, so nothing else
 *   can interrupt it.  Sure, but only seen once that thread has run.
 * - BOOTTIME minus MONOTONIC is constant but for suspends: MONOTONIC stops.
 *   Anyone can look at any time, before anything else has run.
 * - A watcher sleeps 5 ms at a time and measures by rdtsc how late it wakes.
 *   Also sees `xl pause`, but a busy emulator looks the same.
 *
 * Life: clock_init(), clock_start(), then anything from any thread.
 */
#ifndef WITNESS_CLOCK_H
#define WITNESS_CLOCK_H

#include <stdint.h>

/* What the clocks say since the clock_settle() before. */
struct clock_gaps {
	int suspended;        /* there was a sign of a suspend */
	int64_t gap_ms;       /* largest gap of the watcher, by rdtsc */
	int64_t noise_ms;     /* what it is without suspends */
	int64_t real_jump_ms; /* CLOCK_REALTIME went ahead of MONOTONIC */
	int64_t boot_jump_ms; /* the same for CLOCK_BOOTTIME */
};

/*
 * clock_init() - calibrate the TSC (takes a fifth of a second).
 *
 * Call once, before any thread.  @gap_ms: gaps above this (and above three
 * times the noise) count as a pause.
 */
void clock_init(unsigned int gap_ms);

/*
 * clock_start() - start the watcher and the freezer's detector.
 *
 * Returns 0, or -1 with errno.
 */
int clock_start(void);

/*
 * clock_suspended() - a sign of a suspend since the last clock_settle()?
 *
 * Costs some clock_gettime(2) calls.  Returns 1 or 0.
 */
int clock_suspended(void);

/*
 * clock_watcher_late() - has the watcher not run for suspiciously long?
 */
int clock_watcher_late(void);

/*
 * clock_settle() - take note of all signs so far, begin anew.
 *
 * Waits for the watcher to have looked once more (some ms, a second at
 * most): a gap that others noticed first must be in *@ret, not in the next.
 */
void clock_settle(struct clock_gaps *ret);

/*
 * clock_forget_gap() - forget the largest gap: it was of our own making.
 */
void clock_forget_gap(void);

/*
 * clock_note_suspend() - count a suspend the caller knows of.
 */
void clock_note_suspend(void);

/*
 * clock_tsc() - the time stamp counter.
 */
uint64_t clock_tsc(void);

/*
 * clock_tsc_ms() - a difference of two of them in milliseconds.
 */
int64_t clock_tsc_ms(int64_t tsc);

/*
 * clock_tsc_khz() - what clock_init() found.
 */
uint64_t clock_tsc_khz(void);

/*
 * clock_ns() - CLOCK_MONOTONIC in nanoseconds.
 */
int64_t clock_ns(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.h - stops everything that changes disks or the pattern for a check.
 *
 * After a resume the very next write could overwrite the evidence: a record
 * that came from after the instant sits in just the slot that is written
 * next.  So every member asks gate_closed() before each change; it looks for
 * signs of a suspend itself instead of waiting to be told.
 *
 * Life: gate_init(), gate_join() in each member thread, then members call
 * gate_closed() before each change and gate_park() when they are told to
 * stop and have nothing under way.  Main waits in gate_wait_parked(), checks
 * and calls gate_open().
 */
#ifndef WITNESS_GATE_H
#define WITNESS_GATE_H

enum gate_reason {
	GATE_NONE,
	GATE_TIMER,
	GATE_GAP, /* a long gap, but no sign of a suspend */
	GATE_ASKED,
	GATE_RESUME, /* suspended and resumed, or restored */
	GATE_STOP    /* witness is ending */
};

/*
 * gate_init() - set up an open gate without members.
 *
 * Returns a file descriptor that becomes readable when the gate closes, or
 * -1 with errno.
 */
int gate_init(void);

/*
 * gate_join() - the calling thread will change things: count it as a member.
 */
void gate_join(void);

/*
 * gate_request() - close the gate because of @why.
 *
 * From any thread; does not wait.  Of several reasons the last in the enum
 * counts.
 */
void gate_request(enum gate_reason why);

/*
 * gate_closed() - may the caller go on changing things?
 *
 * Call before each change.  Looks for signs of a suspend, and waits (in
 * steps of a millisecond) while it is not known whether there was one.
 * Returns 0: go on; 1: finish what is under way, then gate_park().
 */
int gate_closed(void);

/*
 * gate_is_closed() - is the gate closed right now?  Looks for nothing.
 */
int gate_is_closed(void);

/*
 * gate_park() - wait until the gate is open again.
 *
 * The caller has nothing under way.
 */
void gate_park(void);

/*
 * gate_wait_parked() - wait until all members are parked.
 *
 * Main only.  Waits as long as it takes: a member may wait for a disk that
 * is suspended; it says so every ten seconds.  Returns the reason for which
 * the gate was closed and forgets it.
 */
enum gate_reason gate_wait_parked(void);

/*
 * gate_forget() - forget reasons that came up since gate_wait_parked().
 *
 * Main only, right after clock_settle(): the signs of one resume are seen by
 * several threads.  A later one leaves signs of its own.
 */
void gate_forget(void);

/*
 * gate_open() - let the members go on.
 *
 * Main only.  Returns 0, or 1 if a resume was noticed meanwhile: then the
 * gate is still closed and the check must be done again.
 */
int gate_open(void);

/*
 * gate_hold() / gate_release() - keep members from parking or leaving.
 *
 * For the fork() of the host test only: the child must find the lock free.
 */
void gate_hold(void);
void gate_release(void);

/*
 * gate_reset_members() - in a forked child: no member thread exists here.
 */
void gate_reset_members(void);

#endif

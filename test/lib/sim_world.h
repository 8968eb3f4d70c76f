/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_world.h - a folder that plays a Xen host, for tests.
 *
 * XENSNAP_SIM names the folder.  Everything that a host remembers is a file
 * in it, so that xensnap, its watchdog, `recover` and a test's own eyes see
 * one world, whoever of them is killed:
 *
 *   lock                      flock()ed by whoever looks or changes
 *   domains/NAME/config       KEY=VALUE lines, made by the test:
 *                               domid=1001
 *                               uuid=...
 *                               type=PVH
 *                               pages=24            of 4 KiB
 *                               live=yes            or the reason why not
 *                               save=yes            or the reason why not
 *                               disk=xvda disks/vg0/root phy rw
 *                             (the last word: rw, ro, cdrom, shared, idle: the
 *                             guest does not write to it, or qcow2: that, and
 *                             an image)
 *   domains/NAME/state        running, suspended, paused, gone, ...
 *   domains/NAME/memory       the guest's memory, see sim_guest.h
 *   domains/NAME/request      a suspend that was asked for: "unseen", or
 *                             "at NANOSECONDS" when the guest will stop then
 *   domains/NAME/saver        "PID START" of the process that saves it
 *   domains/NAME/logdirty     log-dirty mode is on
 *   domains/NAME/store/NODE   what guest and host tell each other
 *   domains/NAME/frozen       the guest's file systems are: see sim_agent.h
 *   disks/GROUP/NAME          a disk; a GROUP that begins with "thin" has
 *                             views that are made at once, and no hold
 *   groups/GROUP              its room in bytes, views included
 *   groups/GROUP.pool         the thin pool of a "thin" GROUP: bytes of data
 *                             and how many are used, the same of metadata
 *   held/GROUP-NAME           the device is suspended
 *   views/NAME                a view; views/NAME.tags: whose, and of what
 *   faults/KNOB[.WHICH]       what shall go wrong; empty: always, a number:
 *                             that many times (or milliseconds)
 *
 * The knobs are told at the top of domain_sim.c, domain_sim_quiesce.c,
 * disk_sim.c and sim_agent.h.  Time passes when somebody calls sim_tick(): the
 * drivers do at every call, so a running guest writes to its disks between any
 * two of them, and a view that was made too late is wrong every time and not
 * just sometimes.
 */
#ifndef XENSNAP_SIM_WORLD_H
#define XENSNAP_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define SIM_PATH_MAX 1024
#define SIM_DISKS_MAX 16
#define SIM_PAGE 4096u

struct sim_disk {
	char vdev[32];
	char path[SIM_PATH_MAX]; /* absolute, "" for an empty drive */
	char device[64];         /* what held/ calls it */
	char backend[16];
	char use[16]; /* "rw", "ro", "cdrom", "shared", "idle", "qcow2" */
};

struct sim_domain {
	char name[80];
	char uuid[37];
	uint32_t domid;
	char type[8];
	char live[160]; /* "yes", or why not */
	char save[160];
	unsigned int pages;
	unsigned int n_disks;
	struct sim_disk disks[SIM_DISKS_MAX];
	char state[16];
};

/*
 * sim_enter() - lock the world; *@lock goes to sim_leave().  Not recursive,
 * also not within a process.  -1 with ERR_IO when there is no such world.
 */
int sim_enter(int *lock, struct err *err);

/* sim_leave() - unlock it. */
void sim_leave(int *lock);

/* sim_path() - "XENSNAP_SIM/..." in @ret, SIM_PATH_MAX bytes. */
void sim_path(char *ret, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* sim_put() - make the file @path hold @text, by rename.  -1 with ERR_IO. */
int sim_put(const char *path, const char *text, struct err *err);

/* sim_get() - the first line of @path in @ret; false when there is no such
 * file. */
bool sim_get(const char *path, char *ret, size_t len);

/* sim_there() - is there a file @path? */
bool sim_there(const char *path);

/*
 * sim_fault() - shall @knob go wrong now, for all or for @which (or NULL)?  A
 * knob with a number is used up by that many calls.  The world is locked.
 */
bool sim_fault(const char *knob, const char *which);

/* sim_knob() - the number in @knob, or @otherwise. */
unsigned int sim_knob(const char *knob, unsigned int otherwise);

/* sim_slow() - sleep as the knob "slow" says (ms), so that kills hit.  The
 * world is not locked. */
void sim_slow(void);

/*
 * sim_domain() - read the domain @name, as it is now: one whose time to stop
 * has come has stopped.  The world is locked.  -1 with ERR_NOTFOUND, ERR_IO.
 */
int sim_domain(const char *name, struct sim_domain *ret, struct err *err);

/* sim_domain_gone() - the same of one that is gone: what it was like. */
int sim_domain_gone(const char *name, struct sim_domain *ret, struct err *err);

/* sim_domain_by_id() - the same by domid and uuid; ERR_NOTFOUND: gone. */
int sim_domain_by_id(uint32_t domid, const char *uuid, struct sim_domain *ret,
		     struct err *err);

/* sim_set_state() - the domain is @state from now on.  The world is locked.
 * Suspending one leaves a request under way on each of its disks. */
int sim_set_state(struct sim_domain *d, const char *state, struct err *err);

/* sim_each_domain() - call @fn for each domain; its -1 stops.  Locked. */
int sim_each_domain(int (*fn)(struct sim_domain *d, void *ctx, struct err *err),
		    void *ctx, struct err *err);

/* sim_held() - is @device suspended? */
bool sim_held(const char *device);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volumes.h - the logical volumes that the tests play with, and what the host
 * looks like.
 */
#ifndef XENSNAP_TEST_VOLUMES_H
#define XENSNAP_TEST_VOLUMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk.h"

#define VOLUME_BYTES ((uint64_t)32 << 20)
#define GENERATION "6f1de0aa-0000-4000-8000-000000000001"

/* volumes_init() - in the volume group @vg and its thin pool @pool make the
 * classic volumes dtc1 to dtc4 and the thin ones dtt1 to dtt4. */
void volumes_init(const char *vg, const char *pool);

/* volumes_done() - remove all that is called dt*. */
void volumes_done(void);

/* volumes_vg(), volumes_pool() - as given to volumes_init(). */
const char *volumes_vg(void);

/* see above */
const char *volumes_pool(void);

/* volume() - the path of volume @name, in one of a few static buffers; a path
 * stays what it is. */
const char *volume(const char *name);

/* sh() - run a line of shell; its exit status. */
int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* must() - the same, and end the program when it fails. */
void must(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* sh_text() - what a line of shell prints, the caller's to free. */
char *sh_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * host_picture() - what there is of volumes and devices, in words that are
 * the same again after a view has come and gone.  The caller's to free.
 */
char *host_picture(void);

/* suspended() - does any device on this host stand still? */
bool suspended(void);

/*
 * planned() - open and plan the volume @name for the snapshot @snapshot of a
 * domain "dt"; ends the program on failure.
 */
struct disk *planned(const char *name, const char *snapshot);

/* prepared() - the same, and prepare it. */
struct disk *prepared(const char *name, const char *snapshot);

/* dropped() - drop the view of @d, close @d; says what is wrong. */
void dropped(struct disk *d);

/*
 * apart() - wait for the child @pid, which dies, or stops until the line @then
 * of shell was run.  Its wait status.
 */
int apart(pid_t pid, const char *then);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mem_world.h - what store_mem.c keeps: objects, as they are now and as they
 * may be after a power cut.
 *
 * Of each name there are versions: the first is on the disk, the last is what
 * everybody sees, those between were seen meanwhile.  After a power cut it is
 * any of them.  A version says whose sync makes it the first.  Nothing here
 * locks: whoever calls holds the world's lock.
 */
#ifndef XENSNAP_MEM_WORLD_H
#define XENSNAP_MEM_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

struct mem_version {
	bool there;
	uint8_t *data;
	size_t len;
	uint64_t by; /* a bit for each handle whose sync is of it */
};

struct mem_object {
	char name[STORE_NAME_MAX + 1];
	struct mem_version *versions;
	size_t n; /* at least 1 */
};

struct mem_world {
	pthread_mutex_t lock;
	unsigned int users;          /* handles that are open */
	unsigned int handles;        /* that ever were */
	struct mem_object **objects; /* by name */
	size_t n;
	uint64_t limit; /* bytes that there is room for */
	bool lies;      /* a sync does nothing */
	size_t lists;   /* how often it was listed */
};

/* mem_world_new() - an empty one, of no limit; NULL if there is no memory. */
struct mem_world *mem_world_new(void);

/* mem_world_copy() - another one that is the same; NULL: no memory. */
struct mem_world *mem_world_copy(const struct mem_world *w);

/* mem_world_free() - and all that is in it (NULL is allowed). */
void mem_world_free(struct mem_world *w);

/* mem_world_find() - the object @name, also one that is gone; NULL: none. */
struct mem_object *mem_world_find(struct mem_world *w, const char *name);

/* mem_object_now() - what everybody sees of it; of NULL: that it is gone. */
const struct mem_version *mem_object_now(const struct mem_object *o);

/*
 * mem_world_change() - from now on @name is @len bytes at @p (NULL: gone), by
 * the handles @by.  -1 with ERR_NOMEM: it is as it was.
 */
int mem_world_change(struct mem_world *w, const char *name, const void *p,
		     size_t len, uint64_t by, struct err *err);

/*
 * mem_object_settle() - version @keep of @o is on the disk: those before it are
 * forgotten, and with @last also those after it.
 */
void mem_object_settle(struct mem_object *o, size_t keep, bool last);

/* mem_world_sweep() - forget the names of which nothing is left to come back;
 * pointers to objects are void then. */
void mem_world_sweep(struct mem_world *w);

/* mem_world_bytes() - how long all objects that are there are together. */
uint64_t mem_world_bytes(const struct mem_world *w);

/* mem_random() - the next random number of @state. */
uint64_t mem_random(uint64_t *state);

/*
 * mem_version_tear() - what a disk may do to data that it said to have written.
 */
void mem_version_tear(struct mem_version *v, uint64_t *state);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * many.h - a repository in memory, some hosts that use it, and what they were
 * told: the oracle of the tests in this folder.
 *
 * Each host has a folder of its own for what it remembers, and does what the
 * commands do, by the same functions.  What goes wrong is in its plan.  A host
 * can be at work inside of another one's work: before some call of it; and each
 * can wait before its calls for others (strand.h).
 */
#ifndef XENSNAP_TEST_MANY_H
#define XENSNAP_TEST_MANY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "outcome.h"
#include "repo.h"
#include "repo_prune.h"
#include "slot.h"
#include "store_fault.h"
#include "store_mem.h"

#define MANY_HOSTS 3 /* the last one has a key that can only add */
#define MANY_CHUNK 4096
#define MANY_CHUNKS_MAX 300
#define MANY_PALETTE 250
#define MANY_BACKUPS_MAX 64
#define MANY_SECRETS 4

/* What is on a disk: which of the palette each chunk is; 0 is all zeros. */
struct many_disk {
	unsigned int n;
	uint32_t last; /* bytes of the last chunk */
	bool compare;  /* to an earlier backup: only what differs is read */
	uint8_t chunks[MANY_CHUNKS_MAX];
};

/* What was told about a backup. */
enum many_told {
	MANY_FAILED, /* it may be there all the same, whole */
	MANY_MADE,
	MANY_HALF_FORGOTTEN, /* that failed */
	MANY_FORGOTTEN,
};

struct many_backup {
	uint8_t session[SESSION_ID];
	enum many_told told;
	struct many_disk disk;
};

struct many;
typedef void many_fn(struct many *m, void *ctx);

/* What goes wrong with what a host does next. */
struct many_plan {
	struct store_fault fault;
	uint64_t cut;  /* it dies before that call, from 1; 0: it does not */
	uint64_t meet; /* before that call @fn is called */
	many_fn *fn;
	many_fn *step; /* before each call; or NULL */
	void *ctx;
};

struct many_host {
	char folder[PATH_MAX];
	unsigned int secret; /* which of the secrets it opens by */
	struct many_plan plan;
	uint64_t calls;   /* of the store, in what it did last */
	uint64_t counted; /* those of them that may go wrong */
	unsigned int cuts;
	bool works; /* it is at it */
};

struct many {
	struct store *store; /* through which nothing is put */
	char folder[PATH_MAX];
	struct many_host hosts[MANY_HOSTS];
	unsigned int cuts; /* of the power of all */
	unsigned int n;
	struct many_backup backups[MANY_BACKUPS_MAX];
	bool accept_head;      /* open it whatever was seen */
	uint32_t part_entries; /* as in struct repo, if not 0 */
	uint32_t needed;       /* packs, when it was last checked */
	const char *what;      /* is being tried, for messages */
};

/* many_begin() - before all else: where the folders are; a test's last words
 * are many_end(), which removes them and returns its status. */
void many_begin(void);
int many_end(void);

/* many_new() - nothing is in it yet.  many_copy() - one that is just the same.
 * many_free() - NULL is allowed.  Fails the whole test when it cannot. */
struct many *many_new(void);
struct many *many_copy(const struct many *from);
void many_free(struct many *m);

/* many_opener() - secret @i. */
struct slot_opener many_opener(unsigned int i);

/* many_plan() - what @host does next goes wrong so; NULL: nothing does. */
void many_plan(struct many *m, unsigned int host, const struct many_plan *plan);

/* many_cut() - the power of the store is cut: what is not durable goes as @seed
 * says, and whoever is at work fails from then on. */
void many_cut(struct many *m, uint64_t seed);

/* many_taken() - how many bytes there are in the store. */
uint64_t many_taken(const struct many *m);

/* many_bytes() - the bytes of @d, its length in *@ret_len, for free(). */
uint8_t *many_bytes(const struct many_disk *d, uint64_t *ret_len);

/* many_wrong() - a case has failed: say why.  Always -1. */
int many_wrong(const struct many *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* many_wrongs() - how often that was. */
unsigned int many_wrongs(void);

/*
 * many_seeds() - the next seed, in *@seed, which is 0 before the first: @daily
 * of them; with LONG in the environment as many as there is time for (MINUTES,
 * or a quarter of an hour), with FROM=N from that one on; with SEED=N that one
 * alone.  False: no more.
 */
bool many_seeds(uint64_t *seed, unsigned int daily);

/* ---- what hosts do; -1 with the error that the command would have ---- */

/*
 * many_enter() - from now on it is @host who opens; many_leave() - who it was
 * before, which many_enter() returned.
 */
struct many_at {
	struct many *m;
	unsigned int host;
};
struct many_at many_enter(struct many *m, unsigned int host);
void many_leave(struct many_at was);

/* many_nobody() - nobody has entered: while those that have wait. */
void many_nobody(void);

/* many_how() - how the host that has entered opens the repository. */
struct repo_how many_how(void);

int many_init(struct many *m, unsigned int host, struct err *err);
int many_backup(struct many *m, unsigned int host, const struct many_disk *d,
		struct err *err);

/* What a prune is to do: bit i of @forget is backup i. */
struct many_prune {
	uint64_t forget;
	uint64_t break_s;
};
int many_prune(struct many *m, unsigned int host, const struct many_prune *how,
	       struct prune_report *ret, struct err *err);

/* What verify has said. */
struct many_said {
	unsigned int n;
	uint32_t n_packs; /* that are needed */
	uint32_t n_hurt;
	char text[16384];
};
int many_verify(struct many *m, unsigned int host, struct many_said *ret,
		struct err *err);

/* many_key() - one more key, by secret @i; many_key_change() - the own one is
 * by secret @i from now on; many_key_remove() - key @which is gone. */
int many_key(struct many *m, unsigned int host, unsigned int i, bool put_only,
	     struct err *err);
int many_key_change(struct many *m, unsigned int host, unsigned int i,
		    struct err *err);

/* ---- what is drawn ---- */

/* many_draw_disk() - a disk: a new one, or one that was backed up with a few
 * chunks changed. */
void many_draw_disk(const struct many *m, struct many_disk *ret);

/* many_draw_forget() - some of what is there, for a prune; not all. */
uint64_t many_draw_forget(const struct many *m);

/*
 * many_draw() - a repository with some history and the keys of all hosts, as
 * follows from the seed.  Some who died left what is not durable.
 */
struct many *many_draw(void);

/* ---- is all as it was told? ---- */

/*
 * many_restore() - backup @b of @r, which was loaded: 0, it is the same; 1, it
 * is not; -1 with why it cannot be had.
 */
int many_restore(struct many *m, struct repo *r, const struct many_backup *b,
		 struct err *err);

/*
 * many_check() - for @host: what was made is listed and comes back, what is
 * listed was made or may have been, and nothing is wrong with it.  -1, and it
 * was told, if not.
 */
int many_check(struct many *m, unsigned int host);

/*
 * many_settle() - the same, after all that is left of the dead has been pruned;
 * then nothing that is not needed is there.
 */
int many_settle(struct many *m, unsigned int host);

#endif

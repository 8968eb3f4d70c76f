/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_key.h - the stories about a repository's keys.  What job.h says of jobs
 * holds here too.
 *
 * Whatever dies in the middle of one leaves a key that opens the repository:
 * an old one goes only when the new one is there twice and durable.  Each can
 * be run again.
 */
#ifndef XENSNAP_JOB_KEY_H
#define XENSNAP_JOB_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "repo_keys.h"

struct key_opts {
	struct repo_how how;      /* what opens the repository now */
	struct slot_opener fresh; /* add, change: what shall open it */
	const char *label;        /* the same; NULL: none, or as it was */
	bool put_only;            /* add */
	const char *which; /* remove, export: "own", or an id's beginning */
	bool dry_run;      /* all checks; @fresh may be empty */
};

/* A key that a story is about. */
struct key_report {
	uint8_t repo_id[REPO_ID];
	uint8_t id[SLOT_ID];
	uint8_t old[SLOT_ID]; /* change: the one that is gone */
	bool full;
	enum slot_kdf kdf;
	char label[SLOT_LABEL]; /* of the own key alone */
};

/* What is known of the keys. */
struct key_list {
	struct repo_keys keys;
	struct key_report own;
	uint32_t realm; /* of the own key */
};

/*
 * job_key_list() - all keys, for key_list_done().  -1 as repo_open() and
 * repo_keys_list().
 */
int job_key_list(const struct key_opts *o, struct key_list *ret,
		 struct err *err);
void key_list_done(struct key_list *l);

/*
 * job_key_add() - one more.  -1 as repo_open(), repo_load(), repo_keys_add().
 */
int job_key_add(const struct key_opts *o, struct key_report *ret,
		struct err *err);

/*
 * job_key_remove() - one less.  -1 as repo_open(), repo_keys_find(),
 * repo_keys_remove().
 */
int job_key_remove(const struct key_opts *o, struct key_report *ret,
		   struct err *err);

/*
 * job_key_change() - the own key, by another secret: one more, then one less.
 * -1 as repo_open(), repo_keys_add(), repo_keys_remove(): then both open it, or
 * the old one.
 */
int job_key_change(const struct key_opts *o, struct key_report *ret,
		   struct err *err);

/*
 * job_key_export() - which key file may be written down as @o->which: the own
 * one.  -1 with ERR_INVALID (another key's secret is known to nobody here),
 * ERR_UNSUPPORTED (it is a passphrase), or as repo_open(), repo_keys_find().
 */
int job_key_export(const struct key_opts *o, struct key_report *ret,
		   struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_open.c - a repository, as far as its key and this host's memory of it
 * agree: config, a slot that opens, the newest head, all outcomes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "index.h"
#include "log.h"
#include "object.h"
#include "repo.h"
#include "repo_config.h"
#include "repo_harden.h"
#include "repo_head.h"

/* ---- config ---- */

static int
load_config(struct repo *r, const struct slot_opener *opener, struct err *err)
{
	struct repo_config c;
	struct buf b = BUF_INIT;
	int rc = -1;

	if (object_get(r->store, CONFIG_NAME, CONFIG_BYTES, &b, err)) {
		if (err->code == ERR_NOTFOUND)
			err_set(err, ERR_NOTFOUND, 0, "there is no repository");
		goto out;
	}
	if (repo_config_decode(b.data, b.len, &c, err))
		goto out;
	memcpy(r->id, c.repo_id, REPO_ID);
	r->chunk = c.chunk;
	r->fanout_log2 = c.fanout_log2;
	r->created = c.created;
	if (repo_slot_find(r->store, r->id, opener, &r->slot, err))
		goto out;
	r->key = r->slot.key;
	rc = repo_config_check(b.data, b.len, r->key, err);
out:
	buf_done(&b);
	return rc;
}

/* ---- outcomes ---- */

struct names {
	struct buf ids;
	const char *folder;
};

static int
note_id(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct names *n = ctx;
	uint8_t id[SESSION_ID];

	(void)bytes;
	if (object_id(name, n->folder, id, sizeof(id)))
		put_bytes(&n->ids, id, sizeof(id));
	return buf_check(&n->ids, err);
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SESSION_ID);
}

/* The sessions that have an object in @folder, in order. */
static int
list_ids(struct repo *r, const char *folder, struct names *ret, struct err *err)
{
	char prefix[32];

	memset(ret, 0, sizeof(*ret));
	ret->folder = folder;
	snprintf(prefix, sizeof(prefix), "%s/", folder);
	if (store_list(r->store, prefix, note_id, ret, err)) {
		buf_done(&ret->ids);
		return -1;
	}
	if (ret->ids.len)
		qsort(ret->ids.data, ret->ids.len / SESSION_ID, SESSION_ID,
		      by_bytes);
	return 0;
}

/* An outcome that is damaged, as @err says: 0 if it can be left out. */
static int
leave_out(struct repo *r, struct err *err)
{
	if (!object_is_damaged(err))
		return -1;
	if (!r->salvage)
		return err_more(err, "the other backups can be read with "
				     "--accept-head, which leaves it out");
	log_warning("%s; its backup is left out, continuing", err->text);
	err_clear(err);
	r->n_left_out++;
	return 0;
}

/* Outcome @c->session; 1 if it is a commit, 0 if not. */
static int
load_outcome(struct repo *r, struct repo_commit *c, struct buf *b,
	     struct err *err)
{
	struct object o = { .store = r->store,
			    .key = r->key,
			    .kind = RECORD_OUTCOME };
	const uint8_t *body;
	size_t len;
	int rc;

	object_name("outcomes", c->session, SESSION_ID, o.name);
	rc = object_get_record(&o, b, &body, &len, err);
	memcpy(c->sum, o.sum, SHA256_BYTES);
	c->realm = o.realm;
	if (rc && err->code != ERR_DENIED)
		return leave_out(r, err);
	if (rc) {
		/* Another realm's; that it is there is all we may know. */
		err_clear(err);
		return 1;
	}
	if (outcome_decode(body, len, &c->outcome, err)) {
		err_add(err, "%s", o.name);
		return leave_out(r, err);
	}
	c->ours = true;
	return c->outcome.what == OUTCOME_COMMIT;
}

static int
load_commits(struct repo *r, const struct names *sessions,
	     const struct names *forgets, struct err *err)
{
	size_t n = sessions->ids.len / SESSION_ID;
	struct buf b = BUF_INIT;
	int rc = 0;

	r->commits = calloc(n + 1, sizeof(*r->commits));
	if (!r->commits)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n && rc >= 0; i++) {
		struct repo_commit *c = &r->commits[r->n_commits];
		const uint8_t *id = sessions->ids.data + i * SESSION_ID;

		/* Its objects are about to go. */
		if (head_removed(&r->head, id))
			continue;
		memset(c, 0, sizeof(*c));
		memcpy(c->session, id, SESSION_ID);
		c->forgotten = forgets->ids.len &&
			       bsearch(id, forgets->ids.data,
				       forgets->ids.len / SESSION_ID,
				       SESSION_ID, by_bytes);
		rc = load_outcome(r, c, &b, err);
		if (rc > 0)
			r->n_commits++;
		else
			outcome_done(&c->outcome);
	}
	buf_done(&b);
	return rc < 0 ? -1 : 0;
}

static int
load_outcomes(struct repo *r, struct err *err)
{
	struct names sessions, forgets;
	int rc;

	/* Forgets first: one that comes later forgets what we still list. */
	if (list_ids(r, "forgets", &forgets, err))
		return -1;
	rc = list_ids(r, "outcomes", &sessions, err);
	if (rc == 0)
		rc = load_commits(r, &sessions, &forgets, err);
	buf_done(&sessions.ids);
	buf_done(&forgets.ids);
	return rc;
}

/* ---- what this host remembers ---- */

/* All commits as heads list them, malloc()ed, with room for one more. */
static struct head_known *
known_now(const struct repo *r, struct err *err)
{
	struct head_known *k = calloc((size_t)r->n_commits + 1, sizeof(*k));

	if (!k) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < r->n_commits; i++) {
		memcpy(k[i].session, r->commits[i].session, SESSION_ID);
		memcpy(k[i].sum, r->commits[i].sum, SHA256_BYTES);
	}
	return k;
}

static int
check_state(struct repo *r, struct err *err)
{
	struct head_known *now = known_now(r, err);
	int rc;

	if (!now)
		return -1;
	rc = repo_state_check(&r->state, &r->head, r->head_sum, now,
			      r->n_commits, err);
	free(now);
	return rc ? err_more(err, "look at it before you go on; --accept-head "
				  "takes it as it is") :
		    0;
}

static int
remember(struct repo *r, struct head_known *now, uint32_t n, struct err *err)
{
	free(r->state.known);
	r->state.known = now;
	r->state.n_known = n;
	r->state.head = r->head.number;
	memcpy(r->state.head_sum, r->head_sum, SHA256_BYTES);
	return repo_state_save(r->statefd, &r->state, err);
}

int
repo_seen(struct repo *r, struct err *err)
{
	struct head_known *now = known_now(r, err);

	return now ? remember(r, now, r->n_commits, err) : -1;
}

void
repo_catch_up(struct repo *r)
{
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (!c->ours || c->outcome.sequence <= r->state.sequence ||
		    memcmp(c->outcome.host, r->state.host, HOST_ID) != 0)
			continue;
		r->state.sequence = c->outcome.sequence;
		memcpy(r->state.previous, c->sum, SHA256_BYTES);
	}
}

int
repo_added(struct repo *r, const uint8_t mine[SESSION_ID],
	   const uint8_t sum[SHA256_BYTES], struct err *err)
{
	struct head_known *now = known_now(r, err);
	uint32_t n = r->n_commits;

	if (!now)
		return -1;
	memcpy(now[n].session, mine, SESSION_ID);
	memcpy(now[n].sum, sum, SHA256_BYTES);
	qsort(now, n + 1, sizeof(*now), by_bytes);
	r->state.sequence++;
	memcpy(r->state.previous, sum, SHA256_BYTES);
	return remember(r, now, n + 1, err);
}

/* ---- all of it ---- */

static void
unload(struct repo *r)
{
	for (uint32_t i = 0; i < r->n_commits; i++)
		outcome_done(&r->commits[i].outcome);
	free(r->commits);
	r->commits = NULL;
	r->n_commits = 0;
	head_done(&r->head);
}

/* Is anything not as this host saw it last? */
static bool
is_other(const struct repo *r)
{
	const struct repo_state *s = &r->state;

	if (r->head.number != s->head || r->n_commits != s->n_known)
		return true;
	for (uint32_t i = 0; i < r->n_commits; i++)
		if (!repo_state_knows(s, r->commits[i].session))
			return true;
	return false;
}

/*
 * Whoever put what is new may have died before it was durable.  Then a power
 * cut takes it away, and nobody must miss it: it is made durable before it is
 * remembered.  Who cannot do that can read all the same.
 */
static int
see(struct repo *r, struct err *err)
{
	struct err e = ERR_INIT;

	if (!is_other(r) && !r->accept_head)
		return 0;
	if (repo_harden(r, &e) == 0 && store_sync(r->store, &e) == 0)
		return repo_seen(r, err);
	log_warning("%s: what is new in it is not remembered: %s", r->address,
		    e.text);
	return 0;
}

/* Compare with what this host has seen, and see it. */
static int
compare(struct repo *r, struct err *err)
{
	int lock = repo_state_lock(r->statefd, err);
	int rc = -1;

	if (lock < 0)
		return -1;
	repo_state_done(&r->state);
	if (repo_state_load(r->statefd, &r->state, err) == 0 &&
	    (r->accept_head || check_state(r, err) == 0))
		rc = r->n_left_out ? 0 : see(r, err);
	fd_close(&lock);
	return rc;
}

int
repo_load(struct repo *r, struct err *err)
{
	unload(r);
	r->n_left_out = 0;
	if (repo_head_newest(r->store, r->key, &r->head, r->head_sum, err) ||
	    load_outcomes(r, err) || compare(r, err))
		return err_add(err, "%s", r->address);
	return 0;
}

/* This host's id, made when it meets the repository first. */
static int
know_ourselves(struct repo *r, struct err *err)
{
	int lock = repo_state_lock(r->statefd, err);
	int rc = -1;

	if (lock < 0)
		return -1;
	if (repo_state_load(r->statefd, &r->state, err) == 0)
		rc = r->state.is_new ?
			     repo_state_save(r->statefd, &r->state, err) :
			     0;
	fd_close(&lock);
	return rc;
}

int
repo_open(const struct repo_how *how, struct repo **ret, struct err *err)
{
	struct repo *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	r->statefd = -1;
	r->part_entries = INDEX_PART_ENTRIES;
	r->accept_head = how->accept_head;
	r->salvage = how->salvage && how->accept_head;
	r->address = strdup(how->address);
	if (!r->address) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto failed;
	}
	if (store_open(how->address, false, &r->store, err))
		goto named;
	if (load_config(r, &how->opener, err))
		goto failed;
	r->statefd = repo_state_open(r->id, err);
	if (r->statefd < 0 || know_ourselves(r, err))
		goto failed;
	*ret = r;
	return 0;
failed:
	err_add(err, "%s", how->address);
named:
	repo_close(r);
	return -1;
}

void
repo_close(struct repo *r)
{
	if (!r)
		return;
	unload(r);
	repo_state_done(&r->state);
	fd_close(&r->statefd);
	repo_slot_done(&r->slot);
	store_close(r->store);
	free(r->address);
	free(r);
}

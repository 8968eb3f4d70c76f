/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_prune.c - which backups stay, by rules for each name; the others are
 * forgotten, and what only they needed is taken away.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "job_repo.h"
#include "log.h"

/* Less says nothing about a clock. */
#define CLOCKS_DIFFER_S (24 * 3600)

/* Backups of one name after another, each newest first. */
static int
by_name_and_time(const void *a, const void *b)
{
	const struct repo_commit *const *x = a, *const *y = b;
	const struct outcome *p = &(*x)->outcome, *q = &(*y)->outcome;
	int c = strcmp(p->backup.name, q->backup.name);

	if (c)
		return c;
	if (p->backup.instant != q->backup.instant)
		return p->backup.instant > q->backup.instant ? -1 : 1;
	return p->sequence > q->sequence ? -1 : p->sequence < q->sequence;
}

static uint32_t
list_backups(struct repo *r, const char *name, struct repo_commit **ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n_commits; i++) {
		struct repo_commit *c = &r->commits[i];

		if (repo_is_backup(c) &&
		    (!name || strcmp(name, c->outcome.backup.name) == 0))
			ret[n++] = c;
	}
	qsort(ret, n, sizeof(struct repo_commit *), by_name_and_time);
	return n;
}

/* Give each its reasons to stay. */
static void
apply_rules(const struct keep_rules *rules, struct prune_item *items,
	    uint32_t n)
{
	for (uint32_t first = 0, end; first < n; first = end) {
		struct keep_item k[PRUNE_GROUP_MAX];
		uint32_t len;

		for (end = first;
		     end < n && end - first < PRUNE_GROUP_MAX &&
		     strcmp(items[end].name, items[first].name) == 0;
		     end++) {
			k[end - first].instant = items[end].instant;
			k[end - first].reasons = 0;
		}
		len = end - first;
		keep_apply(rules, k, len);
		for (uint32_t i = 0; i < len; i++)
			items[first + i].reasons = k[i].reasons;
	}
}

static int
plan(struct repo *r, const struct prune_opts *o, struct prune_plan *ret,
     struct err *err)
{
	struct repo_commit **list;

	list = calloc((size_t)r->n_commits + 1, sizeof(struct repo_commit *));
	ret->items = calloc((size_t)r->n_commits + 1, sizeof(*ret->items));
	if (!list || !ret->items) {
		free(list);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	ret->n = list_backups(r, o->name, list);
	for (uint32_t i = 0; i < ret->n; i++) {
		struct prune_item *it = &ret->items[i];
		const struct backup *b = &list[i]->outcome.backup;

		memcpy(it->session, list[i]->session, SESSION_ID);
		strcpy(it->name, b->name);
		it->instant = b->instant;
	}
	free(list);
	apply_rules(&o->rules, ret->items, ret->n);
	for (uint32_t i = 0; i < ret->n; i++)
		ret->n_forget += ret->items[i].reasons == 0;
	return 0;
}

/* One that was made later than now: this host's clock is wrong, or that of the
 * host that made it was.  NULL: there is none. */
static const struct prune_item *
later_than(const struct prune_plan *p, uint64_t now)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->items[i].instant > now &&
		    p->items[i].instant - now > CLOCKS_DIFFER_S)
			return &p->items[i];
	return NULL;
}

/*
 * Which are the newest is told by clocks.  With a wrong one the rules would
 * keep what is old, and forget what has just been made.
 */
static int
check_clock(const struct prune_opts *o, const struct prune_plan *p,
	    struct err *err)
{
	uint64_t now = (uint64_t)time(NULL);
	const struct prune_item *it = later_than(p, now);
	char is[32], says[32];

	if (!it || p->n_forget == 0 || o->yes == p->n_forget)
		return 0;
	clock_utc_at(it->instant, is, sizeof(is));
	clock_utc_at(now, says, sizeof(says));
	return err_set(
		err, ERR_INVALID, 0,
		"backup %s is of %s, and it is %s by this host's clock: "
		"one of the two is wrong, and with it which backups are "
		"the newest; %u of %u would be forgotten, see --dry-run; "
		"if that is meant: --yes %u",
		it->name, is, says, p->n_forget, p->n, p->n_forget);
}

/* What can hardly be meant needs its number said. */
static int
check_plan(const struct prune_opts *o, const struct prune_plan *p,
	   struct err *err)
{
	if (check_clock(o, p, err))
		return -1;
	if (2 * p->n_forget <= p->n || p->n < 3 || o->yes == p->n_forget)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "%u of %u backups would be forgotten; if that is meant: "
		       "--yes %u",
		       p->n_forget, p->n, p->n_forget);
}

static int
forget(struct repo *r, const struct prune_plan *p, struct err *err)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->items[i].reasons == 0 &&
		    repo_forget(r, p->items[i].session, err))
			return -1;
	return store_sync(r->store, err);
}

static int
forget_and_prune(struct repo *r, const struct prune_how *how,
		 struct prune_plan *p, struct err *err)
{
	if (forget(r, p, err) || repo_load(r, err))
		return -1;
	return repo_prune(r, how, &p->report, err);
}

/*
 * Before anything goes, it is written down what goes.  Where there is no room
 * for that, there is what was kept for it; a prune can begin anew at any time.
 */
static int
prune(struct repo *r, const struct prune_how *how, struct prune_plan *p,
      struct err *err)
{
	struct prune_how frugal = *how;
	struct err why = ERR_INIT;
	int rc = forget_and_prune(r, how, p, err);

	if (rc && err->code == ERR_NOSPC && store_spend(r->store, &why) > 0) {
		log_notice("%s; it goes on in the room that was kept for that",
			   err->text);
		err_clear(err);
		frugal.repack = 0;
		rc = forget_and_prune(r, &frugal, p, err);
	}
	if (rc == 0 &&
	    store_reserve(r->store, repo_reserve_bytes(p->report.n_packs),
			  &why))
		log_notice("no room is kept for the next prune: %s", why.text);
	return rc;
}

int
job_prune(const struct prune_opts *o, struct prune_plan *ret, struct err *err)
{
	struct prune_how how = {
		.wait_s = o->wait_s,
		.break_s = o->break_s,
		.repack = o->repack,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	struct repo *r = NULL;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (repo_open(&o->how, &r, err) || repo_may_prune(r, err) ||
	    repo_load(r, err) || plan(r, o, ret, err))
		goto out;
	rc = o->dry_run ? 0 : check_plan(o, ret, err);
	if (rc || o->dry_run)
		goto out;
	rc = prune(r, &how, ret, err);
out:
	repo_close(r);
	return rc ? -1 : 0;
}

void
prune_plan_done(struct prune_plan *p)
{
	free(p->items);
	memset(p, 0, sizeof(*p));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_verify.c - see repo_verify.h.  First what is needed, together, each
 * subtree once; only when something is wrong each backup is looked at alone, to
 * say which are hurt.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "mark.h"
#include "object.h"
#include "pack.h"
#include "pack_check.h"
#include "repo_index.h"
#include "repo_verify.h"
#include "verify_objects.h"

struct verifying {
	struct repo *r;
	const struct verify_how *how;
	struct verify_report *report;
	struct index *ix;     /* for the list of packs */
	struct mark *mark;    /* of all backups, or NULL when that failed */
	pthread_mutex_t lock; /* of all below */
	uint32_t next;
	bool *bad; /* by the pack's number */
};

static void
tell(const struct verifying *v, const char *what, const char *why)
{
	char line[700];

	snprintf(line, sizeof(line), "%s: %s", what, why);
	v->how->problem(line, v->how->problem_ctx);
}

static void
tell_pack(struct verifying *v, uint32_t pack, const char *why)
{
	char name[PACK_NAME];

	pack_name(index_pack(v->ix, pack, NULL), name);
	pthread_mutex_lock(&v->lock);
	v->bad[pack] = true;
	v->report->n_bad++;
	tell(v, name, why);
	pthread_mutex_unlock(&v->lock);
}

/* Is an object gone or damaged, so that there is more to look at? */
static bool
is_loss(const struct err *err)
{
	return err->code == ERR_NOTFOUND || object_is_damaged(err);
}

/* Of a pack that no backup needs any more nothing is asked. */
static bool
is_needed(const struct verifying *v, uint32_t pack)
{
	return !v->mark || mark_needs(v->mark, index_pack(v->ix, pack, NULL));
}

/* ---- packs ---- */

static int
check_length(struct verifying *v, uint32_t pack, struct err *err)
{
	uint64_t want, is;
	char name[PACK_NAME];

	pack_name(index_pack(v->ix, pack, &want), name);
	if (store_size(v->r->store, name, &is, err)) {
		if (!is_loss(err))
			return -1;
		tell_pack(v, pack,
			  err->code == ERR_NOTFOUND ? "it is missing" :
						      err->text);
		err_clear(err);
	} else if (want && is != want) {
		tell_pack(v, pack, "its length is wrong");
	}
	return 0;
}

static int
check_pack(struct verifying *v, struct pack_checker *c, uint32_t pack,
	   struct err *err)
{
	uint64_t bytes = 0;
	int rc = pack_check(c, index_pack(v->ix, pack, NULL), &bytes, err);

	pthread_mutex_lock(&v->lock);
	v->report->read_bytes += bytes;
	pthread_mutex_unlock(&v->lock);
	if (rc == 0)
		return 0;
	if (!is_loss(err))
		return -1;
	tell_pack(v, pack,
		  err->code == ERR_NOTFOUND ? "it is missing" : err->text);
	err_clear(err);
	return 0;
}

/* The next one to be looked at, or UINT32_MAX. */
static uint32_t
next_pack(struct verifying *v)
{
	uint32_t n = index_packs(v->ix), pack;

	pthread_mutex_lock(&v->lock);
	while (v->next < n && !is_needed(v, v->next))
		v->next++;
	pack = v->next < n ? v->next++ : UINT32_MAX;
	v->report->n_packs += pack != UINT32_MAX;
	pthread_mutex_unlock(&v->lock);
	if (v->how->progress)
		v->how->progress("packs", pack < n ? pack : n, n,
				 v->how->progress_ctx);
	return pack;
}

static int
work(struct crew *crew, struct err *err)
{
	struct verifying *v = crew->ctx;
	struct pack_checker *c = pack_checker_new(v->r, err);
	int rc = c ? 0 : -1;

	while (rc == 0 && !crew_stopped(crew, err)) {
		uint32_t pack = next_pack(v);

		if (pack == UINT32_MAX)
			break;
		rc = v->how->data ? check_pack(v, c, pack, err) :
				    check_length(v, pack, err);
	}
	pack_checker_free(c);
	return rc || err->code == ERR_CANCELLED ? -1 : 0;
}

/* ---- backups ---- */

static bool
uses_bad(const struct verifying *v, const struct mark *m, uint32_t *ret)
{
	for (uint32_t i = 0; i < index_packs(v->ix); i++)
		if (v->bad[i] && mark_needs(m, index_pack(v->ix, i, NULL))) {
			*ret = i;
			return true;
		}
	return false;
}

static bool
is_bad(const uint8_t sum[SHA256_BYTES], void *ctx)
{
	const struct verifying *v = ctx;
	uint32_t pack;

	return index_has_pack(v->ix, sum, &pack) && v->bad[pack];
}

/* Is that backup hurt, and by what? */
static int
look_at(struct verifying *v, const struct repo_commit *c, struct err *err)
{
	struct mark_how how = { .only = c, .avoid = is_bad, .avoid_ctx = v };
	struct mark *m = NULL;
	char what[200], name[PACK_NAME], why[PACK_NAME + 40];
	uint32_t pack;

	snprintf(what, sizeof(what), "backup %s of session %02x%02x%02x%02x",
		 c->outcome.backup.name, c->session[0], c->session[1],
		 c->session[2], c->session[3]);
	if (mark_backups(v->r, &how, &m, err)) {
		if (!is_loss(err))
			return -1;
		v->report->n_hurt++;
		tell(v, what, err->text);
		err_clear(err);
	} else if (uses_bad(v, m, &pack)) {
		pack_name(index_pack(v->ix, pack, NULL), name);
		snprintf(why, sizeof(why), "needs %s, which is damaged", name);
		v->report->n_hurt++;
		tell(v, what, why);
	}
	mark_free(m);
	return 0;
}

static int
look_at_backups(struct verifying *v, struct err *err)
{
	for (uint32_t i = 0; i < v->r->n_commits; i++) {
		const struct repo_commit *c = &v->r->commits[i];

		if (!repo_is_backup(c))
			continue;
		v->report->n_backups++;
		if ((!v->mark || v->report->n_bad) && look_at(v, c, err))
			return -1;
	}
	return 0;
}

static int
mark_all(struct verifying *v, struct err *err)
{
	struct mark_how how = { .progress = v->how->progress,
				.progress_ctx = v->how->progress_ctx };

	if (mark_backups(v->r, &how, &v->mark, err) == 0)
		return 0;
	if (!is_loss(err))
		return -1;
	err_clear(err); /* told when each backup is looked at */
	return 0;
}

int
repo_verify(struct repo *r, const struct verify_how *how,
	    struct verify_report *ret, struct err *err)
{
	struct verifying v = { .r = r, .how = how, .report = ret };
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (!r->key->full)
		return err_set(err, ERR_DENIED, 0,
			       "this key can only add; to verify takes a full "
			       "one");
	pthread_mutex_init(&v.lock, NULL);
	/* What others find is asked, not what this host remembers. */
	r->no_cache = true;
	v.ix = repo_index(r, REALM_NONE, err);
	if (!v.ix)
		goto out;
	v.bad = calloc((size_t)index_packs(v.ix) + 1, sizeof(*v.bad));
	if (!v.bad) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (verify_objects(r, how, &ret->n_bad_objects, err) == 0 &&
	    mark_all(&v, err) == 0 && crew_run(crew_size(), work, &v, err) == 0)
		rc = look_at_backups(&v, err);
out:
	mark_free(v.mark);
	index_free(v.ix);
	free(v.bad);
	pthread_mutex_destroy(&v.lock);
	return rc;
}

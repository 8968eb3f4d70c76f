/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_find.c - a backup by what people call it. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "repo.h"

#define PREFIX_MIN 6

static int
by_session(const void *id, const void *commit)
{
	return memcmp(id, ((const struct repo_commit *)commit)->session,
		      SESSION_ID);
}

struct repo_commit *
repo_commit_of(struct repo *r, const uint8_t id[SESSION_ID])
{
	if (r->n_commits == 0)
		return NULL;
	return bsearch(id, r->commits, r->n_commits, sizeof(*r->commits),
		       by_session);
}

bool
repo_is_backup(const struct repo_commit *c)
{
	return c->ours && !c->forgotten && c->outcome.purpose == PURPOSE_BACKUP;
}

/* The later of two; of the same second the one that its host made later. */
static bool
is_newer(const struct repo_commit *a, const struct repo_commit *b)
{
	const struct outcome *x = &a->outcome, *y = &b->outcome;

	if (x->backup.instant != y->backup.instant)
		return x->backup.instant > y->backup.instant;
	return x->sequence > y->sequence;
}

/* The newest that is called @name, or whose session begins with it. */
static struct repo_commit *
search(struct repo *r, const char *what, bool by_name, unsigned int *ret_n)
{
	struct repo_commit *best = NULL;
	char hex[2 * SESSION_ID + 1];

	*ret_n = 0;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		struct repo_commit *c = &r->commits[i];

		if (!repo_is_backup(c))
			continue;
		hex_text(c->session, SESSION_ID, hex);
		if (by_name ? strcmp(c->outcome.backup.name, what) != 0 &&
				      strcmp(what, "latest") != 0 :
			      strncmp(hex, what, strlen(what)) != 0)
			continue;
		++*ret_n;
		if (!best || is_newer(c, best))
			best = c;
	}
	return best;
}

struct repo_commit *
repo_backup(struct repo *r, const char *what, struct err *err)
{
	struct repo_commit *c;
	unsigned int n = 0;

	c = search(r, what, true, &n);
	if (c)
		return c;
	if (strlen(what) >= PREFIX_MIN)
		c = search(r, what, false, &n);
	if (n == 1)
		return c;
	if (n > 1)
		err_set(err, ERR_INVALID, 0,
			"%u backups have sessions that begin with %s", n, what);
	else
		err_set(err, ERR_NOTFOUND, 0,
			"no backup in it is called %s, nor has such a session",
			what);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_parent.c - see backup_parent.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_parent.h"
#include "log.h"
#include "text.h"
#include "zero.h"

static void
tell_why(char to[OUTCOME_TEXT], const char *why)
{
	snprintf(to, OUTCOME_TEXT, "%.*s", (int)text_cut(why, OUTCOME_TEXT - 1),
		 why);
}

/* Can @c be the parent of @s, by what the repository says? */
static bool
is_candidate(const struct repo_commit *c, const struct source *s,
	     uint32_t realm)
{
	const struct backup *was = &c->outcome.backup, *is = &s->b;

	if (!repo_is_backup(c) || !c->ours || c->realm != realm ||
	    was->from != is->from || was->instant > is->instant ||
	    zero_is(was->generation, sizeof(was->generation)))
		return false;
	if (is->from == FROM_DISK)
		return strcmp(was->disks[0].source, s->disks[0].path) == 0;
	return strcmp(was->domain, is->domain) == 0 &&
	       memcmp(was->uuid, is->uuid, sizeof(was->uuid)) == 0;
}

struct candidate {
	const struct repo_commit *commit;
};

static int
newest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	const struct outcome *is = &x->commit->outcome;
	const struct outcome *other = &y->commit->outcome;

	if (is->backup.instant != other->backup.instant)
		return is->backup.instant < other->backup.instant ? 1 : -1;
	return (is->ended < other->ended) - (is->ended > other->ended);
}

/* The newest of the @n at @list of which what it was made of is kept here. */
static void
choose(struct source *s, struct candidate *list, uint32_t n, struct parent *ret)
{
	struct err err = ERR_INIT;

	qsort(list, n, sizeof(*list), newest_first);
	for (uint32_t i = 0; i < n; i++) {
		int r = source_base(s, &list[i].commit->outcome.backup, &err);

		if (r > 0) {
			ret->commit = list[i].commit;
			return;
		}
		if (r < 0) {
			tell_why(ret->why, err.text);
			return;
		}
	}
	tell_why(ret->why, n == 0 ? "it is the first backup of it" :
				    "nothing of an earlier backup is kept on "
				    "this host");
}

void
parent_find(struct repo *r, struct source *s, uint32_t realm,
	    struct parent *ret)
{
	struct candidate *list;
	uint32_t n = 0;

	memset(ret, 0, sizeof(*ret));
	if (s->no_base[0]) {
		tell_why(ret->why, s->no_base);
		return;
	}
	if (!r->key->full) {
		tell_why(ret->why,
			 "a put-only key cannot read earlier backups");
		return;
	}
	/* What is condemned might be below the parent's root, unseen. */
	if (r->head.n_condemned) {
		tell_why(ret->why, "a prune is under way");
		return;
	}
	list = calloc((size_t)r->n_commits + 1, sizeof(*list));
	if (!list) {
		tell_why(ret->why, "out of memory");
		return;
	}
	for (uint32_t i = 0; i < r->n_commits; i++)
		if (is_candidate(&r->commits[i], s, realm))
			list[n++].commit = &r->commits[i];
	choose(s, list, n, ret);
	free(list);
}

static const struct backup_disk *
same_disk(const struct backup *was, const char *vdev)
{
	for (unsigned int i = 0; i < was->n_disks; i++)
		if (strcmp(was->disks[i].vdev, vdev) == 0)
			return &was->disks[i];
	return NULL;
}

/* What of @d changed since it was stored as @was; false with the reason. */
static bool
find_changes(const struct source_disk *d, const struct backup_disk *was,
	     struct parent_disk *ret)
{
	struct err err = ERR_INIT;

	if (!was || !d->base || !d->view) {
		tell_why(ret->why, "the backup before has no such disk");
	} else if (was->bytes != d->bytes) {
		tell_why(ret->why, "its size changed since the backup before");
	} else if (strcmp(was->format, d->format) != 0) {
		tell_why(ret->why,
			 "its format changed since the backup before");
	} else if (strcmp(d->base->generation, d->view->generation) == 0) {
		tell_why(ret->why, "the very same is there already");
		return true;
	} else if (disk_changes(d->base, d->view, d->fd, &ret->changes, &err)) {
		tell_why(ret->why, err.text);
	} else {
		tell_why(ret->why, ret->changes.how);
		return true;
	}
	return false;
}

void
parent_disk(const struct parent *p, const struct source_disk *d,
	    struct parent_disk *ret)
{
	const struct backup_disk *was = NULL;

	memset(ret, 0, sizeof(*ret));
	if (!p->commit) {
		tell_why(ret->why, p->why);
		return;
	}
	was = same_disk(&p->commit->outcome.backup, d->vdev);
	ret->is_base = find_changes(d, was, ret);
	if (!ret->is_base) {
		log_debug("disk %s is read whole: %s", d->vdev, ret->why);
		return;
	}
	ret->base.realm = p->commit->realm;
	ret->base.root = was->root;
	ret->base.levels = was->levels;
	ret->base.changes = ret->changes.e;
	ret->base.n_changes = ret->changes.n;
}

void
parent_disk_done(struct parent_disk *d)
{
	disk_changes_done(&d->changes);
}

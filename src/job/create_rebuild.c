/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_rebuild.c - the instant by the 2010 recipe: save, views, end, restore.
 *
 * A guest that cannot be resumed in place goes on as a new domain, made from
 * the memory that was just saved.  Between the old one's end and the new one's
 * start that file is all there is of it, so it is durable before, and until
 * the new one runs the journal and the watchdog know that it may be needed.
 * Up to there everything can be taken back, and the old domain resumed.
 */
#include "clock.h"
#include "create.h"
#include "fd.h"
#include "log.h"

/* Memory and views are whole: from here on only forward. */
static int
begin_rebuild(struct create *c, struct leftover *l)
{
	if (fd_sync(c->memfd, SNAPSHOT_MEMORY, c->err) ||
	    fd_sync(c->dirfd, "the snapshot's folder", c->err) ||
	    snapshot_partial_path(c->s->domain, c->s->name, SNAPSHOT_MEMORY,
				  l->saved.memory, sizeof(l->saved.memory),
				  c->err) ||
	    journal_step(&c->journal, JOURNAL_REBUILD, c->err))
		return -1;
	return watchdog_arm(&c->watchdog, l, c->err);
}

static int
rebuild(struct create *c, const struct leftover *l)
{
	bool restored;

	if (domain_rebuild(&l->saved, &restored, c->err)) {
		c->left_gone = true;
		return err_add(c->err, "restore %s", c->s->domain);
	}
	if (restored)
		return 0;
	c->left_gone = true;
	return err_set(c->err, ERR_STATE, 0,
		       "somebody else started %s while it was being restored",
		       c->s->domain);
}

/* Nothing irrevocable has happened: it goes on where it stands. */
static int
take_back(struct create *c)
{
	create_thaw(c);
	create_release(c);
	return -1;
}

int
create_rebuild(struct create *c)
{
	struct leftover l;
	int rc;

	if (create_freeze(c) || create_views(c))
		return take_back(c);
	clock_utc(c->s->created, sizeof(c->s->created));
	c->viewed_ns = clock_ns();
	create_leftover(c, true, &l);
	if (begin_rebuild(c, &l))
		return take_back(c);
	rc = rebuild(c, &l);
	c->times.resumed_ns = clock_ns();
	if (rc)
		return -1;
	/* It wakes to a domain that is gone, and ends. */
	xl_monitor_go_on(&c->monitor);
	log_notice("%s was away for %.1f ms and runs on as a new domain",
		   c->s->domain,
		   (double)(c->times.resumed_ns - c->times.suspended_ns) / 1e6);
	return 0;
}

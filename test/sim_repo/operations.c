/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operations.c - see operations.h. */
#include "operations.h"

struct many_disk next_disk;
struct many_prune next_prune;

void
operations_draw(const struct many *m)
{
	many_draw_disk(m, &next_disk);
	next_prune.forget = many_draw_forget(m);
}

static int
run_backup(struct many *m, struct err *err)
{
	return many_backup(m, 0, &next_disk, err);
}

static int
run_prune(struct many *m, struct err *err)
{
	struct prune_report report;

	return many_prune(m, 0, &next_prune, &report, err);
}

static int
run_verify(struct many *m, struct err *err)
{
	struct many_said said;

	return many_verify(m, 0, &said, err);
}

static int
run_add(struct many *m, struct err *err)
{
	return many_key(m, 0, MANY_SECRETS - 1, false, err);
}

static int
run_put_only(struct many *m, struct err *err)
{
	return many_key(m, 0, MANY_SECRETS - 1, true, err);
}

/* There and back: once more does it with the other secret. */
static int
run_change(struct many *m, struct err *err)
{
	return many_key_change(m, 0, m->hosts[0].secret ? 0 : MANY_SECRETS - 1,
			       err);
}

const struct operation operations[OPERATIONS] = {
	{ "backup", run_backup, false },
	{ "prune", run_prune, false },
	{ "verify", run_verify, true },
	{ "key add", run_add, false },
	{ "key add --put-only", run_put_only, false },
	{ "key change", run_change, false },
};

void
operations_find_secret(struct many *m)
{
	struct many_at was = many_enter(m, 0);
	struct repo_how how = many_how();
	struct err err = ERR_INIT;
	struct repo *r = NULL;

	if (repo_open(&how, &r, &err) && err.code == ERR_DENIED)
		m->hosts[0].secret = MANY_SECRETS - 1 - m->hosts[0].secret;
	repo_close(r);
	many_leave(was);
}

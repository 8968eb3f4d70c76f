/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noticed.c - see noticed.h. */
#include "noticed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct naming {
	const struct many *before;
	const struct many *m;
	const char *text;
	bool named;
};

/* Does the text tell of object @name: its name, or that which is only its
 * session's, or a head's number? */
static bool
tells_of(const char *text, const char *name)
{
	const char *last = strrchr(name, '/');
	char head[40];

	if (strstr(text, name) || (last && strstr(text, last + 1)))
		return true;
	if (strcmp(name, "config") == 0)
		return strstr(text, "no repository") ||
		       strstr(text, "its config") || strstr(text, "has format");
	if (strncmp(name, "heads/", 6) == 0 && strstr(text, "has no head"))
		return true;
	snprintf(head, sizeof(head), "head is %llu,",
		 strncmp(name, "heads/", 6) == 0 ?
			 strtoull(name + 6, NULL, 16) - 1 :
			 0);
	return strstr(text, head) != NULL;
}

/* An object that was there, or is: is it another one now, and told of? */
static int
look_at(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct naming *n = ctx;
	size_t len = 0, now = 0;
	const uint8_t *was = store_mem_look(n->before->store, name, &len);
	const uint8_t *is = store_mem_look(n->m->store, name, &now);

	(void)bytes;
	(void)err;
	if (!was || !is || len != now || memcmp(was, is, len) != 0)
		n->named |= tells_of(n->text, name);
	return 0;
}

static bool
is_there(struct repo *r, const uint8_t session[SESSION_ID])
{
	const struct repo_commit *c = repo_commit_of(r, session);

	return c && repo_is_backup(c);
}

/* All that is listed comes back, or it was said that it is hurt. */
static int
restore_all(struct many *m, bool unhurt)
{
	struct many_at was = many_enter(m, 0);
	struct repo_how how = many_how();
	struct err err = ERR_INIT;
	struct repo *r = NULL;
	int rc = 0;

	if (repo_open(&how, &r, &err) == 0 && repo_load(r, &err) == 0)
		for (unsigned int i = 0; i < m->n; i++) {
			int is;

			if (!is_there(r, m->backups[i].session))
				continue;
			err_clear(&err);
			is = many_restore(m, r, &m->backups[i], &err);
			if (is > 0)
				rc = many_wrong(m, "backup %u came back wrong",
						i);
			else if (is && unhurt && rc == 0)
				rc = many_wrong(m, "backup %u is hurt: %s", i,
						err.text);
		}
	repo_close(r);
	many_leave(was);
	return rc;
}

enum noticed
notice(const struct many *before, struct many *m)
{
	struct err err = ERR_INIT;
	struct many_said said;
	struct naming n = { .before = before, .m = m, .text = said.text };
	int rc = many_verify(m, 0, &said, &err);

	if (rc == 0 && said.n == 0)
		return many_check(m, 0) ? MISSED : HARMLESS;
	if (rc)
		snprintf(said.text, sizeof(said.text), "%s", err.text);
	err_clear(&err);
	store_list(before->store, "", look_at, &n, &err);
	store_list(m->store, "", look_at, &n, &err);
	if (!n.named)
		many_wrong(m, "it is not named: %s", said.text);
	/* What can be had of it all the same. */
	m->accept_head = true;
	if (rc)
		rc = many_verify(m, 0, &said, &err);
	if (restore_all(m, rc == 0 && said.n_hurt == 0) || !n.named)
		return MISSED;
	return NOTICED;
}

void
notice_unforget(struct many *m)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (m->backups[i].told == MANY_FORGOTTEN)
			m->backups[i].told = MANY_HALF_FORGOTTEN;
}

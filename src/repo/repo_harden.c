/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_harden.c - see repo_harden.h. */
#include <inttypes.h>
#include <stdio.h>

#include "object.h"
#include "repo_harden.h"

static int
harden(struct repo *r, const char *name, struct err *err)
{
	if (store_harden(r->store, name, err) == 0)
		return 0;
	if (err->code != ERR_NOTFOUND)
		return -1;
	err_clear(err);
	return 0;
}

static int
harden_session(struct repo *r, const char *folder, const uint8_t id[SESSION_ID],
	       struct err *err)
{
	char name[OBJECT_NAME_MAX];

	object_name(folder, id, SESSION_ID, name);
	return harden(r, name, err);
}

int
repo_harden(struct repo *r, struct err *err)
{
	char name[OBJECT_NAME_MAX];

	snprintf(name, sizeof(name), "heads/%016" PRIx64, r->head.number);
	if (harden(r, name, err))
		return -1;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if ((!head_knows(&r->head, c->session) &&
		     harden_session(r, "outcomes", c->session, err)) ||
		    (c->forgotten &&
		     harden_session(r, "forgets", c->session, err)))
			return -1;
	}
	return 0;
}

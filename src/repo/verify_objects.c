/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_objects.c - see verify_objects.h. */
#include <stdio.h>
#include <string.h>

#include "index_part.h"
#include "object.h"
#include "repo_slot.h"
#include "take.h"
#include "verify_objects.h"

struct looking {
	struct repo *r;
	const struct verify_how *how;
	uint32_t n_bad;
	enum record_kind kind;
	struct buf b;
};

static void
tell(struct looking *l, const char *name, const char *why)
{
	char line[700];

	snprintf(line, sizeof(line), "%s: %s", name, why);
	l->n_bad++;
	l->how->problem(line, l->how->problem_ctx);
}

/* What is damage, and what makes it impossible to go on? */
static int
damage(struct looking *l, const char *name, struct err *err)
{
	if (!object_is_damaged(err) && err->code != ERR_DENIED)
		return -1;
	tell(l, name, err->text);
	err_clear(err);
	return 0;
}

static int
look_at_session(const uint8_t *p, size_t len, struct err *err)
{
	struct take t = take_from(p, len);
	char host_name[OUTCOME_TEXT];

	take_skip(&t, HOST_ID);
	take_text(&t, host_name, sizeof(host_name));
	take_u64(&t);
	if (take_u8(&t) - 1u > 1)
		take_refuse(&t, "its purpose is none that we know");
	return take_end(&t, "a session", err);
}

/* Session @p[0..15], host, time: the name says the first. */
static int
look_at_forget(const char *name, const uint8_t *p, size_t len, struct err *err)
{
	struct take t = take_from(p, len);
	uint8_t id[SESSION_ID], is[SESSION_ID];

	take_bytes(&t, is, SESSION_ID);
	take_skip(&t, HOST_ID);
	take_u64(&t);
	if (object_id(name, "forgets", id, SESSION_ID) &&
	    memcmp(id, is, SESSION_ID) != 0)
		take_refuse(&t, "it is of another session than its name says");
	return take_end(&t, "a forget", err);
}

/* Is the body what such an object may say? */
static int
look_at_body(const struct object *o, const uint8_t *p, size_t len,
	     struct err *err)
{
	struct outcome outcome;
	struct index_part part;
	struct head head;
	int rc = 0;

	switch (o->kind) {
	case RECORD_SESSION:
		rc = look_at_session(p, len, err);
		break;
	case RECORD_OUTCOME:
		rc = outcome_decode(p, len, &outcome, err);
		if (rc == 0)
			outcome_done(&outcome);
		break;
	case RECORD_HEAD:
		rc = head_decode(p, len, &head, err);
		if (rc == 0)
			head_done(&head);
		break;
	case RECORD_FORGET:
		rc = look_at_forget(o->name, p, len, err);
		break;
	case RECORD_INDEX:
		rc = index_part_take(p, len, &part, err);
		break;
	}
	return rc;
}

static int
look_at_record(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct looking *l = ctx;
	struct object o = { .store = l->r->store,
			    .key = l->r->key,
			    .kind = l->kind };
	const uint8_t *body;
	size_t len;

	(void)bytes;
	snprintf(o.name, sizeof(o.name), "%s", name);
	if (object_get_record(&o, &l->b, &body, &len, err) == 0 &&
	    look_at_body(&o, body, len, err) == 0)
		return 0;
	/* Gone since it was listed: a prune is at work. */
	if (err->code == ERR_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	return damage(l, name, err);
}

/* A slot, and whether its other copy, if there is one, is the same. */
static int
look_at_slot(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct looking *l = ctx;
	char twin[OBJECT_NAME_MAX];
	uint8_t id[SLOT_ID];
	struct slot_info info;
	struct buf b = BUF_INIT;
	unsigned int copy;
	int rc = 0;

	(void)bytes;
	if (!repo_slot_parse(name, id, &copy))
		return 0;
	repo_slot_name(id, 3 - copy, twin);
	l->b.len = 0;
	if (repo_slot_get(l->r->store, name, l->r->id, &l->b, &info, err))
		rc = err->code == ERR_NOTFOUND ? 0 : damage(l, name, err);
	else if (object_get(l->r->store, twin, SLOT_MAX, &b, err))
		rc = err->code == ERR_NOTFOUND ? 0 : damage(l, twin, err);
	else if (b.len != l->b.len || memcmp(b.data, l->b.data, b.len) != 0)
		tell(l, name, "it differs from its other copy");
	if (rc == 0)
		err_clear(err);
	buf_done(&b);
	return rc;
}

int
verify_objects(struct repo *r, const struct verify_how *how, uint32_t *ret_bad,
	       struct err *err)
{
	static const struct {
		const char *prefix;
		enum record_kind kind;
	} folders[] = {
		{ "sessions/", RECORD_SESSION },
		{ "outcomes/", RECORD_OUTCOME },
		{ "heads/", RECORD_HEAD },
		{ "forgets/", RECORD_FORGET },
		{ "index/", RECORD_INDEX },
	};
	struct looking l = { .r = r, .how = how };
	int rc = store_list(r->store, "keys/", look_at_slot, &l, err);

	for (size_t i = 0; rc == 0 && i < sizeof(folders) / sizeof(folders[0]);
	     i++) {
		l.kind = folders[i].kind;
		rc = store_list(r->store, folders[i].prefix, look_at_record, &l,
				err);
	}
	*ret_bad = l.n_bad;
	buf_done(&l.b);
	return rc;
}

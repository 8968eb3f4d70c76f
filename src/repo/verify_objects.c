/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_objects.c - see verify_objects.h. */
#include <stdio.h>
#include <string.h>

#include "object.h"
#include "slot.h"
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
	if (err->code != ERR_CORRUPT && err->code != ERR_UNSUPPORTED &&
	    err->code != ERR_DENIED)
		return -1;
	tell(l, name, err->text);
	err_clear(err);
	return 0;
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
	if (object_get_record(&o, &l->b, &body, &len, err) == 0)
		return 0;
	/* Gone since it was listed: a prune is at work. */
	if (err->code == ERR_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	return damage(l, name, err);
}

/* The name of the other copy of slot @name. */
static void
twin_of(const char *name, char ret[OBJECT_NAME_MAX])
{
	size_t len = strlen(name);

	snprintf(ret, OBJECT_NAME_MAX, "%s", name);
	ret[len - 1] = name[len - 1] == '1' ? '2' : '1';
}

static int
look_at_slot(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct looking *l = ctx;
	char twin[OBJECT_NAME_MAX];
	struct slot_info info;
	struct buf b = BUF_INIT;
	int rc = 0;

	(void)bytes;
	twin_of(name, twin);
	l->b.len = 0;
	if (object_get(l->r->store, name, SLOT_MAX, &l->b, err) ||
	    slot_look(l->b.data, l->b.len, &info, err))
		rc = damage(l, name, err);
	else if (object_get(l->r->store, twin, SLOT_MAX, &b, err))
		rc = err->code == ERR_NOTFOUND ? 0 : damage(l, twin, err);
	else if (b.len != l->b.len || memcmp(b.data, l->b.data, b.len) != 0)
		tell(l, name, "it differs from its other copy");
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

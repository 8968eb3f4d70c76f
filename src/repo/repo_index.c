/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_index.c - see repo_index.h. */
#include "repo_index.h"
#include "log.h"
#include "object.h"

/* An index part that is bad, as @err says: 0 if it can be left out.  Pieces
 * that no other part has are then in no pack, and whoever needs one fails. */
static int
leave_out(struct repo *r, struct err *err)
{
	if (err->code != ERR_CORRUPT && err->code != ERR_UNSUPPORTED &&
	    err->code != ERR_NOTFOUND)
		return -1;
	if (!r->salvage)
		return err_more(err, "what does not need it can be read with "
				     "--accept-head, which leaves it out");
	/* It is told once, however often an index is made. */
	if (!r->indexed)
		log_warning("%s; it is left out, continuing", err->text);
	err_clear(err);
	return 0;
}

static int
add_part(struct repo *r, struct index *ix, uint32_t realm,
	 const uint8_t sum[SHA256_BYTES], struct err *err)
{
	struct object o = { .store = r->store,
			    .key = r->key,
			    .kind = RECORD_INDEX };
	struct buf b = BUF_INIT;
	const uint8_t *body;
	size_t len;
	int rc = -1;

	object_name("index", sum, SHA256_BYTES, o.name);
	if (object_get_record(&o, &b, &body, &len, err))
		goto out;
	if (realm != REALM_NONE && o.realm != realm)
		err_set(err, ERR_CORRUPT, 0, "%s is of another realm", o.name);
	else if (index_add_part(ix, body, len, err))
		err_add(err, "%s", o.name);
	else
		rc = 0;
out:
	buf_done(&b);
	return rc ? leave_out(r, err) : 0;
}

/* A put-only key reads its own realm's alone. */
static bool
is_wanted(const struct repo *r, uint32_t is, uint32_t realm)
{
	if (realm != REALM_NONE)
		return is == realm;
	return r->key->full || is == r->key->realm;
}

static int
add_all(struct repo *r, struct index *ix, uint32_t realm, struct err *err)
{
	for (uint32_t i = 0; i < r->head.n_base; i++)
		if (is_wanted(r, r->head.base[i].realm, realm) &&
		    add_part(r, ix, realm, r->head.base[i].name, err))
			return -1;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (!c->ours || !is_wanted(r, c->realm, realm) ||
		    head_knows(&r->head, c->session))
			continue;
		for (uint32_t k = 0; k < c->outcome.n_index; k++)
			if (add_part(r, ix, realm,
				     c->outcome.index + k * SHA256_BYTES, err))
				return -1;
	}
	return 0;
}

/* A condemned pack that no part of ours names is another realm's. */
static int
condemn(struct repo *r, struct index *ix, struct err *err)
{
	for (uint32_t i = 0; i < r->head.n_condemned; i++) {
		uint32_t pack;

		if (r->head.condemned[i].kind != CONDEMNED_PACK)
			continue;
		if (index_add_pack(ix, r->head.condemned[i].name, 0, &pack,
				   err))
			return -1;
		index_condemn(ix, pack);
	}
	return 0;
}

struct index *
repo_index(struct repo *r, uint32_t realm, struct err *err)
{
	struct index *ix = index_new(r->statefd, err);

	if (ix && add_all(r, ix, realm, err) == 0 && condemn(r, ix, err) == 0) {
		r->indexed = true;
		return ix;
	}
	index_free(ix);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_key.c - see job_key.h.  Each opens the repository, which proves that the
 * user has a key, and does one thing.
 */
#include <string.h>

#include "hex.h"
#include "job_key.h"

static void
report_own(const struct repo *r, struct key_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->repo_id, r->id, REPO_ID);
	memcpy(ret->id, r->slot.info.id, SLOT_ID);
	ret->full = r->key->full;
	ret->kdf = r->slot.info.kdf;
	memcpy(ret->label, r->slot.label, sizeof(ret->label));
}

static void
report(const struct repo *r, const struct repo_key_entry *e,
       struct key_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->repo_id, r->id, REPO_ID);
	memcpy(ret->id, e->id, SLOT_ID);
	ret->full = e->info.full;
	ret->kdf = e->info.kdf;
}

/* ---- list ---- */

int
job_key_list(const struct key_opts *o, struct key_list *ret, struct err *err)
{
	struct repo *r = NULL;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (repo_open(&o->how, &r, err) == 0 &&
	    repo_keys_list(r, &ret->keys, err) == 0) {
		report_own(r, &ret->own);
		ret->realm = r->key->realm;
		rc = 0;
	}
	repo_close(r);
	return rc;
}

void
key_list_done(struct key_list *l)
{
	repo_keys_done(&l->keys);
}

/* ---- add ---- */

int
job_key_add(const struct key_opts *o, struct key_report *ret, struct err *err)
{
	struct repo_key_new how = { .opener = o->fresh,
				    .label = o->label ? o->label : "",
				    .put_only = o->put_only };
	struct repo *r = NULL;
	int rc = -1;

	if (repo_open(&o->how, &r, err))
		return -1;
	report_own(r, ret);
	if (!r->key->full) {
		err_set(err, ERR_DENIED, 0,
			"this key can only add backups; another key takes a "
			"full one");
		goto out;
	}
	/* It says which realms there are. */
	if (o->put_only && repo_load(r, err))
		goto out;
	rc = o->dry_run ? 0 : repo_keys_add(r, &how, ret->id, err);
	ret->full = !o->put_only;
	ret->kdf = o->fresh.kdf;
out:
	repo_close(r);
	return rc;
}

/* ---- remove ---- */

int
job_key_remove(const struct key_opts *o, struct key_report *ret,
	       struct err *err)
{
	const struct repo_key_entry *e;
	struct repo_keys keys = { .n = 0 };
	struct repo *r = NULL;
	int rc = -1;

	if (repo_open(&o->how, &r, err) || repo_keys_list(r, &keys, err))
		goto out;
	e = repo_keys_find(&keys, o->which, err);
	if (!e)
		goto out;
	report(r, e, ret);
	rc = o->dry_run ? repo_keys_may_remove(r, e->id, err) :
			  repo_keys_remove(r, e->id, err);
out:
	repo_keys_done(&keys);
	repo_close(r);
	return rc;
}

/* ---- change ---- */

int
job_key_change(const struct key_opts *o, struct key_report *ret,
	       struct err *err)
{
	struct repo_key_new how = { .opener = o->fresh };
	struct repo *r = NULL;
	int rc = -1;

	if (repo_open(&o->how, &r, err))
		return -1;
	report_own(r, ret);
	memcpy(ret->old, ret->id, SLOT_ID);
	how.label = o->label ? o->label : r->slot.label;
	if (!o->dry_run) {
		ret->kdf = o->fresh.kdf;
		if (repo_keys_add(r, &how, ret->id, err))
			goto out;
		if (repo_keys_remove(r, ret->old, err)) {
			err_more(err, "both secrets open the repository now");
			goto out;
		}
	}
	rc = 0;
out:
	repo_close(r);
	return rc;
}

/* ---- export ---- */

int
job_key_export(const struct key_opts *o, struct key_report *ret,
	       struct err *err)
{
	const struct repo_key_entry *e;
	struct repo_keys keys = { .n = 0 };
	struct repo *r = NULL;
	char hex[2 * SLOT_ID + 1];
	int rc = -1;

	if (repo_open(&o->how, &r, err) || repo_keys_list(r, &keys, err))
		goto out;
	e = repo_keys_find(&keys, o->which, err);
	if (!e)
		goto out;
	report_own(r, ret);
	hex_text(e->id, SLOT_ID, hex);
	if (!e->is_own)
		err_set(err, ERR_INVALID, 0,
			"key %.8s is not the one that was given, and only who "
			"has it can write it down: give its key file",
			hex);
	else if (ret->kdf != SLOT_KEY_FILE)
		err_set(err, ERR_UNSUPPORTED, 0,
			"key %.8s is a passphrase, which is known to you "
			"alone; for a key that can be printed: 'key add "
			"--new-key-file'",
			hex);
	else
		rc = 0;
out:
	repo_keys_done(&keys);
	repo_close(r);
	return rc;
}

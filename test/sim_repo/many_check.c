/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many_check.c - see many.h: is all as it was told? */
#include "many.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drain.h"
#include "fd.h"
#include "hex.h"
#include "plain.h"
#include "repo_index.h"

#define LONG_AGO 100000 /* seconds: whoever is still at it is dead */

/* Is what is in @fd the disk @d? */
static bool
is_same(int fd, const struct many_disk *d)
{
	struct err err = ERR_INIT;
	uint64_t bytes;
	uint8_t *want = many_bytes(d, &bytes);
	uint8_t *got = malloc((size_t)bytes + 1);
	bool same;

	same = got &&
	       fd_pread_full(fd, got, (size_t)bytes + 1, 0, &err) ==
		       (ssize_t)bytes &&
	       memcmp(got, want, (size_t)bytes) == 0;
	free(got);
	free(want);
	return same;
}

int
many_restore(struct many *m, struct repo *r, const struct many_backup *b,
	     struct err *err)
{
	const struct repo_commit *c = repo_commit_of(r, b->session);
	struct drain d = { .r = r, .what = "disk", .stream = true };
	struct drain_count n;
	int rc = -1;

	(void)m;
	if (!c || !repo_is_backup(c))
		return err_set(err, ERR_NOTFOUND, 0, "it is not there");
	d.realm = c->realm;
	d.disk = &c->outcome.backup.disks[0];
	d.ix = repo_index(r, c->realm, err);
	if (!d.ix)
		return -1;
	d.to = memfd_create("restored", MFD_CLOEXEC);
	if (drain_disk(&d, &n, err) == 0)
		rc = is_same(d.to, &b->disk) ? 0 : 1;
	fd_close(&d.to);
	index_free(d.ix);
	return rc;
}

static bool
is_listed(struct repo *r, const uint8_t session[SESSION_ID])
{
	const struct repo_commit *c = repo_commit_of(r, session);

	return c && repo_is_backup(c);
}

/* Backup @i, of which was told what is in it. */
static int
check_one(struct many *m, struct repo *r, unsigned int i)
{
	const struct many_backup *b = &m->backups[i];
	struct err err = ERR_INIT;
	bool listed = is_listed(r, b->session);
	int rc;

	if (b->told == MANY_MADE && !listed)
		return many_wrong(m, "backup %u was made, and is not there", i);
	if (b->told == MANY_FORGOTTEN && listed)
		return many_wrong(m, "backup %u was forgotten, and is there",
				  i);
	if (!listed)
		return 0;
	rc = many_restore(m, r, b, &err);
	if (rc > 0)
		return many_wrong(m, "backup %u is another one now", i);
	return rc ? many_wrong(m, "backup %u is lost: %s", i, err.text) : 0;
}

/* Nothing is listed that nobody has made. */
static int
check_list(struct many *m, struct repo *r)
{
	char hex[2 * SESSION_ID + 1];

	for (uint32_t i = 0; i < r->n_commits; i++) {
		bool known = !repo_is_backup(&r->commits[i]);

		for (unsigned int k = 0; k < m->n && !known; k++)
			known = memcmp(m->backups[k].session,
				       r->commits[i].session, SESSION_ID) == 0;
		if (known)
			continue;
		hex_text(r->commits[i].session, SESSION_ID, hex);
		return many_wrong(m, "nobody has made backup %s", hex);
	}
	return 0;
}

int
many_check(struct many *m, unsigned int host)
{
	struct many_at was = many_enter(m, host);
	struct repo_how how = many_how();
	struct err err = ERR_INIT;
	struct many_said said;
	struct repo *r = NULL;
	int rc = -1;

	if (repo_open(&how, &r, &err) || repo_load(r, &err)) {
		many_wrong(m, "host %u cannot open it: %s", host, err.text);
		goto out;
	}
	rc = check_list(m, r);
	for (unsigned int i = 0; i < m->n && rc == 0; i++)
		rc = check_one(m, r, i);
out:
	repo_close(r);
	many_leave(was);
	if (rc)
		return -1;
	if (many_verify(m, host, &said, &err))
		return many_wrong(m, "verify: %s", err.text);
	m->needed = said.n_packs;
	return said.n ? many_wrong(m, "verify says %s", said.text) : 0;
}

int
many_settle(struct many *m, unsigned int host)
{
	struct many_prune how = { .break_s = LONG_AGO };
	struct prune_report report;
	struct err err = ERR_INIT;
	size_t packs;

	plain_pass(2 * LONG_AGO);
	/* The first may only finish another's work. */
	for (int i = 0; i < 3 && (i < 2 || report.n_deleted); i++)
		if (many_prune(m, host, &how, &report, &err))
			return many_wrong(m, "prune: %s", err.text);
	if (report.n_waiting || report.n_deleted)
		return many_wrong(m,
				  "prune left something to do: %u packs, "
				  "%u sessions",
				  report.n_deleted, report.n_waiting);
	if (many_check(m, host))
		return -1;
	packs = store_mem_count(m->store, "packs/");
	return packs == m->needed ?
		       0 :
		       many_wrong(m, "%zu packs, of which %u are needed", packs,
				  m->needed);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many_do.c - see many.h: what hosts do, as job/ does it. */
#include "many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "fill.h"
#include "job_key.h"
#include "press.h"
#include "repo_verify.h"

#define WAIT_S 0 /* for others, who do nothing meanwhile */

int
many_init(struct many *m, unsigned int host, struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct slot_opener opener = many_opener(m->hosts[host].secret);
	int rc = repo_init("mem:", &opener, "first key", MANY_CHUNK, err);

	many_leave(was);
	return rc;
}

/* ---- backup ---- */

/* What one backup has in hands. */
struct making {
	struct many *m;
	const struct many_disk *d;
	struct repo *r;
	struct put *put;
	int from;
	uint64_t bytes;
	struct fill_base base;
	struct disk_extent changes[MANY_CHUNKS_MAX];
	struct backup_disk disk;
	uint8_t parent[SESSION_ID];
};

static struct many_backup *
backup_of(struct many *m, const uint8_t session[SESSION_ID])
{
	for (unsigned int i = 0; i < m->n; i++)
		if (memcmp(m->backups[i].session, session, SESSION_ID) == 0)
			return &m->backups[i];
	return NULL;
}

static void
note_changes(struct making *x, const struct many_disk *was)
{
	struct fill_base *b = &x->base;

	for (unsigned int i = 0; i < was->n; i++) {
		if (was->chunks[i] == x->d->chunks[i])
			continue;
		x->changes[b->n_changes].offset = (uint64_t)i * MANY_CHUNK;
		x->changes[b->n_changes++].bytes = i + 1 < was->n ? MANY_CHUNK :
								    was->last;
	}
	b->changes = x->changes;
}

/* As job/backup_parent.c: the newest of the same size, unless a prune is under
 * way. */
static bool
find_base(struct making *x)
{
	struct repo *r = x->r;
	const struct repo_commit *best = NULL;

	if (!x->d->compare || !r->key->full || r->head.n_condemned)
		return false;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		const struct repo_commit *c = &r->commits[i];

		if (repo_is_backup(c) && c->realm == r->key->realm &&
		    c->outcome.backup.disks[0].bytes == x->bytes &&
		    backup_of(x->m, c->session) &&
		    (!best || c->outcome.ended >= best->outcome.ended))
			best = c;
	}
	if (!best)
		return false;
	x->base.realm = best->realm;
	x->base.root = best->outcome.backup.disks[0].root;
	x->base.levels = best->outcome.backup.disks[0].levels;
	memcpy(x->parent, best->session, SESSION_ID);
	note_changes(x, &backup_of(x->m, best->session)->disk);
	return true;
}

static int
open_source(struct making *x, struct err *err)
{
	uint8_t *p = many_bytes(x->d, &x->bytes);
	int rc;

	x->from = memfd_create("disk", MFD_CLOEXEC);
	rc = fd_write_all(x->from, p, (size_t)x->bytes, err);
	free(p);
	return rc;
}

/* As job/job_backup.c: a base of which something is missing is none. */
static int
fill(struct making *x, struct err *err)
{
	struct reader_fd from = reader_fd(x->from);
	struct fill f = { .r = x->r,
			  .put = x->put,
			  .what = "disk",
			  .from = &from.base,
			  .bytes = x->bytes };
	struct filled n = { .bytes = 0 };
	int rc = -1;

	x->disk.how = HOW_CHANGES;
	if (find_base(x)) {
		f.base = &x->base;
		rc = fill_disk(&f, &n, err);
		if (rc && !n.base_is_bad)
			return -1;
	}
	if (rc) {
		err_clear(err);
		f.base = NULL;
		memset(x->parent, 0, SESSION_ID);
		x->disk.how = HOW_WHOLE;
		rc = fill_disk(&f, &n, err);
	}
	strcpy(x->disk.vdev, "disk");
	x->disk.source = "/disk";
	strcpy(x->disk.format, "raw");
	x->disk.bytes = x->bytes;
	x->disk.levels = n.levels;
	memcpy(x->disk.root, n.root, NAME_BYTES);
	return rc;
}

/* From the moment at which it may be there, it is known. */
static int
commit(struct making *x, struct err *err)
{
	struct many *m = x->m;
	struct many_backup *b = &m->backups[m->n];
	struct backup k = { .name = "disk",
			    .from = FROM_DISK,
			    .instant = (uint64_t)time(NULL),
			    .n_disks = 1,
			    .disks = &x->disk };
	static const uint8_t none[SESSION_ID];
	int rc;

	memcpy(k.parent, x->parent, SESSION_ID);
	b->told = MANY_FAILED;
	b->disk = *x->d;
	memset(b->session, 0, SESSION_ID);
	m->n++; /* who works inside of us takes the next one */
	rc = put_commit(x->put, &k, b->session, err);
	/* Another host may have forgotten it meanwhile. */
	if (rc == 0 && b->told == MANY_FAILED)
		b->told = MANY_MADE;
	if (memcmp(b->session, none, SESSION_ID) == 0 &&
	    b == &m->backups[m->n - 1])
		m->n--;
	return rc;
}

/* For who may write index parts. */
static int
open_it(const struct many *m, struct repo **ret, struct err *err)
{
	struct repo_how how = many_how();

	if (repo_open(&how, ret, err))
		return -1;
	if (m->part_entries)
		(*ret)->part_entries = m->part_entries;
	return 0;
}

int
many_backup(struct many *m, unsigned int host, const struct many_disk *d,
	    struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct making x = { .m = m, .d = d, .from = -1 };
	struct put_how put = { .purpose = PURPOSE_BACKUP, .level = 1 };
	int rc = -1;

	if (m->n + MANY_HOSTS >= MANY_BACKUPS_MAX) {
		err_set(err, ERR_BUSY, 0, "the test is full");
		goto out;
	}
	if (open_source(&x, err) || open_it(m, &x.r, err))
		goto out;
	put.realm = x.r->key->realm;
	x.put = put_begin(x.r, &put, err);
	if (x.put && fill(&x, err) == 0)
		rc = commit(&x, err);
out:
	put_free(x.put);
	repo_close(x.r);
	fd_close(&x.from);
	many_leave(was);
	return rc;
}

/* ---- prune ---- */

/* As job/job_prune.c: only what is listed can be forgotten. */
static int
forget(struct many *m, struct repo *r, uint64_t which, struct err *err)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < m->n; i++) {
		struct many_backup *b = &m->backups[i];
		const struct repo_commit *c = repo_commit_of(r, b->session);

		if (!(which >> i & 1) || !c || !repo_is_backup(c))
			continue;
		if (b->told != MANY_FORGOTTEN)
			b->told = MANY_HALF_FORGOTTEN;
		if (repo_forget(r, b->session, err))
			return -1;
		done |= (uint64_t)1 << i;
	}
	if (store_sync(r->store, err))
		return -1;
	for (unsigned int i = 0; i < m->n; i++)
		if (done >> i & 1)
			m->backups[i].told = MANY_FORGOTTEN;
	return 0;
}

int
many_prune(struct many *m, unsigned int host, const struct many_prune *how,
	   struct prune_report *ret, struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct prune_how prune = { .wait_s = WAIT_S, .break_s = how->break_s };
	struct repo *r = NULL;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (open_it(m, &r, err) == 0 && repo_may_prune(r, err) == 0 &&
	    repo_load(r, err) == 0 && forget(m, r, how->forget, err) == 0 &&
	    repo_load(r, err) == 0)
		rc = repo_prune(r, &prune, ret, err);
	repo_close(r);
	many_leave(was);
	return rc;
}

/* ---- verify ---- */

static void
hear(const char *text, void *ctx)
{
	struct many_said *said = ctx;
	size_t used = strlen(said->text);

	said->n++;
	snprintf(said->text + used, sizeof(said->text) - used, "%s\n", text);
}

int
many_verify(struct many *m, unsigned int host, struct many_said *ret,
	    struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct verify_how how = { .data = true,
				  .problem = hear,
				  .problem_ctx = ret };
	struct repo_how open = many_how();
	struct verify_report report;
	struct repo *r = NULL;
	int rc = -1;

	ret->n = 0;
	ret->text[0] = '\0';
	if (repo_open(&open, &r, err) == 0 && repo_load(r, err) == 0)
		rc = repo_verify(r, &how, &report, err);
	if (rc == 0) {
		ret->n_packs = report.n_packs;
		ret->n_hurt = report.n_hurt;
	}
	repo_close(r);
	many_leave(was);
	return rc;
}

/* ---- keys ---- */

int
many_key(struct many *m, unsigned int host, unsigned int i, bool put_only,
	 struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct key_opts o = { .how = many_how(),
			      .fresh = many_opener(i),
			      .put_only = put_only };
	struct key_report report;
	int rc = job_key_add(&o, &report, err);

	many_leave(was);
	return rc;
}

int
many_key_change(struct many *m, unsigned int host, unsigned int i,
		struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct key_opts o = { .how = many_how(), .fresh = many_opener(i) };
	struct key_report report;
	int rc = job_key_change(&o, &report, err);

	if (rc == 0)
		m->hosts[host].secret = i;
	many_leave(was);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scale_probe.c - one measurement in a repository that scale_fill.c made, for
 * bench/scale: each in a process of its own, so that the memory is its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "get.h"
#include "map.h"
#include "put.h"
#include "repo_index.h"
#include "repo_prune.h"
#include "scale.h"

#define FINDS 20000

struct slot_opener
scale_opener(void)
{
	static const char key[] = "77777777777777777777777777777777";
	struct slot_opener o = { .kdf = SLOT_KEY_FILE, .p = key, .len = 32 };

	return o;
}

/* Sebastiano Vigna's SplitMix64: one number of each state. */
static uint64_t
mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
scale_id(uint64_t disk, uint64_t i, uint64_t version, uint8_t ret[NAME_BYTES])
{
	uint64_t state = mix(mix(disk << 40 | i) ^ version);

	for (size_t k = 0; k < NAME_BYTES; k += 8) {
		uint64_t v = mix(state + k);

		memcpy(ret + k, &v, 8);
	}
}

/* The most memory that this process had, in KiB. */
static long
peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[200];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

/* Two clocks: others may be at work on this machine. */
struct took {
	double s, cpu_s;
};

static struct took
now(void)
{
	struct timespec t;
	struct took n = { .s = (double)clock_ns() / 1e9 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	n.cpu_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	return n;
}

/* Since @last, which is now from now on. */
static struct took
since(struct took *last)
{
	struct took n = now(), t = { n.s - last->s, n.cpu_s - last->cpu_s };

	*last = n;
	return t;
}

/* A member of the one object that is printed. */
static void
tell(const char *name, struct took t)
{
	printf("\"%s_s\": %.9f, \"%s_cpu_s\": %.9f, ", name, t.s, name,
	       t.cpu_s);
}

static void
tell_peak(void)
{
	printf("\"rss_mib\": %.1f}\n", (double)peak_kib() / 1024);
}

static int
open_it(const char *folder, struct repo **ret, struct err *err)
{
	struct repo_how how = { .address = folder, .opener = scale_opener() };

	return repo_open(&how, ret, err);
}

/* ---- open, find ---- */

/* FINDS of the @n pieces that there are, or of others: is it @there? */
static int
find(struct index *ix, uint64_t n, bool there, struct took *ret,
     struct err *err)
{
	struct took at = now();
	struct index_entry e;
	uint8_t id[NAME_BYTES];

	for (uint64_t k = 0; k < FINDS; k++) {
		uint64_t i = mix(k) % n;
		int r;

		scale_id(i >> 24, i & ((1 << 24) - 1), there ? 0 : UINT64_MAX,
			 id);
		r = index_find(ix, id, &e, err);
		if (r < 0)
			return -1;
		if ((r > 0) != there)
			return err_set(err, ERR_CORRUPT, 0,
				       "a piece is %sfound", r ? "" : "not ");
	}
	*ret = since(&at);
	ret->s /= FINDS;
	ret->cpu_s /= FINDS;
	return 0;
}

static int
probe_open(const char *folder, uint64_t pieces, struct err *err)
{
	struct took at = now(), load, index, hit, miss;
	struct index *ix = NULL;
	struct repo *r = NULL;
	int rc = -1;

	if (open_it(folder, &r, err) || repo_load(r, err))
		goto out;
	load = since(&at);
	ix = repo_index(r, REALM_NONE, err);
	if (!ix)
		goto out;
	index = since(&at);
	if (find(ix, pieces, true, &hit, err) ||
	    find(ix, pieces, false, &miss, err))
		goto out;
	printf("{");
	tell("load", load);
	tell("index", index);
	tell("hit", hit);
	tell("miss", miss);
	tell_peak();
	rc = 0;
out:
	index_free(ix);
	repo_close(r);
	return rc;
}

/* ---- a backup of what is unchanged ---- */

/* As job/fill.c does it when the storage tells that nothing has changed. */
static int
same_map(struct put *p, struct repo *r, const struct backup_disk *was,
	 uint8_t ret_root[NAME_BYTES], struct err *err)
{
	struct getter *g = getter_new(r, put_index(p), r->key->realm, err);
	struct putter *t = putter_new(p, err);
	struct map *m =
		map_new(r->statefd, was->bytes, r->chunk, r->fanout_log2, err);
	int rc = -1;

	if (g && t && m && map_load_parts(m, g, was->root, NULL, 0, err) == 0)
		rc = map_build(m, t, ret_root, err);
	map_free(m);
	putter_free(t);
	getter_free(g);
	return rc;
}

static int
again(struct put *p, struct repo *r, uint8_t ret[SESSION_ID], struct err *err)
{
	struct repo_commit *c = repo_backup(r, "disk0", err);
	struct backup_disk disk;
	struct backup b;

	if (!c)
		return -1;
	b = c->outcome.backup;
	disk = b.disks[0];
	disk.how = HOW_CHANGES;
	b.disks = &disk;
	b.instant++;
	memcpy(b.parent, c->session, SESSION_ID);
	if (same_map(p, r, &c->outcome.backup.disks[0], disk.root, err))
		return -1;
	return put_commit(p, &b, ret, err);
}

static int
probe_backup(const char *folder, struct err *err)
{
	struct put_how how = { .purpose = PURPOSE_BACKUP, .level = 1 };
	struct took at = now(), begin, rest;
	uint8_t session[SESSION_ID];
	struct repo *r = NULL;
	struct put *p = NULL;
	int rc = -1;

	if (open_it(folder, &r, err))
		goto out;
	how.realm = r->key->realm;
	p = put_begin(r, &how, err);
	if (!p)
		goto out;
	begin = since(&at);
	if (again(p, r, session, err))
		goto out;
	rest = since(&at);
	printf("{");
	tell("begin", begin);
	tell("rest", rest);
	tell_peak();
	rc = 0;
out:
	put_free(p);
	repo_close(r);
	return rc;
}

/* ---- prune ---- */

/* The newest of disk 0, and all that are the same, so that something goes. */
static int
forget_newest(struct repo *r, struct err *err)
{
	const struct repo_commit *c = repo_backup(r, "disk0", err);
	const uint8_t *root;

	if (!c)
		return -1;
	root = c->outcome.backup.disks[0].root;
	for (uint32_t i = 0; i < r->n_commits; i++) {
		c = &r->commits[i];
		if (repo_is_backup(c) &&
		    memcmp(c->outcome.backup.disks[0].root, root, NAME_BYTES) ==
			    0 &&
		    repo_forget(r, c->session, err))
			return -1;
	}
	return 0;
}

static int
probe_prune(const char *folder, struct err *err)
{
	struct prune_how how = { .wait_s = 0 };
	struct prune_report report;
	struct repo *r = NULL;
	struct took at;
	int rc = -1;

	if (open_it(folder, &r, err) || repo_load(r, err) ||
	    forget_newest(r, err))
		goto out;
	at = now();
	if (repo_load(r, err) || repo_prune(r, &how, &report, err))
		goto out;
	printf("{\"deleted\": %u, ", report.n_deleted);
	tell("prune", since(&at));
	tell_peak();
	rc = 0;
out:
	repo_close(r);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct err err = ERR_INIT;
	int rc = -1;

	if (strcmp(what, "fill") == 0 && argc == 5)
		rc = scale_fill(argv[2], strtod(argv[3], NULL),
				strtoull(argv[4], NULL, 10), &err);
	else if (strcmp(what, "open") == 0 && argc == 4)
		rc = probe_open(argv[2], strtoull(argv[3], NULL, 10), &err);
	else if (strcmp(what, "backup") == 0 && argc == 3)
		rc = probe_backup(argv[2], &err);
	else if (strcmp(what, "prune") == 0 && argc == 3)
		rc = probe_prune(argv[2], &err);
	else
		err_set(&err, ERR_INVALID, 0,
			"usage: scale fill FOLDER TIB BACKUPS | open FOLDER "
			"PIECES | backup FOLDER | prune FOLDER");
	if (rc)
		fprintf(stderr, "scale: %s\n", err.text);
	return rc ? 1 : 0;
}

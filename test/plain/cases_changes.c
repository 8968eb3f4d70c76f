/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cases_changes.c - what differs between two views, by LVM's tables: every
 * block that differs is told, whoever writes meanwhile; and what proves nothing
 * is refused.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "clock.h"
#include "tap.h"
#include "uuid.h"
#include "volumes.h"
#include "writers.h"

#define BLOCK 4096u
#define BLOCKS (VOLUME_BYTES / BLOCK)
#define ROUNDS 3
#define WRITES 60u /* between two views */

/* A view with a generation of its own. */
static struct disk *
take_sized(const char *name, const char *snapshot, uint64_t cow_bytes)
{
	char generation[UUID_TEXT_LEN + 1];
	struct disk_owner owner = { .domain = "dt",
				    .snapshot = snapshot,
				    .generation = generation,
				    .vdev = "xvda" };
	struct disk_cow_size cow = { .percent = 50, .bytes = cow_bytes };
	struct err e = ERR_INIT;
	struct disk *d;

	if (uuid_new(generation, &e) || disk_open(volume(name), &d, &e) ||
	    disk_plan(d, &owner, &cow, &e) || disk_prepare(d, &e) ||
	    disk_hold(d, &e) || disk_view(d, &e))
		errx(2, "view %s of %s: %s", snapshot, name, e.text);
	return d;
}

static struct disk *
take(const char *name, const char *snapshot)
{
	return take_sized(name, snapshot, 0);
}

static bool
is_thin(const struct disk *d)
{
	return strcmp(d->ref.driver, "thin") == 0;
}

/* ---- comparing ---- */

/* All of the volume, the caller's to free. */
static char *
content(const struct disk *d)
{
	char *p = malloc(VOLUME_BYTES);
	struct err e = ERR_INIT;
	uint64_t at = 0;
	ssize_t n;
	int fd;

	if (!p || disk_view_open(&d->ref, &fd, &e))
		errx(2, "open %s: %s", d->ref.view, e.text);
	for (; at < VOLUME_BYTES; at += (uint64_t)n) {
		n = pread(fd, p + at, VOLUME_BYTES - at, (off_t)at);
		if (n <= 0)
			err(2, "read %s", d->ref.view);
	}
	if (disk_view_close(&d->ref, fd, &e))
		errx(2, "close %s: %s", d->ref.view, e.text);
	return p;
}

static void
judge(const struct disk *base, const struct disk *view,
      const struct disk_changes *c, const char *what)
{
	char *a = content(base), *b = content(view);
	char *told = calloc(1, BLOCKS);
	unsigned int differ = 0, missed = 0, more = 0;

	for (uint64_t i = 0; told && i < c->n; i++)
		for (uint64_t k = c->e[i].offset / BLOCK;
		     k * BLOCK < c->e[i].offset + c->e[i].bytes; k++)
			told[k] = 1;
	for (uint64_t k = 0; told && k < BLOCKS; k++) {
		bool d = memcmp(a + k * BLOCK, b + k * BLOCK, BLOCK) != 0;

		differ += d;
		missed += d && !told[k];
		more += !d && told[k];
	}
	tap_ok(told && missed == 0,
	       "%s: %u blocks differ, %u of them not told, %u more are (%s)",
	       what, differ, missed, more, c->how);
	free(told);
	free(a);
	free(b);
}

/* Ask, and compare with the views themselves.  How many bytes are told. */
static uint64_t
asked(const struct disk *base, const struct disk *view, const char *what)
{
	struct disk_changes c;
	struct err e = ERR_INIT;
	uint64_t bytes = 0;

	if (disk_changes(&base->ref, &view->ref, -1, &c, &e)) {
		tap_works(-1, &e, "%s", what);
	} else {
		bytes = c.bytes;
		judge(base, view, &c, what);
	}
	disk_changes_done(&c);
	return bytes;
}

static void
refused(const struct disk *base, const struct disk *view, enum err_code code,
	const char *what)
{
	struct disk_changes c;
	struct err e = ERR_INIT;

	tap_fails(disk_changes(&base->ref, &view->ref, -1, &c, &e), &e, code,
		  "%s", what);
	disk_changes_done(&c);
}

/* ---- rounds ---- */

static void
wait_for_writes(struct writers *w)
{
	uint64_t from = writers_count(w), begin = clock_ns();

	while (writers_count(w) < from + WRITES &&
	       clock_ms_since(begin) < 20000)
		clock_sleep_ms(10);
}

/*
 * The wrong way round: a classic view says so, or is right as well, when all
 * that its table could lack was written again meanwhile.
 */
static void
swapped(const struct disk *base, const struct disk *view, const char *what)
{
	struct disk_changes c;
	struct err e = ERR_INIT;

	if (disk_changes(&base->ref, &view->ref, -1, &c, &e) == 0)
		judge(base, view, &c, what);
	else if (is_thin(base))
		tap_works(-1, &e, "%s", what);
	else
		tap_fails(-1, &e, ERR_STATE, "%s", what);
	disk_changes_done(&c);
}

/* While it is written to. */
static void
rounds(const char *name)
{
	struct writers *w = writers_start(volume(name), VOLUME_BYTES);
	struct disk *base = take(name, "c0"), *view;
	char snapshot[8], what[64];

	for (int i = 1; i <= ROUNDS; i++) {
		wait_for_writes(w);
		if (i == 2 && is_thin(base))
			must("blkdiscard -o 8388608 -l 4194304 %s",
			     volume(name));
		snprintf(snapshot, sizeof(snapshot), "c%d", i);
		view = take(name, snapshot);
		wait_for_writes(w);
		snprintf(what, sizeof(what), "%s: round %d", name, i);
		asked(base, view, what);
		snprintf(what, sizeof(what), "%s: round %d, swapped", name, i);
		swapped(view, base, what);
		dropped(base);
		base = view;
	}
	tap_ok(writers_halt(w), "%s: all was written", name);
	writers_free(w);
	dropped(base);
}

/* Nothing is told of what is the same, also after the next boot. */
static void
same(const char *name)
{
	struct disk *base = take(name, "same1"), *view = take(name, "same2");
	const char *vg = volumes_vg();

	tap_ok(asked(base, view, "unchanged") == 0, "%s: nothing is told",
	       name);
	must("dd if=/dev/urandom of=%s bs=4k count=3 seek=77 oflag=direct "
	     "conv=notrunc status=none",
	     volume(name));
	dropped(view);
	must("lvchange -an %s/%s && lvchange -ay %s/%s", vg, name, vg, name);
	view = take(name, "same3");
	tap_ok(asked(base, view, "after it was inactive") >= 3u * BLOCK,
	       "%s: what was written before is told", name);
	dropped(view);
	dropped(base);
}

void
case_changes_classic(void)
{
	rounds("dtc1");
	same("dtc1");
}

void
case_changes_thin(void)
{
	rounds("dtt1");
	same("dtt1");
}

/* ---- what is refused ---- */

static void
overwrite(const char *name, unsigned int mib)
{
	must("dd if=/dev/urandom of=%s bs=1M count=%u oflag=direct "
	     "conv=notrunc status=none",
	     volume(name), mib);
}

/*
 * Ask in a child that dies at the place @where, or stops there until @then was
 * run.  What disk_changes() told it, or -1 when it died.
 */
static int
ask_apart(const struct disk *base, const struct disk *view, const char *env,
	  const char *where, const char *then)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0) {
		struct disk_changes c;
		struct err e = ERR_INIT;

		if (where)
			setenv(env, where, 1);
		disk_changes(&base->ref, &view->ref, -1, &c, &e);
		disk_changes_done(&c);
		_exit((int)e.code);
	}
	status = apart(pid, then);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It runs full when its table was read already, and before. */
static void
full(void)
{
	struct disk *base = take_sized("dtc1", "small", (uint64_t)4 << 20);
	struct disk *view = take("dtc1", "large");
	char line[300];

	snprintf(line, sizeof(line),
		 "dd if=/dev/urandom of=%s bs=1M count=8 oflag=direct "
		 "conv=notrunc status=none",
		 volume("dtc1"));
	tap_ok(ask_apart(base, view, "XENSNAP_STOP_AT", "disk.changes.read#2",
			 line) == ERR_CORRUPT,
	       "one that runs full while its table is read");
	refused(base, view, ERR_CORRUPT, "one that has run full");
	refused(view, base, ERR_CORRUPT, "or the other has");
	dropped(view);
	dropped(base);
}

static void
writable(const char *name)
{
	struct disk *base = take(name, "rw1"), *view = take(name, "rw2");

	must("lvchange -qq -prw %s", base->ref.view + 5);
	refused(base, view, ERR_STATE, "an older one that can be written to");
	must("lvchange -qq -pr %s", base->ref.view + 5);
	asked(base, view, "read-only again");
	dropped(view);
	dropped(base);
}

/* Another disk, kind, size or instant, by the records. */
static void
other_disks(void)
{
	struct disk *a = take("dtc1", "o1"), *b = take("dtc2", "o2");
	struct disk *t = take("dtt1", "o3"), *u = take("dtt2", "o4");
	struct disk_view_ref was, own;

	refused(a, b, ERR_STATE, "a view of another disk");
	refused(a, t, ERR_UNSUPPORTED, "a view of another kind");
	refused(t, u, ERR_STATE, "a thin view of another disk");
	refused(a, a, ERR_STATE, "the same view");
	overwrite("dtc1", 1);
	dropped(b);
	b = take("dtc1", "o5");
	asked(a, b, "the right way round");
	refused(b, a, ERR_STATE, "the wrong way round");
	dropped(b);
	b = take("dtc2", "o2");
	was = b->ref;
	snprintf(b->ref.source_uuid, sizeof(b->ref.source_uuid), "%s",
		 a->ref.source_uuid);
	refused(a, b, ERR_CORRUPT, "a record that says another disk");
	own = a->ref;
	snprintf(a->ref.generation, sizeof(a->ref.generation), "%s",
		 GENERATION);
	refused(a, b, ERR_NOTFOUND, "a record of another instant");
	a->ref = own;
	b->ref = was;
	dropped(u);
	dropped(t);
	dropped(b);
	dropped(a);
}

void
case_changes_refuse(void)
{
	overwrite("dtc1", 2);
	full();
	writable("dtc1");
	writable("dtt1");
	other_disks();
}

/* ---- the pool's metadata snapshot ---- */

static bool
pool_is_held(void)
{
	return sh("dmsetup status %s-%s-tpool | awk '{ exit $7 == \"-\" }'",
		  volumes_vg(), volumes_pool()) == 0;
}

static bool
is_marked(void)
{
	return sh("ls /var/lib/xensnap/.thin-* >/dev/null 2>&1") == 0;
}

/* Whoever comes next releases what a dead one has left. */
static void
left_behind(const struct disk *base, const struct disk *view)
{
	static const struct {
		const char *where;
		bool held;
	} places[] = {
		{ "disk.changes.marked", false },
		{ "disk.changes.reserved", true },
		{ "disk.changes.read", true },
		{ "disk.changes.released", false },
	};
	struct err e = ERR_INIT;
	unsigned int n;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *where = places[i].where;

		tap_ok(ask_apart(base, view, "XENSNAP_DIE_AT", where, "") == -1,
		       "one dies at %s", where);
		tap_ok(pool_is_held() == places[i].held && is_marked(),
		       "%s: what is left", where);
		if (i % 2) {
			asked(base, view, "the next one");
		} else {
			n = 99;
			tap_works(disk_changes_recover(&n, &e), &e, "recover");
			tap_ok(n == places[i].held, "%s: released %u", where,
			       n);
		}
		tap_ok(!pool_is_held() && !is_marked(), "%s: nothing is left",
		       where);
	}
}

static void
foreign_snapshot(const struct disk *base, const struct disk *view)
{
	const char *vg = volumes_vg(), *pool = volumes_pool();
	struct err e = ERR_INIT;
	unsigned int n = 99;

	/* also when one of us died before he could take his */
	ask_apart(base, view, "XENSNAP_DIE_AT", "disk.changes.marked", "");
	must("lvcreate -qq -y -V 4m -T %s/%s -n dtz >/dev/null 2>&1", vg, pool);
	must("dmsetup message %s-%s-tpool 0 reserve_metadata_snap", vg, pool);
	refused(base, view, ERR_BUSY, "another's metadata snapshot");
	tap_works(disk_changes_recover(&n, &e), &e, "recover");
	tap_ok(n == 0 && pool_is_held() && !is_marked(), "it is left alone");
	must("dmsetup message %s-%s-tpool 0 release_metadata_snap", vg, pool);
	must("lvremove -qq -y %s/dtz", vg);
	asked(base, view, "when it is released");
}

/* Two at once take turns. */
static void
two_at_once(const struct disk *base, const struct disk *view)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0)
		_exit(ask_apart(base, view, "", NULL, ""));
	asked(base, view, "beside another one of us");
	if (waitpid(pid, &status, 0) != pid)
		err(2, "wait");
	tap_ok(status == 0, "the other one has its answer too");
}

void
case_changes_pool(void)
{
	struct disk *base = take("dtt1", "p1"), *view;

	overwrite("dtt1", 1);
	view = take("dtt1", "p2");
	left_behind(base, view);
	foreign_snapshot(base, view);
	two_at_once(base, view);
	tap_ok(!pool_is_held() && !is_marked(), "nothing is left");
	dropped(view);
	dropped(base);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cases_instant.c - are the views of the instant? */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "clock.h"
#include "tap.h"
#include "volumes.h"
#include "writers.h"

#define DISKS_MAX 4u

/* A domain's disks, with writers at work on them. */
struct scene {
	unsigned int n;
	const char *names[DISKS_MAX];
	struct disk *d[DISKS_MAX];
	struct writers *w[DISKS_MAX];
	uint64_t from_ns; /* before the first hold */
	uint64_t to_ns;   /* after the last */
};

/* Let the writers work for a while. */
static void
meanwhile(void)
{
	clock_sleep_ms(400);
}

static void
scene_begin(struct scene *s, const char *const *names, const char *snapshot)
{
	memset(s, 0, sizeof(*s));
	for (; names[s->n]; s->n++) {
		s->names[s->n] = names[s->n];
		s->w[s->n] = writers_start(volume(names[s->n]), VOLUME_BYTES);
	}
	for (unsigned int i = 0; i < s->n; i++)
		s->d[i] = prepared(s->names[i], snapshot);
	disk_warm(s->d, s->n);
	meanwhile();
}

static void
scene_hold(struct scene *s)
{
	struct err e = ERR_INIT;

	s->from_ns = clock_ns();
	for (unsigned int i = 0; i < s->n; i++)
		if (disk_hold(s->d[i], &e))
			tap_works(-1, &e, "hold %s", s->names[i]);
	s->to_ns = clock_ns();
}

static void
scene_view(struct scene *s)
{
	struct err e = ERR_INIT;

	for (unsigned int i = 0; i < s->n; i++)
		if (disk_view(s->d[i], &e))
			tap_works(-1, &e, "view %s", s->names[i]);
	meanwhile();
}

/* The slow part comes when nobody writes any more. */
static void
scene_halt(struct scene *s)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (!writers_halt(s->w[i]))
			tap_ok(false, "%s: a write failed", s->names[i]);
}

static bool
judge(struct scene *s, unsigned int i, struct writers_verdict *ret)
{
	struct err e = ERR_INIT;
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (disk_view_open(&s->d[i]->ref, &fd, &e))
		return tap_works(-1, &e, "open the view of %s", s->names[i]);
	writers_judge(s->w[i], fd, s->from_ns, s->to_ns, ret);
	if (disk_view_close(&s->d[i]->ref, fd, &e))
		return tap_works(-1, &e, "close the view of %s", s->names[i]);
	return true;
}

static void
scene_judge(struct scene *s, const char *what)
{
	struct writers_verdict v;

	scene_halt(s);
	for (unsigned int i = 0; i < s->n; i++) {
		if (!judge(s, i, &v))
			continue;
		tap_ok(v.blocks == WRITERS_BLOCKS && !v.lost && !v.future &&
			       !v.torn,
		       "%s: the view of %s is of the instant", what,
		       s->names[i]);
		tap_note("  %u blocks, %u lost, %u future, %u torn; held "
			 "%.1f ms; %" PRIu64 " writes",
			 v.blocks, v.lost, v.future, v.torn,
			 (double)(s->d[i]->freed_ns - s->d[i]->held_ns) / 1e6,
			 writers_count(s->w[i]));
	}
}

static void
scene_end(struct scene *s)
{
	for (unsigned int i = 0; i < s->n; i++) {
		writers_free(s->w[i]);
		dropped(s->d[i]);
	}
}

static void
instant(const char *const *names, const char *what)
{
	struct scene s;

	scene_begin(&s, names, "instant");
	scene_hold(&s);
	scene_view(&s);
	tap_note("all held within %.1f ms",
		 (double)(s.to_ns - s.from_ns) / 1e6);
	scene_judge(&s, what);
	scene_end(&s);
}

void
case_instant_classic(void)
{
	static const char *const four[] = { "dtc1", "dtc2", "dtc3", "dtc4",
					    NULL };

	instant(four, "classic");
}

void
case_instant_thin(void)
{
	static const char *const four[] = { "dtt1", "dtt2", "dtt3", "dtt4",
					    NULL };

	instant(four, "thin");
}

/* A file in the folder @dir; @how is done to it before it is filled. */
static void
instant_file(const char *dir, const char *how, const char *what)
{
	char path[64];
	const char *const one[] = { path, NULL };

	snprintf(path, sizeof(path), "%s/dt.img", dir);
	must("touch %s && %s %s && truncate -s %" PRIu64 " %s", path, how, path,
	     VOLUME_BYTES, path);
	instant(one, what);
	tap_ok(sh("[ \"$(cd %s && echo dt*)\" = dt.img ]", dir) == 0,
	       "%s: no view is left beside it", what);
	must("rm %s", path);
}

void
case_instant_reflink(void)
{
	const char *vg = volumes_vg();

	instant_file("/srv/xfs", ":", "XFS");
	must("lvcreate -qq -y -Wn -L 320m -n dtfs %s && mkfs.btrfs -q "
	     "/dev/%s/dtfs && mkdir -p /tmp/dtfs && mount /dev/%s/dtfs "
	     "/tmp/dtfs",
	     vg, vg, vg);
	instant_file("/tmp/dtfs", ":", "btrfs");
	instant_file("/tmp/dtfs", "chattr +C", "btrfs, no copy-on-write");
	must("umount /tmp/dtfs && lvremove -qq -y %s/dtfs", vg);
}

#define COPY_FOLDER "/tmp/dtcopy"

/* A scene with one disk, of which only a copy can be made. */
static void
copy_begin(struct scene *s, const char *path)
{
	struct disk_owner owner = { .domain = "dt",
				    .snapshot = "copy",
				    .generation = GENERATION,
				    .vdev = "xvda",
				    .folder = COPY_FOLDER };
	struct disk_cow_size cow = { .percent = 10, .bytes = 0 };
	struct err e = ERR_INIT;

	memset(s, 0, sizeof(*s));
	must("mkdir -p " COPY_FOLDER);
	s->n = 1;
	s->names[0] = path;
	s->w[0] = writers_start(path, VOLUME_BYTES);
	if (disk_open(path, &s->d[0], &e) ||
	    disk_plan(s->d[0], &owner, &cow, &e))
		errx(2, "%s: %s", path, e.text);
	s->d[0]->folder = open(COPY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (disk_prepare(s->d[0], &e))
		errx(2, "%s: %s", path, e.text);
}

/* The writers stand still for it, as a domain does. */
static void
instant_by_copy(const char *path, const char *what)
{
	struct err e = ERR_INIT;
	struct scene s;

	copy_begin(&s, path);
	tap_ok(strcmp(s.d[0]->ref.driver, "copy") == 0, "%s: the driver is %s",
	       what, s.d[0]->ref.driver);
	meanwhile();
	writers_gate(s.w[0], true);
	s.from_ns = s.to_ns = clock_ns();
	if (disk_view(s.d[0], &e))
		tap_works(-1, &e, "copy %s", path);
	writers_gate(s.w[0], false);
	if (disk_sync(s.d[0], &e))
		tap_works(-1, &e, "sync the copy of %s", path);
	meanwhile();
	scene_judge(&s, what);
	close(s.d[0]->folder);
	scene_end(&s);
	must("rmdir " COPY_FOLDER);
}

void
case_instant_copy(void)
{
	const char *vg = volumes_vg();

	must("truncate -s %" PRIu64 " /srv/ext4/dt.img", VOLUME_BYTES);
	instant_by_copy("/srv/ext4/dt.img", "a file on ext4");
	must("rm /srv/ext4/dt.img");

	must("lvcreate -qq -y -Wn -L 320m -n dtfs %s && mkfs.xfs -q -f -m "
	     "reflink=0 /dev/%s/dtfs && mkdir -p /tmp/dtfs && mount "
	     "/dev/%s/dtfs /tmp/dtfs && truncate -s %" PRIu64
	     " /tmp/dtfs/dt.img",
	     vg, vg, vg, VOLUME_BYTES);
	instant_by_copy("/tmp/dtfs/dt.img", "XFS without reflink");
	must("umount /tmp/dtfs && lvremove -qq -y %s/dtfs", vg);

	/* A device that is no logical volume, though it lies on one. */
	must("dmsetup create dtlinear --table \"0 %" PRIu64
	     " linear %s 0\" && udevadm settle",
	     VOLUME_BYTES / 512, volume("dtc1"));
	instant_by_copy("/dev/mapper/dtlinear", "a block device");
	must("udevadm settle && dmsetup remove dtlinear");
}

/*
 * As with a domain: it stands still before the first hold, and goes on after
 * the last one.  Whatever was acknowledged is there, and nothing else.
 */
void
case_instant_exact(void)
{
	static const char *const mix[] = { "dtt1", "dtc1", "dtt2", "dtc2",
					   NULL };
	struct scene s;

	scene_begin(&s, mix, "exact");
	for (unsigned int i = 0; i < s.n; i++)
		writers_gate(s.w[i], true);
	scene_hold(&s);
	s.from_ns = s.to_ns;
	for (unsigned int i = 0; i < s.n; i++)
		writers_gate(s.w[i], false);
	meanwhile();
	scene_view(&s);
	scene_judge(&s, "exact");
	scene_end(&s);
}

/* Hold, let go, and hold again later: the view is of the second time. */
void
case_control(void)
{
	static const char *const both[] = { "dtc1", "dtt1", NULL };
	struct writers_verdict v;
	struct err e = ERR_INIT;
	struct scene s;
	uint64_t from, to;

	scene_begin(&s, both, "control");
	scene_hold(&s);
	from = s.from_ns;
	to = s.to_ns;
	for (unsigned int i = 0; i < s.n; i++)
		if (disk_release(s.d[i], &e))
			tap_works(-1, &e, "release %s", s.names[i]);
	meanwhile();
	scene_hold(&s);
	scene_view(&s);
	s.from_ns = from;
	s.to_ns = to;
	scene_halt(&s);
	for (unsigned int i = 0; i < s.n; i++)
		if (judge(&s, i, &v))
			tap_ok(v.future > 0 && !v.lost,
			       "control: a view of %s taken later is found "
			       "out (%u of the future)",
			       s.names[i], v.future);
	scene_end(&s);
}

/* Three instants of one disk; dropped in the order 2, 1, 3. */
static void
several(const char *name)
{
	static const char *const snapshots[] = { "one", "two", "three" };
	static const unsigned int order[] = { 1, 0, 2 };
	struct writers *w = writers_start(volume(name), VOLUME_BYTES);
	struct writers_verdict v;
	struct scene s[3];

	for (unsigned int i = 0; i < 3; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		s[i].n = 1;
		s[i].names[0] = name;
		s[i].w[0] = w;
		s[i].d[0] = prepared(name, snapshots[i]);
		meanwhile();
		scene_hold(&s[i]);
		scene_view(&s[i]);
	}
	tap_ok(writers_halt(w), "%s: no write failed", name);
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int k = order[i];

		if (judge(&s[k], 0, &v))
			tap_ok(!v.lost && !v.future && !v.torn,
			       "view %u of %s is of its instant, %u views "
			       "there",
			       k + 1, name, 3 - i);
		dropped(s[k].d[0]);
	}
	writers_free(w);
}

void
case_several_views(void)
{
	several("dtc1");
	several("dtt1");
}

/*
 * Other programs use LVM while disks are held: reports, a new volume in the
 * same group, a snapshot in the same pool.
 */
void
case_beside_lvm(void)
{
	static const char *const mix[] = { "dtc1", "dtt1", NULL };
	const char *vg = volumes_vg();
	struct scene s;

	scene_begin(&s, mix, "beside");
	scene_hold(&s);
	tap_ok(sh("timeout 60 lvs %s >/dev/null 2>&1", vg) == 0,
	       "lvs while disks are held");
	tap_ok(sh("timeout 60 lvcreate -qq -y -L 4m -n dtx %s >/dev/null 2>&1",
		  vg) == 0,
	       "lvcreate in the group while disks are held");
	tap_ok(sh("timeout 60 lvcreate -qq -y -s -n dtz %s/dtt2 >/dev/null "
		  "2>&1",
		  vg) == 0,
	       "lvcreate -s in the pool while disks are held");
	scene_view(&s);
	scene_judge(&s, "beside LVM");
	tap_ok(sh("lvremove -qq -y %s/dtx %s/dtz >/dev/null 2>&1", vg, vg) == 0,
	       "and they go away again");
	scene_end(&s);
}

/* ---- how long ---- */

#define ROUNDS 5u

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_size);
	return v[ROUNDS / 2];
}

static void
times(const char *const *names, const char *what)
{
	double hold[ROUNDS], stall[ROUNDS], prepare[ROUNDS];
	struct err e = ERR_INIT;

	for (unsigned int r = 0; r < ROUNDS; r++) {
		struct scene s = { .n = 0 };
		uint64_t begin = clock_ns();

		for (; names[s.n]; s.n++) {
			s.names[s.n] = names[s.n];
			s.d[s.n] = prepared(names[s.n], "times");
		}
		prepare[r] = clock_ms_since(begin);
		clock_sleep_ms(300);
		scene_hold(&s);
		hold[r] = (double)(s.to_ns - s.from_ns) / 1e6;
		stall[r] = 0;
		for (unsigned int i = 0; i < s.n; i++) {
			if (disk_view(s.d[i], &e))
				tap_works(-1, &e, "view %s", names[i]);
			stall[r] = clock_ms_since(s.from_ns);
		}
		for (unsigned int i = 0; i < s.n; i++)
			dropped(s.d[i]);
	}
	tap_note("%s: open, plan, prepare %.0f ms, hold %.2f ms, until the "
		 "last disk goes on %.2f ms (medians of %u)",
		 what, median(prepare), median(hold), median(stall), ROUNDS);
}

void
case_times(void)
{
	static const char *const c1[] = { "dtc1", NULL };
	static const char *const c4[] = { "dtc1", "dtc2", "dtc3", "dtc4",
					  NULL };
	static const char *const t1[] = { "dtt1", NULL };
	static const char *const t4[] = { "dtt1", "dtt2", "dtt3", "dtt4",
					  NULL };

	times(c1, "1 classic");
	times(c4, "4 classic");
	times(t1, "1 thin");
	times(t4, "4 thin");
}

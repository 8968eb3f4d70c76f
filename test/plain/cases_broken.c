/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cases_broken.c - what a view lives on breaks, or others are at work on it:
 * it is seen, said why, nothing hangs, and the view can be dropped.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "tap.h"
#include "volumes.h"

static void
hold_and_view(struct disk *d)
{
	struct err e = ERR_INIT;

	if (disk_hold(d, &e) || disk_view(d, &e)) {
		tap_works(-1, &e, "a view");
		disk_release(d, &e);
	}
}

static struct disk *
viewed(const char *name, const char *snapshot)
{
	struct disk *d = prepared(name, snapshot);

	hold_and_view(d);
	return d;
}

static void
state_is(const struct disk *d, enum disk_view_state want, const char *why,
	 const char *what)
{
	struct disk_view_health h;
	struct err e = ERR_INIT;

	if (disk_view_state(&d->ref, &h, &e)) {
		tap_works(-1, &e, "%s", what);
		return;
	}
	tap_ok(h.state == want && strstr(h.why, why), "%s", what);
	tap_note("  state %d: %s", (int)h.state, h.why);
}

static int
sum_view(const struct disk *d, char *ret, size_t len)
{
	struct err e = ERR_INIT;
	char *text;
	int fd;

	*ret = '\0';
	if (disk_view_open(&d->ref, &fd, &e)) {
		tap_note("  %s", e.text);
		return -1;
	}
	text = sh_text("timeout 60 dd if=/proc/%d/fd/%d bs=1M status=none | "
		       "md5sum | cut -d' ' -f1 | tr -d '\\n'",
		       getpid(), fd);
	snprintf(ret, len, "%s", text);
	free(text);
	return disk_view_close(&d->ref, fd, &e);
}

/* ---- a device is replaced under a reader ---- */

static void
replaced(const char *name)
{
	struct disk *d = viewed(name, "broken");
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	int fd;

	if (!tap_works(disk_view_open(&d->ref, &fd, &e), &e, "open a view"))
		return;
	must("dmsetup suspend --nolockfs %s-%s.xs--broken && dmsetup load "
	     "%s-%s.xs--broken --table '0 %llu error' && dmsetup resume "
	     "%s-%s.xs--broken",
	     vg, name, vg, name, (unsigned long long)VOLUME_BYTES / 512, vg,
	     name);
	tap_ok(sh("timeout 60 dd if=/proc/%d/fd/%d of=/dev/null bs=1M "
		  "iflag=direct status=none 2>/dev/null",
		  getpid(), fd) != 0,
	       "what is read from it then is an error");
	tap_fails(disk_view_close(&d->ref, fd, &e), &e, ERR_CORRUPT,
		  "and closing it says that it was lost");
	sh("dmsetup info -c --noheadings -o name | grep -q '%s.xs--broken'",
	   name);
	dropped(d);
	tap_ok(!suspended(), "nothing is held");
}

void
case_broken_device(void)
{
	replaced("dtc1");
	replaced("dtt1");
}

/* ---- pools ---- */

static void
make_pool(void)
{
	const char *vg = volumes_vg();

	must("lvcreate -qq -y -L 16m -T %s/dtpool --errorwhenfull y "
	     ">/dev/null 2>&1",
	     vg);
	must("lvcreate -qq -y -V 32m -T %s/dtpool -n dtin >/dev/null 2>&1", vg);
	must("dd if=/dev/urandom of=%s bs=1M count=8 oflag=direct status=none",
	     volume("dtin"));
}

/* Can the disk be read, and does a write to it come to an end? */
static void
does_not_hang(const char *what)
{
	tap_ok(sh("timeout 60 dd if=%s of=/dev/null bs=1M iflag=direct "
		  "status=none",
		  volume("dtin")) == 0 &&
		       !suspended(),
	       "%s: the disk can be read, nothing is held", what);
}

/* A view costs the pool's metadata no more than the forecast says. */
static void
forecast_holds(void)
{
	struct disk_forecast f[DISK_SPACES_MAX], g[DISK_SPACES_MAX];
	struct disk *d = planned("dtin", "fore");
	struct err e = ERR_INIT;

	tap_ok(disk_forecast(&d, 1, 0, f) == 2, "a forecast for data and "
						"metadata");
	if (!tap_works(disk_prepare(d, &e), &e, "prepare"))
		return;
	hold_and_view(d);
	dropped(d);
	d = viewed("dtin", "one");
	dropped(d);
	d = planned("dtin", "fore");
	disk_forecast(&d, 1, 0, g);
	tap_ok(g[0].used_before <= f[0].used_after &&
		       g[1].used_before <= f[1].used_after,
	       "dropped views leave nothing in the pool");
	disk_close(d);
	d = viewed("dtin", "kept");
	{
		struct disk *next = planned("dtin", "next");

		disk_forecast(&next, 1, 0, g);
		disk_close(next);
	}
	tap_ok(g[0].used_before == f[0].used_after &&
		       g[1].used_before <= f[1].used_after,
	       "a view takes what was foretold, or less");
	tap_note("  metadata %llu, foretold %llu, is %llu",
		 (unsigned long long)f[1].used_before,
		 (unsigned long long)f[1].used_after,
		 (unsigned long long)g[1].used_before);
	dropped(d);
}

void
case_broken_pool_full(void)
{
	const char *vg = volumes_vg();
	struct disk_owner owner = { .domain = "dt",
				    .snapshot = "no",
				    .generation = GENERATION,
				    .vdev = "xvda" };
	struct disk_cow_size cow = { .percent = 10 };
	char before[40], after[40];
	struct err e = ERR_INIT;
	struct disk *d, *other;

	make_pool();
	forecast_holds();
	d = viewed("dtin", "broken");
	state_is(d, DISK_VIEW_GOOD, "", "a view in a pool that has room");
	sum_view(d, before, sizeof(before));
	tap_ok(sh("timeout 100 dd if=/dev/urandom of=%s bs=1M count=16 "
		  "oflag=direct status=none 2>/dev/null",
		  volume("dtin")) != 0,
	       "the pool runs full");
	state_is(d, DISK_VIEW_IMPAIRED, "run out of room for data",
		 "the view says so");
	if (disk_open(volume("dtin"), &other, &e) == 0) {
		tap_fails(disk_plan(other, &owner, &cow, &e), &e, ERR_STATE,
			  "another view is refused");
		disk_close(other);
	}
	does_not_hang("a full pool");
	sum_view(d, after, sizeof(after));
	tap_ok(*before && strcmp(before, after) == 0,
	       "what is in the view is what was in it");
	dropped(d);
	tap_ok(sh("timeout 60 dd if=/dev/zero of=%s bs=1M count=1 oflag=direct "
		  "status=none",
		  volume("dtin")) == 0,
	       "without the view there is room again");
	must("lvremove -qq -y %s/dtpool >/dev/null 2>&1", vg);
}

/* The device with the pool's metadata fails, and comes back. */
void
case_broken_pool_failed(void)
{
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	struct disk *d;
	char *table;
	int fd;

	make_pool();
	d = viewed("dtin", "broken");
	table = sh_text("dmsetup table %s-dtpool_tmeta | tr -d '\\n'", vg);
	must("dmsetup suspend --nolockfs --noflush %s-dtpool_tmeta && dmsetup "
	     "load %s-dtpool_tmeta --table \"0 $(echo %s | cut -d' ' -f2) "
	     "error\" && dmsetup resume %s-dtpool_tmeta",
	     vg, vg, table, vg);
	sh("timeout 60 dd if=/dev/urandom of=%s bs=1M seek=20 count=2 "
	   "oflag=direct status=none 2>/dev/null",
	   volume("dtin"));
	state_is(d, DISK_VIEW_LOST, "has failed", "the pool fails");
	tap_fails(disk_view_open(&d->ref, &fd, &e), &e, ERR_CORRUPT,
		  "the view is not opened");
	tap_ok(disk_view_drop(&d->ref, &e) == -1, "nor dropped: %s", e.text);
	err_clear(&e);
	tap_ok(!suspended(), "nothing is held");
	must("dmsetup suspend --nolockfs --noflush %s-dtpool_tmeta && dmsetup "
	     "load %s-dtpool_tmeta --table '%s' && dmsetup resume "
	     "%s-dtpool_tmeta",
	     vg, vg, table, vg);
	must("lvchange -an %s/dtin && lvchange -an %s/dtpool && lvchange -ay "
	     "%s/dtpool && lvchange -ay %s/dtin",
	     vg, vg, vg, vg);
	dropped(d);
	does_not_hang("a pool that came back");
	free(table);
	must("lvremove -qq -y %s/dtpool >/dev/null 2>&1", vg);
}

/* ---- several at once ---- */

static pid_t
in_child(struct disk *d)
{
	struct err e = ERR_INIT;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid > 0)
		return pid;
	if (disk_prepare(d, &e) || disk_hold(d, &e) || disk_view(d, &e)) {
		warnx("%s", e.text);
		_exit(1);
	}
	_exit(0);
}

static bool
ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* Two snapshots and somebody's new volumes in one group at the same time. */
void
case_broken_race(void)
{
	const char *vg = volumes_vg();
	struct disk *a = planned("dtc1", "race"), *b = planned("dtt1", "race");
	struct disk *c = planned("dtc1", "race2");
	pid_t one, two, three;

	one = in_child(a);
	two = in_child(b);
	three = in_child(c);
	tap_ok(sh("for i in 1 2 3; do timeout 100 lvcreate -qq -y -Wn -L 4m -n "
		  "dtrace$i %s >/dev/null 2>&1 || exit 1; done",
		  vg) == 0,
	       "lvcreate beside them");
	tap_ok(ended_well(one), "a classic view beside others");
	tap_ok(ended_well(two), "a thin view beside others");
	tap_ok(ended_well(three), "another view of the same disk");
	state_is(a, DISK_VIEW_GOOD, "", "the classic view is good");
	state_is(b, DISK_VIEW_GOOD, "", "the thin view is good");
	state_is(c, DISK_VIEW_GOOD, "", "the other classic view is good");
	tap_ok(sh("vgck %s 2>/dev/null", vg) == 0,
	       "LVM's metadata is consistent");
	tap_ok(!suspended(), "nothing is held");
	dropped(a);
	dropped(b);
	dropped(c);
	must("lvremove -qq -y %s/dtrace1 %s/dtrace2 %s/dtrace3", vg, vg, vg);
}

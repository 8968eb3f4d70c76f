/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cases_refuse.c - everything that plan, hold and view have to refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "clock.h"
#include "log.h"
#include "tap.h"
#include "volumes.h"

#define SIXTY4                           \
	"n123456789n123456789n123456789" \
	"n123456789n123456789n123456789abcd"

static const struct disk_cow_size usual = { .percent = 10, .bytes = 0 };

static const struct disk_owner owner = { .domain = "dt",
					 .snapshot = "no",
					 .generation = GENERATION,
					 .vdev = "xvda" };

static void
open_fails(const char *path, enum err_code code)
{
	struct err e = ERR_INIT;
	struct disk *d = NULL;
	int rc = disk_open(path, &d, &e);

	tap_fails(rc, &e, code, "open %s", path);
	if (rc == 0)
		disk_close(d);
}

/* Of these no views are taken; they can be copied. */
static void
open_copies(const char *path)
{
	struct err e = ERR_INIT;
	struct disk *d = NULL;

	if (!tap_works(disk_open(path, &d, &e), &e, "open %s", path))
		return;
	tap_ok(strcmp(d->ref.driver, "copy") == 0 &&
		       (d->ops->can & DISK_COPIES) &&
		       strcmp(d->ref.source, path) == 0,
	       "%s: a %s", d->ref.source, d->ref.driver);
	disk_close(d);
}

static void
plan_fails(const char *path, const struct disk_owner *o,
	   const struct disk_cow_size *cow, enum err_code code,
	   const char *what)
{
	struct err e = ERR_INIT;
	struct disk *d = NULL;

	if (disk_open(path, &d, &e)) {
		tap_fails(-1, &e, code, "%s", what);
		return;
	}
	if (disk_plan(d, o, cow, &e) == 0) {
		/* It is LVM that refuses: asked, and told. */
		tap_fails(disk_rehearse(d, &e), &e, code, "%s", what);
		err_clear(&e);
		disk_prepare(d, &e);
	}
	tap_fails(-(e.code != ERR_NONE), &e, code, "%s", what);
	disk_close(d);
}

void
case_refuse_disks(void)
{
	const char *vg = volumes_vg();
	char path[200];

	open_fails("/dev/no/such", ERR_NOTFOUND);
	open_fails("/dev/null", ERR_UNSUPPORTED);
	open_fails("/dev", ERR_UNSUPPORTED);
	open_copies("/etc/passwd");
	open_copies("/dev/vda");
	snprintf(path, sizeof(path), "/dev/mapper/%s-%s_tdata", vg,
		 volumes_pool());
	open_copies(path);

	must("lvcreate -qq -s -L 4m -n dtsnap %s/dtc1 >/dev/null", vg);
	plan_fails(volume("dtsnap"), &owner, &usual, ERR_UNSUPPORTED,
		   "a snapshot is no disk");
	snprintf(path, sizeof(path), "/dev/mapper/%s-dtc1-real", vg);
	open_copies(path);
	must("lvremove -qq -y %s/dtsnap", vg);

	must("lvcreate -qq -s -L 4m -n dtsnap %s/dtt1 >/dev/null", vg);
	plan_fails(volume("dtt1"), &owner, &usual, ERR_UNSUPPORTED,
		   "a thin disk with a classic snapshot");
	must("lvremove -qq -y %s/dtsnap", vg);

	must("lvchange -an %s/dtc4", vg);
	open_fails(volume("dtc4"), ERR_NOTFOUND);
	must("lvchange -ay %s/dtc4", vg);
}

/* All ways to name a disk lead to the same. */
static void
same_disk(const char *path)
{
	struct err e = ERR_INIT;
	struct disk *d = NULL;

	if (!tap_works(disk_open(path, &d, &e), &e, "open %s", path))
		return;
	tap_ok(strcmp(d->ref.source, volume("dtc1")) == 0 &&
		       strcmp(d->ref.driver, "classic") == 0 &&
		       d->ref.bytes == VOLUME_BYTES,
	       "it is %s", d->ref.source);
	disk_close(d);
}

void
case_refuse_names(void)
{
	struct disk_owner o = owner;
	struct err e = ERR_INIT;
	const char *vg = volumes_vg();
	char *dm = sh_text("readlink -f %s | tr -d '\\n'", volume("dtc1"));
	char path[200];
	struct disk *d;

	same_disk(volume("dtc1"));
	same_disk(dm);
	snprintf(path, sizeof(path), "/dev/mapper/%s-dtc1", vg);
	same_disk(path);
	must("ln -sf %s /tmp/dt.link", path);
	same_disk("/tmp/dt.link");
	must("rm /tmp/dt.link");
	free(dm);

	must("lvcreate -qq -y -L 4m -n dtc1.xs-no %s >/dev/null", vg);
	plan_fails(volume("dtc1"), &owner, &usual, ERR_EXISTS,
		   "the view's name is taken");
	must("lvremove -qq -y %s/dtc1.xs-no", vg);

	o.domain = "a domain";
	plan_fails(volume("dtc1"), &o, &usual, ERR_INVALID,
		   "a domain's name that no tag takes");
	o.domain = SIXTY4;
	o.snapshot = SIXTY4;
	if (!tap_works(disk_open(volume("dtt1"), &d, &e), &e, "long names"))
		return;
	tap_works(disk_plan(d, &o, &usual, &e), &e, "long names are planned");
	tap_works(disk_prepare(d, &e), &e, "and made as %s", d->ref.view);
	dropped(d);
	o.snapshot = "x_tdata";
	if (!tap_works(disk_open(volume("dtc1"), &d, &e), &e, "reserved"))
		return;
	tap_works(disk_plan(d, &o, &usual, &e), &e, "reserved names too");
	tap_works(disk_prepare(d, &e), &e, "and made as %s", d->ref.view);
	dropped(d);
}

void
case_refuse_room(void)
{
	static const struct disk_cow_size sizes[] = {
		{ .bytes = UINT64_MAX / 2 },
		{ .percent = 100 },
		{ .bytes = 1 },
	};
	static const char *const names[] = { "8 EiB", "100 %", "1 byte" };
	struct err e = ERR_INIT;
	const char *vg = volumes_vg();
	struct disk *d[3];

	/* Less than the most that can be used, but more than there is. */
	must("lvcreate -qq -y -Wn -l 100%%FREE -n dtfull %s >/dev/null && "
	     "lvreduce -qq -y -L -40m %s/dtfull >/dev/null",
	     vg, vg);
	for (unsigned int i = 0; i < 3; i++) {
		const char *const name[] = { "dtc1", "dtc2", "dtt1" };

		d[i] = planned(name[i], "room"); /* 16 MiB each */
	}
	tap_works(disk_groups_have_room(d, 3, &e), &e, "room for two views");
	d[1]->need_bytes += (uint64_t)12 << 20;
	tap_fails(disk_groups_have_room(d, 3, &e), &e, ERR_NOSPC,
		  "no room for two views together");
	for (unsigned int i = 0; i < 3; i++)
		disk_close(d[i]);
	must("lvextend -qq -y -L +36m %s/dtfull >/dev/null", vg);
	plan_fails(volume("dtc1"), &owner,
		   &(struct disk_cow_size){ .percent = 50 }, ERR_NOSPC,
		   "a full volume group");
	must("lvremove -qq -y %s/dtfull", vg);

	for (unsigned int i = 0; i < 3; i++) {
		if (!tap_works(disk_open(volume("dtc1"), &d[0], &e), &e,
			       "open") ||
		    !tap_works(disk_plan(d[0], &owner, &sizes[i], &e), &e,
			       "a size of %s", names[i]))
			return;
		tap_works(disk_prepare(d[0], &e), &e, "%s", d[0]->chosen);
		tap_ok(d[0]->ref.cow_bytes >=
				       (i == 2 ? 1u << 20 : VOLUME_BYTES + 1) &&
			       d[0]->ref.cow_bytes < VOLUME_BYTES + (8u << 20),
		       "the area has %llu bytes",
		       (unsigned long long)d[0]->ref.cow_bytes);
		dropped(d[0]);
	}
}

/* Is the pool of the thin disk @name too full for a view? */
static int
fill_of(const char *name, unsigned int max_fill, struct err *e)
{
	struct disk_forecast f[DISK_SPACES_MAX];
	struct disk *d = planned(name, "fill");
	unsigned int n = disk_forecast(&d, 1, max_fill, f);

	for (unsigned int i = 0; i < n; i++)
		tap_note("  %s of %s: %llu of %llu bytes",
			 disk_space_name(f[i].kind), f[i].what,
			 (unsigned long long)f[i].used_before,
			 (unsigned long long)f[i].bytes);
	disk_close(d);
	return disk_forecast_check(f, n, e);
}

void
case_refuse_pools(void)
{
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	unsigned int before;
	char *id;

	must("lvcreate -qq -y -L 16m -T %s/dtpool >/dev/null 2>&1", vg);
	must("lvcreate -qq -y -V 32m -T %s/dtpool -n dtin >/dev/null 2>&1", vg);
	must("dd if=/dev/zero of=%s bs=1M count=13 oflag=direct status=none",
	     volume("dtin"));
	before = log_warnings();
	tap_works(fill_of("dtin", 0, &e), &e, "a pool at 81 %%");
	tap_ok(log_warnings() == before + 1, "it gives a warning");
	must("dd if=/dev/zero of=%s bs=1M count=15 oflag=direct status=none",
	     volume("dtin"));
	tap_fails(fill_of("dtin", 0, &e), &e, ERR_NOSPC, "a pool at 94 %%");
	tap_works(fill_of("dtin", 100, &e), &e, "which may be asked for");
	must("lvremove -qq -y %s/dtpool", vg);

	id = sh_text("lvs --noheadings -o transaction_id %s/%s | tr -d ' \\n'",
		     vg, volumes_pool());
	must("dmsetup message $(ls /dev/mapper | grep -- '%s-tpool') 0 "
	     "'set_transaction_id %s 999'",
	     volumes_pool(), id);
	plan_fails(volume("dtt1"), &owner, &usual, ERR_STATE,
		   "a pool of which LVM has another opinion");
	must("dmsetup message $(ls /dev/mapper | grep -- '%s-tpool') 0 "
	     "'set_transaction_id 999 %s'",
	     volumes_pool(), id);
	free(id);
}

static void
suspended_disk(const char *name)
{
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	struct disk *d = prepared(name, "held");
	bool resumed;

	must("dmsetup suspend %s-%s", vg, name);
	plan_fails(volume(name), &owner, &usual, ERR_STATE,
		   "a disk that another program has suspended");
	tap_fails(disk_hold(d, &e), &e, ERR_BUSY, "and it is not held");
	tap_works(disk_release(d, &e), &e, "no hold is no error");
	tap_ok(suspended(), "what another holds stays so");
	tap_fails(disk_view(d, &e), &e, ERR_STATE, "no view without a hold");
	tap_works(disk_release_device(d->device, &resumed, &e), &e,
		  "the device is released");
	tap_ok(resumed && !suspended(), "it had to be");
	tap_works(disk_release_device(d->device, &resumed, &e), &e,
		  "and again");
	tap_ok(!resumed, "it had not to be");
	tap_works(disk_release_device("no-such-device", &resumed, &e), &e,
		  "a device that is gone");
	must("dmsetup suspend %s-%s", vg, name);
	dropped(d);
	tap_ok(!suspended(), "a drop resumes the disk of the dead");
}

void
case_refuse_suspended(void)
{
	suspended_disk("dtc1");
	suspended_disk("dtt1");
}

/*
 * Another program makes LVM reload the disk between prepare and hold: the view
 * is then of that moment, and must not be taken for ours.
 */
void
case_refuse_changed(void)
{
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	struct disk *d = prepared("dtc1", "changed");

	must("lvchange -qq --refresh %s/dtc1 2>/dev/null", vg);
	tap_works(disk_hold(d, &e), &e, "hold");
	tap_fails(disk_view(d, &e), &e, ERR_STATE,
		  "a view that LVM has reloaded is not set");
	tap_works(disk_release(d, &e), &e, "release");
	dropped(d);

	d = prepared("dtc1", "changed");
	tap_works(disk_hold(d, &e), &e, "hold");
	must("dmsetup clear %s", "$(dmsetup info -c --noheadings -o name | "
				 "grep 'dtc1.xs.*changed$')");
	tap_fails(disk_view(d, &e), &e, ERR_STATE,
		  "nor is one that has changed after the hold");
	tap_works(disk_release(d, &e), &e, "release");
	tap_ok(!suspended(), "nothing is held");
	dropped(d);

	d = prepared("dtt1", "changed");
	must("lvremove -qq -y %s/dtt1.xs-changed", vg);
	tap_works(disk_hold(d, &e), &e, "hold a thin disk without a view");
	tap_works(disk_release(d, &e), &e, "release");
	dropped(d);
}

/*
 * What is below the disk does not answer: the hold gives up, and everything
 * goes on when the answer comes.
 */
void
case_refuse_stuck(void)
{
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	struct disk *d = prepared("dtc1", "stuck");
	uint64_t begin;
	double ms;

	must("dmsetup suspend %s-dtc1-real", vg);
	must("dd if=/dev/zero of=%s bs=4k count=1 oflag=direct status=none "
	     ">/dev/null 2>&1 & sleep 1",
	     volume("dtc1"));
	begin = clock_ns();
	tap_fails(disk_hold(d, &e), &e, ERR_TIMEOUT,
		  "a disk that does not answer is not held");
	ms = clock_ms_since(begin);
	tap_ok(ms > 5000 && ms < 60000, "it was tried for %.0f ms", ms);
	must("dmsetup resume %s-dtc1-real", vg);
	tap_ok(!suspended(), "and it is not held");
	tap_works(disk_hold(d, &e), &e, "afterwards it can be held");
	tap_works(disk_view(d, &e), &e, "and viewed");
	dropped(d);
}

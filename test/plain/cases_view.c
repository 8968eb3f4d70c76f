/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cases_view.c - views on record: found, looked at, read, dropped. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "tap.h"
#include "volumes.h"

/* Take a whole view of @name. */
static struct disk *
viewed(const char *name, const char *snapshot)
{
	struct disk *d = prepared(name, snapshot);
	struct err e = ERR_INIT;

	if (disk_hold(d, &e) || disk_view(d, &e)) {
		tap_works(-1, &e, "%s: a view", name);
		disk_release(d, &e);
	}
	return d;
}

static void
state_is(const struct disk_view_ref *ref, enum disk_view_state want,
	 const char *what)
{
	struct disk_view_health h;
	struct err e = ERR_INIT;

	if (disk_view_state(ref, &h, &e))
		tap_works(-1, &e, "%s", what);
	else
		tap_ok(h.state == want, "%s: state %d, used %.3f; %s", what,
		       (int)h.state, h.used, h.why);
}

/* Is the view @d among all, with what a record would have? */
static void
is_found(const struct disk *d, const char *owner)
{
	struct disk_view_ref *refs;
	struct err e = ERR_INIT;
	unsigned int n, hits = 0;
	char **owners;

	if (!tap_works(disk_find_views(&refs, &owners, &n, &e), &e,
		       "find all views"))
		return;
	for (unsigned int i = 0; i < n; i++) {
		const struct disk_view_ref *r = &refs[i];

		hits += strcmp(r->view, d->ref.view) == 0 &&
			strcmp(r->driver, d->ref.driver) == 0 &&
			strcmp(r->source, d->ref.source) == 0 &&
			strcmp(r->source_uuid, d->ref.source_uuid) == 0 &&
			strcmp(r->view_uuid, d->ref.view_uuid) == 0 &&
			strcmp(r->generation, d->ref.generation) == 0 &&
			r->cow_bytes == d->ref.cow_bytes &&
			strcmp(owners[i], owner) == 0;
		free(owners[i]);
	}
	tap_ok(hits == 1, "%s is found by its tags, once", d->ref.view);
	free(owners);
	free(refs);
}

static void
on_record(const char *name)
{
	struct disk *d = viewed(name, "record");
	struct disk_view_ref ref = d->ref;
	struct err e = ERR_INIT;
	char *tables;
	int fd;

	state_is(&ref, DISK_VIEW_GOOD, "a fresh view");
	is_found(d, "dt@record");
	tap_ok(disk_view_open(&ref, &fd, &e) == 0 &&
		       lseek(fd, 0, SEEK_END) == (off_t)VOLUME_BYTES,
	       "it is as large as the disk");
	tap_fails(disk_view_drop(&ref, &e), &e, ERR_BUSY,
		  "a view that is open is not dropped");
	tap_works(disk_view_close(&ref, fd, &e), &e, "close it");

	/* Found by its uuid when it was renamed, by its name without one. */
	must("lvrename %s %s dtrenamed >/dev/null", volumes_vg(),
	     strrchr(ref.view, '/') + 1);
	state_is(&ref, DISK_VIEW_IMPAIRED, "a view that was renamed");
	must("lvrename %s dtrenamed %s >/dev/null", volumes_vg(),
	     strrchr(ref.view, '/') + 1);
	ref.view_uuid[0] = '\0';
	state_is(&ref, DISK_VIEW_GOOD, "a view whose uuid is not known");
	tables = sh_text("dmsetup table | grep -c 'error\\|linear.*xs'");
	tap_ok(atoi(tables) == 0, "no table is left that LVM would not load");
	free(tables);
	dropped(d);
	state_is(&ref, DISK_VIEW_GONE, "a view that is gone");
	tap_works(disk_view_drop(&ref, &e), &e, "dropping it again");
	tap_fails(disk_view_open(&ref, &fd, &e), &e, ERR_NOTFOUND,
		  "opening what is gone");
}

/* What was prepared, and not set, is no view; but it can be dropped. */
static void
not_set(const char *name, enum disk_view_state want)
{
	struct disk *d = prepared(name, "notset");
	struct err e = ERR_INIT;
	int fd = -1;

	state_is(&d->ref, want, "a view that was not set to an instant");
	is_found(d, "dt@notset");
	tap_ok(disk_view_open(&d->ref, &fd, &e) == -1,
	       "it cannot be opened: %s", e.text);
	dropped(d);
}

void
case_view_record(void)
{
	on_record("dtc1");
	on_record("dtt1");
	not_set("dtc1", DISK_VIEW_LOST);
	not_set("dtt1", DISK_VIEW_GOOD);
}

static void
overwrite(const char *name, unsigned int mib)
{
	must("dd if=/dev/urandom of=%s bs=1M count=%u oflag=direct "
	     "status=none",
	     volume(name), mib);
}

void
case_view_overflow(void)
{
	struct disk_owner owner = { "dt", "over", GENERATION, "xvda", NULL };
	struct disk_cow_size cow = { .percent = 0, .bytes = 4 << 20 };
	struct disk_view_health h;
	struct err e = ERR_INIT;
	struct disk *d;
	int fd;

	if (disk_open(volume("dtc1"), &d, &e) ||
	    disk_plan(d, &owner, &cow, &e) || disk_prepare(d, &e) ||
	    disk_hold(d, &e) || disk_view(d, &e)) {
		tap_works(-1, &e, "a view with a small area");
		return;
	}
	overwrite("dtc1", 2);
	if (disk_view_state(&d->ref, &h, &e))
		h.used = -2;
	tap_ok(h.state == DISK_VIEW_GOOD && h.used > 0.5 && h.used < 0.6,
	       "after 2 of 4 MiB it is %.3f full", h.used);
	tap_works(disk_view_open(&d->ref, &fd, &e), &e, "open it");
	overwrite("dtc1", 8);
	tap_fails(disk_view_close(&d->ref, fd, &e), &e, ERR_CORRUPT,
		  "it overflows while it is read");
	state_is(&d->ref, DISK_VIEW_LOST, "a view that has overflowed");
	tap_fails(disk_view_open(&d->ref, &fd, &e), &e, ERR_CORRUPT,
		  "it cannot be opened again");
	overwrite("dtc1", 1);
	dropped(d);
}

/* Take the tags away, one after the other; what is left is not ours. */
static void
foreign(const char *name)
{
	struct disk *d = viewed(name, "foreign");
	struct disk_view_ref ref = d->ref;
	const char *vg = volumes_vg(), *lv = strrchr(ref.view, '/') + 1;
	struct err e = ERR_INIT;
	int fd;

	snprintf(ref.generation, sizeof(ref.generation), "another");
	state_is(&ref, DISK_VIEW_FOREIGN, "a view of another generation");
	tap_works(disk_view_drop(&ref, &e), &e, "it is left alone");
	state_is(&d->ref, DISK_VIEW_GOOD, "which we see by its being there");
	tap_fails(disk_view_open(&ref, &fd, &e), &e, ERR_NOTFOUND,
		  "it is not opened");
	must("lvchange -qq --deltag xensnap %s/%s", vg, lv);
	tap_works(disk_view_drop(&d->ref, &e), &e, "without our tag");
	state_is(&d->ref, DISK_VIEW_FOREIGN, "it is not ours");
	must("lvchange -qq --addtag xensnap %s/%s", vg, lv);
	dropped(d);
}

void
case_view_foreign(void)
{
	const char *vg = volumes_vg();
	struct disk_view_ref *refs;
	struct err e = ERR_INIT;
	unsigned int n = 99;

	foreign("dtc1");
	foreign("dtt1");
	must("lvcreate -qq -y -L 4m -n dtx --addtag xensnap %s >/dev/null", vg);
	tap_ok(disk_find_views(&refs, NULL, &n, &e) == 0 && n == 0,
	       "a volume that only shares our tag is no view of ours");
	free(refs);
	must("lvremove -qq -y %s/dtx", vg);
}

static bool
active(const struct disk_view_ref *ref)
{
	return sh("lvs --noheadings -o lv_active %s | grep -q active",
		  ref->view + 5) == 0;
}

void
case_thin_activation(void)
{
	struct disk *d = viewed("dtt1", "active");
	struct err e = ERR_INIT;
	int one, two;

	tap_ok(!active(&d->ref), "a thin view is not active");
	tap_works(disk_view_open(&d->ref, &one, &e), &e, "open it");
	tap_ok(active(&d->ref), "now it is");
	tap_works(disk_view_open(&d->ref, &two, &e), &e, "open it twice");
	tap_works(disk_view_close(&d->ref, one, &e), &e, "close it once");
	tap_ok(active(&d->ref), "still active");
	tap_works(disk_view_close(&d->ref, two, &e), &e, "close it");
	tap_ok(!active(&d->ref), "not active any more");
	must("lvchange -ay -K %s", d->ref.view + 5);
	tap_works(disk_view_open(&d->ref, &one, &e), &e,
		  "open one that another has activated");
	tap_works(disk_view_close(&d->ref, one, &e), &e, "close it");
	tap_ok(active(&d->ref), "it stays active");
	dropped(d);
}

/* ---- LVM goes on with what we have made ---- */

static void
put_word(const char *name, const char *word)
{
	must("printf %%4096s %s | dd of=%s bs=4k count=1 seek=100 "
	     "oflag=direct conv=notrunc status=none",
	     word, volume(name));
}

static bool
has_word(const struct disk_view_ref *ref, const char *word)
{
	struct err e = ERR_INIT;
	char buf[4097] = "";
	int fd;

	if (disk_view_open(ref, &fd, &e) ||
	    pread(fd, buf, 4096, 4096 * 100) != 4096 ||
	    disk_view_close(ref, fd, &e)) {
		tap_note("%s", e.text);
		return false;
	}
	return strcmp(buf + strspn(buf, " "), word) == 0;
}

/*
 * LVM deactivates the disk with its views, activates it again from its
 * metadata, and rolls the disk back to a view: all as if LVM had made it.
 */
static void
lvm_goes_on(const char *name)
{
	const char *vg = volumes_vg();
	struct disk *d, *other;
	char *text;

	put_word(name, "early");
	d = viewed(name, "first");
	put_word(name, "later");
	other = viewed(name, "second");
	put_word(name, "latest");
	tap_ok(has_word(&d->ref, "early") && has_word(&other->ref, "later"),
	       "%s: two views, two words", name);
	must("lvchange -an %s/%s && lvchange -ay %s/%s", vg, name, vg, name);
	tap_ok(has_word(&d->ref, "early") && has_word(&other->ref, "later"),
	       "%s: the same after it was inactive", name);
	dropped(other);
	must("lvchange -an %s/%s && lvconvert -qq --merge %s >/dev/null && "
	     "lvchange -ay --sysinit %s/%s && sleep 1 && lvchange --poll y "
	     "%s/%s",
	     vg, name, d->ref.view + 5, vg, name, vg, name);
	for (int i = 0;
	     i < 100 && sh("lvs %s >/dev/null 2>&1", d->ref.view + 5) == 0; i++)
		usleep(200000);
	text = sh_text("dd if=%s bs=4k count=1 skip=100 iflag=direct "
		       "status=none | tr -d ' '",
		       volume(name));
	tap_ok(strcmp(text, "early") == 0, "%s: rolled back by LVM to '%s'",
	       name, text);
	free(text);
	dropped(d);
}

/* With disks of their own: a thin one gets another number by this. */
void
case_lvm_goes_on(void)
{
	const char *vg = volumes_vg();

	must("lvcreate -qq -y -Wn -L 16m -n dtmc %s >/dev/null", vg);
	must("lvcreate -qq -y -V 16m -T %s/%s -n dtmt >/dev/null 2>&1", vg,
	     volumes_pool());
	lvm_goes_on("dtmc");
	lvm_goes_on("dtmt");
	must("lvremove -qq -y %s/dtmc %s/dtmt", vg, vg);
}

/* ---- thin views are opened without LVM, or by it ---- */

/* All LVM tells is told, then somebody has its lock: LVM itself would wait. */
void
case_thin_open_alone(void)
{
	struct disk *d = viewed("dtt1", "alone");
	struct err e = ERR_INIT;
	int fd;

	disk_look_begin();
	state_is(&d->ref, DISK_VIEW_GOOD, "before LVM's lock is taken");
	must("flock -n -F -x /run/lock/lvm/V_%s sleep 120 >/dev/null 2>&1 & "
	     "echo $! >/run/dt.lock; sleep 1",
	     volumes_vg());
	if (tap_works(disk_view_open(&d->ref, &fd, &e), &e,
		      "open it while LVM's lock is held"))
		tap_works(disk_view_close(&d->ref, fd, &e), &e, "close it");
	must("kill \"$(cat /run/dt.lock)\"");
	disk_look_end();
	tap_ok(!active(&d->ref), "not active any more");
	must("lvchange -an %s", volume("dtt1") + 5);
	tap_works(disk_view_open(&d->ref, &fd, &e), &e,
		  "open it while its disk is inactive");
	tap_works(disk_view_close(&d->ref, fd, &e), &e, "close it");
	tap_ok(!active(&d->ref), "not active any more, again");
	must("lvchange -ay %s", volume("dtt1") + 5);
	dropped(d);
}

/* What LVM told is no longer so: its number in the pool is another's. */
void
case_thin_open_late(void)
{
	struct disk *d = viewed("dtt1", "late");
	const char *vg = volumes_vg();
	struct err e = ERR_INIT;
	char *was, *is;
	int fd, rc;

	put_word("dtt2", "another");
	was = sh_text("lvs --noheadings -o thin_id %s", d->ref.view + 5);
	disk_look_begin();
	state_is(&d->ref, DISK_VIEW_GOOD, "before it is removed");
	must("lvremove -qq -y %s", d->ref.view + 5);
	must("lvcreate -qq -y -s -kn -n dtnext %s/dtt2 >/dev/null", vg);
	is = sh_text("lvs --noheadings -o thin_id %s/dtnext", vg);
	tap_ok(strcmp(was, is) == 0, "another has its number%s", is);
	rc = disk_view_open(&d->ref, &fd, &e);
	disk_look_end();
	tap_ok(rc != 0, "it is not opened: %s", e.text);
	tap_ok(sh("dmsetup ls | grep -q xs--late") != 0, "no device is left");
	must("lvremove -qq -y %s/dtnext", vg);
	free(was);
	free(is);
	dropped(d);
}

/*
 * Read it in a child that dies, or stops until @then was run, when the device
 * was made and not looked at again.  True when it has @word.
 */
static bool
has_word_apart(const struct disk_view_ref *ref, const char *word,
	       const char *env, const char *then)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0) {
		setenv(env, "disk.thin.made", 1);
		_exit(has_word(ref, word) ? 0 : 1);
	}
	status = apart(pid, then);
	tap_ok(WIFSIGNALED(status) == !*then, "it was there%s",
	       *then ? "" : ", and died");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* LVM makes a volume in the pool meanwhile; and whoever makes it dies. */
void
case_thin_open_apart(void)
{
	struct disk *d;
	char then[300];

	put_word("dtt1", "apart");
	d = viewed("dtt1", "apart");
	snprintf(then, sizeof(then),
		 "lvcreate -qq -y -V 4m -T %s/%s -n dtmore >/dev/null",
		 volumes_vg(), volumes_pool());
	tap_ok(has_word_apart(&d->ref, "apart", "XENSNAP_STOP_AT", then),
	       "the pool has changed: LVM makes it");
	tap_ok(!active(&d->ref), "not active any more");
	must("lvremove -qq -y %s/dtmore", volumes_vg());
	tap_ok(!has_word_apart(&d->ref, "apart", "XENSNAP_DIE_AT", ""),
	       "it dies");
	tap_ok(active(&d->ref), "to LVM the view is active");
	tap_ok(has_word(&d->ref, "apart"), "and another one reads it");
	dropped(d);
}

/* What it lacks itself is in a volume that no report of LVM's names. */
void
case_thin_external(void)
{
	const char *vg = volumes_vg();
	struct disk *d;

	must("lvcreate -qq -y -L 32m -n dtro %s >/dev/null", vg);
	put_word("dtro", "outside");
	must("lvchange -qq -an %s/dtro && lvchange -qq -pr %s/dtro && "
	     "lvcreate -qq -y -s --thinpool %s/%s -n dtext %s/dtro >/dev/null",
	     vg, vg, vg, volumes_pool(), vg);
	d = viewed("dtext", "external");
	put_word("dtext", "inside");
	tap_ok(has_word(&d->ref, "outside"), "its external origin is seen");
	dropped(d);
	must("lvremove -qq -y %s/dtext && lvremove -qq -y %s/dtro", vg, vg);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* volumes.c - see volumes.h. */
#include "volumes.h"

#include <err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tap.h"

static char vg[64], pool[64];

static int __attribute__((format(printf, 1, 0)))
shell(const char *fmt, va_list ap)
{
	char line[2000];
	int r;

	vsnprintf(line, sizeof(line), fmt, ap);
	fflush(stdout);
	r = system(line);
	return r < 0 || !WIFEXITED(r) ? 99 : WEXITSTATUS(r);
}

int
sh(const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = shell(fmt, ap);
	va_end(ap);
	return r;
}

void
must(const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = shell(fmt, ap);
	va_end(ap);
	if (r)
		errx(2, "status %d: %s", r, fmt);
}

char *
sh_text(const char *fmt, ...)
{
	char line[2000], *text = NULL;
	size_t len = 0;
	va_list ap;
	FILE *p;
	int c;
	FILE *out = open_memstream(&text, &len);

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	p = popen(line, "r");
	if (!p || !out)
		err(2, "%s", line);
	while ((c = getc(p)) != EOF)
		putc(c, out);
	pclose(p);
	fclose(out);
	return text;
}

const char *
volumes_vg(void)
{
	return vg;
}

const char *
volumes_pool(void)
{
	return pool;
}

const char *
volume(const char *name)
{
	static char path[4][200];
	static unsigned int n;

	n = (n + 1) % 4;
	if (*name == '/')
		return name;
	snprintf(path[n], sizeof(path[n]), "/dev/%s/%s", vg, name);
	return path[n];
}

void
volumes_done(void)
{
	/* Names of views begin with that of their disk. */
	sh("for d in $(dmsetup info -c --noheadings -S suspended=Suspended -o "
	   "name | grep dt); do dmsetup resume $d; done 2>/dev/null; "
	   "lvremove -qq -y $(lvs --noheadings -o vg_name,lv_name -S "
	   "'vg_name=%s && lv_name=~^dt' | awk '{print $1\"/\"$2}') "
	   ">/dev/null 2>&1",
	   vg);
}

void
volumes_init(const char *use_vg, const char *use_pool)
{
	snprintf(vg, sizeof(vg), "%s", use_vg);
	snprintf(pool, sizeof(pool), "%s", use_pool);
	volumes_done();
	for (int i = 1; i <= 4; i++) {
		must("lvcreate -qq -y -Wn -L %llub -n dtc%d %s >/dev/null",
		     (unsigned long long)VOLUME_BYTES, i, vg);
		must("lvcreate -qq -y -V %llub -T %s/%s -n dtt%d "
		     ">/dev/null 2>&1",
		     (unsigned long long)VOLUME_BYTES, vg, pool, i);
	}
	must("udevadm settle");
}

char *
host_picture(void)
{
	/* Device numbers may differ afterwards; names and uuids tell all. */
	return sh_text("lvs -a --noheadings -o vg_name,lv_name,lv_uuid,lv_attr,"
		       "lv_size,origin,thin_id,lv_tags,vg_free 2>&1; "
		       "dmsetup table | sed 's/25[0-9]:[0-9]*/DEV/g' | sort; "
		       "dmsetup info -c --noheadings -o name,uuid,suspended,"
		       "tables_loaded,readonly | sort");
}

bool
suspended(void)
{
	return sh("dmsetup info -c --noheadings -o suspended | "
		  "grep -q Suspended") == 0;
}

struct disk *
planned(const char *name, const char *snapshot)
{
	struct disk_owner owner = { .domain = "dt",
				    .snapshot = snapshot,
				    .generation = GENERATION,
				    .vdev = "xvda" };
	struct disk_cow_size cow = { .percent = 50, .bytes = 0 };
	struct err e = ERR_INIT;
	struct disk *d;

	if (disk_open(volume(name), &d, &e) || disk_plan(d, &owner, &cow, &e))
		errx(2, "%s: %s", name, e.text);
	return d;
}

struct disk *
prepared(const char *name, const char *snapshot)
{
	struct disk *d = planned(name, snapshot);
	struct err e = ERR_INIT;

	if (disk_prepare(d, &e))
		errx(2, "%s: %s", name, e.text);
	return d;
}

void
dropped(struct disk *d)
{
	struct err e = ERR_INIT;
	struct disk_view_health h;

	if (disk_view_drop(&d->ref, &e))
		tap_works(-1, &e, "%s is dropped", d->ref.view);
	else if (disk_view_state(&d->ref, &h, &e) || h.state != DISK_VIEW_GONE)
		tap_works(-1, &e, "%s is gone after it was dropped",
			  d->ref.view);
	disk_close(d);
}

int
apart(pid_t pid, const char *then)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid)
		err(2, "wait");
	if (WIFSTOPPED(status)) {
		must("%s", then);
		kill(pid, SIGCONT);
		if (waitpid(pid, &status, 0) != pid)
			err(2, "wait");
	}
	return status;
}

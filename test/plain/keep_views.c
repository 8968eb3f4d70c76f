/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keep_views.c - a snapshot of volumes that belong to no domain: what `create
 * --disks-only` leaves, where there is no Xen.
 *
 *   keep_views DOMAIN@NAME AREA PATH...
 *
 * AREA: bytes for the copy-on-write area of a classic view.  The disks are
 * called xvda, xvdb, and so on.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "disk.h"
#include "fd.h"
#include "snapshot.h"
#include "uuid.h"

static struct snapshot s;
static struct disk *disks[DOMAIN_DISKS_MAX];

static void
must(int rc, const struct err *e)
{
	if (rc < 0)
		errx(1, "%s", e->text);
}

static void
prepare(unsigned int i, const char *path, const struct disk_cow_size *area)
{
	struct disk_owner owner = { .domain = s.domain,
				    .snapshot = s.name,
				    .generation = s.generation,
				    .vdev = s.disks[i].vdev };
	struct err e = ERR_INIT;

	snprintf(s.disks[i].vdev, sizeof(s.disks[i].vdev), "xvd%c",
		 (int)('a' + i));
	strcpy(s.disks[i].format, "raw");
	must(disk_open(path, &disks[i], &e), &e);
	must(disk_plan(disks[i], &owner, area, &e), &e);
	must(disk_prepare(disks[i], &e), &e);
}

static void
freeze(void)
{
	struct err e = ERR_INIT;

	for (unsigned int i = 0; i < s.n_disks; i++)
		must(disk_hold(disks[i], &e), &e);
	for (unsigned int i = 0; i < s.n_disks; i++) {
		must(disk_view(disks[i], &e), &e);
		s.disks[i].view = disks[i]->ref;
		disk_close(disks[i]);
	}
}

/* Of the disks only what an export asks for. */
static void
write_config(int dirfd)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct err e = ERR_INIT;

	if (!f)
		errx(1, "out of memory");
	fprintf(f,
		"{\"c_info\":{\"type\":\"pvh\",\"name\":\"%s\","
		"\"uuid\":\"%s\"},"
		"\"b_info\":{\"max_vcpus\":1},\"disks\":[",
		s.domain, s.uuid);
	for (unsigned int i = 0; i < s.n_disks; i++)
		fprintf(f,
			"%s{\"pdev_path\":\"%s\",\"vdev\":\"%s\","
			"\"format\":\"raw\",\"readwrite\":1}",
			i ? "," : "", s.disks[i].view.source, s.disks[i].vdev);
	fprintf(f, "]}\n");
	fclose(f);
	must(fd_write_file(dirfd, "domain.json", text, strlen(text), &e), &e);
	free(text);
}

static void
commit(void)
{
	struct err e = ERR_INIT;
	int dirfd = snapshot_begin(&s, &e);

	must(dirfd, &e);
	write_config(dirfd);
	must(snapshot_commit(&s, dirfd, &e), &e);
	close(dirfd);
}

int
main(int argc, char **argv)
{
	struct disk_cow_size area = { .percent = 0 };
	struct err e = ERR_INIT;
	int lock;

	if (argc < 4 || argc > 3 + DOMAIN_DISKS_MAX)
		errx(2, "usage: keep_views DOMAIN@NAME AREA PATH...");
	must(snapshot_split_name(argv[1], true, s.domain, s.name, &e), &e);
	area.bytes = strtoull(argv[2], NULL, 10);
	must(uuid_new(s.generation, &e), &e);
	must(uuid_new(s.uuid, &e), &e);
	s.mode = SNAPSHOT_DISKS;
	strcpy(s.type, "PVH");
	strcpy(s.xen_version, "none");
	clock_utc(s.created, sizeof(s.created));
	lock = snapshot_lock(s.domain, 0, &e);
	must(lock, &e);
	s.n_disks = (unsigned int)argc - 3;
	for (unsigned int i = 0; i < s.n_disks; i++)
		prepare(i, argv[3 + i], &area);
	freeze();
	commit();
	snapshot_unlock(s.domain, &lock);
	return 0;
}

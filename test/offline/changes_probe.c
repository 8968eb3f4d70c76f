/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * changes_probe.c - the disk room's views and tables of changes, for
 * test_changes.py.
 *
 *   changes_probe view DISK NAME REF   take a view; its record goes into REF
 *   changes_probe path REF             where it is
 *   changes_probe changes BASE VIEW    what differs, by their records: "HOW",
 *                                      then a line "OFFSET BYTES" for each
 *   changes_probe drop REF
 *
 * Exit 1: it failed, with one line that says why.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "uuid.h"

static void
put_ref(const char *path, const struct disk_view_ref *ref)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(ref, sizeof(*ref), 1, f) != 1 || fclose(f))
		err(2, "%s", path);
}

static void
get_ref(const char *path, struct disk_view_ref *ref)
{
	FILE *f = fopen(path, "r");

	if (!f || fread(ref, sizeof(*ref), 1, f) != 1 || fclose(f))
		err(2, "%s", path);
}

static int
view(char **words, struct err *err)
{
	char generation[UUID_TEXT_LEN + 1];
	struct disk_owner owner = { .domain = "probe",
				    .snapshot = words[1],
				    .generation = generation,
				    .vdev = "xvda" };
	struct disk_cow_size cow = { .percent = 50, .bytes = 0 };
	struct disk *d;
	int rc = -1;

	if (uuid_new(generation, err) || disk_open(words[0], &d, err))
		return -1;
	d->grows = true;
	if (disk_plan(d, &owner, &cow, err) == 0 && disk_prepare(d, err) == 0 &&
	    (!(d->ops->can & DISK_CAN_HOLD) || disk_hold(d, err) == 0) &&
	    disk_view(d, err) == 0 && disk_sync(d, err) == 0) {
		put_ref(words[2], &d->ref);
		rc = 0;
	}
	disk_close(d);
	return rc;
}

static int
changes(char **words, struct err *err)
{
	struct disk_view_ref base, now;
	struct disk_changes c;
	int rc;

	get_ref(words[0], &base);
	get_ref(words[1], &now);
	rc = disk_changes(&base, &now, -1, &c, err);
	if (rc == 0) {
		puts(c.how);
		for (uint64_t i = 0; i < c.n; i++)
			printf("%" PRIu64 " %" PRIu64 "\n", c.e[i].offset,
			       c.e[i].bytes);
	}
	disk_changes_done(&c);
	return rc;
}

static int
with_ref(const char *verb, const char *path, struct err *err)
{
	struct disk_view_ref ref;

	get_ref(path, &ref);
	if (strcmp(verb, "drop") == 0)
		return disk_view_drop(&ref, err);
	puts(ref.view);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int rc;

	if (argc == 5 && strcmp(argv[1], "view") == 0)
		rc = view(argv + 2, &e);
	else if (argc == 4 && strcmp(argv[1], "changes") == 0)
		rc = changes(argv + 2, &e);
	else if (argc == 3)
		rc = with_ref(argv[1], argv[2], &e);
	else
		errx(2, "see changes_probe.c");
	if (rc)
		fprintf(stderr, "%s\n", e.text);
	return rc ? 1 : 0;
}

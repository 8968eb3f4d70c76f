/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_xl_text.c - an xl configuration file, by an admin or out of a
 * repository: what is told of it has room, and with other disks in place of its
 * own it is the same file with a list behind it, which has them.
 */
#include <stdlib.h>
#include <string.h>

#include "domain_offline.h"
#include "fuzz.h"

static void
check(const struct domain_info *d)
{
	must(d->name[0] && d->n_disks <= DOMAIN_DISKS_MAX);
	must(!d->uuid[0] || strlen(d->uuid) == DOMAIN_UUID_LEN);
	for (unsigned int i = 0; i < d->n_disks; i++) {
		must(d->disks[i].vdev[0] && !strchr(d->disks[i].vdev, '/'));
		for (unsigned int k = 0; k < i; k++)
			must(strcmp(d->disks[i].vdev, d->disks[k].vdev) != 0);
	}
}

/* With its first disk replaced; xl, which takes the last list, sees that. */
static void
replace(const char *text, const struct domain_info *was)
{
	const struct xl_cfg_disk disk = { was->disks[0].vdev, "/new one",
					  "raw" };
	static struct domain_info is;
	struct err err = ERR_INIT;
	char *cfg;

	cfg = offline_config(text, &disk, was->n_disks ? 1 : 0, &err);
	if (!cfg) {
		fuzz_refused(&err, INVALID);
		return;
	}
	must(strncmp(cfg, text, strlen(text)) == 0);
	if (offline_read(cfg, NULL, &is, &err))
		fuzz_failed(cfg, 0, err.text);
	must(is.n_disks <= was->n_disks);
	must(strcmp(is.name, was->name) == 0);
	if (was->n_disks)
		must(is.n_disks && strcmp(is.disks[0].source, "/new one") == 0);
	free(cfg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct domain_info d;
	char *text = fuzz_text(p, len);
	struct err err = ERR_INIT;

	/* domain_find_offline() does not let others through. */
	if (strlen(text) == len && (!len || text[len - 1] != '\\')) {
		if (offline_read(text, NULL, &d, &err) == 0) {
			check(&d);
			replace(text, &d);
		} else {
			fuzz_refused(&err, CORRUPT | UNSUPPORTED);
		}
	}
	free(text);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_outcome.c - the body of an outcome: what is accepted encodes to the same
 * bytes, and nothing in it is beyond what outcome.h has room for.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "outcome.h"
#include "text.h"

static void
check_backup(const struct backup *k)
{
	must(text_is_plain(k->name) && text_is_plain(k->domain));
	must(k->mode <= 5 && k->from >= FROM_SNAPSHOT && k->from <= FROM_DISK);
	must(k->n_disks <= OUTCOME_DISKS_MAX);
	for (unsigned int i = 0; i < backup_n_all(k); i++) {
		const struct backup_disk *d = &k->disks[i];

		must(text_is_plain(d->vdev) && text_is_plain(d->source));
		must(text_is_plain(d->format) && text_is_plain(d->why));
		must(d->how >= HOW_WHOLE && d->how <= HOW_CHANGES);
		for (unsigned int j = 0; j < i; j++)
			must(strcmp(k->disks[j].vdev, d->vdev) != 0);
	}
}

static void
check(const struct outcome *o, const uint8_t *p, size_t len)
{
	struct buf b = BUF_INIT;

	outcome_encode(o, &b);
	must(!b.no_room && b.len == len && memcmp(b.data, p, len) == 0);
	buf_done(&b);
	if (o->what == OUTCOME_BREAK)
		return;
	must(o->what == OUTCOME_COMMIT && o->sequence > 0);
	must(o->n_index <= OUTCOME_INDEX_MAX);
	must(text_is_plain(o->host_name));
	if (o->purpose == PURPOSE_BACKUP)
		check_backup(&o->backup);
	else
		must(o->purpose == PURPOSE_REPACK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	uint8_t *copy = fuzz_copy(p, len);
	struct err err = ERR_INIT;
	struct outcome o;

	if (outcome_decode(copy, len, &o, &err) == 0) {
		check(&o, p, len);
		outcome_done(&o);
	} else {
		fuzz_refused(&err, CORRUPT);
		must(!o.index && !o.backup.disks);
	}
	free(copy);
	return 0;
}

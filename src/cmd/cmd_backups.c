/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_backups.c - xensnap backups REPO */
#include <stdlib.h>
#include <string.h>

#include "backup_json.h"
#include "clock.h"
#include "cmd.h"
#include "hex.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "repo.h"
#include "repo_key.h"
#include "units.h"

static uint64_t
bytes_of(const struct backup *b)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < b->n_disks; i++)
		bytes += b->disks[i].bytes;
	return bytes;
}

static int
by_time(const void *a, const void *b)
{
	const struct repo_commit *const *x = a, *const *y = b;
	const struct outcome *p = &(*x)->outcome, *q = &(*y)->outcome;

	if (p->backup.instant != q->backup.instant)
		return p->backup.instant < q->backup.instant ? -1 : 1;
	return p->sequence < q->sequence ? -1 : p->sequence > q->sequence;
}

/* Those that are there, oldest first; malloc()ed. */
static struct repo_commit **
sorted(struct repo *r, uint32_t *ret_n, struct err *err)
{
	struct repo_commit **list;
	uint32_t n = 0;

	list = calloc((size_t)r->n_commits + 1, sizeof(struct repo_commit *));
	if (!list) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < r->n_commits; i++)
		if (repo_is_backup(&r->commits[i]))
			list[n++] = &r->commits[i];
	qsort(list, n, sizeof(struct repo_commit *), by_time);
	*ret_n = n;
	return list;
}

static struct json_object *
to_json(const struct repo_commit *c)
{
	const struct outcome *oc = &c->outcome;
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	char hex[2 * SESSION_ID + 1], when[32];

	hex_text(c->session, SESSION_ID, hex);
	clock_utc_at(oc->backup.instant, when, sizeof(when));
	json_add_str(o, "backup", oc->backup.name);
	json_add_str(o, "session", hex);
	json_add_str(o, "instant", when);
	json_add_str(o, "host", oc->host_name);
	json_add_u64(o, "bytes", bytes_of(&oc->backup));
	json_add_u64(o, "new_bytes", oc->new_bytes);
	json_add_u64(o, "stored_bytes", oc->stored_bytes);
	for (unsigned int i = 0; i < oc->backup.n_disks; i++)
		json_object_array_add(
			disks, backup_disk_json(&oc->backup.disks[i], true));
	json_object_object_add(o, "disks", disks);
	if (oc->backup.memory)
		json_object_object_add(
			o, "memory",
			backup_memory_json(backup_pages(&oc->backup), true));
	return o;
}

static int
tell_json(struct repo_commit *const *list, uint32_t n, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_array();
	int rc;

	if (!o || !all) {
		json_object_put(o);
		json_object_put(all);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	for (uint32_t i = 0; i < n; i++)
		json_object_array_add(all, to_json(list[i]));
	json_object_object_add(o, "backups", all);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
tell(struct repo_commit *const *list, uint32_t n, struct err *err)
{
	struct print_table t = { .n_columns = 6,
				 .right = 1u << 3 | 1u << 4 | 1u << 5 };

	if (n == 0) {
		print_line("No backups");
		return 0;
	}
	print_cell(&t, "BACKUP");
	print_cell(&t, "SESSION");
	print_cell(&t, "INSTANT");
	print_cell(&t, "SIZE");
	print_cell(&t, "NEW");
	print_cell(&t, "STORED");
	for (uint32_t i = 0; i < n; i++) {
		const struct outcome *o = &list[i]->outcome;
		char hex[2 * SESSION_ID + 1], when[32], size[24];

		hex_text(list[i]->session, SESSION_ID, hex);
		clock_utc_at(o->backup.instant, when, sizeof(when));
		print_cell(&t, "%s", o->backup.name);
		print_cell(&t, "%.8s", hex);
		print_cell(&t, "%s", when);
		print_cell(&t, "%s",
			   units_size(bytes_of(&o->backup), size,
				      sizeof(size)));
		print_cell(&t, "%s",
			   units_size(o->new_bytes, size, sizeof(size)));
		print_cell(&t, "%s",
			   units_size(o->stored_bytes, size, sizeof(size)));
	}
	return print_table(&t, err);
}

int
cmd_backups(const struct cmd_args *args, struct err *err)
{
	struct repo_how how = { .address = args->args[0],
				.accept_head = opts_has(args, "accept-head"),
				.salvage = true };
	struct repo_commit **list = NULL;
	struct repo *r = NULL;
	struct repo_key k;
	uint32_t n = 0;
	int rc;

	rc = repo_key_read(args, false, &k, err);
	how.opener = k.opener;
	if (rc == 0)
		rc = repo_open(&how, &r, err);
	repo_key_done(&k);
	if (rc || repo_load(r, err)) {
		repo_close(r);
		return -1;
	}
	list = sorted(r, &n, err);
	if (!list)
		rc = -1;
	else
		rc = opts_has(args, "json") ? tell_json(list, n, err) :
					      tell(list, n, err);
	free(list);
	repo_close(r);
	return rc;
}

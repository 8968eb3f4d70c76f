/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_prune.c - xensnap prune --keep-... REPO */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "hex.h"
#include "job_repo.h"
#include "json.h"
#include "json_field.h"
#include "opts.h"
#include "print.h"
#include "progress.h"
#include "repo_key.h"
#include "units.h"

static int
read_number(const struct cmd_args *a, const char *name, unsigned long otherwise,
	    unsigned long *ret, struct err *err)
{
	const char *text = opts_value(a, name);
	char *end;

	*ret = otherwise;
	if (!text)
		return 0;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    *ret <= 1000000)
		return 0;
	err_set(err, ERR_INVALID, 0, "--%s: no number: '%s'", name, text);
	return opts_usage(a->verb, err);
}

static int
read_rules(const struct cmd_args *a, struct keep_rules *rules, struct err *err)
{
	bool any = false;

	for (int i = 0; i < KEEP_RULES; i++) {
		char name[24];
		unsigned long n;

		snprintf(name, sizeof(name), "keep-%s",
			 keep_name((enum keep_rule)i));
		if (read_number(a, name, 0, &n, err))
			return -1;
		rules->n[i] = (unsigned int)n;
		any |= n != 0;
	}
	if (any)
		return 0;
	err_set(err, ERR_INVALID, 0,
		"no rule says what stays: --keep-last and the like");
	return opts_usage(a->verb, err);
}

static int
read_opts(const struct cmd_args *a, struct prune_opts *o, struct err *err)
{
	unsigned long yes, wait_s, days, percent;

	memset(o, 0, sizeof(*o));
	o->how.address = a->args[0];
	o->how.accept_head = opts_has(a, "accept-head");
	o->name = opts_value(a, "name");
	o->dry_run = opts_has(a, "dry-run");
	o->progress = progress_tell;
	if (read_rules(a, &o->rules, err) ||
	    read_number(a, "yes", 0, &yes, err) ||
	    read_number(a, "wait", PRUNE_WAIT_S, &wait_s, err) ||
	    read_number(a, "break-after", PRUNE_BREAK_DAYS, &days, err) ||
	    read_number(a, "repack", PRUNE_REPACK_PERCENT, &percent, err))
		return -1;
	if (percent > 100) {
		err_set(err, ERR_INVALID, 0, "--repack is 0 to 100, not %lu",
			percent);
		return opts_usage(a->verb, err);
	}
	o->repack = (unsigned int)percent;
	o->yes = (uint32_t)yes;
	o->wait_s = (unsigned int)wait_s;
	o->break_s = (uint64_t)days * 86400;
	return 0;
}

static void
reasons_text(unsigned int reasons, char *ret, size_t len)
{
	size_t used = 0;

	ret[0] = '\0';
	for (int i = 0; i < KEEP_RULES && used < len; i++)
		if (reasons & 1u << i)
			used += (size_t)snprintf(ret + used, len - used, "%s%s",
						 used ? " " : "",
						 keep_name((enum keep_rule)i));
}

static struct json_object *
item_to_json(const struct prune_item *it)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * SESSION_ID + 1], when[32], why[64];

	hex_text(it->session, SESSION_ID, hex);
	clock_utc_at(it->instant, when, sizeof(when));
	reasons_text(it->reasons, why, sizeof(why));
	json_add_str(o, "backup", it->name);
	json_add_str(o, "session", hex);
	json_add_str(o, "instant", when);
	json_object_object_add(o, "stays",
			       json_object_new_boolean(it->reasons != 0));
	json_add_str(o, "why", why);
	return o;
}

static int
tell_json(const struct prune_plan *p, bool dry_run, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_array();
	int rc;

	if (!o || !all) {
		json_object_put(o);
		json_object_put(all);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	for (uint32_t i = 0; i < p->n; i++)
		json_object_array_add(all, item_to_json(&p->items[i]));
	json_object_object_add(o, "backups", all);
	json_object_object_add(o, "dry_run", json_object_new_boolean(dry_run));
	json_add_u64(o, "forgotten", p->n_forget);
	json_add_u64(o, "packs", p->report.n_packs);
	json_add_u64(o, "deleted_packs", p->report.n_deleted);
	json_add_u64(o, "deleted_bytes", p->report.deleted_bytes);
	json_add_u64(o, "repacked_packs", p->report.n_repacked);
	json_add_u64(o, "repacked_bytes", p->report.repacked_bytes);
	json_add_u64(o, "sessions_at_work", p->report.n_waiting);
	json_add_u64(o, "sessions_broken", p->report.n_broken);
	json_add_u64(o, "tidied_files", p->report.n_tidied);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
tell_calendar(const struct prune_plan *p, struct err *err)
{
	struct print_table t = { .n_columns = 4 };

	print_cell(&t, "BACKUP");
	print_cell(&t, "SESSION");
	print_cell(&t, "INSTANT");
	print_cell(&t, "STAYS AS");
	for (uint32_t i = 0; i < p->n; i++) {
		const struct prune_item *it = &p->items[i];
		char hex[2 * SESSION_ID + 1], when[32], why[64];

		hex_text(it->session, SESSION_ID, hex);
		clock_utc_at(it->instant, when, sizeof(when));
		reasons_text(it->reasons, why, sizeof(why));
		print_cell(&t, "%s", it->name);
		print_cell(&t, "%.8s", hex);
		print_cell(&t, "%s", when);
		print_cell(&t, "%s", it->reasons ? why : "(forgotten)");
	}
	return print_table(&t, err);
}

static void
tell(const struct prune_plan *p)
{
	const struct prune_report *r = &p->report;
	char size[24];

	print_line("%u of %u backups forgotten, %u of %u packs deleted, %s",
		   p->n_forget, p->n, r->n_deleted, r->n_packs,
		   units_size(r->deleted_bytes, size, sizeof(size)));
	if (r->n_repacked)
		print_line("%u pack%s of which little was needed: written "
			   "anew, %s",
			   r->n_repacked, units_s(r->n_repacked),
			   units_size(r->repacked_bytes, size, sizeof(size)));
	if (r->n_broken)
		print_line("%u session%s taken for dead: ended", r->n_broken,
			   units_s(r->n_broken));
	if (r->n_tidied)
		print_line("%u file%s of killed backups: removed", r->n_tidied,
			   units_s(r->n_tidied));
	if (r->n_waiting)
		print_line("%u session%s at work: what is not needed any "
			   "more is deleted by the next prune",
			   r->n_waiting, units_s(r->n_waiting));
}

int
cmd_prune(const struct cmd_args *args, struct err *err)
{
	struct prune_plan plan = { .n = 0 };
	struct prune_opts o;
	struct repo_key k;
	int rc;

	if (read_opts(args, &o, err))
		return -1;
	rc = repo_key_read(args, false, &k, err);
	o.how.opener = k.opener;
	if (rc == 0)
		rc = job_prune(&o, &plan, err);
	repo_key_done(&k);
	if (rc)
		goto out;
	progress_end();
	if (opts_has(args, "json"))
		rc = tell_json(&plan, o.dry_run, err);
	else if (o.dry_run)
		rc = tell_calendar(&plan, err);
	else
		tell(&plan);
	if (rc == 0 && plan.report.n_waiting)
		rc = CMD_WARNINGS;
out:
	prune_plan_done(&plan);
	return rc;
}

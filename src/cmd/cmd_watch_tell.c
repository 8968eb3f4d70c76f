/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_watch_tell.c - see cmd_watch.h. */
#include <math.h>
#include <string.h>

#include "cmd_watch.h"
#include "json.h"
#include "json_field.h"
#include "names.h"
#include "print.h"
#include "units.h"

/* ---- JSON ---- */

static double
percent_of(const struct disk_fill *f)
{
	return f->bytes ? 100.0 * (double)f->used / (double)f->bytes : 0;
}

/* Never is null. */
static void
add_number(struct json_object *o, const char *key, double value)
{
	if (isinf(value))
		json_object_object_add(o, key, NULL);
	else
		json_add_ms(o, key, value);
}

static void
add_gauge(struct json_object *o, const struct gauge *x)
{
	char name[NAMES_FULL_MAX];

	if (x->fill.kind == DISK_FILL_CLONE)
		json_add_str(o, "clone", x->domain);
	else
		json_add_str(o, "snapshot",
			     names_full(x->domain, x->name, name));
	json_add_str(o, "disk", x->vdev);
	json_add_str(o, "kind", disk_fill_kind_name(x->fill.kind));
	json_add_str(o, "volume", x->fill.what);
	json_add_str(o, "state", disk_fill_state_name(x->fill.state));
	json_add_u64(o, "bytes", x->fill.bytes);
	json_add_u64(o, "used_bytes", x->fill.used);
	add_number(o, "used_percent", percent_of(&x->fill));
	add_number(o, "bytes_per_second", x->rate);
	add_number(o, "full_seconds", x->full_s);
	json_add_str(o, "group", x->fill.group);
	json_add_u64(o, "group_free_bytes", x->fill.group_free);
}

void
watch_event_json(const struct guard_event *e, void *ctx)
{
	struct json_object *o = json_object_new_object();

	(void)ctx;
	json_add_str(o, "time", e->time);
	json_add_str(o, "event", guard_kind_name(e->kind));
	json_add_str(o, "level", guard_level_name(e->level));
	if (e->gauge)
		add_gauge(o, e->gauge);
	else if (e->subject)
		json_add_str(o, strchr(e->subject, '@') ? "snapshot" : "domain",
			     e->subject);
	if (e->kind == GUARD_DROP_ANNOUNCED)
		add_number(o, "drop_seconds",
			   e->drop_in_s > 0 ? e->drop_in_s : 0);
	if (e->kind == GUARD_EXTENDED)
		json_add_u64(o, "was_bytes", e->was_bytes);
	json_add_str(o, "message", e->text);
	print_json_line(o);
	json_object_put(o);
}

int
watch_report_json(const struct guard_report *r, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_array();
	int rc;

	json_add_u64(o, "snapshots", r->n_snapshots);
	json_add_u64(o, "leftovers", r->n_leftovers);
	json_add_u64(o, "bad", r->n_bad);
	for (unsigned int i = 0; i < r->n; i++) {
		struct json_object *one = json_object_new_object();
		const struct gauge *x = &r->gauges[i];

		add_gauge(one, x);
		json_object_object_add(
			one, "warning",
			x->verdict.warn ?
				json_object_new_string(x->verdict.why) :
				NULL);
		json_object_array_add(all, one);
	}
	json_object_object_add(o, "gauges", all);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* ---- table ---- */

static const char *
state_of(const struct gauge *x)
{
	if (x->fill.state != DISK_FILL_GOOD)
		return disk_fill_state_name(x->fill.state);
	return x->verdict.warn ? "warning" : "good";
}

static void
put_row(struct print_table *t, const struct gauge *x)
{
	char name[NAMES_FULL_MAX], all[24], rate[24], when[32];
	const struct disk_fill *f = &x->fill;

	if (f->kind == DISK_FILL_CLONE)
		print_cell(t, "clone %s %s", x->domain, x->vdev);
	else if (f->kind == DISK_FILL_VIEW)
		print_cell(t, "%s %s", names_full(x->domain, x->name, name),
			   x->vdev);
	else
		print_cell(t, "%s %s", f->what,
			   f->kind == DISK_FILL_POOL_DATA ? "data" :
							    "metadata");
	print_cell(t, "%s", state_of(x));
	if (f->state == DISK_FILL_IDLE || f->state == DISK_FILL_LOST) {
		for (int i = 0; i < 4; i++)
			print_cell(t, "-");
		return;
	}
	print_cell(t, "%s", units_size(f->bytes, all, sizeof(all)));
	print_cell(t, "%.1f %%", percent_of(f));
	print_cell(t, "%s/s",
		   units_size((uint64_t)x->rate, rate, sizeof(rate)));
	print_cell(t, "%s",
		   isinf(x->full_s) ? "-" :
				      units_ms(floor(x->full_s) * 1000, when,
					       sizeof(when)));
}

int
watch_report(const struct guard_report *r, struct err *err)
{
	static const char *const heads[] = { "WHAT", "STATE", "SIZE",
					     "USED", "RATE",  "FULL IN" };
	struct print_table t = { .n_columns = 6, .right = 0x3c };

	if (r->n == 0) {
		print_line("Nothing that could fill up.");
		return 0;
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		print_cell(&t, "%s", heads[i]);
	for (unsigned int i = 0; i < r->n; i++)
		put_row(&t, &r->gauges[i]);
	return print_table(&t, err);
}

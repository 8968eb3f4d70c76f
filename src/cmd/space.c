/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* space.c - see space.h. */
#include "space.h"

#include "print.h"
#include "units.h"

/* "1.2 GiB (81.0%)" */
static void
print_fill(struct print_table *t, const struct disk_forecast *f, uint64_t used)
{
	char size[16];

	print_cell(t, "%s (%.1f%%)", units_size(used, size, sizeof(size)),
		   disk_forecast_percent(f, used));
}

int
space_print(const struct create_space *s, struct err *err)
{
	struct print_table t = { .n_columns = 4,
				 .right = 1u << 1 | 1u << 2 | 1u << 3 };
	char name[DISK_SPACE_LEN + 32];

	if (s->n == 0)
		return 0;
	print_line("%s", "");
	print_cell(&t, "WHAT");
	print_cell(&t, "NOW");
	print_cell(&t, "AFTER");
	print_cell(&t, "LIMIT");
	for (unsigned int i = 0; i < s->n; i++) {
		const struct disk_forecast *f = &s->at[i];

		print_cell(&t, "%s", disk_forecast_name(f, name, sizeof(name)));
		print_fill(&t, f, f->used_before);
		print_fill(&t, f, f->used_after);
		print_cell(&t, "%u%%", f->limit);
	}
	return print_table(&t, err);
}

static struct json_object *
one_json(const struct disk_forecast *f)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	json_object_object_add(o, "what", json_object_new_string(f->what));
	json_object_object_add(
		o, "kind", json_object_new_string(disk_space_name(f->kind)));
	json_object_object_add(o, "bytes", json_object_new_uint64(f->bytes));
	json_object_object_add(o, "used_before",
			       json_object_new_uint64(f->used_before));
	json_object_object_add(o, "used_after",
			       json_object_new_uint64(f->used_after));
	json_object_object_add(o, "limit_percent",
			       json_object_new_int((int)f->limit));
	return o;
}

int
space_json(struct json_object *o, const struct create_space *s, struct err *err)
{
	struct json_object *all = json_object_new_array(), *one;

	if (!all || json_object_object_add(o, "space", all))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (unsigned int i = 0; i < s->n; i++) {
		one = one_json(&s->at[i]);
		if (!one || json_object_array_add(all, one))
			return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_key_tell.c - see cmd_key_tell.h. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_key_tell.h"
#include "hex.h"
#include "json.h"
#include "json_field.h"
#include "print.h"

#define HEX (2 * SLOT_ID + 1)

static const char *
kind_text(bool full)
{
	return full ? "full" : "put-only";
}

static const char *
kdf_text(enum slot_kdf kdf)
{
	return kdf == SLOT_PASSPHRASE ? "passphrase" : "key file";
}

static bool
is_whole(const struct repo_key_entry *e)
{
	return e->n_whole == SLOT_COPIES && !e->differ;
}

static const char *
copies_text(const struct repo_key_entry *e)
{
	if (e->n_whole == SLOT_COPIES)
		return e->differ ? "two that differ" : "both";
	if (e->n_whole == 1)
		return e->n_damaged ? "one, one damaged" : "one, one missing";
	return "damaged";
}

/* ---- list ---- */

static struct json_object *
entry_to_json(const struct key_list *l, const struct repo_key_entry *e)
{
	struct json_object *o = json_object_new_object();
	char hex[HEX];

	hex_text(e->id, SLOT_ID, hex);
	json_add_str(o, "id", hex);
	if (e->n_whole) {
		json_add_str(o, "kind", kind_text(e->info.full));
		json_add_str(o, "opened_by", kdf_text(e->info.kdf));
	}
	json_object_object_add(o, "own", json_object_new_boolean(e->is_own));
	json_object_object_add(o, "whole",
			       json_object_new_boolean(is_whole(e)));
	json_add_str(o, "copies", copies_text(e));
	if (e->is_own) {
		json_add_str(o, "label", l->own.label);
		json_add_u64(o, "realm", l->realm);
	}
	return o;
}

static int
list_json(const struct key_list *l, struct err *err)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all = json_object_new_array();
	int rc;

	if (!o || !all) {
		json_object_put(o);
		json_object_put(all);
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	for (uint32_t i = 0; i < l->keys.n; i++)
		json_object_array_add(all, entry_to_json(l, &l->keys.list[i]));
	json_object_object_add(o, "keys", all);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

static int
list_table(const struct key_list *l, struct err *err)
{
	struct print_table t = { .n_columns = 5 };

	print_cell(&t, "KEY");
	print_cell(&t, "KIND");
	print_cell(&t, "OPENED BY");
	print_cell(&t, "COPIES");
	print_cell(&t, "LABEL");
	for (uint32_t i = 0; i < l->keys.n; i++) {
		const struct repo_key_entry *e = &l->keys.list[i];
		char hex[HEX];

		hex_text(e->id, SLOT_ID, hex);
		print_cell(&t, "%.12s", hex);
		print_cell(&t, "%s",
			   e->n_whole ? kind_text(e->info.full) : "?");
		print_cell(&t, "%s", e->n_whole ? kdf_text(e->info.kdf) : "?");
		print_cell(&t, "%s", copies_text(e));
		if (e->is_own)
			print_cell(&t, "%s (own)", l->own.label);
		else
			print_cell(&t, "(sealed)");
	}
	return print_table(&t, err);
}

int
key_tell_list(const struct key_list *l, bool json, struct err *err)
{
	bool all_whole = true;

	for (uint32_t i = 0; i < l->keys.n; i++)
		all_whole &= is_whole(&l->keys.list[i]);
	if (json ? list_json(l, err) : list_table(l, err))
		return -1;
	return all_whole ? CMD_DONE : CMD_WARNINGS;
}

/* ---- one ---- */

static int
one_json(const struct key_telling *t, const struct key_report *r,
	 struct err *err)
{
	struct json_object *o = json_object_new_object();
	char hex[HEX];
	int rc;

	if (!o)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	json_add_str(o, "action", t->action);
	if (t->dry_run)
		json_object_object_add(o, "dry_run",
				       json_object_new_boolean(true));
	hex_text(r->id, SLOT_ID, hex);
	if (!t->dry_run || strcmp(t->action, "add") != 0)
		json_add_str(o, "id", hex);
	json_add_str(o, "kind", kind_text(r->full));
	if (strcmp(t->action, "change") == 0) {
		hex_text(r->old, SLOT_ID, hex);
		json_add_str(o, "removed", hex);
	}
	json_object_object_add(o, "key_file_made",
			       json_object_new_boolean(t->made != NULL));
	hex_text(r->repo_id, REPO_ID, hex);
	json_add_str(o, "repository_id", hex);
	if (t->text)
		json_add_str(o, "key", t->text);
	rc = print_json(o, err);
	json_object_put(o);
	return rc;
}

/* The recovery key, in lines that can be typed again. */
static void
paper(const struct key_telling *t, const struct key_report *r)
{
	const char *word = strchr(t->text, ' ');
	char id[HEX], repo[HEX];

	hex_text(r->id, SLOT_ID, id);
	hex_text(r->repo_id, REPO_ID, repo);
	print_line("xensnap recovery key");
	print_line(" ");
	print_line("repository id  %s", repo);
	print_line("key            %s, %s", id, kind_text(r->full));
	if (r->label[0])
		print_line("label          %s", r->label);
	print_line(" ");
	print_line("    %.*s", (int)(word - t->text), t->text);
	for (word++; *word && *word != '\n'; word += strnlen(word, 27))
		print_line("    %.26s", word);
	print_line(" ");
	print_line("Who has it can read the repository. To use it, type these "
		   "four lines into");
	print_line("a file, and give that as --key-file; spaces, dashes and "
		   "line ends don't matter.");
}

static void
one_line(const struct key_telling *t, const struct key_report *r)
{
	char hex[HEX], old[HEX];

	hex_text(r->id, SLOT_ID, hex);
	hex_text(r->old, SLOT_ID, old);
	if (strcmp(t->action, "add") == 0 && t->dry_run)
		print_line("would add a %s key", kind_text(r->full));
	else if (strcmp(t->action, "change") == 0 && t->dry_run)
		print_line("would change key %.12s", old);
	else if (strcmp(t->action, "change") == 0)
		print_line("key %.12s takes the place of %.12s", hex, old);
	else
		print_line("%s %s key %.12s%s%s", t->done, kind_text(r->full),
			   hex, t->file ? " to " : "", t->file ? t->file : "");
	if (t->made)
		print_line("made key file %s: for who shall have the key",
			   t->made);
	if (!t->dry_run && (strcmp(t->action, "remove") == 0 ||
			    strcmp(t->action, "change") == 0))
		print_line("nothing was encrypted anew: who had the old one "
			   "may have kept what it opened");
}

int
key_tell(const struct key_telling *t, const struct key_report *r,
	 struct err *err)
{
	if (t->json)
		return one_json(t, r, err);
	if (t->text)
		paper(t, r);
	else
		one_line(t, r);
	return 0;
}

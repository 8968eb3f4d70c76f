/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_names.c - a text that is taken for each kind of name: of objects, of
 * hex, uuids, snapshots, lists of disks.  What is accepted is written again the
 * same, since a thing has one name.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "hex.h"
#include "names.h"
#include "object.h"
#include "outcome.h"
#include "pack.h"
#include "repo_slot.h"
#include "uuid.h"

static void
objects(const char *text)
{
	static const char *const folders[] = { "sessions", "outcomes",
					       "forgets" };
	char again[OBJECT_NAME_MAX], pack[PACK_NAME];
	uint8_t id[SHA256_BYTES];
	unsigned int copy;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (object_id(text, folders[i], id, SESSION_ID)) {
			object_name(folders[i], id, SESSION_ID, again);
			must(strcmp(again, text) == 0);
			must(store_name_fits(text));
		}
	if (object_id(text, "heads", id, 8)) {
		object_name("heads", id, 8, again);
		must(strcmp(again, text) == 0);
	}
	if (pack_name_parse(text, id)) {
		pack_name(id, pack);
		must(strcmp(pack, text) == 0 && store_name_fits(text));
	}
	if (repo_slot_parse(text, id, &copy)) {
		must(copy >= 1 && copy <= SLOT_COPIES);
		repo_slot_name(id, copy, again);
		must(strcmp(again, text) == 0 && store_name_fits(text));
	}
	/* Nothing outside the store's folder has such a name. */
	if (store_name_fits(text))
		must(text[0] != '/' && text[0] != '.' && !strstr(text, "/.") &&
		     !strstr(text, "//") && strlen(text) <= STORE_NAME_MAX);
}

static void
digits(const char *text)
{
	char hex[2 * 16 + 1], uuid[UUID_TEXT_LEN + 1];
	uint8_t raw[16];

	if (hex_parse(text, raw, sizeof(raw))) {
		hex_text(raw, sizeof(raw), hex);
		must(strcmp(hex, text) == 0);
	}
	if (uuid_read(text, raw)) {
		uuid_text(raw, uuid);
		must(strcmp(uuid, text) == 0);
	}
}

static void
snapshots(const char *text)
{
	char domain[SNAPSHOT_NAME_MAX + 1], name[SNAPSHOT_NAME_MAX + 1];
	char full[NAMES_FULL_MAX];
	struct err err = ERR_INIT;

	if (snapshot_split_name(text, false, domain, name, &err)) {
		fuzz_refused(&err, INVALID);
		must(!domain[0] && !name[0]);
		return;
	}
	must(snapshot_is_name(domain));
	must(!name[0] || snapshot_is_name(name));
	must(!strchr(domain, '/') && domain[0] != '.' && name[0] != '.');
	names_full(domain, name, full);
	must(strcmp(name[0] ? full : domain, text) == 0);
}

static void
skips(const char *text)
{
	static char names[DOMAIN_DISKS_MAX][SNAPSHOT_VDEV_LEN];
	struct err err = ERR_INIT;
	unsigned int n;
	size_t at = 0;

	if (names_skip(text, names, &n, &err)) {
		fuzz_refused(&err, INVALID);
		return;
	}
	must(n > 0 && n <= DOMAIN_DISKS_MAX);
	for (unsigned int i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		must(len > 0 && strncmp(text + at, names[i], len) == 0);
		at += len;
		must(text[at] == (i + 1 < n ? ',' : '\0'));
		at++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *text = fuzz_text(p, len);

	objects(text);
	digits(text);
	snapshots(text);
	skips(text);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_xl_json.c - a domain's configuration as libxl's JSON, of which xl's own
 * file is made, with another path for the disk xvda: each line of it is one of
 * ours, xl's own parser takes it, and reads the same name out of it.
 */
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "xl_cfg.h"
#include "xl_cfg_write.h"

static const struct xl_cfg_disk disk = { "xvda", "/b/xv \"da\".img", "qcow2" };

/* Is it a comment, part of a list, or a value for a word?  What was meant for
 * a comment or a string must begin no line. */
static bool
is_ours(const char *line, size_t len)
{
	size_t word = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (len == 0 || line[0] == '#' || line[0] == '\t')
		return true;
	if (len == 1 && line[0] == ']')
		return true;
	return word > 0 && word + 1 < len && line[word] == '=' &&
	       strchr("\"[-0123456789", line[word + 1]);
}

static void
check_lines(const char *text)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		must(is_ours(text, len));
	}
}

/* Does xl's parser take it, and read that name? */
static void
check_parse(const char *text, const char *name)
{
	static FILE *nowhere;
	const char *is = NULL;
	XLU_Config *c;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	must(nowhere);
	c = xlu_cfg_init(nowhere, "it");
	must(c && xlu_cfg_readdata(c, text, (int)strlen(text)) == 0);
	must(xlu_cfg_get_string(c, "name", &is, 0) == 0);
	must(strcmp(is, name) == 0);
	xlu_cfg_destroy(c);
}

static void
try(const char *json, const struct xl_cfg_disk *disks, size_t n,
    const char *name)
{
	struct err err = ERR_INIT;
	struct json_object *o;
	char *text;

	text = xl_cfg_from_json(json, disks, n, name, &err);
	if (!text) {
		fuzz_refused(&err, CORRUPT | NOTFOUND | INVALID);
		return;
	}
	check_lines(text);
	o = json_parse(json, strlen(json), "it", &err);
	must(o);
	if (!name)
		name = xl_cfg_get_str(o, "c_info/name");
	must(name);
	check_parse(text, name);
	json_object_put(o);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *json = fuzz_text(p, len);

	try(json, &disk, 1, NULL);
	try(json, NULL, 0, NULL);
	try(json, NULL, 0, "other");
	free(json);
	return 0;
}

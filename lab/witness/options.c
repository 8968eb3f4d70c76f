/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.c - what witness is told to do.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* Every number has a range: a typing error must not become a silent 0. */
static const struct option {
	const char *name;
	size_t offset;
	unsigned int def, min, max;
} option_table[] = {
#define NUMBER(name, def, min, max)                                  \
	{                                                            \
#name, offsetof(struct options, name), def, min, max \
	}
	NUMBER(slots, 256, 4, 65536),    NUMBER(load_slots, 256, 64, 65536),
	NUMBER(rate, 50, 0, 1000000),    NUMBER(load, 0, 0, 1),
	NUMBER(load_depth, 4, 1, 16),    NUMBER(load_rate, 0, 0, 1000000),
	NUMBER(files, 2, 0, 1000),       NUMBER(pattern_mib, 24, 1, 4096),
	NUMBER(mutate, 200, 0, 1000000), NUMBER(gap_ms, 150, 10, 60000),
	NUMBER(check_s, 20, 0, 86400),   NUMBER(beat_s, 5, 1, 3600),
	NUMBER(agent, 0, 0, 1),          NUMBER(mutate_s, 1, 1, 86400),
#undef NUMBER
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

static unsigned int *
option_number(struct options *o, const struct option *t)
{
	return (unsigned int *)(void *)((char *)o + t->offset);
}

void
options_default(struct options *o)
{
	memset(o, 0, sizeof(*o));
	snprintf(o->fs, sizeof(o->fs), "auto");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		*option_number(o, &option_table[i]) = option_table[i].def;
}

static int
option_text(char *to, size_t size, const char *value)
{
	if (*value == '\0' || strlen(value) >= size)
		return -1;
	snprintf(to, size, "%s", value);
	return 0;
}

int
options_word(struct options *o, const char *word)
{
	const char *eq = strchr(word, '=');
	unsigned long value;
	char *end;
	size_t len;

	if (!eq)
		return -1;
	len = (size_t)(eq - word);
	if (len == 5 && strncmp(word, "disks", len) == 0)
		return option_text(o->disks, sizeof(o->disks), eq + 1);
	if (len == 2 && strncmp(word, "fs", len) == 0)
		return option_text(o->fs, sizeof(o->fs), eq + 1);

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *t = &option_table[i];

		if (strlen(t->name) != len || strncmp(word, t->name, len) != 0)
			continue;
		errno = 0;
		value = strtoul(eq + 1, &end, 10);
		if (errno || end == eq + 1 || *end || eq[1] == '-' ||
		    value < t->min || value > t->max)
			return -1;
		*option_number(o, t) = (unsigned int)value;
		return 0;
	}
	return -1;
}

int
options_cmdline(struct options *o, char *line, const char **ret_bad)
{
	static const char prefix[] = "witness.";
	char *save = NULL;
	int rc = 0;

	for (char *w = strtok_r(line, " \t\n", &save); w;
	     w = strtok_r(NULL, " \t\n", &save)) {
		if (strncmp(w, prefix, sizeof(prefix) - 1) != 0)
			continue;
		if (options_word(o, w + sizeof(prefix) - 1) == 0)
			continue;
		if (rc == 0)
			*ret_bad = w;
		rc = -1;
	}
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_near.c - what was meant by a word that is none of ours. */
#include <string.h>

#include "cmd.h"

#define NEAR_MAX 24

/* How many letters must be added, removed or changed to make @a into @b. */
static unsigned int
distance(const char *a, const char *b)
{
	unsigned int row[NEAR_MAX + 1];
	unsigned int above, best;
	size_t len = strlen(b);

	if (strlen(a) > NEAR_MAX || len > NEAR_MAX)
		return NEAR_MAX;
	for (unsigned int j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		above = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			best = above + (a[i - 1] != b[j - 1]);
			above = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const char *
cmd_near(const struct cmd_verb *v, const char *text)
{
	const char *name, *nearest = NULL;
	unsigned int least = 3;
	unsigned int d;

	for (unsigned int i = 0;; i++) {
		if (v ? !cmd_opt(v, i) : !cmd_verb(i))
			return nearest;
		name = v ? cmd_opt(v, i)->name : cmd_verb(i)->name;
		d = distance(text, name);
		if (d < least && d < strlen(name)) {
			least = d;
			nearest = name;
		}
	}
}

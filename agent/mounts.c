/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounts.c - see mounts.h, and proc(5) for the lines:
 *
 *   36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=...
 *   id    dev  inside point options  fields...  type source    options
 */
#define _GNU_SOURCE 1
#include "mounts.h"

#include <stdio.h>
#include <string.h>

/* "\040" is a space, and so on; shorter or the same, in place. */
static void
unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' &&
		    s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 +
				       (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static int
parse_line(char *line, struct mount *ret)
{
	char *save = NULL, *word, *point, *type, *source, *options;

	word = strtok_r(line, " ", &save);
	if (!word || sscanf(word, "%u", &ret->id) != 1)
		return -1;
	strtok_r(NULL, " ", &save); /* the mount below */
	word = strtok_r(NULL, " ", &save);
	if (!word || sscanf(word, "%u:%u", &ret->major, &ret->minor) != 2)
		return -1;
	strtok_r(NULL, " ", &save); /* what of it */
	point = strtok_r(NULL, " ", &save);
	do {
		word = strtok_r(NULL, " ", &save);
	} while (word && strcmp(word, "-") != 0);
	type = strtok_r(NULL, " ", &save);
	source = strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	if (!point || !type || !source || !options)
		return -1;
	unescape(point);
	unescape(source);
	ret->point = point;
	ret->type = type;
	ret->source = source;
	ret->writable = strncmp(options, "rw", 2) == 0;
	return 0;
}

int
mounts_parse(char *text, struct mount *ret, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (n == max || parse_line(line, &ret[n]))
			return -1;
		n++;
	}
	return (int)n;
}

/*
 * A file system without a device of its own has major 0: in memory, in the
 * kernel's mind, on the network; but so has btrfs, which may have several.
 */
bool
mounts_on_disk(const struct mount *m)
{
	if (!m->writable)
		return false;
	return m->major != 0 || (strcmp(m->type, "btrfs") == 0 &&
				 strncmp(m->source, "/dev/", 5) == 0);
}

bool
mounts_same(const struct mount *a, const struct mount *b)
{
	return a->major == b->major && a->minor == b->minor;
}

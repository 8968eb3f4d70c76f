/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_name.c - DOMAIN@NAME: what is a name, and what is not, and where
 * the folder of that name is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define NAME_CHARS                                                       \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" \
	"._+-"
/* In the root of an ext4 file system, and not to be taken for a domain. */
#define LOST_FOUND "lost+found"
#define NAME_FIRST \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

bool
snapshot_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SNAPSHOT_NAME_MAX &&
	       strspn(text, NAME_CHARS) == len && strchr(NAME_FIRST, text[0]);
}

/* Names become folders and LVM tags: what neither can hold is refused. */
static int
check_name(const char *what, const char *text, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_INVALID, 0, "the %s name is empty",
			       what);
	if (len > SNAPSHOT_NAME_MAX)
		return err_set(err, ERR_INVALID, 0,
			       "the %s name \"%.20s...\" is longer than %d "
			       "characters",
			       what, text, SNAPSHOT_NAME_MAX);
	if (strspn(text, NAME_CHARS) < len)
		return err_set(err, ERR_INVALID, 0,
			       "the %s name \"%.*s\" may hold only letters, "
			       "digits and . _ + -",
			       what, (int)len, text);
	if (!strchr(NAME_FIRST, text[0]))
		return err_set(err, ERR_INVALID, 0,
			       "the %s name \"%.*s\" must begin with a letter "
			       "or a digit",
			       what, (int)len, text);
	return 0;
}

int
snapshot_split_name(const char *text, bool need_name, char *domain, char *name,
		    struct err *err)
{
	const char *at = strchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);

	domain[0] = '\0';
	name[0] = '\0';
	if (check_name("domain's", text, len, err))
		return -1;
	if (len == strlen(LOST_FOUND) && strncmp(text, LOST_FOUND, len) == 0)
		return err_set(err, ERR_INVALID, 0,
			       "the domain's name " LOST_FOUND " is that of a "
			       "folder of the file system");
	if (!at && need_name)
		return err_set(err, ERR_INVALID, 0,
			       "\"%s\" names no snapshot: write DOMAIN@NAME",
			       text);
	if (at && check_name("snapshot's", at + 1, strlen(at + 1), err))
		return -1;
	memcpy(domain, text, len);
	domain[len] = '\0';
	if (at)
		strcpy(name, at + 1);
	return 0;
}

int
snapshot_path(const char *domain, const char *name, char *ret, size_t len,
	      struct err *err)
{
	char *root = realpath(snapshot_root(), NULL);
	int n;

	if (!root)
		return err_set(err, ERR_IO, errno, "%s", snapshot_root());
	n = snprintf(ret, len, "%s/%s/%s", root, domain, name);
	free(root);
	if (n < 0 || (size_t)n >= len)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "%s/%s/%s: the path is too long",
			       snapshot_root(), domain, name);
	return 0;
}

const char *
snapshot_mode_name(enum snapshot_mode mode)
{
	switch (mode) {
	case SNAPSHOT_LIVE:
		return "live";
	case SNAPSHOT_STOP:
		return "stop";
	case SNAPSHOT_REBUILD:
		return "rebuild";
	case SNAPSHOT_DISKS:
		return "disks";
	case SNAPSHOT_OFFLINE:
		return "offline";
	}
	return "?";
}

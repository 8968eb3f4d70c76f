/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* group.c - see group.h. */
#include "group.h"

#include <string.h>

int
group_parse(const char *text, struct group *ret, struct err *err)
{
	char *slash;

	ret->vg = ret->pool = NULL;
	if (!text)
		return 0;
	slash = strchr(text, '/');
	if (strlen(text) >= sizeof(ret->text) || !*text || slash == text ||
	    (slash && (!slash[1] || strchr(slash + 1, '/'))))
		return err_set(err, ERR_INVALID, 0,
			       "--create-lv is VG or VG/POOL, not '%s'", text);
	strcpy(ret->text, text);
	ret->vg = ret->text;
	ret->pool = strchr(ret->text, '/');
	if (ret->pool)
		*ret->pool++ = '\0';
	return 0;
}

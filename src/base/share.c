/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* share.c - see share.h. */
#include "share.h"

#include <ctype.h>
#include <string.h>

#include "units.h"

int
share_parse(const char *text, unsigned int *percent, uint64_t *bytes,
	    struct err *err)
{
	size_t len = strlen(text);

	*percent = 0;
	*bytes = 0;
	if (len == 0 || text[len - 1] != '%') {
		if (units_parse_size(text, bytes, err))
			return -1;
		if (*bytes == 0)
			return err_set(err, ERR_INVALID, 0,
				       "nothing fits into 0 bytes");
		return 0;
	}
	for (const char *p = text; *p != '%'; p++) {
		if (!isdigit((unsigned char)*p) || *percent > 100)
			goto bad;
		*percent = *percent * 10 + (unsigned int)(*p - '0');
	}
	if (text + len - 1 == strchr(text, '%') && *percent >= 1 &&
	    *percent <= 100)
		return 0;
bad:
	return err_set(err, ERR_INVALID, 0, "'%s' is not 1%% to 100%%", text);
}

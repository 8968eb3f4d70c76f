/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cow_size.c - see cow_size.h. */
#include "cow_size.h"

#include <ctype.h>
#include <string.h>

#include "units.h"

int
cow_size_parse(const char *text, struct disk_cow_size *ret, struct err *err)
{
	size_t len = strlen(text);

	if (text[len - 1] != '%') {
		ret->percent = 0;
		if (units_parse_size(text, &ret->bytes, err))
			return err_add(err, "--cow-size");
		if (ret->bytes == 0)
			return err_set(err, ERR_INVALID, 0,
				       "--cow-size: nothing fits into 0 bytes");
		return 0;
	}
	ret->bytes = 0;
	ret->percent = 0;
	for (const char *p = text; *p != '%'; p++) {
		if (!isdigit((unsigned char)*p) || ret->percent > 100)
			goto bad;
		ret->percent = ret->percent * 10 + (unsigned int)(*p - '0');
	}
	if (ret->percent >= 1 && ret->percent <= 100)
		return 0;
bad:
	return err_set(err, ERR_INVALID, 0,
		       "--cow-size: '%s' is not 1%% to 100%%", text);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* span.c - see span.h. */
#include "span.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TEN_YEARS (UINT64_C(3653) * 86400)

int
span_parse(const char *text, uint64_t *ret, struct err *err)
{
	static const struct {
		const char *name;
		unsigned int s;
	} units[] = { { "s", 1 },    { "min", 60 },  { "m", 60 },
		      { "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 } };
	const char *p = text;
	uint64_t n = 0;

	for (; isdigit((unsigned char)*p) && n <= TEN_YEARS; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(p, units[i].name) != 0)
			continue;
		if (p == text || n == 0 || n > TEN_YEARS / units[i].s)
			break;
		*ret = n * units[i].s;
		return 0;
	}
	return err_set(err, ERR_INVALID, 0,
		       "'%s' is not a time like 30min, 6h or 7d", text);
}

const char *
span_text(uint64_t seconds, char *ret, size_t len)
{
	if (seconds < 60)
		snprintf(ret, len, "%u s", (unsigned int)seconds);
	else if (seconds < 3600)
		snprintf(ret, len, "%u min", (unsigned int)(seconds / 60));
	else if (seconds < 48 * 3600)
		snprintf(ret, len, "%u h", (unsigned int)(seconds / 3600));
	else
		snprintf(ret, len, "%llu d",
			 (unsigned long long)(seconds / 86400));
	return ret;
}

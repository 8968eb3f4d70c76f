/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* units.c - see units.h. */
#include "units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The power of 1024 that "", "K", "KB", "KiB", ... stand for; -1: none. */
static int
power_of(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *at;

	if (suffix[0] == '\0' || strcasecmp(suffix, "B") == 0)
		return 0;
	at = strchr(letters, toupper((unsigned char)suffix[0]));
	if (!at || (suffix[1] != '\0' && strcasecmp(suffix + 1, "B") != 0 &&
		    strcasecmp(suffix + 1, "iB") != 0))
		return -1;
	return (int)(at - letters) + 1;
}

int
units_parse_size(const char *text, uint64_t *ret, struct err *err)
{
	const char *p = text;
	uint64_t n = 0;
	int power;

	if (!isdigit((unsigned char)*p))
		goto bad;
	for (; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			goto large;
	}
	power = power_of(p);
	if (power < 0)
		goto bad;
	if (__builtin_mul_overflow(n, (uint64_t)1 << (10 * power), &n))
		goto large;
	*ret = n;
	return 0;
bad:
	return err_set(err, ERR_INVALID, 0,
		       "'%s' is not a size like 5G, 512MiB or 4096", text);
large:
	return err_set(err, ERR_INVALID, 0, "size '%s' is too large", text);
}

const char *
units_size(uint64_t bytes, char *ret, size_t len)
{
	static const char *const names[] = { "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	double n = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(ret, len, "%u B", (unsigned int)bytes);
		return ret;
	}
	/* 1023.95 would be shown as 1024.0 of the smaller unit. */
	while (n >= 1023.95 && i + 1 < sizeof(names) / sizeof(names[0])) {
		n /= 1024;
		i++;
	}
	snprintf(ret, len, "%.1f %s", n, names[i]);
	return ret;
}

const char *
units_ms(double ms, char *ret, size_t len)
{
	double s = ms / 1000;

	/* Each limit is where rounding would show the next unit's first. */
	if (ms < 9.95)
		snprintf(ret, len, "%.1f ms", ms);
	else if (ms < 999.5)
		snprintf(ret, len, "%.0f ms", ms);
	else if (s < 59.995)
		snprintf(ret, len, "%.2f s", s);
	else if (s < 3599.5)
		snprintf(ret, len, "%u min %u s", (unsigned int)(s + 0.5) / 60,
			 (unsigned int)(s + 0.5) % 60);
	else if (s < 86400.0 * 10000)
		snprintf(ret, len, "%u h %u min", (unsigned int)(s / 3600),
			 (unsigned int)(s / 60) % 60);
	else
		snprintf(ret, len, "for ages");
	return ret;
}

const char *
units_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import_sums.c - see import_sums.h. */
#include "import_sums.h"

#include <string.h>

#include "snapshot.h"

#define BEFORE_NAME (SHA256_HEX_LEN + 2) /* the sum, a space, a space or '*' */

static int
read_line(const char *line, size_t len, struct import_sum *ret)
{
	size_t n;

	if (len <= BEFORE_NAME || len - BEFORE_NAME >= sizeof(ret->name) ||
	    memchr(line, '\0', len))
		return -1;
	n = strspn(line, "0123456789abcdef");
	if (n != SHA256_HEX_LEN || line[n] != ' ' ||
	    (line[n + 1] != ' ' && line[n + 1] != '*'))
		return -1;
	memcpy(ret->sha256, line, n);
	ret->sha256[n] = '\0';
	memcpy(ret->name, line + BEFORE_NAME, len - BEFORE_NAME);
	ret->name[len - BEFORE_NAME] = '\0';
	return snapshot_is_name(ret->name) ? 0 : -1;
}

int
import_sums_read(const char *text, size_t len, struct import_sum *ret,
		 unsigned int max, unsigned int *ret_n, struct err *err)
{
	const char *end = text + len, *newline;
	unsigned int n = 0, i;

	for (; text < end; text = newline + 1, n++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline || n == max ||
		    read_line(text, (size_t)(newline - text), &ret[n]))
			return err_set(err, ERR_CORRUPT, 0,
				       "line %u of SHA256SUMS is none that "
				       "export writes",
				       n + 1);
		for (i = 0; i < n; i++)
			if (strcmp(ret[i].name, ret[n].name) == 0)
				return err_set(err, ERR_CORRUPT, 0,
					       "SHA256SUMS names %s twice",
					       ret[n].name);
	}
	*ret_n = n;
	return 0;
}

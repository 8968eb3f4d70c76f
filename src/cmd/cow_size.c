/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cow_size.c - see cow_size.h. */
#include "cow_size.h"

#include "share.h"

int
cow_size_parse(const char *text, struct disk_cow_size *ret, struct err *err)
{
	if (share_parse(text, &ret->percent, &ret->bytes, err))
		return err_add(err, "--cow-size");
	return 0;
}

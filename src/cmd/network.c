/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network.c - see network.h. */
#include "network.h"

#include <string.h>

void
network_parse(const char *text, struct network_want *ret)
{
	ret->bridge = text;
	if (!text || strcmp(text, "none") == 0)
		ret->kind = NETWORK_NONE;
	else if (strcmp(text, "keep") == 0)
		ret->kind = NETWORK_SAME;
	else
		ret->kind = NETWORK_BRIDGE;
}

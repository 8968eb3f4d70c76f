/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_left.c - see config_left.h. */
#include "config_left.h"

#include <string.h>

#include "log.h"

static bool
is_for_boot(const char *what)
{
	static const char *const words[] = {
		"kernel",
		"bootloader",
		"b_info.kernel",
		"b_info.bootloader",
		"b_info.type.pv.kernel",
		"b_info.type.pv.bootloader",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(what, words[i]) == 0)
			return true;
	return false;
}

bool
config_left_boot(const struct xl_safe_left *left)
{
	for (unsigned int i = 0; i < left->n; i++)
		if (is_for_boot(left->what[i]))
			return true;
	return false;
}

/* What comes of that. */
static const char *
boot_words(const struct xl_safe_left *left, bool memory)
{
	if (!config_left_boot(left))
		return "";
	if (left->hvm)
		return "what it was booted by is not among what is kept, so "
		       "from now on it boots from its disks: ";
	return memory ?
		       "what it boots by is not among what is kept, so it "
		       "goes on from its memory, and a reboot of it ends it: " :
		       "what it boots by is not among what is kept, so it "
		       "cannot boot: ";
}

void
config_left_tell(const struct xl_safe_left *left, bool memory,
		 const char *where)
{
	for (unsigned int i = 0; i < left->n; i++)
		log_warning("left out of the configuration: %s", left->what[i]);
	if (left->n_more)
		log_warning("left out of the configuration: %u more",
			    left->n_more);
	if (!left->n)
		return;
	log_warning("%s--trust-config takes all of it, if you trust whoever "
		    "made %s",
		    boot_words(left, memory), where);
}

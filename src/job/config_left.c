/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_left.c - see config_left.h. */
#include "config_left.h"

#include <string.h>

#include "log.h"

static const char *const for_boot[] = {
	"kernel",
	"bootloader",
	"b_info.kernel",
	"b_info.bootloader",
	"b_info.type.pv.kernel",
	"b_info.type.pv.bootloader",
	NULL,
};

/* The first is a device of its own (fw_cfg); arguments may be any. */
static const char *const for_machine[] = {
	"b_info.kernel",
	"b_info.extra",
	"b_info.extra_hvm",
	NULL,
};

static bool
has_one_of(const struct xl_safe_left *left, const char *const words[])
{
	for (; *words; words++)
		for (unsigned int i = 0; i < left->n; i++)
			if (strcmp(left->what[i], *words) == 0)
				return true;
	return false;
}

bool
config_left_boot(const struct xl_safe_left *left)
{
	return has_one_of(left, for_boot);
}

bool
config_left_machine(const struct xl_safe_left *left)
{
	return left->hvm && has_one_of(left, for_machine);
}

/* What comes of that. */
static const char *
boot_words(const struct xl_safe_left *left, bool memory)
{
	if (memory && config_left_machine(left))
		return "its QEMU was started with it, so without it its memory "
		       "cannot go on: ";
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

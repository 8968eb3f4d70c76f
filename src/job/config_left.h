/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_left.h - what was left out of a configuration that is not trusted. */
#ifndef XENSNAP_CONFIG_LEFT_H
#define XENSNAP_CONFIG_LEFT_H

#include <stdbool.h>

#include "xl_safe.h"

/* config_left_boot() - is what the domain boots by among it? */
bool config_left_boot(const struct xl_safe_left *left);

/*
 * config_left_machine() - is something among it without which the memory of an
 * HVM domain cannot go on?  Its QEMU was started with it, and finds its state
 * in the stream.
 */
bool config_left_machine(const struct xl_safe_left *left);

/* config_left_tell() - warn of each, of a domain that has a @memory to go on
 * from or not; @where is what whoever wrote it made. */
void config_left_tell(const struct xl_safe_left *left, bool memory,
		      const char *where);

#endif

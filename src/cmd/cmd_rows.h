/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows.h - the rows of cmd_table.c, by what they are about. */
#ifndef XENSNAP_CMD_ROWS_H
#define XENSNAP_CMD_ROWS_H

#include "cmd.h"

#define END_OF_OPTS          \
	{                    \
		.name = NULL \
	}

#define END_OF_ROWS END_OF_OPTS

/* Each is ended by name == NULL. */
extern const struct cmd_verb rows_keep[];
extern const struct cmd_verb rows_back[];
extern const struct cmd_verb rows_host[];
extern const struct cmd_verb rows_repo[];

extern const struct cmd_opt no_opts[];

#endif

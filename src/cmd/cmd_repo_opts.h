/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_repo_opts.h - options and examples that cmd_rows_repo.c's rows have. */
#ifndef XENSNAP_CMD_REPO_OPTS_H
#define XENSNAP_CMD_REPO_OPTS_H

#include "cmd_rows.h"

extern const struct cmd_opt init_opts[];
extern const struct cmd_example init_examples[];
extern const struct cmd_opt backup_opts[];
extern const struct cmd_example backup_examples[];
extern const struct cmd_opt backups_opts[];
extern const struct cmd_example backups_examples[];
extern const struct cmd_opt restore_opts[];
extern const struct cmd_example restore_examples[];
extern const struct cmd_opt prune_opts[];
extern const struct cmd_example prune_examples[];

extern const struct cmd_opt key_opts[];
extern const struct cmd_example key_examples[];

extern const struct cmd_opt verify_opts[];
extern const struct cmd_example verify_examples[];

#endif

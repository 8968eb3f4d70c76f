/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows_host.c - the verbs that look after the host. */
#include <stddef.h>

#include "cmd_rows.h"

static const struct cmd_example recover_examples[] = {
	{ "recover --dry-run", "what is left behind?" },
	{ "recover", "finish or undo it" },
	{ NULL, NULL }
};

const struct cmd_verb rows_host[] = {
	{ .name = "recover",
	  .args = "[DOMAIN]",
	  .line = "finish or undo what a dead process left behind",
	  .text = "Put right what a killed xensnap or a crash of the host left "
		  "behind, on all domains or on one: a domain that stands "
		  "still is resumed, half a snapshot is taken back, half a "
		  "deletion finished. Says what it did and why. It does no "
		  "harm to repeat it.",
	  .opts = no_opts,
	  .examples = recover_examples,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_recover },
	END_OF_ROWS
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows_host.c - the verbs that look after the host. */
#include <stddef.h>

#include "cmd_rows.h"

static const struct cmd_example recover_examples[] = {
	{ "recover --dry-run", "what is left behind?" },
	{ "recover", "finish or undo it" },
	{ NULL, NULL }
};

static const struct cmd_opt doctor_opts[] = {
	{ .name = "mend",
	  .help = "mend what does no harm: what recover does, a folder that "
		  "others can read, a module that is not loaded" },
	END_OF_OPTS
};

static const struct cmd_example doctor_examples[] = {
	{ "doctor", "what is missing, wrong or dangerous here?" },
	{ "doctor --mend --dry-run", "what could be mended at once" },
	{ "doctor --json", "the same, for scripts" },
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
	{ .name = "doctor",
	  .args = "",
	  .line = "is this host fit: what is missing, wrong or dangerous",
	  .text = "Look at all that xensnap relies on: the hypervisor, LVM and "
		  "its settings, device-mapper, other programs, room, the "
		  "clock, what dead processes left, views that are lost or "
		  "nearly full. For each finding it says why it matters and "
		  "which command mends it. Without root it looks at what it "
		  "may. The exit status is 3 if there are warnings or errors, "
		  "and 1 if something could not be mended.",
	  .opts = doctor_opts,
	  .examples = doctor_examples,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_doctor },
	END_OF_ROWS
};

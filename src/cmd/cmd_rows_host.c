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

static const struct cmd_opt watch_opts[] = {
	{ .name = "extend-at",
	  .arg = "PERCENT",
	  .help = "make a view, a clone's disk or a pool larger when it is so "
		  "full (70), or sooner when it fills fast" },
	{ .name = "extend-by",
	  .arg = "SIZE|PERCENT%",
	  .help = "by so much (20% of its size), or by what a minute takes at "
		  "the present rate; a view or a clone's disk never beyond "
		  "what it can use" },
	{ .name = "reserve",
	  .arg = "SIZE|PERCENT%",
	  .help = "keep so much of the volume group free (5%)" },
	{ .name = "no-extend", .help = "make nothing larger" },
	{ .name = "warn-at",
	  .arg = "PERCENT",
	  .help = "warn of what is so full (80)" },
	{ .name = "warn-before",
	  .arg = "SECONDS",
	  .help = "warn of what will be full within so long and cannot be "
		  "made larger (300)" },
	{ .name = "drop-before",
	  .arg = "SECONDS",
	  .help = "drop a snapshot so long before its view is full, if that "
		  "cannot be made larger (15); it is told before" },
	{ .name = "no-drop",
	  .help = "let such a view be lost, and keep the snapshot's rest" },
	{ .name = "recover",
	  .help = "clear up what dead processes left, as the command recover "
		  "does, and not only let the domain run" },
	{ .name = "interval",
	  .arg = "SECONDS",
	  .help = "look at least so often (5); what fills is looked at more "
		  "often" },
	{ .name = "hook",
	  .arg = "PATH",
	  .help = "run this program for each event, which it finds in its "
		  "environment" },
	{ .name = "metrics",
	  .arg = "FILE",
	  .help = "write this file for Prometheus' node_exporter; its name "
		  "must end in .prom" },
	{ .name = "once",
	  .help = "look once, change nothing, show a table; status 3 if "
		  "something is not well" },
	END_OF_OPTS
};

static const struct cmd_example watch_examples[] = {
	{ "watch", "until Ctrl-C" },
	{ "watch --once", "for cron and monitoring: status 3 is a warning" },
	{ "watch --json --no-drop --reserve 10G", "events, one a line" },
	{ "watch --metrics /var/lib/prometheus/node-exporter/xensnap.prom",
	  "for graphs" },
	{ NULL, NULL }
};

static const struct cmd_opt status_opts[] = {
	{ .name = "jobs",
	  .arg = "DIR",
	  .help = "where the job files are. Default: /etc/xensnap/jobs.d" },
	END_OF_OPTS
};

static const struct cmd_example status_examples[] = {
	{ "status",
	  "what runs, what is kept of it, and how old its backup is" },
	{ "status --json", "the same, for scripts" },
	{ NULL, NULL }
};

const struct cmd_verb rows_host[] = {
	{ .name = "status",
	  .args = "",
	  .line = "domains, their snapshots and backups, in one table",
	  .text = "Show each domain that runs, has snapshots or is in a job: "
		  "how many snapshots there are of it and how full their "
		  "views are, and how old the newest good backup is that a "
		  "job made. What is not as it should be is told below the "
		  "table: a view that is lost, a backup that failed, or is "
		  "older than twice the time that its job says. The exit "
		  "status is 3 then.",
	  .opts = status_opts,
	  .examples = status_examples,
	  .flags = CMD_PRINTS,
	  .run = cmd_status },
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
	{ .name = "watch",
	  .args = "",
	  .line = "look after what fills up, until it is stopped",
	  .text = "Look after the snapshots of this host: see how full each "
		  "classic view, clone's disk on one, and thin pool is and "
		  "when it will be full, make it larger in time, warn, and, "
		  "when there is no room left, drop a snapshot before its "
		  "view is disabled; never a clone. Lets a "
		  "domain run again that a dead xensnap left standing. The "
		  "events go to the standard error or the journal, with "
		  "--json also to the standard output, one object a line. "
		  "xensnap-watch.service runs it.",
	  .opts = watch_opts,
	  .examples = watch_examples,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_watch },
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

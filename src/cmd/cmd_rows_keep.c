/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows_keep.c - the verbs that keep an instant here, and look at it. */
#include <stddef.h>

#include "cmd_rows.h"

static const struct cmd_opt create_opts[] = {
	{ .name = "live",
	  .group = 'm',
	  .help = "copy memory while the domain runs, and stop it only for the "
		  "last pages and the views; an error where the domain cannot "
		  "do that. Default: live where possible, else stop" },
	{ .name = "stop",
	  .group = 'm',
	  .help = "let the domain stand still while all of its memory is "
		  "copied" },
	{ .name = "rebuild",
	  .group = 'm',
	  .help = "as the recipe has it: save the memory, make the views, end "
		  "the domain and restore it from that memory; for a guest "
		  "that cannot go on where it stood. It stands still for all "
		  "of that" },
	{ .name = "disks-only",
	  .group = 'm',
	  .help = "no memory: all disks at one instant, as a power cut leaves "
		  "them; the domain does not stand still, its reads and writes "
		  "wait for some milliseconds (it is paused if its disks "
		  "cannot wait: several files, copies, qdisk)" },
	{ .name = "quiesce",
	  .help = "with --disks-only: a guest that runs xensnap-agent writes "
		  "out its file systems and freezes them for the instant; "
		  "one without it is told to sync, if its kernel obeys "
		  "SysRq. What was reached is told; if nothing was, exit "
		  "status 3" },
	{ .name = "quiesce-timeout",
	  .arg = "SECONDS",
	  .help = "how long the guest may take for that, 1 to 60. Default: "
		  "10" },
	{ .name = "config",
	  .arg = "FILE",
	  .group = 'm',
	  .help = "the domain does not run; what it is, and which disks it "
		  "has, FILE says, as xl create would take it. No memory; "
		  "works on hosts without Xen" },
	{ .name = "stage",
	  .arg = "DIR|ram|none",
	  .help = "with --stop: where the memory goes first, so that the "
		  "domain need not wait for the disk: this host's RAM, or "
		  "DIR, a folder on a faster disk; it is written out when the "
		  "domain runs again. Default: ram if there is enough, else "
		  "none" },
	{ .name = "copy",
	  .help = "copy the disks whose storage has no views (a file on ext4, "
		  "a partition) while the domain stands still, for as long as "
		  "that takes, into the snapshot's folder. Without it such a "
		  "disk is an error" },
	{ .name = "skip-disk",
	  .arg = "VDEV[,VDEV]",
	  .help = "leave these disks out of the snapshot. Its memory must "
		  "never go on with them: they move on" },
	{ .name = "cow-size",
	  .arg = "SIZE|PERCENT",
	  .help = "room for what will be written to a classic LV while its "
		  "view is kept: 5G, or 20% of the disk. A view that runs "
		  "full is lost, which one of 100% never is. Default: 10%" },
	{ .name = "max-fill",
	  .arg = "PERCENT",
	  .help = "refuse if a volume group, or data or metadata of a thin "
		  "pool, would then be fuller than this. Default: 90 for "
		  "pools, 100 for volume groups" },
	END_OF_OPTS
};

static const struct cmd_example create_examples[] = {
	{ "create web1@before-upgrade",
	  "freeze web1 and keep it by that name" },
	{ "create web1 --cow-size 20%",
	  "named by the time; more room for its classic LVs" },
	{ "create web1@nightly --disks-only", "without memory" },
	{ "create web1@nightly --disks-only --quiesce",
	  "with its file systems frozen meanwhile" },
	{ "create web1@cold --config /etc/xen/web1.cfg",
	  "while web1 is shut down" },
	{ "create web1@full --copy --skip-disk xvdc",
	  "also of disks without views, but not of its scratch disk" },
	{ NULL, NULL }
};

static const struct cmd_opt list_opts[] = {
	{ .name = "names",
	  .group = 'f',
	  .help = "only the names, one a line, for scripts" },
	{ .name = "clones",
	  .help = "the clones on this host, what they were made of, and how "
		  "full the areas of their disks are" },
	END_OF_OPTS
};

static const struct cmd_example list_examples[] = {
	{ "list", "all snapshots on this host" },
	{ "list web1 --names | xargs xensnap delete", "all of web1's, gone" },
	{ NULL, NULL }
};

static const struct cmd_example show_examples[] = {
	{ "show web1@before-upgrade",
	  "what it holds, and whether it is whole" },
	{ NULL, NULL }
};

static const struct cmd_example delete_examples[] = {
	{ "delete web1@monday web1@tuesday", "remove both" },
	{ "delete trial", "a clone that does not run any more" },
	{ NULL, NULL }
};

static const struct cmd_opt diff_opts[] = {
	{ .name = "disk", .arg = "VDEV", .help = "only this disk" },
	{ .name = "ranges",
	  .help = "list what differs: disk, first byte, how many bytes" },
	{ .name = "tables",
	  .help = "read nothing: tell what may differ, as the storage's own "
		  "tables have it" },
	END_OF_OPTS
};

static const struct cmd_example diff_examples[] = {
	{ "diff web1@monday web1@tuesday", "how much, on which disk" },
	{ "diff --ranges --disk xvda web1@monday web1@tuesday", "and where" },
	{ NULL, NULL }
};

const struct cmd_verb rows_keep[] = {
	{ .name = "create",
	  .args = "DOMAIN[@NAME]",
	  .line = "freeze this instant and keep it beside the disks",
	  .text = "Freeze a running domain, its memory and all of its disks at "
		  "one instant, and keep that instant on this host: memory in "
		  "a file, each disk as a view made by its storage. The "
		  "domain goes on at once; how long it stood still is told. "
		  "A domain that does not run is told of by --config. "
		  "Without NAME the snapshot is named by the time.",
	  .opts = create_opts,
	  .examples = create_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_create },
	{ .name = "list",
	  .args = "[DOMAIN]",
	  .line = "the snapshots kept on this host",
	  .text = "List the snapshots on this host, or those of one domain, "
		  "oldest first. A snapshot whose view is lost is told as "
		  "lost, one whose view can be read but is in trouble as "
		  "impaired, both with the reason, and the exit status is 3.",
	  .opts = list_opts,
	  .examples = list_examples,
	  .max_args = 1,
	  .flags = CMD_PRINTS,
	  .run = cmd_list },
	{ .name = "show",
	  .args = "SNAPSHOT",
	  .line = "all about one snapshot, and whether it is whole",
	  .text = "Show what a snapshot holds, where it is, how long the "
		  "domain stood still for it, and whether its views are still "
		  "whole. If one is lost or impaired it says why, and the "
		  "exit status is 3.",
	  .opts = no_opts,
	  .examples = show_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_PRINTS,
	  .run = cmd_show },
	{ .name = "diff",
	  .args = "SNAPSHOT SNAPSHOT",
	  .line = "which bytes differ between two snapshots",
	  .text = "Tell how much of each disk differs between two snapshots, "
		  "in blocks of 4 KiB. Where the storage keeps tables of what "
		  "changed, only that is read and compared. The memory is not "
		  "looked at; of qcow2 disks it is the bytes of the images.",
	  .opts = diff_opts,
	  .examples = diff_examples,
	  .min_args = 2,
	  .max_args = 2,
	  .flags = CMD_PRINTS,
	  .run = cmd_diff },
	{ .name = "delete",
	  .args = "SNAPSHOT|CLONE...",
	  .line = "remove snapshots, their views and memory; clones",
	  .text = "Remove snapshots, in any order: their views, then what is "
		  "kept of them. All are tried; those that could not be "
		  "removed are named. A name without \"@\" is that of a clone, "
		  "which must not run: its disks are removed. A snapshot of "
		  "which there are clones is not deleted.",
	  .opts = no_opts,
	  .examples = delete_examples,
	  .min_args = 1,
	  .max_args = CMD_ARGS_ANY,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_delete },
	END_OF_ROWS
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows_back.c - the verbs that bring an instant back, here or elsewhere. */
#include <stddef.h>

#include "cmd_rows.h"

static const struct cmd_opt export_opts[] = {
	{ .name = "format",
	  .arg = "raw|qcow2",
	  .help = "what the disks become: sparse raw files, or qcow2 files "
		  "(made by qemu-img). Default: raw" },
	{ .name = "no-sums",
	  .help = "leave out SHA256SUMS; what was written is then not read "
		  "again" },
	{ .name = "disk",
	  .arg = "VDEV",
	  .help = "only this disk, raw, to the standard output: DIR is \"-\"" },
	END_OF_OPTS
};

static const struct cmd_example export_examples[] = {
	{ "export web1@before-upgrade /srv/web1", "disks, memory, config" },
	{ "export --disk xvda web1@before-upgrade - | ssh host 'cat >xvda.img'",
	  "one disk, to another machine" },
	{ NULL, NULL }
};

static const struct cmd_opt revert_opts[] = {
	{ .name = "disks-only",
	  .help = "give only the disks back, and boot from them: the memory of "
		  "the snapshot is left alone" },
	{ .name = "no-keep",
	  .help = "do not keep what the domain is now as a snapshot before" },
	END_OF_OPTS
};

static const struct cmd_opt clone_opts[] = {
	{ .name = "disks-only",
	  .help = "boot from the disks, as they were at that instant: the "
		  "memory of the snapshot is left alone" },
	{ .name = "network",
	  .arg = "NETWORK",
	  .help = "none: no network cards; keep: those of the original, with "
		  "addresses (MAC) of their own; a bridge's name: the same, "
		  "all on that one. What is in the guest does not change: it "
		  "has the original's IP addresses and names. Default: none" },
	{ .name = "count",
	  .arg = "N",
	  .help = "make N of them, NEW-1 to NEW-N; all, or none" },
	{ .name = "cow-size",
	  .arg = "SIZE|PERCENT",
	  .help = "of disks that are classic LVs: how much the clone can write "
		  "over. One that writes more loses the disk; with 100% it "
		  "never does. Default: 20%" },
	END_OF_OPTS
};

static const struct cmd_example clone_examples[] = {
	{ "clone web1@before-upgrade trial",
	  "a second one, without network, goes on from there" },
	{ "clone --disks-only --network br-test web1@nightly copy",
	  "it boots, on a bridge of its own" },
	{ "clone --count 5 lab@clean worm",
	  "worm-1 to worm-5, all from one instant" },
	{ NULL, NULL }
};

static const struct cmd_example revert_examples[] = {
	{ "revert web1@before-upgrade", "web1 goes on from that instant" },
	{ "revert --disks-only web1@before-upgrade",
	  "it boots from its disks" },
	{ NULL, NULL }
};

static const struct cmd_opt import_opts[] = {
	{ .name = "disk",
	  .arg = "VDEV=PATH",
	  .many = true,
	  .help = "the disk VDEV of the domain is PATH on this host, an "
		  "existing LV, other block device or file of its size: revert "
		  "writes to it. May be given for each disk; without it, there "
		  "is no revert" },
	{ .name = "trust-config",
	  .help = "take all of the configuration: kernel, scripts, bridges, "
		  "passed through devices. Whoever wrote it can then run "
		  "programs on this host as root" },
	{ .name = "need-sums",
	  .help = "refuse an export without SHA256SUMS. Default: a warning" },
	END_OF_OPTS
};

static const struct cmd_example import_examples[] = {
	{ "import /srv/web1", "as it is called there" },
	{ "import --disk xvda=/dev/vg/web1 /srv/web1 web1@moved",
	  "so that web1 can be reverted to it" },
	{ NULL, NULL }
};

const struct cmd_verb rows_back[] = {
	{ .name = "revert",
	  .args = "SNAPSHOT",
	  .line = "roll the domain back, disks and memory",
	  .text = "The domain becomes what it was at the snapshot, and goes on "
		  "from that instant: it is ended, its disks are written back "
		  "where they differ, and its memory is restored. A domain "
		  "that is gone comes back. What it is now is kept before, as "
		  "DOMAIN@before-TIME. The snapshot and all its siblings stay "
		  "and can be reverted to again. An HVM guest that has a "
		  "generation id (ms_vm_genid) gets a new one, so that it "
		  "knows. If it is interrupted, recover finishes it.",
	  .opts = revert_opts,
	  .examples = revert_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_revert },
	{ .name = "clone",
	  .args = "SNAPSHOT NEW",
	  .line = "a second domain from a snapshot, with its own identity",
	  .text = "A domain called NEW runs beside the original: it goes on "
		  "from the snapshot's memory, or boots from its disks, and "
		  "has a name, uuid, network addresses and generation id of "
		  "its own. Its disks are made of the views: thin snapshots, "
		  "clones of files; of classic LVs snapshots of one copy that "
		  "all clones share. The snapshot cannot be deleted as long as "
		  "it is there; delete NEW removes it.",
	  .opts = clone_opts,
	  .examples = clone_examples,
	  .min_args = 2,
	  .max_args = 2,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_clone },
	{ .name = "export",
	  .args = "SNAPSHOT DIR|-",
	  .line = "plain files that work without us",
	  .text = "Write a snapshot as plain files into DIR, which must be "
		  "new or empty: its disks, memory.xl and domain.cfg, which xl "
		  "restore takes (or xl create, when it has no memory), and "
		  "SHA256SUMS. Or one disk to the standard "
		  "output.",
	  .opts = export_opts,
	  .examples = export_examples,
	  .min_args = 2,
	  .max_args = 2,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_export },
	{ .name = "import",
	  .args = "DIR [DOMAIN[@NAME]]",
	  .line = "what export wrote, as a snapshot of this host",
	  .text = "Keep what export, or restore, wrote into DIR, here or on "
		  "another host, as a snapshot on this host. Nothing in DIR "
		  "is trusted: files are copied, sums and sizes of the copies "
		  "checked, and of the configuration only what says how the "
		  "guest's machine looks is taken; what is left out is told, "
		  "and the exit status is then 3. Without DOMAIN and NAME it "
		  "is called as the export says.",
	  .opts = import_opts,
	  .examples = import_examples,
	  .min_args = 1,
	  .max_args = 2,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_import },
	END_OF_ROWS
};

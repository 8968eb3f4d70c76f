/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_table.c - what each verb takes, does and is called. */
#include <stddef.h>
#include <string.h>

#include "cmd.h"
#include "cmd_repo_opts.h"

static const struct cmd_opt no_opts[] = { END_OF_OPTS };

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
		  "full is lost. Default: 10%" },
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
	{ "delete web1@monday web1@tuesday", "remove both" }, { NULL, NULL }
};

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

static const struct cmd_opt revert_opts[] = {
	{ .name = "disks-only",
	  .help = "give only the disks back, and boot from them: the memory of "
		  "the snapshot is left alone" },
	{ .name = "no-keep",
	  .help = "do not keep what the domain is now as a snapshot before" },
	END_OF_OPTS
};

static const struct cmd_example revert_examples[] = {
	{ "revert web1@before-upgrade", "web1 goes on from that instant" },
	{ "revert --disks-only web1@before-upgrade",
	  "it boots from its disks" },
	{ NULL, NULL }
};

static const struct cmd_example recover_examples[] = {
	{ "recover --dry-run", "what is left behind?" },
	{ "recover", "finish or undo it" },
	{ NULL, NULL }
};

static const struct cmd_example help_examples[] = {
	{ "help create", "the same as xensnap create --help" }, { NULL, NULL }
};

static const struct cmd_verb verbs[] = {
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
	{ .name = "delete",
	  .args = "SNAPSHOT...",
	  .line = "remove snapshots, their views and their memory",
	  .text = "Remove snapshots, in any order: their views, then what is "
		  "kept of them. All are tried; those that could not be "
		  "removed are named.",
	  .opts = no_opts,
	  .examples = delete_examples,
	  .min_args = 1,
	  .max_args = CMD_ARGS_ANY,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_delete },
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
	{ .name = "revert",
	  .args = "SNAPSHOT",
	  .line = "roll the domain back, disks and memory",
	  .text = "The domain becomes what it was at the snapshot, and goes on "
		  "from that instant: it is ended, its disks are written back "
		  "where they differ, and its memory is restored. A domain "
		  "that is gone comes back. What it is now is kept before, as "
		  "DOMAIN@before-TIME. The snapshot and all its siblings stay "
		  "and can be reverted to again. If it is interrupted, recover "
		  "finishes it.",
	  .opts = revert_opts,
	  .examples = revert_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_revert },
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
	{ .name = "init",
	  .args = "REPO",
	  .line = "make a repository, a place for backups",
	  .text = "Make a repository in REPO, a new or empty folder, and its "
		  "first key. Without a key nobody can read it, nor can we.",
	  .opts = init_opts,
	  .examples = init_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_init },
	{ .name = "backup",
	  .args = "[SNAPSHOT] REPO",
	  .line = "copy disks to a repository",
	  .text = "Copy the disks of a snapshot, of a domain that does not "
		  "run, or a lone disk to a repository: what is there already, "
		  "of this or any other disk, is not stored again, holes are "
		  "not read, and all is compressed and encrypted. The backup "
		  "exists when it is whole, or not at all. Memory is not "
		  "backed up yet: of a snapshot that has it, the disks and "
		  "the configuration are.",
	  .opts = backup_opts,
	  .examples = backup_examples,
	  .min_args = 1,
	  .max_args = 2,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_backup },
	{ .name = "backups",
	  .args = "REPO",
	  .line = "the backups in a repository",
	  .text = "List the backups in a repository, oldest first: of which "
		  "instant they are, how large, how much was new, and what "
		  "that takes there.",
	  .opts = backups_opts,
	  .examples = backups_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_PRINTS,
	  .run = cmd_backups },
	{ .name = "restore",
	  .args = "REPO BACKUP",
	  .line = "disks out of a repository",
	  .text = "Write disks of BACKUP to files, volumes, or the standard "
		  "output; every piece is checked before it is written. "
		  "Nothing that is there is written over without --in-place, "
		  "and nothing that is in use; what is new is there when all "
		  "of it is whole, or not at all. A folder gets xvda.raw (or "
		  ".qcow2) and so on, snapshot.json, and a domain.cfg for xl "
		  "that names them. Memory is not backed up yet. BACKUP is a "
		  "name (the newest of that name), the beginning of a session, "
		  "or \"latest\".",
	  .opts = restore_opts,
	  .examples = restore_examples,
	  .min_args = 2,
	  .max_args = 2,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_restore },
	{ .name = "prune",
	  .args = "REPO",
	  .line = "forget old backups and take away what they alone need",
	  .text = "Forget the backups that no rule keeps, and delete what only "
		  "they needed. A backup stays if any rule takes it. It is "
		  "safe beside backups that are being made, on this host and "
		  "others: for those it waits, or leaves the deleting to the "
		  "next prune (exit status 3). Which backup is newer is told "
		  "by clocks: where one is of later than now, --yes is "
		  "needed to forget any.",
	  .opts = prune_opts,
	  .examples = prune_examples,
	  .min_args = 1,
	  .max_args = 1,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_prune },
	{ .name = "verify",
	  .args = "REPO [BACKUP]",
	  .line = "is a repository whole?",
	  .text = "Check that every backup in a repository can be restored, "
		  "and that the repository is not older than what this host "
		  "has seen of it. What is damaged is named, and the backups "
		  "that it hurts; the exit status is 1 then. With --against "
		  "one backup is compared to what its source is now; without "
		  "BACKUP it is the newest of the source's name.",
	  .opts = verify_opts,
	  .examples = verify_examples,
	  .min_args = 1,
	  .max_args = 2,
	  .flags = CMD_PRINTS,
	  .run = cmd_verify },
	{ .name = "key",
	  .args = "list|add|remove|change|export REPO [ID]",
	  .line = "who can open a repository: add, change, remove keys",
	  .text = "list shows the keys of a repository. add makes one more, "
		  "for a new secret: full, or put-only. remove takes key ID "
		  "away; the last full one stays. change replaces the secret "
		  "that was given by a new one. export writes the key file "
		  "that was given (ID, or \"own\") to another file, or prints "
		  "it. A key that is removed does not open the repository any "
		  "more, but nothing is encrypted anew: who had it may have "
		  "kept what it opened.",
	  .opts = key_opts,
	  .examples = key_examples,
	  .min_args = 2,
	  .max_args = 3,
	  .flags = CMD_CHANGES | CMD_PRINTS,
	  .run = cmd_key },
	{ .name = "help",
	  .args = "[VERB]",
	  .line = "this list, or all about one command",
	  .text = "Show the commands, or all about one of them.",
	  .opts = no_opts,
	  .examples = help_examples,
	  .max_args = 1,
	  .run = cmd_help },
};

static const struct cmd_opt common[] = {
	{ .name = "dry-run",
	  .needs = CMD_CHANGES,
	  .help = "check all that can be checked and say what would be done; "
		  "change nothing" },
	{ .name = "json",
	  .group = 'f',
	  .needs = CMD_PRINTS,
	  .help = "print the result as one JSON object" },
	{ .name = "verbose",
	  .letter = 'v',
	  .help = "say what is being done; twice: how" },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "say nothing but results, warnings and errors" },
	{ .name = "help", .letter = 'h', .help = "this text" },
	END_OF_OPTS
};

static const struct cmd_opt without_verb[] = {
	{ .name = "help", .letter = 'h', .help = "the commands" },
	{ .name = "version", .help = "the version" },
	END_OF_OPTS
};

const struct cmd_verb *
cmd_verb(unsigned int i)
{
	return i < sizeof(verbs) / sizeof(verbs[0]) ? &verbs[i] : NULL;
}

const struct cmd_verb *
cmd_find(const char *name)
{
	const struct cmd_verb *v;

	for (unsigned int i = 0; (v = cmd_verb(i)); i++) {
		if (strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

const struct cmd_opt *
cmd_opt(const struct cmd_verb *v, unsigned int i)
{
	const struct cmd_opt *o = v ? v->opts : without_verb;

	for (; o->name; o++) {
		if (i-- == 0)
			return o;
	}
	for (o = common; v && o->name; o++) {
		if ((v->flags & o->needs) == o->needs && i-- == 0)
			return o;
	}
	return NULL;
}

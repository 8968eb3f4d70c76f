/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rows_repo.c - the verbs about repositories. */
#include <stddef.h>

#include "cmd_repo_opts.h"
#include "cmd_rows.h"

const struct cmd_verb rows_repo[] = {
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
	  .args = "[DOMAIN|SNAPSHOT] REPO",
	  .line = "copy a domain, a snapshot or disks to a repository",
	  .text = "Copy a domain that runs or a snapshot of it (disks, memory "
		  "and configuration), the disks of a domain that does not "
		  "run, or a lone disk to a repository. A domain is frozen for "
		  "a moment, as create does it, and what the next backup is "
		  "compared to stays here as DOMAIN@backup-TIME. What "
		  "is there already, of this or any other disk, is not stored "
		  "again, holes are not read, and all is compressed and "
		  "encrypted. The backup exists when it is whole, or not at "
		  "all. With --all, and without arguments, the job files say "
		  "what is to be backed up, where to, and when.",
	  .opts = backup_opts,
	  .examples = backup_examples,
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
	  .line = "disks and memory out of a repository",
	  .text = "Write disks of BACKUP to files, volumes, or the standard "
		  "output; every piece is checked before it is written. "
		  "Nothing that is there is written over without --in-place, "
		  "and nothing that is in use; what is new is there when all "
		  "of it is whole, or not at all. A folder gets xvda.img (or "
		  ".qcow2) and so on, snapshot.json, and a domain.cfg for xl "
		  "that names them; and the memory, if there is one: `xl "
		  "restore domain.cfg memory.xl` goes on from that instant, "
		  "and `xensnap import` makes a snapshot of the folder. "
		  "By itself it is disk \"memory\". With --start the domain "
		  "goes on at once, as itself or as another one. BACKUP is a "
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
		  "BACKUP it is the newest of the source's name. With --boot "
		  "one is brought to life for a moment; the exit status is 1 "
		  "if it does not live.",
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
	END_OF_ROWS
};

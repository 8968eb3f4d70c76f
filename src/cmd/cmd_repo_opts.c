/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_repo_opts.c - options and examples of the verbs about repositories. */
#include <stddef.h>

#include "cmd_repo_opts.h"

/* What opens a repository; every verb with one has them. */
#define KEY_FILE_OPT                                                        \
	{                                                                   \
		.name = "key-file", .arg = "FILE",                          \
		.help = "the key file that opens the repository. Default: " \
			"XENSNAP_KEY_FILE in the environment"               \
	}

#define PASSPHRASE_OPT                                                    \
	{                                                                 \
		.name = "passphrase-file", .arg = "FILE",                 \
		.help = "a file whose first line is the passphrase that " \
			"opens it. Default: XENSNAP_PASSPHRASE_FILE in "  \
			"the environment, else it is asked for"           \
	}

#define ACCEPT_OPT                                                           \
	{                                                                    \
		.name = "accept-head",                                       \
		.help = "take the repository as it is, even if it is older " \
			"than what this host has seen of it, or lacks some " \
			"of that"                                            \
	}

const struct cmd_opt init_opts[] = {
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	{ .name = "chunk-size",
	  .arg = "SIZE",
	  .help = "what disks are cut into: a power of two, 4K to 1M. "
		  "Default: 64K" },
	END_OF_OPTS
};

const struct cmd_example init_examples[] = {
	{ "init /srv/backup --key-file /root/backup.key",
	  "the key file is made; keep a copy elsewhere" },
	{ NULL, NULL }
};

const struct cmd_opt backup_opts[] = {
	{ .name = "disk",
	  .arg = "PATH",
	  .help = "a disk that nobody writes to: a file or a block device" },
	{ .name = "name",
	  .arg = "NAME",
	  .help = "what the backup is called. Default: the last part of PATH" },
	{ .name = "level",
	  .arg = "LEVEL",
	  .help = "of compression, 1 (fast) to 19 (small). Default: 1" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example backup_examples[] = {
	{ "backup --disk /dev/vg/web1 --name web1 /srv/backup",
	  "a volume whose domain does not run" },
	{ NULL, NULL }
};

const struct cmd_opt backups_opts[] = { KEY_FILE_OPT, PASSPHRASE_OPT,
					ACCEPT_OPT, END_OF_OPTS };

const struct cmd_example backups_examples[] = {
	{ "backups /srv/backup", "oldest first" }, { NULL, NULL }
};

const struct cmd_opt restore_opts[] = {
	{ .name = "to",
	  .arg = "PATH",
	  .help = "a new file; with --in-place a file or block device that is "
		  "there" },
	{ .name = "disk",
	  .arg = "VDEV",
	  .help = "which disk of the backup; needed if it has several" },
	{ .name = "in-place",
	  .help = "read what PATH holds and write only what differs" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example restore_examples[] = {
	{ "restore /srv/backup web1 --to /srv/web1.img", "into a new file" },
	{ "restore /srv/backup 4f1c22 --in-place --to /dev/vg/web1",
	  "an older one, back onto its volume" },
	{ NULL, NULL }
};

const struct cmd_opt prune_opts[] = {
	{ .name = "keep-last", .arg = "N", .help = "the last N of each name" },
	{ .name = "keep-hourly",
	  .arg = "N",
	  .help = "the newest of each hour, for the last N hours that have "
		  "any; likewise the next ones. Hours, days and so on are "
		  "UTC" },
	{ .name = "keep-daily", .arg = "N", .help = "of each day" },
	{ .name = "keep-weekly", .arg = "N", .help = "of each week" },
	{ .name = "keep-monthly", .arg = "N", .help = "of each month" },
	{ .name = "keep-yearly", .arg = "N", .help = "of each year" },
	{ .name = "name",
	  .arg = "NAME",
	  .help = "only backups of that name; the others stay" },
	{ .name = "yes",
	  .arg = "N",
	  .help = "so many may be forgotten; needed if that is more than "
		  "half" },
	{ .name = "wait",
	  .arg = "SECONDS",
	  .help = "how long to wait for backups that are being made. Default: "
		  "600" },
	{ .name = "break-after",
	  .arg = "DAYS",
	  .help = "a backup that another host began so long ago, and that "
		  "has not ended, is taken for dead; 0: none is. Default: 7" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example prune_examples[] = {
	{ "prune --keep-daily 7 --keep-weekly 4 --dry-run /srv/backup",
	  "what would stay, and why" },
	{ "prune --keep-daily 7 --keep-weekly 4 /srv/backup", "do it" },
	{ NULL, NULL }
};

const struct cmd_opt verify_opts[] = {
	{ .name = "data",
	  .help = "read every pack and check each piece; without it the maps "
		  "are read, and of packs only whether they are there" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example verify_examples[] = {
	{ "verify /srv/backup", "is all there?" },
	{ "verify --data /srv/backup", "and what it was? Reads everything" },
	{ NULL, NULL }
};

const struct cmd_opt key_opts[] = {
	{ .name = "put-only",
	  .help = "add: a key for a host that only adds backups: with it they "
		  "can be made, and neither read nor deleted" },
	{ .name = "label",
	  .arg = "TEXT",
	  .help = "add, change: what the key is for. It is encrypted: seen "
		  "only by who opens the repository with that key" },
	{ .name = "new-key-file",
	  .arg = "FILE",
	  .group = 'n',
	  .help = "add, change: the key file that shall open the repository; "
		  "made if it is missing" },
	{ .name = "new-passphrase-file",
	  .arg = "FILE",
	  .group = 'n',
	  .help = "add, change: a file whose first line is the passphrase "
		  "that shall. Without either it is asked for" },
	{ .name = "to",
	  .arg = "FILE",
	  .group = 't',
	  .help = "export: the new file that the key is written to" },
	{ .name = "paper",
	  .group = 't',
	  .help = "export: print it, to be kept on paper: the recovery key" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example key_examples[] = {
	{ "key list /srv/backup", "which keys there are" },
	{ "key add /srv/backup --put-only --new-key-file /root/web.key",
	  "for a host that shall only add backups; copy the file there" },
	{ "key add /srv/backup --label safe --new-key-file /mnt/usb/backup.key",
	  "a second full key, to be kept elsewhere" },
	{ "key change /srv/backup", "by a new passphrase, which is asked for" },
	{ "key export /srv/backup own --paper | lp", "the recovery key" },
	{ "key remove /srv/backup 4f1c22", "it opens nothing any more" },
	{ NULL, NULL }
};

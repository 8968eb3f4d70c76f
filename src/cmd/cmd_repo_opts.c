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
			"of that; who only reads also leaves out what is "   \
			"damaged, with a warning"                            \
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
	{ .name = "config",
	  .arg = "FILE",
	  .group = 's',
	  .help = "in place of a snapshot: a domain that does not run; what it "
		  "is, and which disks it has, FILE says, as xl create would "
		  "take it. Disks that are in use are refused" },
	{ .name = "disk",
	  .arg = "PATH",
	  .group = 's',
	  .help = "in place of a snapshot: a disk that nobody writes to, a "
		  "file or a block device; \"-\" is the standard input" },
	{ .name = "skip-disk",
	  .arg = "VDEV[,VDEV]",
	  .help = "leave these disks out of the backup" },
	{ .name = "disks-only",
	  .group = 'm',
	  .help = "without memory: of a snapshot that has it, or of a domain, "
		  "which then does not stand still" },
	{ .name = "live",
	  .group = 'm',
	  .help = "of a domain: as for create; an error where that cannot be" },
	{ .name = "stop",
	  .group = 'm',
	  .help = "of a domain: it stands still while its memory is copied" },
	{ .name = "cow-size",
	  .arg = "SIZE|PERCENT",
	  .help = "of a domain: room for what it writes to classic LVs until "
		  "the next backup. If it is not enough, the next one reads "
		  "all. Default: 10%" },
	{ .name = "copy",
	  .help = "of a domain: copy the disks of which no view can be taken, "
		  "as for create" },
	{ .name = "keep",
	  .help = "of a domain: keep the whole snapshot, not only what the "
		  "next backup is compared to" },
	{ .name = "name",
	  .arg = "NAME",
	  .help = "what the backup is called; prune's rules are for each "
		  "name. Default: SNAPSHOT, the domain's name, or the last "
		  "part of PATH" },
	{ .name = "all",
	  .help = "run the jobs: see JOBS in xensnap(1). A domain that fails "
		  "does not stop the others; the exit status is 1 then" },
	{ .name = "due", .help = "with --all: only what is due now" },
	{ .name = "job",
	  .arg = "NAME",
	  .help = "with --all: this job alone, the file NAME.conf" },
	{ .name = "jobs",
	  .arg = "DIR",
	  .help = "with --all: where the job files are. Default: "
		  "/etc/xensnap/jobs.d" },
	{ .name = "metrics",
	  .arg = "FILE",
	  .help = "with --all: write this file for Prometheus' "
		  "node_exporter; its name must end in .prom" },
	{ .name = "level",
	  .arg = "LEVEL",
	  .help = "of compression, 1 (fast) to 19 (small). Default: 2" },
	{ .name = "read-back",
	  .help = "before the backup counts, read all that it stored from the "
		  "repository again, and compare: finds a bad disk or memory "
		  "now and not when it is needed. Takes as long as it would to "
		  "restore what is new" },
	{ .name = "no-base",
	  .help = "with --disk FILE on XFS or btrfs: read the file itself, and "
		  "keep no view of it (FILE.xs-backup-...) by which the next "
		  "backup would know what changed" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example backup_examples[] = {
	{ "backup web1 /srv/backup",
	  "a domain that runs: frozen for a moment, then what changed" },
	{ "backup web1@nightly --name web1 /srv/backup",
	  "a snapshot: memory, disks and configuration" },
	{ "backup --config /etc/xen/web1.cfg /srv/backup",
	  "a domain that is shut down" },
	{ "backup --disk /dev/vg/web1 --name web1 /srv/backup",
	  "a volume whose domain does not run" },
	{ "backup web1@nightly --name web1 --read-back /srv/backup",
	  "and read back what was stored, before it counts" },
	{ "backup --all --due", "what the job files say, as a timer does it" },
	{ "backup --disk - --name db --level 3 /srv/backup",
	  "what another program writes to a pipe" },
	{ NULL, NULL }
};

const struct cmd_opt backups_opts[] = { KEY_FILE_OPT, PASSPHRASE_OPT,
					ACCEPT_OPT, END_OF_OPTS };

const struct cmd_example backups_examples[] = {
	{ "backups /srv/backup", "oldest first" }, { NULL, NULL }
};

const struct cmd_opt restore_opts[] = {
	{ .name = "to",
	  .arg = "PATH|DIR/|-",
	  .help = "one disk: a new file; with --in-place a file or block "
		  "device that is there; \"-\": the standard output. All "
		  "disks: a folder, new (with a / at its end) or not" },
	{ .name = "disk",
	  .arg = "VDEV",
	  .help = "with --to PATH: which disk of the backup; needed if it has "
		  "several" },
	{ .name = "map",
	  .arg = "VDEV=PATH",
	  .many = true,
	  .help = "disk VDEV goes to PATH, as with --to; may be given for "
		  "several. With --create-lv VDEV=NAME or VDEV=VG/NAME says "
		  "what its new volume is called" },
	{ .name = "create-lv",
	  .arg = "VG[/POOL]",
	  .help = "make a new logical volume for each disk, linear or, in "
		  "POOL, thin; it is called as the volume that the disk was, "
		  "if --map does not say otherwise" },
	{ .name = "in-place",
	  .help = "files and devices that are there: read what they hold and "
		  "write only what differs. One that is in use is refused" },
	{ .name = "disks-only",
	  .help = "leave the memory out; with --start, boot from the disks" },
	{ .name = "start",
	  .help = "the domain goes on from the instant of the backup, on the "
		  "restored disks, under xl; of its configuration only what "
		  "says how the guest's machine looks is taken" },
	{ .name = "as",
	  .arg = "NEW",
	  .help = "with --start: as another domain of that name, with a uuid "
		  "and network addresses of its own; its new volumes are "
		  "called NEW-VDEV" },
	{ .name = "network",
	  .arg = "NETWORK",
	  .help = "with --start: none: no network cards; keep: those that it "
		  "had; a bridge's name: the same, all on that one. Default: "
		  "keep; with --as none" },
	{ .name = "trust-config",
	  .help = "with --start: take all of the configuration: kernel, "
		  "scripts, bridges, passed through devices. Whoever can write "
		  "to the repository can then run programs on this host as "
		  "root" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example restore_examples[] = {
	{ "restore /srv/backup web1 --to /srv/web1/",
	  "all disks and the configuration, into a folder" },
	{ "restore /srv/backup web1 --disk xvda --to /srv/web1.img",
	  "one disk, into a new file" },
	{ "restore /srv/backup web1 --disk xvda --to - | ssh host 'cat >xvda'",
	  "one disk, to another machine" },
	{ "restore /srv/backup 4f1c22 --in-place --to /dev/vg/web1",
	  "an older one, back onto its volume" },
	{ "restore /srv/backup web1 --in-place --map xvda=/dev/vg/root",
	  "each disk that a --map names, onto its volume" },
	{ "restore /srv/backup web1 --create-lv vg/pool --map xvdb=web1-new",
	  "onto new volumes" },
	{ "restore /srv/backup web1 --create-lv vg/pool --start",
	  "the domain is back, with its memory" },
	{ "restore /srv/backup web1 --create-lv vg --start --as trial",
	  "a second one, without network, beside it" },
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
		  "half, or if a backup is of later than now" },
	{ .name = "repack",
	  .arg = "PERCENT",
	  .help = "packs of which less than that is needed are written anew, "
		  "without the rest, and go; 0: none. Default: 50" },
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
	{ .name = "against",
	  .arg = "SOURCE",
	  .help = "a snapshot that is kept here (DOMAIN@NAME), or a disk (a "
		  "path with a slash in it): read all of it, and compare it "
		  "to the backup" },
	{ .name = "boot",
	  .help = "restore BACKUP (default: the newest) onto disks of its "
		  "own, start it without network, wait for a sign of life, "
		  "and remove all of it again" },
	{ .name = "create-lv",
	  .arg = "VG[/POOL]",
	  .help = "with --boot: its disks are volumes, linear or in POOL" },
	{ .name = "to",
	  .arg = "DIR",
	  .help = "with --boot: its disks are files in this folder" },
	{ .name = "console",
	  .arg = "REGEX",
	  .help = "with --boot: it lives when it says on its console what "
		  "this matches (grep -E)" },
	{ .name = "xenstore",
	  .arg = "NODE",
	  .help = "with --boot: it lives when it has written this, such as "
		  "data/ready" },
	{ .name = "seconds",
	  .arg = "N",
	  .help = "with --boot: how long to wait for that. Default: 300; "
		  "without a sign it lives when it runs for so long, 30" },
	{ .name = "disks-only",
	  .help = "with --boot: boot it from its disks, without its memory" },
	{ .name = "trust-config",
	  .help = "with --boot: take all of the configuration, as restore "
		  "does" },
	KEY_FILE_OPT,
	PASSPHRASE_OPT,
	ACCEPT_OPT,
	END_OF_OPTS
};

const struct cmd_example verify_examples[] = {
	{ "verify /srv/backup", "is all there?" },
	{ "verify --data /srv/backup", "and what it was? Reads everything" },
	{ "verify /srv/backup --against web1@nightly",
	  "is it what the snapshot is?" },
	{ "verify --boot --create-lv vg /srv/backup web1",
	  "does it come back to life?" },
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

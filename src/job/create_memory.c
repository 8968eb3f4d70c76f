/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_memory.c - where the memory goes while the domain stands still.
 *
 * A domain that is stopped first waits for each page of its memory to be
 * written, and a file makes that long: its blocks must be found, and once this
 * host has many pages to write out, whoever writes waits for the disk.  So the
 * pages go to a stage first, this host's RAM or a file on a faster disk, whose
 * room is taken before the pause, and from there into memory.xl when the
 * domain runs again (doc/decisions/0006-stop-pause.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "copy.h"
#include "create.h"
#include "fail.h"
#include "fd.h"
#include "log.h"
#include "units.h"

#define MEMINFO_MAX (64u << 10)

/* What this host itself goes on with: it serves the disks of all domains. */
#define RAM_KEEP (64u << 20)

/* The pages once, their numbers, and the state of the devices. */
static uint64_t
stage_bytes(const struct create *c)
{
	return create_stage_bytes(c->info.memory_bytes);
}

uint64_t
create_stage_bytes(uint64_t memory_bytes)
{
	return memory_bytes + memory_bytes / 64 + (4u << 20);
}

int
create_ram_room(uint64_t *ret, struct err *err)
{
	char *text, *line;
	uint64_t kib = 0;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/meminfo", MEMINFO_MAX, &text, &len,
			 err))
		return -1;
	line = strstr(text, "MemAvailable:");
	if (!line || sscanf(line, "MemAvailable: %" SCNu64, &kib) != 1)
		err_set(err, ERR_IO, 0, "/proc/meminfo tells no MemAvailable");
	free(text);
	*ret = kib << 10 > RAM_KEEP ? (kib << 10) - RAM_KEEP : 0;
	return kib ? 0 : -1;
}

/* ---- plan ---- */

static int
plan_ram(struct create *c, bool wanted)
{
	uint64_t need = stage_bytes(c), room;
	char need_text[24], room_text[24];

	if (create_ram_room(&room, c->err))
		return -1;
	if (room >= need) {
		c->stage = STAGE_RAM;
		return 0;
	}
	units_size(need, need_text, sizeof(need_text));
	units_size(room, room_text, sizeof(room_text));
	if (wanted)
		return err_set(c->err, ERR_NOSPC, 0,
			       "--stage ram: this host has %s of RAM "
			       "available, the memory of %s needs %s",
			       room_text, c->s->domain, need_text);
	log_notice("the memory of %s goes straight to disk while it stands "
		   "still: for RAM it needs %s, and %s are available "
		   "(--stage DIR: a folder on a fast disk)",
		   c->s->domain, need_text, room_text);
	return 0;
}

static int
plan_folder(struct create *c)
{
	const char *dir = c->opts->stage;
	char need_text[24], room_text[24];
	uint64_t room;
	struct statvfs fs;
	struct stat st;

	if (stat(dir, &st) || statvfs(dir, &fs))
		return err_set(c->err, ERR_NOTFOUND, errno, "--stage %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(c->err, ERR_INVALID, 0,
			       "--stage %s: not a folder", dir);
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < stage_bytes(c))
		return err_set(c->err, ERR_NOSPC, 0,
			       "--stage %s: %s free, the memory of %s needs %s",
			       dir,
			       units_size(room, room_text, sizeof(room_text)),
			       c->s->domain,
			       units_size(stage_bytes(c), need_text,
					  sizeof(need_text)));
	c->stage = STAGE_FOLDER;
	return 0;
}

int
create_stage_plan(struct create *c)
{
	const char *want = c->opts->stage;

	c->stage = STAGE_NONE;
	if (c->s->mode != SNAPSHOT_STOP) {
		if (want)
			log_notice("--stage is of no use here: it is for "
				   "memory that is copied while the domain "
				   "stands still (--stop)");
		return 0;
	}
	if (!want)
		return plan_ram(c, false);
	if (strcmp(want, "none") == 0)
		return 0;
	return strcmp(want, "ram") == 0 ? plan_ram(c, true) : plan_folder(c);
}

/* ---- open ---- */

/*
 * All of its room now: pages that are there already need neither be found nor
 * zeroed in the pause.  Without a name, so that it goes away with us.
 */
static int
open_stage(struct create *c)
{
	int r;

	c->stagefd = c->stage == STAGE_RAM ?
			     memfd_create("xensnap-memory", MFD_CLOEXEC) :
			     open(c->opts->stage,
				  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (c->stagefd < 0)
		return err_set(c->err, ERR_IO, errno,
			       "make a stage for the "
			       "memory");
	r = fallocate(c->stagefd, 0, 0, (off_t)stage_bytes(c));
	if (r && errno != EOPNOTSUPP)
		return err_set(
			c->err,
			errno == ENOSPC || errno == ENOMEM ? ERR_NOSPC : ERR_IO,
			errno, "take room for the memory of %s", c->s->domain);
	return 0;
}

int
create_stage_open(struct create *c)
{
	if (c->stage == STAGE_NONE)
		return 0;
	if (open_stage(c) == 0)
		return 0;
	fd_close(&c->stagefd);
	if (c->opts->stage)
		return -1;
	/* Nobody asked for it; without it, all works as well. */
	log_notice("the memory of %s goes straight to disk while it stands "
		   "still: %s",
		   c->s->domain, c->err->text);
	err_clear(c->err);
	c->stage = STAGE_NONE;
	return 0;
}

/* ---- write out ---- */

int
create_stage_copy(struct create *c)
{
	struct copy_task t = {
		.what = "memory",
		.from = c->stagefd,
		.to = c->memfd,
		.progress = c->opts->progress,
		.progress_ctx = c->opts->progress_ctx,
	};
	uint64_t written;
	off_t end;
	int rc;

	if (c->stage == STAGE_NONE)
		return 0;
	/* Where its writer stopped is the end; what is behind was only kept
	 * free. */
	end = lseek(c->stagefd, 0, SEEK_CUR);
	if (end <= 0)
		return err_set(c->err, ERR_IO, errno,
			       "look at the stage of "
			       "the memory");
	t.bytes = (uint64_t)end;
	fail_here("stage.copy");
	rc = copy_sparse(&t, &written, c->err);
	fd_close(&c->stagefd);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disks.c - the guest's disks and where records lie on them.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "disks.h"
#include "record.h"
#include "say.h"
#include "xenstore.h"

#define WAIT_STEPS 1200 /* of 50 ms: a minute */
#define EXT4_MAGIC_AT 1080

static int
disks_is_init(void)
{
	return getpid() == 1;
}

static void
disk_name(struct disk *k, const char *word)
{
	const char *slash = strrchr(word, '/');

	snprintf(k->name, sizeof(k->name), "%.31s", slash ? slash + 1 : word);
	if (*word == '/' || !disks_is_init())
		snprintf(k->path, sizeof(k->path), "%.255s", word);
	else
		snprintf(k->path, sizeof(k->path), "/dev/%.31s", word);
}

/* "4" is xvda to xvdd; "xvda,xvdf" or paths are what they say. */
static void
disks_list(struct disks *d, const char *list)
{
	char text[OPTION_TEXT_MAX];
	char *save = NULL, *end;
	unsigned long n = strtoul(list, &end, 10);

	d->count = 0;
	if (*list && *end == '\0') {
		if (n < 1 || n > DISKS_MAX)
			fatal("disks=%s: 1 to %d are possible", list,
			      DISKS_MAX);
		for (; d->count < n; d->count++) {
			snprintf(text, sizeof(text), "xvd%c",
				 (char)('a' + (int)d->count));
			disk_name(&d->disk[d->count], text);
		}
		return;
	}
	snprintf(text, sizeof(text), "%s", list);
	for (char *w = strtok_r(text, ",", &save); w;
	     w = strtok_r(NULL, ",", &save)) {
		if (d->count == DISKS_MAX)
			fatal("disks=%s: more than %d", list, DISKS_MAX);
		disk_name(&d->disk[d->count++], w);
	}
	if (d->count == 0)
		fatal("no disks named");
}

static void
disk_wait(const struct disk *k)
{
	struct timespec step = { .tv_nsec = 50000000 };
	struct stat st;

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (stat(k->path, &st) == 0)
			return;
		if (!disks_is_init())
			break;
		nanosleep(&step, NULL);
	}
	fatal("%s: %s", k->path, strerror(errno));
}

static int
disk_has_ext4(const struct disk *k)
{
	unsigned char magic[2] = { 0, 0 };
	int fd = open(k->path, O_RDONLY | O_CLOEXEC);
	ssize_t r;

	if (fd < 0)
		fatal("%s: open: %s", k->path, strerror(errno));
	r = pread(fd, magic, sizeof(magic), EXT4_MAGIC_AT);
	close(fd);
	return r == 2 && magic[0] == 0x53 && magic[1] == 0xef;
}

/* Sets k->dir if the disk has a file system, and mounts it as pid 1. */
static void
disk_mount(struct disk *k, const char *fs)
{
	struct stat st;
	int wanted;

	k->dir[0] = '\0';
	if (stat(k->path, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(k->dir, sizeof(k->dir), "%s", k->path);
		return;
	}
	if (!disks_is_init() || strcmp(fs, "none") == 0)
		return;
	if (strcmp(fs, "auto") == 0)
		wanted = disk_has_ext4(k);
	else
		wanted = strcmp(fs, k->name) == 0;
	if (!wanted)
		return;

	snprintf(k->dir, sizeof(k->dir), "/mnt/%s", k->name);
	mkdir("/mnt", 0755);
	mkdir(k->dir, 0755);
	if (mount(k->path, k->dir, "ext4", MS_NOATIME, NULL))
		fatal("mount %s: %s", k->path, strerror(errno));
}

/* Whole blocks of zeros: preallocated extents would be converted later. */
static void
disk_file_fill(int fd, const char *path, off_t size)
{
	void *zero = NULL;
	const size_t step = 65536;
	struct stat st;

	if (fstat(fd, &st))
		fatal("%s: %s", path, strerror(errno));
	if (st.st_size >= size)
		return;
	if (posix_memalign(&zero, RECORD_SIZE, step))
		fatal("no memory");
	memset(zero, 0, step);
	for (off_t at = 0; at < size; at += (off_t)step) {
		if (pwrite(fd, zero, step, at) != (ssize_t)step)
			fatal("%s: write: %s", path, strerror(errno));
	}
	free(zero);
	if (fsync(fd))
		fatal("%s: fsync: %s", path, strerror(errno));
}

static void
disk_open(const struct disks *d, struct disk *k)
{
	off_t size = (off_t)(d->slots + d->load_slots) * RECORD_SIZE;
	int flags = O_RDWR | O_DSYNC | O_CLOEXEC;
	char path[300];
	off_t end;

	if (k->dir[0]) {
		snprintf(path, sizeof(path), "%s/records", k->dir);
		k->base = 0;
		flags |= O_CREAT;
	} else {
		snprintf(path, sizeof(path), "%s", k->path);
		k->base = DISK_RESERVED;
	}
	k->fd = open(path, flags | O_DIRECT, 0600);
	/* Some file systems of a host cannot; a real disk always can. */
	if (k->fd < 0 && errno == EINVAL && !disks_is_init())
		k->fd = open(path, flags, 0600);
	if (k->fd < 0)
		fatal("%s: open: %s", path, strerror(errno));
	if (k->dir[0])
		disk_file_fill(k->fd, path, size);
	end = lseek(k->fd, 0, SEEK_END);
	if (end < k->base + size)
		fatal("%s: %lld bytes, needs %lld", path, (long long)end,
		      (long long)(k->base + size));
}

void
disks_open(struct disks *d, const struct options *o)
{
	char list[OPTION_TEXT_MAX];

	memset(d, 0, sizeof(*d));
	d->slots = o->slots;
	d->load_slots = o->load_slots;
	snprintf(list, sizeof(list), "%s", o->disks);
	if (list[0] == '\0')
		xenstore_disks(list, sizeof(list));
	disks_list(d, list);
	for (unsigned int i = 0; i < d->count; i++) {
		disk_wait(&d->disk[i]);
		disk_mount(&d->disk[i], o->fs);
		disk_open(d, &d->disk[i]);
	}
}

void
disks_reopen(struct disks *d, const char *paths)
{
	unsigned int count = d->count;

	for (unsigned int i = 0; i < count; i++)
		close(d->disk[i].fd);
	disks_list(d, paths);
	if (d->count != count)
		fatal("%u disks instead of %u", d->count, count);
	for (unsigned int i = 0; i < count; i++) {
		disk_mount(&d->disk[i], "none");
		disk_open(d, &d->disk[i]);
	}
}

off_t
disk_slot(const struct disks *d, const struct disk *k, int load, uint32_t slot)
{
	return k->base + (off_t)((load ? d->slots : 0) + slot) * RECORD_SIZE;
}

void
disks_close(struct disks *d)
{
	for (unsigned int i = 0; i < d->count; i++) {
		struct disk *k = &d->disk[i];

		close(k->fd);
		if (k->dir[0] && disks_is_init() && umount(k->dir))
			say("error umount disk=%s why=%s", k->name,
			    strerror(errno));
	}
	sync();
}

const char *
disk_fs_state(const struct disk *k)
{
	char path[300], text[32] = "";
	struct statvfs sv;
	ssize_t r;
	int fd;

	if (!k->dir[0])
		return "clean";
	if (statvfs(k->dir, &sv))
		return "errors";
	if (sv.f_flag & ST_RDONLY)
		return "ro";
	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/errors_count", k->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) /* a host's directory has no such counter */
		return disks_is_init() ? "errors" : "clean";
	r = read(fd, text, sizeof(text) - 1);
	close(fd);
	return r > 0 && strtoul(text, NULL, 10) == 0 ? "clean" : "errors";
}

void
disks_drop_caches(void)
{
	ssize_t r;
	int fd;

	if (!disks_is_init())
		return;
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	do {
		r = write(fd, "3\n", 2);
	} while (r < 0 && errno == EINTR);
	close(fd);
}

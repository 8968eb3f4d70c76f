/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files.c - small files on the guest's file systems: create, rename, unlink.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "gate.h"
#include "record.h"
#include "say.h"
#include "writer.h"

static struct {
	struct disks *disks;
	uint64_t instance;
	unsigned int per_s;
	uint64_t issued[DISKS_MAX];
	struct file_slot slot[DISKS_MAX][FILES_KEPT];
} files;

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

static void
files_path(char path[300], unsigned int disk, const char *name, unsigned int k)
{
	snprintf(path, 300, "%s/small/%s%u", files.disks->disk[disk].dir, name,
		 k);
}

void
files_format(struct disks *d, uint64_t instance)
{
	char path[300];

	files.disks = d;
	files.instance = instance;
	for (unsigned int i = 0; i < d->count; i++) {
		if (!d->disk[i].dir[0])
			continue;
		snprintf(path, sizeof(path), "%s/small", d->disk[i].dir);
		if (mkdir(path, 0755) && errno != EEXIST)
			fatal("%s: %s", path, strerror(errno));
		for (unsigned int k = 0; k < FILES_KEPT; k++) {
			files_path(path, i, "f", k);
			if (unlink(path) && errno != ENOENT)
				fatal("%s: %s", path, strerror(errno));
		}
	}
	sync();
}

static int
files_sync_dir(unsigned int disk)
{
	char path[300];
	int fd, r;

	snprintf(path, sizeof(path), "%s/small", files.disks->disk[disk].dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

static int
files_create(unsigned int disk, unsigned int k, uint64_t number)
{
	static uint64_t block[RECORD_SIZE / 8];
	struct record r = {
		.instance = files.instance,
		.number = number,
		.stream = RECORD_FILE,
		.disk = disk,
		.slot = k,
		.disks = files.disks->count,
		.slots = FILES_KEPT,
	};
	char tmp[300], path[300];
	int fd, rc = -1;

	record_make(&r, block);
	files_path(tmp, disk, "tmp", 0);
	files_path(path, disk, "f", k);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (write(fd, block, RECORD_SIZE) == RECORD_SIZE && fsync(fd) == 0 &&
	    rename(tmp, path) == 0)
		rc = files_sync_dir(disk);
	close(fd);
	return rc;
}

static int
files_unlink(unsigned int disk, unsigned int k)
{
	char path[300];

	files_path(path, disk, "f", k);
	if (unlink(path) && errno != ENOENT)
		return -1;
	return files_sync_dir(disk);
}

static void
files_step(unsigned int disk)
{
	struct file_slot *s;
	struct file_state next;
	unsigned int k;

	pthread_mutex_lock(&files_lock);
	next.number = ++files.issued[disk];
	next.there = next.number % 5 != 0;
	k = (unsigned int)(next.number % FILES_KEPT);
	s = &files.slot[disk][k];
	s->pending = next;
	pthread_mutex_unlock(&files_lock);

	if (next.there ? files_create(disk, k, next.number) :
			 files_unlink(disk, k)) {
		say("error file disk=%u number=%llu why=%s", disk,
		    (unsigned long long)next.number, strerror(errno));
		writer_error();
		return;
	}

	pthread_mutex_lock(&files_lock);
	s->acked = next;
	s->pending.number = 0;
	pthread_mutex_unlock(&files_lock);
}

static void *
files_thread(void *arg)
{
	long nap_ns = 1000000000L / (long)files.per_s;
	unsigned int disk = 0;

	(void)arg;
	for (;;) {
		/* Short naps, so that nobody waits long for the gate. */
		for (long ns = nap_ns; ns > 0 && !gate_is_closed();
		     ns -= 50000000) {
			struct timespec nap = { .tv_nsec = ns < 50000000 ?
								   ns :
								   50000000 };

			nanosleep(&nap, NULL);
		}
		if (gate_closed()) {
			gate_park();
			continue;
		}
		disk = (disk + 1) % files.disks->count;
		if (files.disks->disk[disk].dir[0])
			files_step(disk);
	}
	return NULL;
}

int
files_start(unsigned int per_s)
{
	unsigned int with_fs = 0;
	pthread_t t;

	for (unsigned int i = 0; i < files.disks->count; i++)
		with_fs += files.disks->disk[i].dir[0] != '\0';
	if (per_s == 0 || with_fs == 0)
		return 0;
	/* The thread visits all disks in turn, those without in passing. */
	files.per_s = per_s * files.disks->count;
	gate_join();
	errno = pthread_create(&t, NULL, files_thread, NULL);
	return errno ? -1 : 0;
}

const struct file_slot *
files_slot(unsigned int disk, unsigned int k)
{
	return &files.slot[disk][k];
}

uint64_t
files_issued(unsigned int disk)
{
	return files.issued[disk];
}

int
files_read(unsigned int disk, unsigned int k, void *block)
{
	char path[300];
	struct stat st;
	int fd, rc = -1;

	files_path(path, disk, "f", k);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == 0 && read(fd, block, RECORD_SIZE) >= 0)
		rc = 1;
	if (rc == 1 && st.st_size != RECORD_SIZE) {
		errno = EINVAL;
		rc = -1;
	}
	close(fd);
	return rc;
}

void
files_hold(void)
{
	pthread_mutex_lock(&files_lock);
}

void
files_release(void)
{
	pthread_mutex_unlock(&files_lock);
}

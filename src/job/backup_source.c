/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup_source.c - see backup_source.h: what the three kinds share. */
#include "backup_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob.h"
#include "fd.h"
#include "text.h"

void *
source_new(size_t size, const struct source_ops *ops, struct err *err)
{
	struct source *s = calloc(1, size);

	if (!s)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	else
		s->ops = ops;
	return s;
}

int
source_add(struct source *s, const char *vdev, const char *path,
	   struct source_disk **ret, struct err *err)
{
	struct source_disk *d = &s->disks[s->n_disks];

	if (s->n_disks == DOMAIN_DISKS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0, "more than %d disks",
			       DOMAIN_DISKS_MAX);
	memset(d, 0, sizeof(*d));
	d->fd = -1;
	strcpy(d->format, "raw");
	snprintf(d->path, sizeof(d->path), "%.*s",
		 (int)text_cut(path, sizeof(d->path) - 1), path);
	if (text_copy(d->vdev, sizeof(d->vdev), vdev, "name of the disk", err))
		return -1;
	s->n_disks++;
	*ret = d;
	return 0;
}

static void
add_image(struct source *s, unsigned int i, const char *name,
	  const char *format, const struct reader *from, uint64_t bytes)
{
	struct source_disk *d = &s->disks[s->n_disks + i];

	memset(d, 0, sizeof(*d));
	d->fd = -1;
	d->from = from;
	d->bytes = bytes;
	snprintf(d->vdev, sizeof(d->vdev), "%s", name);
	snprintf(d->format, sizeof(d->format), "%s", format);
}

void
source_memory(struct source *s, const struct memory_in *m)
{
	const struct reader *from;
	uint64_t bytes;

	from = memory_in_pages(m, &bytes);
	add_image(s, 0, "memory", "pages", from, bytes);
	from = memory_in_frame(m, &bytes);
	add_image(s, 1, "frame", "frame", from, bytes);
	s->memory = true;
}

unsigned int
source_n_all(const struct source *s)
{
	return s->n_disks + (s->memory ? BACKUP_IMAGES : 0);
}

/*
 * What this host keeps of a device may be older than what a domain wrote to it
 * past this host's page cache.  That it cannot be dropped is no reason not to
 * read: only root may, and who is not reads what there is.
 */
static void
drop_cache(int fd)
{
	(void)ioctl(fd, BLKFLSBUF, 0);
}

int
source_open_path(struct source_disk *d, const char *path, bool excl,
		 struct err *err)
{
	struct stat st;
	off_t end;

	if (stat(path, &st))
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, ERR_INVALID, 0,
			       "%s is neither a file nor a block device", path);
	d->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				   (excl && S_ISBLK(st.st_mode) ? O_EXCL : 0));
	if (d->fd < 0)
		return err_set(err, errno == EBUSY ? ERR_BUSY : ERR_IO, errno,
			       "open %s", path);
	if (S_ISBLK(st.st_mode))
		drop_cache(d->fd);
	end = lseek(d->fd, 0, SEEK_END);
	if (end < 0)
		return err_set(err, ERR_IO, errno, "look at %s", path);
	d->bytes = (uint64_t)end;
	(void)posix_fadvise(d->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

bool
source_skips(const struct backup_opts *o, const char *vdev)
{
	for (unsigned int i = 0; i < o->n_skip; i++)
		if (strcmp(o->skip[i], vdev) == 0)
			return true;
	return false;
}

int
source_config(struct source *s, const char *record, const char *text,
	      struct err *err)
{
	size_t first = strlen(record) + 1, second = strlen(text);

	if (first + second > BLOB_RAW_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the configuration has %zu bytes, more than a "
			       "repository takes (%u)",
			       first + second, BLOB_RAW_MAX);
	s->config = malloc(first + second);
	if (!s->config)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	memcpy(s->config, record, first);
	memcpy(s->config + first, text, second);
	s->config_bytes = first + second;
	return 0;
}

int
source_name(struct source *s, const struct backup_opts *o, const char *name,
	    const char *domain, struct err *err)
{
	if (text_copy(s->b.name, sizeof(s->b.name), o->name ? o->name : name,
		      "name of the backup", err))
		return -1;
	return text_copy(s->b.domain, sizeof(s->b.domain), domain,
			 "name of the domain", err);
}

int
source_open(const struct backup_opts *o, struct source **ret, struct err *err)
{
	int rc;

	*ret = NULL;
	if (o->domain)
		rc = backup_snapshot_open(o, ret, err);
	else if (o->config_file)
		rc = backup_config_open(o, ret, err);
	else
		rc = backup_disk_open(o, ret, err);
	if (rc == 0 && (*ret)->n_disks == 0)
		rc = err_set(err, ERR_INVALID, 0, "%s has no disk to back up",
			     (*ret)->b.name);
	if (rc) {
		source_close(*ret);
		*ret = NULL;
	}
	return rc;
}

int
source_disk_done(struct source *s, unsigned int i, struct err *err)
{
	struct source_disk *d = &s->disks[i];
	int rc = s->ops->disk_done ? s->ops->disk_done(s, d, err) : 0;

	fd_close(&d->fd);
	return rc;
}

int
source_check(struct source *s, struct err *err)
{
	return s->ops->check ? s->ops->check(s, err) : 0;
}

int
source_base(struct source *s, const struct backup *was, struct err *err)
{
	return s->ops->base ? s->ops->base(s, was, err) : 0;
}

void
source_committed(struct source *s)
{
	if (s->ops->committed)
		s->ops->committed(s);
}

void
source_close(struct source *s)
{
	struct err ignored = ERR_INIT;

	if (!s)
		return;
	for (unsigned int i = 0; i < s->n_disks; i++)
		if (s->disks[i].fd >= 0)
			source_disk_done(s, i, &ignored);
	if (s->ops->close)
		s->ops->close(s);
	free(s->config);
	free(s);
}

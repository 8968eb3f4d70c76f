/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import_disks.c - see import.h: which file is which disk, and which of this
 * host's it belongs to.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "import.h"
#include "log.h"
#include "qcow2.h"

/* ---- which file ---- */

/* The one of "VDEV.img" and "VDEV.qcow2" that is there; NULL: neither. */
static int
find_file(const struct import *x, const char *vdev,
	  const struct import_file **ret, const char **ret_format)
{
	const struct import_file *raw, *qcow2;
	char name[IMPORT_NAME_LEN];

	snprintf(name, sizeof(name), "%s.img", vdev);
	raw = import_dir_find(&x->dir, name);
	snprintf(name, sizeof(name), "%s.qcow2", vdev);
	qcow2 = import_dir_find(&x->dir, name);
	if (raw && qcow2)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s and %s are both there: which of them is the "
			       "disk?",
			       raw->name, qcow2->name);
	*ret = raw ? raw : qcow2;
	*ret_format = raw ? "raw" : "qcow2";
	return 0;
}

static const struct snapshot_disk *
recorded(const struct import *x, const char *vdev)
{
	for (unsigned int i = 0; x->has_record && i < x->was.n_disks; i++)
		if (strcmp(x->was.disks[i].vdev, vdev) == 0)
			return &x->was.disks[i];
	return NULL;
}

/* It is what the record says it is. */
static int
check_recorded(struct import *x, struct snapshot_disk *d,
	       const struct import_file *f)
{
	const struct snapshot_disk *was = recorded(x, d->vdev);

	if (!x->has_record)
		return 0;
	if (!was)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s is there, and the snapshot had no such disk",
			       f->name);
	if (strcmp(was->format, d->format) != 0)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s is there, and the disk was exported as %s",
			       f->name, was->format);
	if (was->view.bytes != d->view.bytes)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s has %" PRIu64 " bytes, and should have "
			       "%" PRIu64,
			       f->name, d->view.bytes, was->view.bytes);
	d->io_stall_ms = was->io_stall_ms;
	return 0;
}

/* That a header is wrong is told before anything is copied; it counts again
 * when it is ours. */
static int
check_image(struct import *x, const struct snapshot_disk *d,
	    const struct import_file *f)
{
	int fd, rc;

	if (strcmp(d->format, "qcow2") != 0)
		return 0;
	fd = import_file_open(&x->dir, f, x->err);
	if (fd < 0)
		return -1;
	rc = qcow2_check_fd(fd, f->name, x->err);
	fd_close(&fd);
	return rc;
}

static int
add_disk(struct import *x, const char *vdev, const struct import_file *f,
	 const char *format)
{
	struct snapshot *s = x->s;
	struct snapshot_disk *d = &s->disks[s->n_disks];
	struct disk_view_ref *v = &d->view;

	strcpy(d->vdev, vdev);
	strcpy(d->format, format);
	strcpy(v->driver, disk_copy_ops.name);
	strcpy(v->generation, s->generation);
	v->bytes = (uint64_t)f->st.st_size;
	if (!v->bytes)
		return err_set(x->err, ERR_CORRUPT, 0, "%s is empty", f->name);
	x->files[s->n_disks++] = f;
	return check_recorded(x, d, f) || check_image(x, d, f) ? -1 : 0;
}

/* ---- what has no file ---- */

static bool
is_skipped(const struct snapshot *s, const char *vdev)
{
	for (unsigned int i = 0; i < s->n_skipped; i++)
		if (strcmp(s->skipped[i], vdev) == 0)
			return true;
	return false;
}

/* Exports of before there was a record in them do not say that it was left
 * out. */
static int
without_file(struct import *x, const struct domain_disk *dd)
{
	struct snapshot *s = x->s;

	if (dd->readonly || dd->cdrom || is_skipped(s, dd->vdev))
		return 0;
	if (x->has_record)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "disk %s is in the configuration, and neither "
			       "%s.img nor %s.qcow2 is there",
			       dd->vdev, dd->vdev, dd->vdev);
	if (!snapshot_is_name(dd->vdev) || s->n_skipped == DOMAIN_DISKS_MAX)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "disk \"%s\" is none that could be kept",
			       dd->vdev);
	log_warning("disk %s is in the configuration, and has no file: it "
		    "counts as left out of the snapshot",
		    dd->vdev);
	strcpy(s->skipped[s->n_skipped++], dd->vdev);
	return 0;
}

/* Its memory has requests under way as the kernel takes them. */
static void
warn_of_backend(const struct import *x, const struct domain_disk *dd,
		const char *format)
{
	if (x->memory >= 0 && strcmp(format, "qcow2") == 0 &&
	    strcmp(dd->backend, "phy") == 0)
		log_warning("disk %s was served by the kernel, and a qcow2 "
			    "image is served by QEMU: the memory may not go on "
			    "with it; export it raw",
			    dd->vdev);
}

static int
find_disks(struct import *x)
{
	const struct import_file *f = NULL;
	const char *format = NULL;

	for (unsigned int i = 0; i < x->info.n_disks; i++) {
		const struct domain_disk *dd = &x->info.disks[i];

		if (find_file(x, dd->vdev, &f, &format) ||
		    (f ? add_disk(x, dd->vdev, f, format) :
			 without_file(x, dd)))
			return -1;
		if (f)
			warn_of_backend(x, dd, format);
	}
	return 0;
}

static bool
is_disk_of(const struct snapshot *s, const char *name, const char *dot)
{
	size_t len = (size_t)(dot - name);

	for (unsigned int i = 0; i < s->n_disks; i++)
		if (strlen(s->disks[i].vdev) == len &&
		    memcmp(s->disks[i].vdev, name, len) == 0)
			return true;
	return false;
}

/* Nothing is passed over silently: neither a file nor a disk. */
static int
check_all_found(struct import *x)
{
	for (unsigned int i = 0; i < x->dir.n_files; i++) {
		const char *name = x->dir.files[i].name;
		const char *dot = strrchr(name, '.');

		if (dot &&
		    (strcmp(dot, ".img") == 0 || strcmp(dot, ".qcow2") == 0) &&
		    !is_disk_of(x->s, name, dot))
			return err_set(x->err, ERR_CORRUPT, 0,
				       "%s is there, and the configuration has "
				       "no such disk",
				       name);
	}
	if (x->has_record && x->s->n_disks != x->was.n_disks)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "the snapshot had %u disks, and %u are there",
			       x->was.n_disks, x->s->n_disks);
	return 0;
}

/* ---- where it belongs ---- */

static int
check_place(struct import *x, const struct snapshot_disk *d,
	    const struct disk *at, const char *path)
{
	const struct disk_view_ref *v = &d->view;
	bool image = strcmp(d->format, "qcow2") == 0;

	if (image && strncmp(at->ref.source_uuid, "inode-", 6) != 0)
		return err_set(x->err, ERR_INVALID, 0,
			       "%s is a device, and %s a qcow2 image, which "
			       "belongs in a file",
			       path, d->vdev);
	if (!image && at->ref.bytes != v->bytes)
		return err_set(x->err, ERR_INVALID, 0,
			       "%s has %" PRIu64 " bytes, and disk %s has "
			       "%" PRIu64
			       "; give it that size, or name another",
			       path, at->ref.bytes, d->vdev, v->bytes);
	for (unsigned int i = 0; i < x->s->n_disks; i++)
		if (strcmp(x->s->disks[i].view.source, at->ref.source) == 0)
			return err_set(x->err, ERR_INVALID, 0,
				       "%s cannot be both %s and %s", path,
				       x->s->disks[i].vdev, d->vdev);
	return 0;
}

static int
find_place(struct import *x, const struct import_place *p)
{
	struct snapshot_disk *d = NULL;
	struct disk *at;
	int rc;

	for (unsigned int i = 0; i < x->s->n_disks; i++)
		if (strcmp(x->s->disks[i].vdev, p->vdev) == 0)
			d = &x->s->disks[i];
	if (!d)
		return err_set(x->err, ERR_NOTFOUND, 0,
			       "--disk %s=%s: there is no such disk in %s",
			       p->vdev, p->path, x->o->dir);
	rc = disk_copy_ops.claims(p->path, x->err);
	if (rc == 0)
		return err_set(x->err, ERR_INVALID, 0,
			       "--disk %s=%s: it is neither a file nor a block "
			       "device",
			       p->vdev, p->path);
	if (rc < 0 || disk_open_copy(p->path, &at, x->err))
		return err_add(x->err, "--disk %s", p->vdev);
	rc = check_place(x, d, at, p->path);
	if (rc == 0) {
		strcpy(d->view.source, at->ref.source);
		strcpy(d->view.source_uuid, at->ref.source_uuid);
	}
	disk_close(at);
	return rc;
}

int
import_disks(struct import *x)
{
	if (find_disks(x) || check_all_found(x))
		return -1;
	for (unsigned int i = 0; i < x->o->n_places; i++)
		if (find_place(x, &x->o->places[i]))
			return -1;
	return 0;
}

int
import_name_copies(struct import *x, const char *folder)
{
	char name[IMPORT_NAME_LEN];
	int n;

	for (unsigned int i = 0; i < x->s->n_disks; i++) {
		struct disk_view_ref *v = &x->s->disks[i].view;

		snprintf(name, sizeof(name), "%s.img", x->s->disks[i].vdev);
		n = snprintf(v->view, sizeof(v->view), "%s/%s", folder, name);
		if (n < 0 || (size_t)n >= sizeof(v->view))
			return err_set(x->err, ERR_UNSUPPORTED, 0,
				       "%s/%s: the path is too long", folder,
				       name);
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job_export.c - a snapshot as plain files, of use without us.
 *
 *   DIR/xvda.img ...   the disks: raw and sparse, or xvda.qcow2, whatever they
 *                      were
 *   DIR/memory.xl      memory, as `xl restore` takes it; if there is any
 *   DIR/domain.cfg     the configuration, naming these disks: made from
 *                      libxl's, or the admin's own with a list at its end
 *   DIR/snapshot.json  the record, with these disks in it: for import, as is
 *   DIR/domain.json    libxl's configuration, of a snapshot of the disks alone;
 *                      else it is in memory.xl
 *   DIR/SHA256SUMS     for `sha256sum -c`
 *
 * A view is read between disk_view_open() and disk_view_close(); the latter
 * tells whether it still was whole at the end, and without that nothing read
 * from it counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "export_dir.h"
#include "export_record.h"
#include "fail.h"
#include "fd.h"
#include "job.h"
#include "log.h"
#include "run.h"
#include "xl_cfg.h"

#define CONFIG_MAX (4u << 20)
#define FILE_PATH_MAX (PATH_MAX + 64) /* a folder and a file of ours */

struct export
{
	const struct snapshot *s;
	int from; /* the snapshot's folder */
	const struct export_opts *opts;
	struct export_dir dir;
	struct export_report *report;
	struct err *err;
};

static struct copy_task
task(const struct export *e, const char *what, int from, int to, uint64_t bytes)
{
	struct copy_task t = {
		.what = what,
		.from = from,
		.to = to,
		.bytes = bytes,
		.progress = e->opts->progress,
		.progress_ctx = e->opts->progress_ctx,
	};

	return t;
}

/* ---- disks ---- */

static const char *const formats[] = {
	[EXPORT_RAW] = "raw",
	[EXPORT_QCOW2] = "qcow2",
};

static const char *
suffix(const struct export *e)
{
	return e->opts->format == EXPORT_QCOW2 ? "qcow2" : "img";
}

static bool
is_raw(const struct snapshot_disk *d)
{
	return strcmp(d->format, formats[EXPORT_RAW]) == 0;
}

static int
copy_raw(struct export *e, const struct snapshot_disk *d, int from,
	 struct export_file *f)
{
	struct copy_task t;
	int to = export_dir_create(&e->dir, f->name, e->err);
	int rc = -1;

	if (to < 0)
		return -1;
	t = task(e, d->vdev, from, to, d->view.bytes);
	if (copy_sparse(&t, &f->data_bytes, e->err) == 0)
		rc = fd_sync(to, f->name, e->err);
	f->bytes = d->view.bytes;
	fd_close(&to);
	return rc;
}

/* By descriptor: what has the view's name need not be the view that is open. */
static int
convert(struct export *e, const struct snapshot_disk *d, int from,
	struct export_file *f)
{
	struct run_opts how = RUN_OPTS_INIT;
	struct run_result res;
	char view[40], to[FILE_PATH_MAX];
	struct stat st;
	const char *const argv[] = {
		"qemu-img", "convert", "-f",
		d->format,  "-O",      formats[e->opts->format],
		"--",       view,      to,
		NULL,
	};
	int fd = -1, rc = -1;

	snprintf(view, sizeof(view), "/proc/self/fd/%d", from);
	how.keep_fd = from;
	snprintf(to, sizeof(to), "%s/%s", e->dir.path, f->name);
	/* Made by us first: with our mode, and ours to remove. */
	fd = export_dir_create(&e->dir, f->name, e->err);
	if (fd < 0)
		return -1;
	how.timeout_ms = 24u * 3600 * 1000;
	if (run_ok(argv, &how, &res, e->err))
		goto out;
	if (fd_sync(fd, f->name, e->err))
		goto out;
	if (fstat(fd, &st)) {
		err_set(e->err, ERR_IO, errno, "look at %s", f->name);
		goto out;
	}
	f->bytes = (uint64_t)st.st_size;
	f->data_bytes = (uint64_t)st.st_blocks * 512;
	rc = 0;
out:
	run_done(&res);
	fd_close(&fd);
	return rc;
}

static int
export_one_disk(struct export *e, const struct snapshot_disk *d)
{
	struct export_file *f = &e->report->files[e->report->n_files++];
	struct err close_err = ERR_INIT;
	int from, rc;

	snprintf(f->name, sizeof(f->name), "%s.%s", d->vdev, suffix(e));
	if (disk_view_open(&d->view, &from, e->err))
		return err_add(e->err, "disk %s", d->vdev);
	rc = is_raw(d) && e->opts->format == EXPORT_RAW ?
		     copy_raw(e, d, from, f) :
		     convert(e, d, from, f);
	if (disk_view_close(&d->view, from, &close_err) && rc == 0) {
		*e->err = close_err;
		rc = -1;
	}
	fail_here("export.disk");
	return rc ? err_add(e->err, "disk %s", d->vdev) : 0;
}

static int
export_disks(struct export *e)
{
	unsigned int i;

	for (i = 0; i < e->s->n_skipped; i++)
		log_notice("disk %s was left out of the snapshot, and is not "
			   "in the exported configuration",
			   e->s->skipped[i]);

	for (i = 0; i < e->s->n_disks; i++)
		if (export_one_disk(e, &e->s->disks[i]))
			return -1;
	return 0;
}

/* ---- memory and configuration ---- */

static int
export_memory(struct export *e)
{
	struct export_file *f = &e->report->files[e->report->n_files++];
	struct copy_task t;
	int from = -1, to = -1, rc = -1;

	snprintf(f->name, sizeof(f->name), "memory.xl");
	from = openat(e->from, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0) {
		err_set(e->err, ERR_IO, errno, "open %s of the snapshot",
			f->name);
		goto out;
	}
	to = export_dir_create(&e->dir, f->name, e->err);
	if (to < 0)
		goto out;
	f->bytes = e->s->memory_bytes;
	t = task(e, "memory", from, to, f->bytes);
	if (copy_sparse(&t, &f->data_bytes, e->err) == 0)
		rc = fd_sync(to, f->name, e->err);
out:
	fd_close(&to);
	fd_close(&from);
	return rc;
}

static int
export_text(struct export *e, const char *name, const char *text)
{
	struct export_file *f = &e->report->files[e->report->n_files++];

	snprintf(f->name, sizeof(f->name), "%s", name);
	f->bytes = f->data_bytes = strlen(text);
	return export_dir_write(&e->dir, name, text, e->err);
}

static char *
make_config(struct export *e, const char *config)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	char(*paths)[FILE_PATH_MAX] = calloc(DOMAIN_DISKS_MAX, sizeof(*paths));
	char *text = NULL;
	unsigned int i;

	if (!paths) {
		err_set(e->err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (i = 0; i < e->s->n_disks; i++) {
		snprintf(paths[i], FILE_PATH_MAX, "%s/%s.%s", e->dir.path,
			 e->s->disks[i].vdev, suffix(e));
		disks[i].vdev = e->s->disks[i].vdev;
		disks[i].path = paths[i];
		disks[i].format = formats[e->opts->format];
	}
	if (e->s->mode == SNAPSHOT_OFFLINE)
		text = domain_offline_config(config, disks, e->s->n_disks,
					     e->err);
	else
		text = xl_cfg_from_json(config, disks, e->s->n_disks, NULL,
					e->err);
	free(paths);
	return text;
}

/*
 * As it is the admin's file names the domain's own disks: whoever started that
 * would write to them.  So rather none than that one.
 */
static void
warn_no_config(const struct export *e)
{
	log_warning("domain.cfg is left out: %s; the file as it was is "
		    "%s/%s/%s/%s and names the original disks, continuing",
		    e->err->text, snapshot_root(), e->s->domain, e->s->name,
		    snapshot_config_file(e->s->mode));
	err_clear(e->err);
}

static int
export_config(struct export *e)
{
	char *config = NULL, *text = NULL;
	size_t len;
	int rc = -1;

	if (fd_read_file(e->from, snapshot_config_file(e->s->mode), CONFIG_MAX,
			 &config, &len, e->err))
		goto out;
	text = make_config(e, config);
	if (!text && e->s->mode == SNAPSHOT_OFFLINE &&
	    e->err->code == ERR_UNSUPPORTED) {
		warn_no_config(e);
		rc = 0;
	}
	if (!text)
		goto out;
	e->report->config = true;
	rc = export_text(e, "domain.cfg", text);
out:
	free(text);
	free(config);
	return rc;
}

/* ---- for import ---- */

static int
export_record(struct export *e)
{
	struct export_image images[DOMAIN_DISKS_MAX];
	char *text;
	int rc;

	for (unsigned int i = 0; i < e->s->n_disks; i++) {
		images[i].format = formats[e->opts->format];
		images[i].bytes = e->report->files[i].bytes;
	}
	text = export_record_text(e->s, images, e->err);
	rc = text ? export_text(e, SNAPSHOT_RECORD, text) : -1;
	free(text);
	return rc;
}

static int
export_json(struct export *e)
{
	char *config;
	size_t len;
	int rc;

	if (e->s->mode != SNAPSHOT_DISKS)
		return 0;
	if (fd_read_file(e->from, "domain.json", CONFIG_MAX, &config, &len,
			 e->err))
		return -1;
	rc = export_text(e, "domain.json", config);
	free(config);
	return rc;
}

/* ---- sums ---- */

/* Of what was written, read back: that is what the sums shall prove. */
static int
sum_one(struct export *e, struct export_file *f)
{
	struct copy_task t;
	int fd = openat(e->dir.fd, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (fd < 0)
		return err_set(e->err, ERR_IO, errno, "open %s", f->name);
	t = task(e, "sums", fd, -1, f->bytes);
	rc = copy_sum(&t, f->sha256, e->err);
	fd_close(&fd);
	return rc;
}

static int
export_sums(struct export *e)
{
	char text[(DOMAIN_DISKS_MAX + 4) * 136] = "";
	size_t used = 0;
	unsigned int i;

	if (e->opts->no_sums)
		return 0;
	for (i = 0; i < e->report->n_files; i++) {
		struct export_file *f = &e->report->files[i];

		if (sum_one(e, f))
			return -1;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s  %s\n", f->sha256, f->name);
	}
	return export_dir_write(&e->dir, "SHA256SUMS", text, e->err);
}

/* ---- the stories ---- */

static int
export_all(struct export *e)
{
	if (export_disks(e))
		return -1;
	if (snapshot_has_memory(e->s->mode) && export_memory(e))
		return -1;
	if (export_config(e) || export_record(e) || export_json(e) ||
	    export_sums(e))
		return -1;
	return export_dir_sync(&e->dir, e->err);
}

int
job_export(const char *domain, const char *name, const char *dir,
	   const struct export_opts *opts, struct export_report *ret,
	   struct err *err)
{
	struct snapshot s;
	struct export e = {
		.s = &s,
		.opts = opts,
		.dir = EXPORT_DIR_INIT,
		.report = ret,
		.err = err,
	};
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	e.from = snapshot_use(domain, name, err);
	if (e.from < 0)
		return -1;
	if (snapshot_load(domain, name, &s, err))
		goto out;
	if (export_dir_check(dir, err))
		goto out;
	if (opts->dry_run) {
		rc = 0;
		goto out;
	}
	if (export_dir_open(&e.dir, dir, err))
		goto out;
	rc = export_all(&e);
	snprintf(ret->dir, sizeof(ret->dir), "%s", e.dir.path);
	ret->memory = snapshot_has_memory(s.mode);
	if (rc)
		export_dir_undo(&e.dir);
out:
	export_dir_close(&e.dir);
	fd_close(&e.from);
	return rc;
}

static const struct snapshot_disk *
find_disk(const struct snapshot *s, const char *vdev, struct err *err)
{
	char known[200] = "";
	unsigned int i;

	for (i = 0; i < s->n_disks; i++) {
		size_t used = strlen(known);

		if (strcmp(s->disks[i].vdev, vdev) == 0)
			return &s->disks[i];
		snprintf(known + used, sizeof(known) - used, " %s",
			 s->disks[i].vdev);
	}
	err_set(err, ERR_NOTFOUND, 0, "%s@%s has no disk %s; it has%s",
		s->domain, s->name, vdev, known[0] ? known : " none");
	return NULL;
}

static int
send_disk(const struct copy_task *t, struct err *err)
{
	uint64_t data;
	struct stat st;

	if (fstat(t->to, &st))
		return err_set(err, ERR_IO, errno, "look at the output");
	if (!S_ISREG(st.st_mode))
		return copy_stream(t, err);
	/* Ours to fill from the start; what was in it would shine through. */
	if (ftruncate(t->to, 0))
		return err_set(err, ERR_IO, errno, "empty the output file");
	return copy_sparse(t, &data, err);
}

int
job_export_disk(const char *domain, const char *name, const char *vdev, int fd,
		const struct export_opts *opts, struct err *err)
{
	struct snapshot s;
	struct export e = { .s = &s, .opts = opts, .err = err };
	const struct snapshot_disk *d;
	struct err close_err = ERR_INIT;
	struct copy_task t;
	int from, rc = -1;

	e.from = snapshot_use(domain, name, err);
	if (e.from < 0)
		return -1;
	if (snapshot_load(domain, name, &s, err))
		goto out;
	d = find_disk(&s, vdev, err);
	if (!d)
		goto out;
	if (!is_raw(d)) {
		err_set(err, ERR_UNSUPPORTED, 0,
			"disk %s is a %s image, which cannot be written raw "
			"from its start to its end; export it to a folder",
			vdev, d->format);
		goto out;
	}
	if (opts->dry_run) {
		rc = 0;
		goto out;
	}
	if (disk_view_open(&d->view, &from, err))
		goto out;
	t = task(&e, vdev, from, fd, d->view.bytes);
	rc = send_disk(&t, err);
	if (disk_view_close(&d->view, from, &close_err) && rc == 0) {
		*err = close_err;
		rc = -1;
	}
out:
	fd_close(&e.from);
	return rc;
}

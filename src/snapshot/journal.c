/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - the intention is on disk before the deed. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "json.h"
#include "json_field.h"
#include "log.h"

#define JOURNAL_FILE "journal"
#define JOURNAL_SIZE_MAX (1u << 20)

static const char *const step_names[] = {
	[JOURNAL_NOTHING] = "nothing", [JOURNAL_BEGIN] = "begin",
	[JOURNAL_VIEW] = "view",       [JOURNAL_INSTANT] = "instant",
	[JOURNAL_PAUSE] = "pause",     [JOURNAL_HOLD] = "hold",
	[JOURNAL_REBUILD] = "rebuild", [JOURNAL_RESUMED] = "resumed",
	[JOURNAL_COMMIT] = "commit",   [JOURNAL_UNDO] = "undo",
};

#define N_STEPS (sizeof(step_names) / sizeof(step_names[0]))

const char *
journal_step_name(enum journal_step step)
{
	return (size_t)step < N_STEPS ? step_names[step] : "?";
}

int
journal_boot_id(char *ret, struct err *err)
{
	char *text;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 4096,
			 &text, &len, err))
		return -1;
	snprintf(ret, DOMAIN_UUID_LEN + 1, "%s", text);
	free(text);
	return 0;
}

/*
 * A failure point stands on either side of the line: dead before it, nothing
 * may have happened; dead after it, the step may be half done.
 */
static int
append(struct journal *j, enum journal_step step, struct json_object *o,
       struct err *err)
{
	char place[64];
	const char *text;
	off_t start = -1;
	int rc = -1;

	snprintf(place, sizeof(place), "journal.%s.before",
		 journal_step_name(step));
	fail_here(place);
	start = lseek(j->fd, 0, SEEK_END);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (!text) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		goto out;
	}
	if (fd_write_all(j->fd, text, strlen(text), err) ||
	    fd_write_all(j->fd, "\n", 1, err) ||
	    fd_sync(j->fd, "the journal", err))
		goto out;
	snprintf(place, sizeof(place), "journal.%s.after",
		 journal_step_name(step));
	fail_here(place);
	rc = 0;
out:
	if (rc)
		err_add(err, "write the journal");
	/* Half a line would spoil the one that comes after it. */
	if (rc && start >= 0 && ftruncate(j->fd, start))
		log_debug("the journal may hold half a line");
	json_object_put(o);
	return rc;
}

static struct json_object *
line_new(enum journal_step step)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "step",
			       json_object_new_string(journal_step_name(step)));
	return o;
}

int
journal_begin(struct journal *j, int dirfd, const char *generation,
	      const struct domain_info *info, const struct xl_monitor *monitor,
	      struct err *err)
{
	char boot_id[DOMAIN_UUID_LEN + 1];
	struct json_object *o;

	if (journal_boot_id(boot_id, err))
		return -1;
	j->fd = openat(dirfd, JOURNAL_FILE,
		       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC |
			       O_NOFOLLOW,
		       0600);
	if (j->fd < 0)
		return err_set(err, ERR_IO, errno, "make the journal");
	if (fd_sync(dirfd, "the snapshot's folder", err))
		return -1;
	o = line_new(JOURNAL_BEGIN);
	json_add_str(o, "generation", generation);
	json_add_str(o, "uuid", info->uuid);
	json_add_u64(o, "domid", info->domid);
	json_add_str(o, "boot_id", boot_id);
	json_add_u64(o, "monitor_pid", (uint64_t)monitor->pid);
	json_add_u64(o, "monitor_start", monitor->start);
	return append(j, JOURNAL_BEGIN, o, err);
}

/* Whoever died in the middle of a line left half of it, and a line that came
 * behind that would make no sense. */
static int
drop_torn_line(int dirfd, int fd, struct err *err)
{
	const char *end;
	size_t len, whole;
	char *text;

	if (fd_read_file(dirfd, JOURNAL_FILE, JOURNAL_SIZE_MAX, &text, &len,
			 err))
		return -1;
	end = memrchr(text, '\n', len);
	whole = end ? (size_t)(end + 1 - text) : 0;
	free(text);
	if (whole < len && ftruncate(fd, (off_t)whole))
		return err_set(err, ERR_IO, errno,
			       "take half a line from the journal");
	return 0;
}

int
journal_reopen(struct journal *j, const char *path, struct err *err)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	j->fd = -1;
	if (dir >= 0)
		j->fd = openat(dir, JOURNAL_FILE,
			       O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd < 0)
		err_set(err, ERR_IO, errno, "open the journal in %s", path);
	else if (drop_torn_line(dir, j->fd, err))
		fd_close(&j->fd);
	fd_close(&dir);
	return j->fd < 0 ? -1 : 0;
}

int
journal_view(struct journal *j, const struct disk *d, struct err *err)
{
	struct json_object *o = line_new(JOURNAL_VIEW);

	json_add_str(o, "driver", d->ref.driver);
	json_add_str(o, "source", d->ref.source);
	json_add_str(o, "source_uuid", d->ref.source_uuid);
	json_add_str(o, "view", d->ref.view);
	json_add_u64(o, "bytes", d->ref.bytes);
	json_add_u64(o, "cow_bytes", d->ref.cow_bytes);
	json_add_str(o, "device", d->device);
	return append(j, JOURNAL_VIEW, o, err);
}

int
journal_step(struct journal *j, enum journal_step step, struct err *err)
{
	return append(j, step, line_new(step), err);
}

void
journal_end(struct journal *j)
{
	fd_close(&j->fd);
}

static int
read_begin(struct json_object *o, struct journal_story *s, struct err *err)
{
	uint64_t domid, pid;

	if (json_copy_str(o, "generation", s->generation, sizeof(s->generation),
			  err) ||
	    json_copy_str(o, "uuid", s->uuid, sizeof(s->uuid), err) ||
	    json_copy_str(o, "boot_id", s->boot_id, sizeof(s->boot_id), err) ||
	    json_u64(o, "domid", &domid, err) ||
	    json_u64(o, "monitor_pid", &pid, err) ||
	    json_u64(o, "monitor_start", &s->monitor.start, err))
		return -1;
	if (!s->generation[0])
		return err_set(err, ERR_CORRUPT, 0, "an id is empty");
	if (domid > UINT32_MAX || pid > INT32_MAX)
		return err_set(err, ERR_CORRUPT, 0, "a number is too large");
	s->domid = (uint32_t)domid;
	s->monitor.pid = (pid_t)pid;
	return 0;
}

static int
read_view(struct json_object *o, struct journal_story *s, struct err *err)
{
	struct disk_view_ref *v = &s->views[s->n_views];

	if (s->n_views == DOMAIN_DISKS_MAX)
		return err_set(err, ERR_CORRUPT, 0, "too many views");
	if (json_copy_str(o, "driver", v->driver, sizeof(v->driver), err) ||
	    json_copy_str(o, "source", v->source, sizeof(v->source), err) ||
	    json_copy_str(o, "source_uuid", v->source_uuid,
			  sizeof(v->source_uuid), err) ||
	    json_copy_str(o, "view", v->view, sizeof(v->view), err) ||
	    json_copy_str(o, "device", s->devices[s->n_views],
			  sizeof(s->devices[0]), err) ||
	    json_u64(o, "bytes", &v->bytes, err) ||
	    json_u64(o, "cow_bytes", &v->cow_bytes, err))
		return -1;
	strcpy(v->generation, s->generation);
	s->n_views++;
	return 0;
}

static int
read_line(const char *line, size_t len, struct journal_story *s,
	  struct err *err)
{
	struct json_object *o = json_parse(line, len, "a journal line", err);
	const char *name;
	size_t step;
	int rc = -1;

	if (!o)
		return -1;
	name = json_str(o, "step", err);
	if (!name)
		goto out;
	for (step = 1; step < N_STEPS; step++)
		if (strcmp(name, step_names[step]) == 0)
			break;
	if (step == N_STEPS) {
		err_set(err, ERR_CORRUPT, 0, "step \"%.20s\" is unknown", name);
		goto out;
	}
	/* Without its first line the rest says nothing of whose it is. */
	if ((step == JOURNAL_BEGIN) != (s->last == JOURNAL_NOTHING)) {
		err_set(err, ERR_CORRUPT, 0, "step \"%s\" is out of place",
			name);
		goto out;
	}
	if (step == JOURNAL_BEGIN && read_begin(o, s, err))
		goto out;
	if (step == JOURNAL_VIEW && read_view(o, s, err))
		goto out;
	/* It could not be told from others with its number. */
	if (step == JOURNAL_INSTANT && !s->uuid[0]) {
		err_set(err, ERR_CORRUPT, 0, "the domain has no uuid");
		goto out;
	}
	s->domain_touched = s->domain_touched || step == JOURNAL_INSTANT;
	s->last = (enum journal_step)step;
	rc = 0;
out:
	json_object_put(o);
	return rc;
}

int
journal_read(int dirfd, struct journal_story *ret, struct err *err)
{
	char *text = NULL, *line, *end;
	size_t len = 0, left;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (fd_read_file(dirfd, JOURNAL_FILE, JOURNAL_SIZE_MAX, &text, &len,
			 err)) {
		if (err->code != ERR_NOTFOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	/* By its length: a NUL in it, as after a power cut, hides no line. */
	for (line = text; (left = len - (size_t)(line - text)) &&
			  (end = memchr(line, '\n', left));
	     line = end + 1) {
		if (read_line(line, (size_t)(end - line), ret, err)) {
			err_add(err, "read the journal");
			goto out;
		}
	}
	rc = 0;
out:
	free(text);
	return rc;
}

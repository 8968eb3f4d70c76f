/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_record.c - see restore_record.h. */
#include "restore_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "export_record.h"
#include "json.h"
#include "memory_sum.h"
#include "snapshot.h"

static int
read_record(const char *text, struct snapshot *ret, struct err *err)
{
	struct json_object *o =
		json_parse(text, strlen(text), "its record", err);
	int rc = o ? snapshot_from_json(o, ret, err) : -1;

	json_object_put(o);
	return rc;
}

static const struct target *
target_of(const struct restore_plan *p, const char *vdev)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (!p->targets[i].memory &&
		    strcmp(p->targets[i].disk->vdev, vdev) == 0)
			return &p->targets[i];
	return NULL;
}

static void
skip(struct snapshot *s, const char *vdev)
{
	if (s->n_skipped < DOMAIN_DISKS_MAX)
		memcpy(s->skipped[s->n_skipped++], vdev, SNAPSHOT_VDEV_LEN);
}

static void
take_disks(struct snapshot *s, const struct restore_plan *p,
	   struct export_image *ret)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->n_disks; i++) {
		const struct target *t = target_of(p, s->disks[i].vdev);

		if (!t) {
			skip(s, s->disks[i].vdev);
			continue;
		}
		s->disks[n] = s->disks[i];
		ret[n].format = t->disk->format;
		ret[n++].bytes = t->disk->bytes;
	}
	s->n_disks = n;
}

/* It is in another form than it was (memory_out.h), so its sum is as well. */
static int
take_memory(struct snapshot *s, const struct restore_plan *p, struct err *err)
{
	const struct target *t = NULL;
	struct stat st;

	for (unsigned int i = 0; i < p->n; i++)
		if (p->targets[i].memory)
			t = &p->targets[i];
	if (!t) {
		if (snapshot_has_memory(s->mode))
			s->mode = SNAPSHOT_DISKS;
		s->memory_bytes = 0;
		s->memory_sum[0] = '\0';
		return 0;
	}
	if (fstat(t->fd, &st))
		return err_set(err, ERR_IO, errno, "look at %s", t->path);
	s->memory_bytes = (uint64_t)st.st_size;
	return memory_sum(t->fd, s->memory_sum, err);
}

char *
restore_record_text(const char *was, const struct restore_plan *p,
		    struct err *err)
{
	struct export_image images[DOMAIN_DISKS_MAX];
	struct snapshot *s = calloc(1, sizeof(*s));
	char *ret = NULL;

	if (!s) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (read_record(was, s, err) == 0) {
		take_disks(s, p, images);
		if (take_memory(s, p, err) == 0)
			ret = export_record_text(s, images, err);
	}
	free(s);
	return ret;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_config.c - see restore_config.h. */
#include "restore_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "fd.h"
#include "log.h"
#include "restore_record.h"
#include "snapshot.h"
#include "units.h"
#include "xl_cfg.h"
#include "xl_safe.h"

static const char *const names[RESTORE_FILES_MAX] = {
	"snapshot.json",
	"domain.json",
	RESTORE_CFG,
};

static int
add(struct restore_config *c, const char *name, char *text, struct err *err)
{
	if (!text)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	strcpy(c->files[c->n].name, name);
	c->files[c->n].file.fd = c->files[c->n].file.dir = -1;
	c->files[c->n++].text = text;
	return 0;
}

/* The piece: two texts with a NUL between them. */
char *
restore_config_read(struct getter *g, const struct backup *b, struct err *err)
{
	const uint8_t *p;
	uint32_t len;
	char *ret;

	if (getter_get(g, PIECE_CONFIG, b->config, &p, &len, err)) {
		err_add(err, "its configuration");
		return NULL;
	}
	if (len != b->config_bytes || !memchr(p, 0, len)) {
		err_set(err, ERR_CORRUPT, 0,
			"its configuration is not two texts of %u bytes",
			b->config_bytes);
		return NULL;
	}
	ret = malloc((size_t)len + 1);
	if (!ret) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	memcpy(ret, p, len);
	ret[len] = '\0';
	return ret;
}

unsigned int
restore_config_disks(const struct restore_plan *p,
		     struct xl_cfg_disk ret[DOMAIN_DISKS_MAX])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->n && n < DOMAIN_DISKS_MAX; i++) {
		if (p->targets[i].memory)
			continue;
		ret[n].vdev = p->targets[i].disk->vdev;
		ret[n].path = p->targets[i].path;
		ret[n++].format = p->targets[i].disk->format;
	}
	return n;
}

static char *
make_cfg(const char *text, bool offline, const struct restore_plan *p,
	 struct err *err)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	unsigned int n = restore_config_disks(p, disks);

	return offline ? domain_offline_config(text, disks, n, err) :
			 xl_cfg_from_json(text, disks, n, NULL, err);
}

/* The admin's own file names the domain's own disks: whoever started that would
 * write to them.  So rather none than that one. */
static int
add_cfg(struct restore_config *c, const char *text, bool offline,
	const struct restore_plan *p, struct err *err)
{
	char *cfg = make_cfg(text, offline, p, err);

	if (cfg)
		return add(c, names[2], cfg, err);
	if (err->code != ERR_UNSUPPORTED)
		return err_add(err, "its configuration");
	log_warning("domain.cfg is left out: %s, continuing", err->text);
	err_clear(err);
	return 0;
}

/* Those who could write to the repository could write that as well. */
static void
tell_unsafe(const char *text, bool offline, const struct restore_plan *p)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	struct xl_safe_how how = {
		.name = "any",
		.uuid = "00000000-0000-0000-0000-000000000000",
		.disks = disks,
		.n_disks = restore_config_disks(p, disks),
	};
	struct xl_safe_left left = { .n = 0 };
	struct err ignored = ERR_INIT;
	char *safe;

	safe = offline ? domain_offline_safe(text, &how, &left, &ignored) :
			 xl_safe_json(text, &how, &left, &ignored);
	if (safe && left.n)
		log_notice("the configuration is as the backup has it, and has "
			   "%u thing%s that `restore --start` would leave out "
			   "(%s%s): give it to xl if you trust whoever can "
			   "write to the repository",
			   left.n + left.n_more, units_s(left.n + left.n_more),
			   left.what[0], left.n > 1 ? ", ..." : "");
	free(safe);
}

int
restore_config_make(struct getter *g, const struct backup *b,
		    const struct restore_plan *p, const char *cfg,
		    struct restore_config *ret, struct err *err)
{
	bool offline = b->mode == SNAPSHOT_OFFLINE + 1;
	const char *second;
	char *both;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (name_is_zero(b->config))
		return 0;
	both = restore_config_read(g, b, err);
	if (!both)
		return -1;
	second = both + strlen(both) + 1;
	rc = add(ret, names[0], strdup(both), err);
	if (rc == 0 && !offline)
		rc = add(ret, names[1], strdup(second), err);
	if (rc == 0)
		rc = cfg ? add(ret, names[2], strdup(cfg), err) :
			   add_cfg(ret, second, offline, p, err);
	if (rc == 0 && !cfg)
		tell_unsafe(second, offline, p);
	free(both);
	return rc;
}

int
restore_config_record(struct restore_config *c, const struct restore_plan *p,
		      struct err *err)
{
	char *text;

	if (c->n == 0)
		return 0;
	text = restore_record_text(c->files[0].text, p, err);
	if (text) {
		free(c->files[0].text);
		c->files[0].text = text;
		return 0;
	}
	if (err->code != ERR_CORRUPT && err->code != ERR_UNSUPPORTED)
		return -1;
	log_warning("%s is as the backup has it, and `xensnap import` does not "
		    "take the folder: %s, continuing",
		    names[0], err->text);
	err_clear(err);
	return 0;
}

int
restore_config_check(const char *dir, struct err *err)
{
	char path[PATH_MAX + 20];

	for (size_t i = 0; i < RESTORE_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (new_file_check(path, err))
			return err->code == ERR_EXISTS ?
				       err_more(err, "--in-place writes over "
						     "it") :
				       -1;
	}
	return 0;
}

static int
write_over(const char *dir, const char *name, const char *text, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(err, ERR_IO, 0, "open folder %s", dir);
	rc = fd_write_file(fd, name, text, strlen(text), err);
	fd_close(&fd);
	return rc;
}

int
restore_config_keep(struct restore_config *c, const char *dir, bool in_place,
		    struct err *err)
{
	char path[PATH_MAX + 20];

	for (unsigned int i = 0; i < c->n; i++) {
		const char *text = c->files[i].text;
		struct new_file *f = &c->files[i].file;

		if (in_place) {
			if (write_over(dir, c->files[i].name, text, err))
				return -1;
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", dir, c->files[i].name);
		if (new_file_open(f, path, err) ||
		    fd_write_all(f->fd, text, strlen(text), err) ||
		    new_file_keep(f, err))
			return -1;
	}
	return 0;
}

void
restore_config_undo(struct restore_config *c, struct err *err)
{
	struct err e = ERR_INIT;

	for (unsigned int i = 0; i < c->n; i++)
		if (new_file_undo(&c->files[i].file, &e))
			err_more(err, "%s was left", c->files[i].name);
}

void
restore_config_done(struct restore_config *c)
{
	for (unsigned int i = 0; i < c->n; i++) {
		new_file_close(&c->files[i].file);
		free(c->files[i].text);
	}
	c->n = 0;
}

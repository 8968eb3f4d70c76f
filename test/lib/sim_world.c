/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sim_world.c - see sim_world.h. */
#include "sim_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "sim_guest.h"

#define CONFIG_MAX 65536

void
sim_path(char *ret, const char *fmt, ...)
{
	const char *dir = getenv("XENSNAP_SIM");
	size_t used;
	va_list ap;

	snprintf(ret, SIM_PATH_MAX, "%s/", dir ? dir : "");
	used = strlen(ret);
	va_start(ap, fmt);
	vsnprintf(ret + used, SIM_PATH_MAX - used, fmt, ap);
	va_end(ap);
}

int
sim_enter(int *lock, struct err *err)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "lock");
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0)
		return err_set(err, ERR_IO, errno, "open the world %s", path);
	while (flock(*lock, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		err_set(err, ERR_IO, errno, "lock the world");
		fd_close(lock);
		return -1;
	}
	return 0;
}

void
sim_leave(int *lock)
{
	fd_close(lock);
}

int
sim_put(const char *path, const char *text, struct err *err)
{
	char tmp[SIM_PATH_MAX + 8];
	int fd, rc = -1;

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "make %s", tmp);
	if (fd_write_all(fd, text, strlen(text), err))
		goto out;
	if (rename(tmp, path)) {
		err_set(err, ERR_IO, errno, "rename %s", tmp);
		goto out;
	}
	rc = 0;
out:
	fd_close(&fd);
	return rc;
}

bool
sim_get(const char *path, char *ret, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, ret, len - 1);
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

bool
sim_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool
use_up(const char *path)
{
	struct err ignored = ERR_INIT;
	char text[32];
	long n;

	if (!sim_get(path, text, sizeof(text)))
		return false;
	if (!*text)
		return true;
	n = strtol(text, NULL, 10);
	if (n <= 0)
		return false;
	snprintf(text, sizeof(text), "%ld\n", n - 1);
	sim_put(path, text, &ignored);
	return true;
}

bool
sim_fault(const char *knob, const char *which)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "faults/%s", knob);
	if (use_up(path))
		return true;
	if (!which)
		return false;
	sim_path(path, "faults/%s.%s", knob, which);
	return use_up(path);
}

unsigned int
sim_knob(const char *knob, unsigned int otherwise)
{
	char path[SIM_PATH_MAX], text[32];

	sim_path(path, "faults/%s", knob);
	if (!sim_get(path, text, sizeof(text)) || !*text)
		return otherwise;
	return (unsigned int)strtoul(text, NULL, 10);
}

void
sim_slow(void)
{
	unsigned int ms = sim_knob("slow", 0);

	if (ms)
		clock_sleep_ms(ms);
}

bool
sim_held(const char *device)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "held/%s", device);
	return device[0] && sim_there(path);
}

/* ---- domains ---- */

/* "xvda disks/vg0/root phy rw" */
static int
parse_disk(struct sim_domain *d, const char *text, struct err *err)
{
	struct sim_disk *k = &d->disks[d->n_disks];
	char path[512], group[21], name[41];

	if (d->n_disks == SIM_DISKS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0, "too many disks");
	if (sscanf(text, "%31s %511s %15s %15s", k->vdev, path, k->backend,
		   k->use) != 4)
		return err_set(err, ERR_IO, 0, "bad disk \"%s\"", text);
	if (strcmp(path, "-") == 0)
		k->path[0] = '\0';
	else if (path[0] == '/')
		snprintf(k->path, sizeof(k->path), "%s", path);
	else
		sim_path(k->path, "%s", path);
	if (sscanf(path, "disks/%20[^/]/%40s", group, name) == 2)
		snprintf(k->device, sizeof(k->device), "%s-%s", group, name);
	d->n_disks++;
	return 0;
}

static int
parse_line(struct sim_domain *d, const char *key, const char *value,
	   struct err *err)
{
	if (strcmp(key, "domid") == 0)
		d->domid = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "uuid") == 0)
		snprintf(d->uuid, sizeof(d->uuid), "%s", value);
	else if (strcmp(key, "type") == 0)
		snprintf(d->type, sizeof(d->type), "%s", value);
	else if (strcmp(key, "live") == 0)
		snprintf(d->live, sizeof(d->live), "%s", value);
	else if (strcmp(key, "save") == 0)
		snprintf(d->save, sizeof(d->save), "%s", value);
	else if (strcmp(key, "pages") == 0)
		d->pages = (unsigned int)strtoul(value, NULL, 10);
	else if (strcmp(key, "disk") == 0)
		return parse_disk(d, value, err);
	else
		return err_set(err, ERR_IO, 0, "bad line \"%s\"", key);
	return 0;
}

static int
parse_config(struct sim_domain *d, char *text, struct err *err)
{
	char *line, *end, *eq;

	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		eq = strchr(line, '=');
		if (!eq)
			continue;
		*eq = '\0';
		if (parse_line(d, line, eq + 1, err))
			return -1;
	}
	return 0;
}

/* A guest that has seen the request stops when its time has come. */
static int
stop_in_time(struct sim_domain *d, struct err *err)
{
	char path[SIM_PATH_MAX], text[64];
	uint64_t at;

	sim_path(path, "domains/%s/request", d->name);
	if (strcmp(d->state, "running") != 0 ||
	    !sim_get(path, text, sizeof(text)) ||
	    sscanf(text, "at %" SCNu64, &at) != 1 || clock_ns() < at)
		return 0;
	unlink(path);
	return sim_set_state(d, "suspended", err);
}

static int
read_config(const char *name, struct sim_domain *ret, struct err *err)
{
	char path[SIM_PATH_MAX], *text;
	size_t len;
	int rc;

	sim_path(path, "domains/%s/config", name);
	if (fd_read_file(AT_FDCWD, path, CONFIG_MAX, &text, &len, err))
		return -1;
	rc = parse_config(ret, text, err);
	free(text);
	return rc;
}

int
sim_domain(const char *name, struct sim_domain *ret, struct err *err)
{
	char path[SIM_PATH_MAX];

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	sim_path(path, "domains/%s/state", name);
	if (!sim_get(path, ret->state, sizeof(ret->state)) ||
	    strcmp(ret->state, "gone") == 0)
		return err_set(err, ERR_NOTFOUND, 0,
			       "there is no domain called %s", name);
	return read_config(name, ret, err) ? -1 : stop_in_time(ret, err);
}

int
sim_domain_gone(const char *name, struct sim_domain *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	strcpy(ret->state, "gone");
	return read_config(name, ret, err);
}

int
sim_each_domain(int (*fn)(struct sim_domain *d, void *ctx, struct err *err),
		void *ctx, struct err *err)
{
	struct sim_domain d;
	char path[SIM_PATH_MAX];
	struct dirent *e;
	DIR *dir;
	int rc = 0;

	sim_path(path, "domains");
	dir = opendir(path);
	if (!dir)
		return err_set(err, ERR_IO, errno, "open %s", path);
	while (rc == 0 && (e = readdir(dir))) {
		struct err one = ERR_INIT;

		if (e->d_name[0] == '.' || sim_domain(e->d_name, &d, &one))
			continue;
		rc = fn(&d, ctx, err);
	}
	closedir(dir);
	return rc;
}

struct wanted {
	uint32_t domid;
	const char *uuid;
	struct sim_domain *ret;
	bool found;
};

static int
is_wanted(struct sim_domain *d, void *ctx, struct err *err)
{
	struct wanted *w = ctx;

	(void)err;
	if (d->domid == w->domid && strcmp(d->uuid, w->uuid) == 0) {
		*w->ret = *d;
		w->found = true;
	}
	return 0;
}

int
sim_domain_by_id(uint32_t domid, const char *uuid, struct sim_domain *ret,
		 struct err *err)
{
	struct wanted w = { domid, uuid, ret, false };

	if (sim_each_domain(is_wanted, &w, err))
		return -1;
	if (!w.found)
		return err_set(err, ERR_NOTFOUND, 0, "domain %u is gone",
			       domid);
	return 0;
}

int
sim_set_state(struct sim_domain *d, const char *state, struct err *err)
{
	char path[SIM_PATH_MAX];

	if (strcmp(state, "suspended") == 0 && sim_issue(d, err))
		return -1;
	sim_path(path, "domains/%s/state", d->name);
	if (sim_put(path, state, err))
		return -1;
	snprintf(d->state, sizeof(d->state), "%s", state);
	return 0;
}

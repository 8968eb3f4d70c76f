/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_state.c - see jobs_state.h. */
#include "jobs_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "json.h"
#include "json_field.h"
#include "log.h"

#define FOLDER ".jobs"
#define FILE_LEN (SNAPSHOT_NAME_MAX + 8)

/* ---- the folder ---- */

static int
make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return err_set(err, fd_code(errno), errno, "make folder %s", path);
}

static int
open_folder(bool make, struct err *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" FOLDER, snapshot_root());
	if (make &&
	    (make_folder(snapshot_root(), err) || make_folder(path, err)))
		return -1;
	return fd_open_dir(AT_FDCWD, path, err);
}

int
jobs_lock(const char *job, struct err *err)
{
	char name[FILE_LEN];
	int dir = open_folder(true, err), fd;

	if (dir < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.lock", job);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		err_set(err, fd_code(errno), errno, "open %s/" FOLDER "/%s",
			snapshot_root(), name);
	fd_close(&dir);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		err_set(err, ERR_BUSY, 0, "another xensnap runs job %s", job);
	else
		err_set(err, ERR_IO, errno, "lock job %s", job);
	fd_close(&fd);
	return -1;
}

/* ---- JSON ---- */

/*
 * {"domains": {"web1": {"good": 1, "attempt": 1, "error": ""}},
 *  "prune": {...}, "verify": {...}}
 */
static struct json_object *
try_to_json(const struct jobs_try *t)
{
	struct json_object *o = json_object_new_object();

	json_add_u64(o, "good", t->good);
	json_add_u64(o, "attempt", t->attempt);
	json_add_str(o, "error", t->error);
	return o;
}

static int
try_from_json(struct json_object *o, struct jobs_try *ret, struct err *err)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, ERR_CORRUPT, 0, "it is no object");
	if (json_u64(o, "good", &ret->good, err) ||
	    json_u64(o, "attempt", &ret->attempt, err))
		return -1;
	return json_copy_str(o, "error", ret->error, sizeof(ret->error), err);
}

static int
domains_from_json(struct json_object *o, struct jobs_state *ret,
		  struct err *err)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, ERR_CORRUPT, 0, "no \"domains\"");
	json_object_object_foreach(o, name, one)
	{
		struct jobs_try *t;

		if (!snapshot_is_name(name))
			return err_set(err, ERR_CORRUPT, 0,
				       "'%s' is no domain's name", name);
		t = jobs_state_add(ret, name, err);
		if (!t || try_from_json(one, t, err))
			return -1;
	}
	return 0;
}

static int
from_json(struct json_object *o, struct jobs_state *ret, struct err *err)
{
	struct json_object *domains = NULL, *prune = NULL, *verify = NULL;

	json_object_object_get_ex(o, "domains", &domains);
	json_object_object_get_ex(o, "prune", &prune);
	json_object_object_get_ex(o, "verify", &verify);
	if (domains_from_json(domains, ret, err) ||
	    try_from_json(prune, &ret->prune, err))
		return -1;
	return try_from_json(verify, &ret->verify, err);
}

static struct json_object *
to_json(const struct jobs_state *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *domains = json_object_new_object();

	for (unsigned int i = 0; i < s->n; i++)
		json_object_object_add(domains, s->domains[i].name,
				       try_to_json(&s->domains[i].backup));
	json_object_object_add(o, "domains", domains);
	json_object_object_add(o, "prune", try_to_json(&s->prune));
	json_object_object_add(o, "verify", try_to_json(&s->verify));
	return o;
}

/* ---- the file ---- */

static int
load(const char *job, struct jobs_state *ret, struct err *err)
{
	int dir = open_folder(false, err), rc = -1;
	struct json_object *o;
	char name[FILE_LEN];

	if (dir < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.json", job);
	o = json_read_file(dir, name, err);
	if (o)
		rc = from_json(o, ret, err);
	json_object_put(o);
	fd_close(&dir);
	return rc;
}

void
jobs_state_load(const char *job, struct jobs_state *ret)
{
	struct err e = ERR_INIT;

	memset(ret, 0, sizeof(*ret));
	if (load(job, ret, &e) == 0)
		return;
	jobs_state_done(ret);
	if (e.code != ERR_NOTFOUND)
		log_warning("what is known of job %s cannot be read, so all of "
			    "it is taken for never done: %s/" FOLDER
			    "/%s.json: %s",
			    job, snapshot_root(), job, e.text);
}

int
jobs_state_save(const char *job, const struct jobs_state *s, struct err *err)
{
	int dir = open_folder(true, err), rc;
	struct json_object *o;
	char name[FILE_LEN];

	if (dir < 0)
		return -1;
	snprintf(name, sizeof(name), "%s.json", job);
	o = to_json(s);
	rc = json_write_file(dir, name, o, err);
	json_object_put(o);
	fd_close(&dir);
	return rc;
}

/* ---- in memory ---- */

void
jobs_state_done(struct jobs_state *s)
{
	free(s->domains);
	memset(s, 0, sizeof(*s));
}

struct jobs_try *
jobs_state_of(const struct jobs_state *s, const char *domain)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (strcmp(s->domains[i].name, domain) == 0)
			return &s->domains[i].backup;
	return NULL;
}

struct jobs_try *
jobs_state_add(struct jobs_state *s, const char *domain, struct err *err)
{
	struct jobs_try *is = jobs_state_of(s, domain);
	struct jobs_domain *more;

	if (is)
		return is;
	more = reallocarray(s->domains, s->n + 1, sizeof(*more));
	if (!more) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	s->domains = more;
	memset(&more[s->n], 0, sizeof(*more));
	snprintf(more[s->n].name, sizeof(more->name), "%s", domain);
	return &more[s->n++].backup;
}

void
jobs_state_forget(struct jobs_state *s, unsigned int i)
{
	memmove(&s->domains[i], &s->domains[i + 1],
		(s->n - i - 1) * sizeof(*s->domains));
	s->n--;
}

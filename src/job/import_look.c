/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import_look.c - see import.h: before anything is made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config_left.h"
#include "fd.h"
#include "import.h"
#include "log.h"
#include "memory_sum.h"
#include "uuid.h"

/* ---- memory ---- */

/*
 * Its header is read here, once, since the configuration is in it.  The rest is
 * read when it is copied.
 */
static int
open_memory(struct import *x)
{
	const struct import_file *f = import_dir_find(&x->dir, SNAPSHOT_MEMORY);

	if (!f)
		return 0;
	x->memory = import_file_open(&x->dir, f, x->err);
	if (x->memory < 0)
		return -1;
	if (xl_header_read(x->memory, 0, IMPORT_CONFIG_MAX, &x->header, x->err))
		return err_add(x->err, SNAPSHOT_MEMORY);
	return 0;
}

/* Is it the memory that was kept with these disks?  Another export's would have
 * good sums too. */
static int
check_memory(struct import *x)
{
	const struct import_file *f = import_dir_find(&x->dir, SNAPSHOT_MEMORY);
	char sum[SHA256_HEX_LEN + 1];

	if (!f || !x->has_record)
		return 0;
	if ((uint64_t)f->st.st_size != x->was.memory_bytes)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s has %jd bytes, and should have %ju", f->name,
			       (intmax_t)f->st.st_size,
			       (uintmax_t)x->was.memory_bytes);
	if (!x->was.memory_sum[0])
		return 0;
	if (memory_sum(x->memory, sum, x->err))
		return -1;
	if (strcmp(sum, x->was.memory_sum) == 0)
		return 0;
	return err_set(x->err, ERR_CORRUPT, 0,
		       "%s is not the one that was kept with the snapshot",
		       f->name);
}

/* ---- configuration ---- */

/* With memory it is in there: the one by which that can go on. */
static int
read_config(struct import *x)
{
	const char *name = snapshot_config_file(x->s->mode);
	const struct import_file *f = import_dir_find(&x->dir, name);

	if (x->memory >= 0) {
		x->config = x->header.config;
		name = SNAPSHOT_MEMORY;
	} else if (!f) {
		return err_set(x->err, ERR_CORRUPT, 0,
			       "%s is missing, so nothing tells what these "
			       "are disks of",
			       name);
	} else {
		x->config_text =
			import_file_text(&x->dir, f, IMPORT_CONFIG_MAX, x->err);
		x->config = x->config_text;
	}
	if (!x->config)
		return -1;
	if (x->s->mode == SNAPSHOT_OFFLINE ?
		    domain_offline_look(x->config, &x->info, x->err) :
		    xl_safe_look(x->config, &x->info, x->err))
		return err_add(x->err, "%s", name);
	return 0;
}

static int
plan_name(struct import *x)
{
	const char *name = x->o->name;
	struct snapshot *s = x->s;

	if (!*name && x->has_record)
		name = x->was.name;
	if (*name)
		snprintf(s->name, sizeof(s->name), "%s", name);
	else
		clock_stamp(s->name);
	return 0;
}

static int
plan_domain(struct import *x)
{
	char domain[SNAPSHOT_NAME_MAX + 1], none[SNAPSHOT_NAME_MAX + 1];
	const char *name = *x->o->domain ? x->o->domain : x->info.name;

	if (snapshot_split_name(name, false, domain, none, x->err) || none[0])
		return err_set(x->err, ERR_INVALID, 0,
			       "the domain is called \"%s\" there, which "
			       "cannot be a name here; say how it is called "
			       "here",
			       x->info.name);
	if (!*x->o->domain && x->has_record &&
	    strcmp(x->was.domain, domain) != 0)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "snapshot.json is of %s, and the configuration "
			       "of %s; say how it is called here",
			       x->was.domain, domain);
	strcpy(x->s->domain, domain);
	return 0;
}

/* Another name is another machine: two of one uuid Xen takes for one. */
static int
plan_uuid(struct import *x)
{
	struct snapshot *s = x->s;

	if (x->has_record && x->was.uuid[0] && x->info.uuid[0] &&
	    strcmp(x->was.uuid, x->info.uuid) != 0)
		return err_set(x->err, ERR_CORRUPT, 0,
			       "snapshot.json is of the domain %s, and the "
			       "configuration of %s",
			       x->was.uuid, x->info.uuid);
	strcpy(s->uuid, x->info.uuid);
	if (strcmp(s->domain, x->info.name) == 0 &&
	    (s->uuid[0] || s->mode == SNAPSHOT_OFFLINE))
		return 0;
	if (uuid_new(s->uuid, x->err))
		return -1;
	log_notice("the domain is called %s here, and not \"%s\"; it gets a "
		   "uuid of its own, %s",
		   s->domain, x->info.name, s->uuid);
	return 0;
}

static int
plan_type(struct import *x)
{
	strcpy(x->s->type, domain_type_name(x->info.type));
	if (!x->has_record || strcmp(x->was.type, x->s->type) == 0)
		return 0;
	return err_set(x->err, ERR_CORRUPT, 0,
		       "snapshot.json is of a %s domain, and the configuration "
		       "of a %s one",
		       x->was.type, x->s->type);
}

/* What is not taken, since memory.xl has another one, is to be whole too. */
static int
check_others(struct import *x)
{
	static const char *const names[] = { "domain.cfg", "domain.json" };
	const struct import_file *f;
	char *text;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		f = import_dir_find(&x->dir, names[i]);
		if (!f || !f->sha256[0])
			continue;
		text = import_file_text(&x->dir, f, IMPORT_CONFIG_MAX, x->err);
		if (!text)
			return -1;
		free(text);
	}
	return 0;
}

/* ---- what is kept of it ---- */

static int
keep_config(struct import *x)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	char nowhere[DOMAIN_DISKS_MAX][64];
	struct xl_safe_how how = {
		.name = x->s->domain,
		.uuid = x->s->uuid,
		.trust = x->o->trust_config,
		.disks = disks,
		.n_disks = x->s->n_disks,
	};

	for (unsigned int i = 0; i < x->s->n_disks; i++) {
		const struct snapshot_disk *d = &x->s->disks[i];

		snprintf(nowhere[i], sizeof(nowhere[i]), "%s/%s",
			 XL_SAFE_NOWHERE, d->vdev);
		disks[i].vdev = d->vdev;
		disks[i].path = d->view.source[0] ? d->view.source : nowhere[i];
		disks[i].format = d->format;
	}
	x->safe =
		x->s->mode == SNAPSHOT_OFFLINE ?
			domain_offline_safe(x->config, &how, &x->report->left,
					    x->err) :
			xl_safe_json(x->config, &how, &x->report->left, x->err);
	if (!x->safe)
		return -1;
	config_left_tell(&x->report->left, x->memory >= 0, x->o->dir);
	return 0;
}

/* ---- all of it ---- */

static int
look_at_folder(struct import *x)
{
	if (import_dir_open(&x->dir, x->o->dir, x->err))
		return -1;
	x->report->sums = x->dir.sums;
	if (x->dir.sums)
		return 0;
	if (x->o->need_sums)
		return err_set(x->err, ERR_NOTFOUND, 0,
			       "%s has no SHA256SUMS, and --need-sums was "
			       "given",
			       x->o->dir);
	log_warning("%s has no SHA256SUMS: that nothing in it was damaged "
		    "cannot be told",
		    x->o->dir);
	return 0;
}

int
import_look(struct import *x)
{
	struct snapshot *s = x->s;

	if (look_at_folder(x) || open_memory(x) || import_record(x) ||
	    check_memory(x) || read_config(x) || check_others(x) ||
	    plan_domain(x) || plan_name(x) || plan_uuid(x) || plan_type(x))
		return -1;
	if (snapshot_check_free(s->domain, s->name, x->err) ||
	    uuid_new(s->generation, x->err))
		return -1;
	return import_disks(x) || keep_config(x) ? -1 : 0;
}

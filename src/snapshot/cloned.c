/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cloned.c - see cloned.h. */
#include "cloned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_file.h"
#include "json.h"
#include "json_field.h"
#include "units.h"

#define FILE_NAME ".clone"
#define FORMAT 1

/* ---- as JSON ---- */

static struct json_object *
disk_to_json(const struct cloned_disk *d)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	json_add_str(o, "vdev", d->vdev);
	json_add_str(o, "driver", d->disk.driver);
	json_add_str(o, "path", d->disk.path);
	json_add_str(o, "base", d->disk.base);
	json_add_u64(o, "bytes", d->disk.bytes);
	json_add_u64(o, "cow_bytes", d->disk.cow_bytes);
	return o;
}

static struct json_object *
to_json(const struct cloned *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array();

	if (!o || !disks) {
		json_object_put(o);
		json_object_put(disks);
		return NULL;
	}
	json_add_u64(o, "format", FORMAT);
	json_add_str(o, "domain", c->domain);
	json_add_str(o, "uuid", c->uuid);
	json_add_str(o, "from", c->from);
	json_add_str(o, "name", c->name);
	json_add_str(o, "generation", c->generation);
	json_add_str(o, "created", c->created);
	json_object_object_add(o, "made", json_object_new_boolean(c->made));
	json_object_object_add(o, "memory", json_object_new_boolean(c->memory));
	for (unsigned int i = 0; i < c->n_disks; i++)
		json_object_array_add(disks, disk_to_json(&c->disks[i]));
	json_object_object_add(o, "disks", disks);
	return o;
}

static int
disk_from_json(struct json_object *o, const char *token,
	       struct cloned_disk *ret, struct err *err)
{
	struct disk_clone *d = &ret->disk;

	snprintf(d->token, sizeof(d->token), "%s", token);
	if (json_copy_str(o, "vdev", ret->vdev, sizeof(ret->vdev), err) ||
	    json_copy_str(o, "driver", d->driver, sizeof(d->driver), err) ||
	    json_copy_str(o, "path", d->path, sizeof(d->path), err) ||
	    json_copy_str(o, "base", d->base, sizeof(d->base), err) ||
	    json_u64(o, "bytes", &d->bytes, err) ||
	    json_u64(o, "cow_bytes", &d->cow_bytes, err))
		return -1;
	if (d->path[0] != '/')
		return err_set(err, ERR_CORRUPT, 0, "'%s' is no absolute path",
			       d->path);
	return 0;
}

static int
disks_from_json(struct json_object *o, struct cloned *ret, struct err *err)
{
	struct json_object *disks = json_array(o, "disks", err);
	size_t n = disks ? json_object_array_length(disks) : 0;

	if (!disks)
		return -1;
	if (n > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_CORRUPT, 0, "it has too many disks");
	for (size_t i = 0; i < n; i++)
		if (disk_from_json(json_object_array_get_idx(disks, i),
				   ret->uuid, &ret->disks[i], err))
			return -1;
	ret->n_disks = (unsigned int)n;
	return 0;
}

static int
from_json(struct json_object *o, struct cloned *ret, struct err *err)
{
	if (json_copy_str(o, "domain", ret->domain, sizeof(ret->domain), err) ||
	    json_copy_str(o, "uuid", ret->uuid, sizeof(ret->uuid), err) ||
	    json_copy_str(o, "from", ret->from, sizeof(ret->from), err) ||
	    json_copy_str(o, "name", ret->name, sizeof(ret->name), err) ||
	    json_copy_str(o, "generation", ret->generation,
			  sizeof(ret->generation), err) ||
	    json_copy_str(o, "created", ret->created, sizeof(ret->created),
			  err))
		return -1;
	if (!snapshot_is_name(ret->from) || !snapshot_is_name(ret->name))
		return err_set(err, ERR_CORRUPT, 0, "it makes no sense");
	ret->made = json_bool_or(o, "made", false);
	ret->memory = json_bool_or(o, "memory", false);
	return disks_from_json(o, ret, err);
}

/* ---- the file ---- */

int
cloned_write(const struct cloned *c, struct err *err)
{
	return domain_file_write(c->domain, FILE_NAME, to_json(c), err);
}

int
cloned_read(const char *domain, struct cloned *ret, struct err *err)
{
	struct json_object *o;
	int is = domain_file_read(domain, FILE_NAME, &o, err), rc;

	memset(ret, 0, sizeof(*ret));
	if (is <= 0)
		return is;
	rc = domain_file_check(o, domain, FORMAT, err);
	if (rc == 0)
		rc = from_json(o, ret, err);
	json_object_put(o);
	return rc ? err_add(err, "%s/" FILE_NAME, domain) : 1;
}

int
cloned_end(const char *domain, struct err *err)
{
	return domain_file_end(domain, CLONED_CONFIG, FILE_NAME, err);
}

/* ---- all of them ---- */

struct each {
	const char *from, *name;
	int (*fn)(const struct cloned *c, void *ctx);
	void *ctx;
	struct err *err;
};

static int
each_domain(const char *domain, void *ctx)
{
	struct cloned *c = calloc(1, sizeof(*c));
	struct each *x = ctx;
	int r;

	if (!c)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	r = cloned_read(domain, c, x->err);
	if (r > 0 && (!x->from || (strcmp(c->from, x->from) == 0 &&
				   strcmp(c->name, x->name) == 0)))
		r = x->fn(c, x->ctx);
	free(c);
	return r < 0 ? -1 : 0;
}

int
cloned_each(const char *from, const char *name,
	    int (*fn)(const struct cloned *c, void *ctx), void *ctx,
	    struct err *err)
{
	struct each x = { from, name, fn, ctx, err };

	return snapshot_domains(each_domain, &x, err);
}

struct names {
	char text[160];
	unsigned int n;
};

static int
add_name(const struct cloned *c, void *ctx)
{
	struct names *x = ctx;
	size_t len = strlen(x->text);

	if (len + strlen(c->domain) + 8 < sizeof(x->text))
		snprintf(x->text + len, sizeof(x->text) - len, "%s%s",
			 x->n ? ", " : "", c->domain);
	else if (strcmp(x->text + len - 3, "...") != 0)
		strcat(x->text, ", ...");
	x->n++;
	return 0;
}

int
cloned_check_none(const char *from, const char *name, struct err *err)
{
	struct names x = { .n = 0 };

	if (cloned_each(from, name, add_name, &x, err))
		return -1;
	if (x.n == 0)
		return 0;
	return err_set(err, ERR_STATE, 0,
		       "the clone%s %s live%s on it: `xensnap delete` %s first",
		       units_s(x.n), x.text, x.n == 1 ? "s" : "",
		       x.n == 1 ? "it" : "them");
}

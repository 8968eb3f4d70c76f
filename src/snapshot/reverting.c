/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reverting.c - see reverting.h. */
#include "reverting.h"

#include <string.h>

#include "domain_file.h"
#include "json.h"
#include "json_field.h"

#define FILE_NAME ".revert"
#define FORMAT 1

static struct json_object *
to_json(const struct reverting *r)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	json_add_u64(o, "format", FORMAT);
	json_add_str(o, "domain", r->domain);
	json_add_str(o, "name", r->name);
	json_add_str(o, "generation", r->generation);
	json_add_str(o, "before", r->before);
	json_add_u64(o, "domid", r->domid);
	json_add_str(o, "uuid", r->uuid);
	json_object_object_add(o, "disks_only",
			       json_object_new_boolean(r->disks_only));
	json_object_object_add(o, "started",
			       json_object_new_boolean(r->started));
	return o;
}

static int
from_json(struct json_object *o, struct reverting *ret, struct err *err)
{
	uint64_t domid;

	if (json_copy_str(o, "domain", ret->domain, sizeof(ret->domain), err) ||
	    json_copy_str(o, "name", ret->name, sizeof(ret->name), err) ||
	    json_copy_str(o, "generation", ret->generation,
			  sizeof(ret->generation), err) ||
	    json_copy_str(o, "before", ret->before, sizeof(ret->before), err) ||
	    json_copy_str(o, "uuid", ret->uuid, sizeof(ret->uuid), err) ||
	    json_u64(o, "domid", &domid, err))
		return -1;
	if (domid > UINT32_MAX || !snapshot_is_name(ret->name) ||
	    (ret->before[0] && !snapshot_is_name(ret->before)))
		return err_set(err, ERR_CORRUPT, 0, "it makes no sense");
	ret->domid = (uint32_t)domid;
	ret->disks_only = json_bool_or(o, "disks_only", false);
	ret->started = json_bool_or(o, "started", false);
	return 0;
}

int
reverting_write(const struct reverting *r, struct err *err)
{
	return domain_file_write(r->domain, FILE_NAME, to_json(r), err);
}

int
reverting_read(const char *domain, struct reverting *ret, struct err *err)
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
reverting_end(const char *domain, struct err *err)
{
	return domain_file_end(domain, FILE_NAME, REVERTING_CONFIG, err);
}

int
reverting_check(const char *domain, struct err *err)
{
	struct reverting r;
	int is = reverting_read(domain, &r, err);

	if (is <= 0)
		return is;
	return err_set(err, ERR_STATE, 0,
		       "a revert of %s to %s@%s did not end, and its disks may "
		       "be half of it: run `xensnap recover %s`",
		       domain, domain, r.name, domain);
}

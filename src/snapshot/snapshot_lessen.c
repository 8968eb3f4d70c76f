/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_lessen.c - see snapshot.h. */
#include <errno.h>
#include <json-c/json.h>
#include <unistd.h>

#include "fail.h"
#include "fd.h"
#include "json.h"
#include "log.h"
#include "snapshot.h"

/* Who dies in between leaves a file that nobody looks at, until the folder
 * goes. */
int
snapshot_lessen(const struct snapshot *s, struct err *err)
{
	int folder = snapshot_use_alone(s->domain, s->name, err);
	struct json_object *o;
	int rc = -1;

	if (folder < 0)
		return -1;
	o = snapshot_to_json(s, err);
	if (o)
		rc = json_write_file(folder, SNAPSHOT_RECORD, o, err);
	json_object_put(o);
	fail_here("lessen.record");
	if (rc == 0 && unlinkat(folder, SNAPSHOT_MEMORY, 0) && errno != ENOENT)
		log_warning("%s of %s@%s is not needed any more, and cannot be "
			    "removed",
			    SNAPSHOT_MEMORY, s->domain, s->name);
	fd_close(&folder);
	return rc;
}

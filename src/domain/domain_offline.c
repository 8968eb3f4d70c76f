/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_offline.c - the driver for a domain that does not run: what it is,
 * its xl configuration file says (domain_offline_cfg.c).
 *
 * No hypervisor is asked, so this works without Xen.  Whether the domain runs
 * after all is not known here, but to domain_find().
 */
#include "domain_offline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

#define TEXT_MAX (1u << 20) /* bytes; most files have some hundreds */

struct off_domain {
	struct domain base;
	char *text;
	struct domain_info info;
};

/* *@ret is the caller's in any case.  Links are followed: xl's autostart
 * folder is full of them. */
static int
read_text(const char *file, char **ret, struct err *err)
{
	char *full = realpath(file, NULL);
	size_t len;
	int rc;

	if (!full)
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
			       errno, "open %s", file);
	rc = fd_read_file(AT_FDCWD, full, TEXT_MAX, ret, &len, err);
	free(full);
	if (rc)
		return -1;
	if (strlen(*ret) != len)
		return err_set(err, ERR_CORRUPT, 0, "%s is no text", file);
	/* xl takes that, but not with anything behind it: no export could. */
	if (len && (*ret)[len - 1] == '\\')
		return err_set(err, ERR_CORRUPT, 0,
			       "%s ends in the middle of a line", file);
	return 0;
}

static void
offline_close(struct domain *base)
{
	struct off_domain *d = (struct off_domain *)base;

	free(d->text);
	free(d);
}

int
offline_find(const char *config_file, const char *name, struct domain **ret,
	     struct err *err)
{
	struct off_domain *d = calloc(1, sizeof(*d));

	if (!d)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	d->base.ops = &domain_offline_ops;
	if (read_text(config_file, &d->text, err))
		goto out;
	if (offline_read(d->text, name, &d->info, err)) {
		err_add(err, "%s", config_file);
		goto out;
	}
	*ret = &d->base;
	d = NULL;
out:
	if (d)
		offline_close(&d->base);
	return *ret ? 0 : -1;
}

static int
offline_describe(struct domain *base, struct domain_info *ret, struct err *err)
{
	struct off_domain *d = (struct off_domain *)base;

	(void)err;
	*ret = d->info;
	return 0;
}

static char *
offline_text(struct domain *base, struct err *err)
{
	struct off_domain *d = (struct off_domain *)base;
	char *text = strdup(d->text);

	if (!text)
		err_set(err, ERR_NOMEM, 0, "out of memory");
	return text;
}

/* ---- what cannot be asked of a domain that does not run ---- */

static int
no_such(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, 0, "the domain does not run");
}

static int
offline_no_find(const char *name, struct domain **ret, struct err *err)
{
	(void)ret;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "%s is found by its configuration file alone", name);
}

static int
offline_save(struct domain *d, const struct domain_save_how *how,
	     struct domain_times *times, struct err *err)
{
	(void)d;
	(void)how;
	(void)times;
	return no_such(err);
}

static int
offline_go_on(struct domain *d, struct err *err)
{
	(void)d;
	return no_such(err);
}

static int
offline_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
	       bool *ret_resumed, struct err *err)
{
	(void)domid;
	(void)uuid;
	(void)wait_ms;
	(void)ret_resumed;
	return no_such(err);
}

static int
offline_state(uint32_t domid, const char *uuid, enum domain_state *ret,
	      struct err *err)
{
	(void)domid;
	(void)uuid;
	(void)ret;
	return no_such(err);
}

const struct domain_ops domain_offline_ops = {
	.name = "offline",
	.find = offline_no_find,
	.describe = offline_describe,
	.config = offline_text,
	.save = offline_save,
	.resume = offline_go_on,
	.finish = offline_go_on,
	.rescue = offline_rescue,
	.state = offline_state,
	.close = offline_close,
};

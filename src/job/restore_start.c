/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* restore_start.c - see restore_start.h. */
#include "restore_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cloned.h"
#include "config_left.h"
#include "domain_file.h"
#include "domain_here.h"
#include "domain_start.h"
#include "fail.h"
#include "fd.h"
#include "host_fits.h"
#include "identity.h"
#include "json.h"
#include "log.h"
#include "restore_config.h"
#include "text.h"
#include "uuid.h"
#include "xl_cfg.h"

/* In our root, of domains without a folder of their own: NAME.cfg. */
#define CONFIG_FOLDER ".restored"

struct planning {
	struct restore_start *s;
	const struct restore_opts *o;
	const struct backup *b;
	const struct restore_plan *p;
	struct domain_info info; /* what its configuration says */
	struct err *err;
};

/* ---- who it is ---- */

static int
read_config(struct planning *x, struct getter *g)
{
	struct restore_start *s = x->s;

	if (name_is_zero(x->b->config))
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "backup %s is of a lone disk: there is no "
			       "domain to start",
			       x->b->name);
	s->offline = x->b->mode == SNAPSHOT_OFFLINE + 1;
	s->memory = x->b->memory && !x->o->disks_only;
	s->both = restore_config_read(g, x->b, x->err);
	if (!s->both)
		return -1;
	s->text = s->both + strlen(s->both) + 1;
	if (s->offline ? domain_offline_look(s->text, &x->info, x->err) :
			 xl_safe_look(s->text, &x->info, x->err))
		return err_add(x->err, "its configuration");
	return 0;
}

/* Another name is another machine: two of one uuid Xen takes for one. */
static int
plan_identity(struct planning *x)
{
	struct restore_start *s = x->s;
	const char *name = x->o->as ? x->o->as : x->info.name;

	if (!snapshot_is_name(name))
		return err_set(x->err, ERR_INVALID, 0,
			       "\"%s\" cannot be a domain's name here%s", name,
			       x->o->as ? "" :
					  "; --as NAME says how it is called "
					  "here");
	strcpy(s->name, name);
	s->other = x->o->as && strcmp(x->o->as, x->info.name) != 0;
	if (!x->o->clone && (s->other || !x->info.uuid[0]))
		return uuid_new(s->uuid, x->err);
	strcpy(s->uuid, x->o->clone ? x->o->clone : x->info.uuid);
	return 0;
}

static int
see(const struct domain_seen *d, void *ctx, struct err *err)
{
	struct planning *x = ctx;
	bool named = strcmp(d->name, x->s->name) == 0;

	if (!named && strcmp(d->uuid, x->s->uuid) != 0)
		return 0;
	return err_set(err, ERR_EXISTS, 0,
		       "there is a domain %s already%s; --as NEW restores it "
		       "as another one beside it",
		       d->name, named ? "" : ", with its uuid");
}

static int
check_free(struct planning *x)
{
	struct cloned *c;
	int r;

	if (x->o->clone)
		return domain_each(see, x, x->err);
	c = malloc(sizeof(*c));
	r = c ? cloned_read(x->s->name, c, x->err) :
		err_set(x->err, ERR_NOMEM, 0, "out of memory");
	free(c);
	if (r > 0)
		r = err_set(x->err, ERR_EXISTS, 0,
			    "%s is a clone on this host: `xensnap delete %s` "
			    "removes it",
			    x->s->name, x->s->name);
	return r ? -1 : domain_each(see, x, x->err);
}

/* ---- can it run here? ---- */

/* A save goes on under the Xen that it was made under, or a later one. */
static int
check_version(struct planning *x, const struct domain_hypervisor *h)
{
	struct json_object *o = json_parse(x->s->both, strlen(x->s->both),
					   "its record", x->err);
	unsigned int major, minor;
	int rc = 0;

	if (!o)
		return -1;
	if (sscanf(json_str_or(o, "xen_version", ""), "%5u.%5u", &major,
		   &minor) == 2 &&
	    (h->major < major || (h->major == major && h->minor < minor)))
		rc = err_set(x->err, ERR_UNSUPPORTED, 0,
			     "its memory is of Xen %u.%u, and goes on under "
			     "that or a later one; here is %s. --disks-only "
			     "boots it from its disks",
			     major, minor, h->version);
	json_object_put(o);
	return rc;
}

static int
check_host(struct planning *x)
{
	bool pv = x->info.type == DOMAIN_PV;
	struct domain_hypervisor h;

	x->s->pv = pv;
	if (domain_hypervisor(&h, x->err))
		return -1;
	if (!h.starts)
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "there is no xl on this host to start it");
	if (pv ? !h.pv : !h.hvm)
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "it is a %s domain, and Xen runs none on this "
			       "host",
			       domain_type_name(x->info.type));
	if (host_fits_room(&h, x->info.memory_bytes, 1, x->err))
		return -1;
	return x->s->memory ? check_version(x, &h) : 0;
}

/* ---- its disks ---- */

static bool
goes_somewhere(const struct restore_plan *p, const char *vdev)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (!p->targets[i].memory &&
		    strcmp(p->targets[i].disk->vdev, vdev) == 0)
			return true;
	return false;
}

static int
check_disks(struct planning *x)
{
	for (unsigned int i = 0; i < x->b->n_disks; i++)
		if (!goes_somewhere(x->p, x->b->disks[i].vdev))
			return err_set(x->err, ERR_INVALID, 0,
				       "disk %s goes nowhere: --map %s=PATH "
				       "says where",
				       x->b->disks[i].vdev,
				       x->b->disks[i].vdev);
	for (unsigned int i = 0; i < x->info.n_disks; i++) {
		const struct domain_disk *d = &x->info.disks[i];

		if (!domain_disk_is_written(d) || goes_somewhere(x->p, d->vdev))
			continue;
		if (x->s->memory)
			return err_set(x->err, ERR_UNSUPPORTED, 0,
				       "disk %s was left out of the backup, "
				       "and its memory cannot go on without; "
				       "--disks-only boots it",
				       d->vdev);
		log_warning("disk %s was left out of the backup, and the "
			    "domain has none in its place",
			    d->vdev);
	}
	return 0;
}

/* ---- its configuration ---- */

/* What is taken of it; the disks as xl will find them. */
static char *
make_safe(struct restore_start *s, const struct restore_opts *o,
	  const struct xl_cfg_disk *disks, unsigned int n, struct err *err)
{
	struct xl_safe_how how = {
		.name = s->name,
		.uuid = s->uuid,
		.trust = o->trust_config,
		.disks = disks,
		.n_disks = n,
	};

	return s->offline ? domain_offline_safe(s->text, &how, &s->left, err) :
			    xl_safe_json(s->text, &how, &s->left, err);
}

/* Can it go on from its memory, or boot, with what is taken of it? */
static int
check_left(struct planning *x)
{
	bool hvm = x->info.type == DOMAIN_HVM;
	char *safe;

	/* The others boot from their disks, or go on whatever they booted by.
	 */
	if (x->s->memory ? !hvm : hvm)
		return 0;
	safe = make_safe(x->s, x->o, NULL, 0, x->err);
	if (!safe)
		return err_add(x->err, "its configuration");
	free(safe);
	if (x->s->memory && config_left_machine(&x->s->left))
		return err_set(
			x->err, ERR_UNSUPPORTED, 0,
			"its QEMU was started with a kernel or arguments "
			"that are not taken from a repository, and "
			"without them its memory cannot go on: "
			"--trust-config takes them, if you trust whoever "
			"can write to that; --disks-only boots without");
	if (!x->s->memory && config_left_boot(&x->s->left))
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "what it boots by, a kernel or a bootloader of "
			       "the host, is not taken from a repository: "
			       "--trust-config takes it, if you trust whoever "
			       "can write to that");
	return 0;
}

int
restore_start_plan(struct restore_start *s, const struct restore_opts *o,
		   struct getter *g, const struct backup *b,
		   const struct restore_plan *p, struct err *err)
{
	struct planning *x = calloc(1, sizeof(*x));
	int rc = -1;

	if (!x)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	*x = (struct planning){ .s = s, .o = o, .b = b, .p = p, .err = err };
	if (read_config(x, g) == 0 && plan_identity(x) == 0 &&
	    check_host(x) == 0 && check_free(x) == 0 && check_disks(x) == 0 &&
	    check_left(x) == 0)
		rc = identity_check_network(&o->network,
					    s->memory ? s->text : NULL, err);
	free(x);
	return rc;
}

int
restore_start_check_memory(const struct restore_start *s,
			   const struct restore_memory *m, struct err *err)
{
	struct cpu_features told;
	int r;

	if (!s->memory)
		return 0;
	r = restore_memory_cpu(m, &told, err);
	return r > 0 ? host_fits_cpu(&told, s->pv, err) : r;
}

/* Of an xl file: with the disks first, since it may name its own. */
static int
make_offline(struct restore_start *s, const struct xl_cfg_identity *id,
	     const struct xl_cfg_disk *disks, unsigned int n, struct err *err)
{
	char *step = domain_offline_config(s->safe, disks, n, err);

	if (step)
		s->cfg = domain_offline_as_other(step, id, err);
	free(step);
	return s->cfg ? 0 : -1;
}

static int
make_json(struct restore_start *s, const struct xl_cfg_identity *id,
	  const struct xl_cfg_disk *disks, unsigned int n, struct err *err)
{
	s->json = xl_cfg_as_other(s->safe, id, err);
	if (s->json)
		s->cfg = xl_cfg_from_json(s->json, disks, n, NULL, err);
	return s->cfg ? 0 : -1;
}

static int
make_texts(struct restore_start *s, const struct restore_opts *o,
	   const struct xl_cfg_disk *disks, unsigned int n, struct err *err)
{
	struct xl_cfg_identity id;
	int rc = -1;

	identity_make(s->name, s->uuid, &o->network, !s->other, &id);
	s->safe = make_safe(s, o, disks, n, err);
	if (s->safe)
		rc = s->offline ? make_offline(s, &id, disks, n, err) :
				  make_json(s, &id, disks, n, err);
	return rc ? err_add(err, "its configuration") : 0;
}

int
restore_start_config(struct restore_start *s, const struct restore_opts *o,
		     const struct restore_plan *p, struct err *err)
{
	struct xl_cfg_disk disks[DOMAIN_DISKS_MAX];
	unsigned int n = restore_config_disks(p, disks);
	int len;

	if (make_texts(s, o, disks, n, err))
		return -1;
	s->is_clone = o->clone;
	if (s->is_clone)
		return domain_file_path(s->name, CLONED_CONFIG, s->config,
					sizeof(s->config), err);
	config_left_tell(&s->left, s->memory, o->how.address);
	s->in_folder = p->dir[0];
	if (s->in_folder)
		len = snprintf(s->config, sizeof(s->config), "%s/%s", p->dir,
			       RESTORE_CFG);
	else
		len = snprintf(s->config, sizeof(s->config), "%s/%s/%s.cfg",
			       snapshot_root(), CONFIG_FOLDER, s->name);
	if (len < (int)sizeof(s->config))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       "the path of its configuration is too long");
}

/* ---- start it ---- */

static int
open_clone_folder(const struct restore_start *s, struct err *err)
{
	char folder[PATH_MAX];

	if (domain_file_path(s->name, "", folder, sizeof(folder), err))
		return -1;
	return fd_open_dir(AT_FDCWD, folder, err);
}

static int
open_config_folder(struct err *err)
{
	int root = fd_open_dir(AT_FDCWD, snapshot_root(), err), dir = -1;

	if (root < 0)
		return -1;
	if (mkdirat(root, CONFIG_FOLDER, 0700) && errno != EEXIST)
		err_set(err, fd_code(errno), errno, "make folder %s/%s",
			snapshot_root(), CONFIG_FOLDER);
	else
		dir = fd_open_dir(root, CONFIG_FOLDER, err);
	fd_close(&root);
	return dir;
}

static int
write_config(const struct restore_start *s, struct err *err)
{
	int dir = s->is_clone ? open_clone_folder(s, err) :
				open_config_folder(err);
	int rc;

	if (dir < 0)
		return -1;
	rc = fd_write_file(dir, strrchr(s->config, '/') + 1, s->cfg,
			   strlen(s->cfg), err);
	fd_close(&dir);
	return rc;
}

static int
feed(void *ctx, int to, struct err *err)
{
	struct restore_memory *m = ctx;
	uint64_t bytes;

	m->to = to;
	if (restore_memory(m, &bytes, err))
		return -1;
	fail_here("restore.fed");
	return 0;
}

static int
boot(const struct restore_start *s, struct restore_memory *m, struct err *err)
{
	struct domain_start how = { .name = s->name, .config = s->config };
	bool started;

	if (s->memory) {
		m->config = s->json;
		how.feed = feed;
		how.feed_ctx = m;
	}
	if (domain_boot(&how, &started, err))
		return -1;
	fail_here("restore.started");
	return started ? 0 :
			 err_set(err, ERR_STATE, 0,
				 "somebody else started a domain %s meanwhile",
				 s->name);
}

int
restore_start_run(struct restore_start *s, struct restore_memory *m,
		  struct err *err)
{
	int lock = s->is_clone ? -1 : snapshot_lock(s->name, 0, err);
	int rc = -1;

	if (lock < 0 && !s->is_clone)
		return -1;
	if (s->in_folder || write_config(s, err) == 0) {
		fail_here("restore.config");
		rc = boot(s, m, err);
	}
	snapshot_unlock(s->name, &lock);
	if (rc == 0)
		return 0;
	if (s->memory && s->left.hvm && s->left.n)
		err_more(err,
			 "QEMU refuses the state of a device that was left out "
			 "(see /var/log/xen/qemu-dm-%s.log)",
			 s->name);
	return err_add(err, "start %s", s->name);
}

void
restore_start_done(struct restore_start *s)
{
	free(s->both);
	free(s->safe);
	free(s->json);
	free(s->cfg);
	s->both = s->safe = s->json = s->cfg = NULL;
}

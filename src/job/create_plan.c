/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create_plan.c - before anything is touched: which domain, which way, which
 * disks, and everything that can be wrong with them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "clock.h"
#include "create.h"
#include "log.h"
#include "offline.h"
#include "units.h"
#include "uuid.h"

static int
plan_names(struct create *c, const char *domain, const char *name)
{
	struct snapshot *s = c->s;

	snprintf(s->domain, sizeof(s->domain), "%s", domain);
	if (*name)
		snprintf(s->name, sizeof(s->name), "%s", name);
	else
		clock_stamp(s->name);
	if (c->opts->base_for)
		strcpy(s->base_for, c->opts->base_for);
	if (snapshot_check_free(s->domain, s->name, c->err) ||
	    snapshot_path(s->domain, s->name, c->folder, sizeof(c->folder),
			  c->err))
		return -1;
	return uuid_new(s->generation, c->err);
}

/* What works for a domain in @state. */
static const char *
way_on(enum domain_state state)
{
	switch (state) {
	case DOMAIN_PAUSED:
		return "; `xl unpause` it first, or use --disks-only";
	case DOMAIN_SUSPENDED:
		return "; `xensnap recover` resumes one that we left so; or "
		       "use --disks-only";
	case DOMAIN_CRASHED:
		return "; --disks-only keeps its disks as they are";
	default:
		return "";
	}
}

/* Its memory: can it be copied, and how? */
static int
plan_memory(struct create *c)
{
	enum create_mode mode = c->opts->mode;
	struct domain_info *info = &c->info;
	struct snapshot *s = c->s;

	if (info->state != DOMAIN_RUNNING)
		return err_set(c->err, ERR_STATE, 0,
			       "domain %s is %s, not running, so it cannot "
			       "answer a request to suspend%s",
			       s->domain, domain_state_name(info->state),
			       way_on(info->state));
	if (!info->save_ok)
		return err_set(c->err, ERR_UNSUPPORTED, 0,
			       "the memory of %s cannot be saved: %s; "
			       "--disks-only can be done",
			       s->domain, info->save_why);
	if (mode == CREATE_LIVE && !info->live_ok)
		return err_set(c->err, ERR_UNSUPPORTED, 0,
			       "--live cannot be done for %s: %s; use --stop",
			       s->domain, info->live_why);
	s->mode = SNAPSHOT_STOP;
	if (mode == CREATE_REBUILD)
		s->mode = SNAPSHOT_REBUILD;
	else if (mode != CREATE_STOP && info->live_ok)
		s->mode = SNAPSHOT_LIVE;
	if (mode == CREATE_AUTO && !info->live_ok)
		log_notice("%s will stand still while its memory is copied "
			   "(--stop): %s",
			   s->domain, info->live_why);
	return 0;
}

int
create_still_off(struct create *c)
{
	return c->s->mode == SNAPSHOT_OFFLINE ?
		       offline_check(c->s->domain, "was started meanwhile",
				     c->err) :
		       0;
}

static int
find_domain(struct create *c)
{
	struct snapshot *s = c->s;

	if (c->opts->mode != CREATE_OFFLINE) {
		s->mode = SNAPSHOT_DISKS;
		return domain_find(s->domain, &c->domain, c->err);
	}
	s->mode = SNAPSHOT_OFFLINE;
	if (offline_check(s->domain,
			  "runs, or is not gone yet; leave out --config",
			  c->err))
		return -1;
	return domain_find_offline(c->opts->config_file, s->domain, &c->domain,
				   c->err);
}

static int
find_sharers(struct create *c)
{
	return c->opts->mode == CREATE_OFFLINE ?
		       offline_sharers(&c->info, c->err) :
		       domain_sharers(&c->info, c->err);
}

static int
plan_domain(struct create *c)
{
	struct domain_info *info = &c->info;
	enum create_mode mode = c->opts->mode;
	struct snapshot *s = c->s;

	if (find_domain(c) || domain_describe(c->domain, info, c->err) ||
	    find_sharers(c))
		return -1;
	if (mode != CREATE_DISKS && mode != CREATE_OFFLINE && plan_memory(c))
		return -1;
	snprintf(s->uuid, sizeof(s->uuid), "%s", info->uuid);
	snprintf(s->type, sizeof(s->type), "%s", domain_type_name(info->type));
	snprintf(s->xen_version, sizeof(s->xen_version), "%s",
		 info->xen_version);
	return 0;
}

static bool
is_qcow2(const struct domain_disk *dd)
{
	return strcmp(dd->format, "qcow2") == 0;
}

/* Is it wanted that disk @d is copied, and is that right? */
static int
check_copy(struct create *c, const struct disk *d)
{
	char size[24];

	if (!c->opts->copy)
		return err_set(c->err, ERR_UNSUPPORTED, 0,
			       "%s: its storage has no views; --copy copies "
			       "it, %s%s",
			       d->ref.source,
			       units_size(d->need_bytes, size, sizeof(size)),
			       c->s->mode == SNAPSHOT_OFFLINE ?
				       "" :
				       ", while the domain stands still");
	return 0;
}

/* A dry run ends with the plan; else LVM will be told to do it. */
static int
plan_by_storage(struct create *c, const struct disk_owner *owner,
		struct disk *d)
{
	if (disk_plan(d, owner, &c->opts->cow, c->err))
		return -1;
	return c->opts->dry_run ? disk_rehearse(d, c->err) : 0;
}

static int
plan_copy(struct create *c, const struct disk_owner *owner, struct disk *d)
{
	if (check_copy(c, d) || disk_plan(d, owner, &c->opts->cow, c->err))
		return -1;
	c->copies = true;
	return 0;
}

static int
plan_view(struct create *c, const struct domain_disk *dd,
	  const struct disk_owner *owner, struct disk **d)
{
	if (disk_open(dd->source, d, c->err))
		return -1;
	if ((*d)->ops->can & DISK_COPIES)
		return plan_copy(c, owner, *d);
	if (plan_by_storage(c, owner, *d) == 0)
		return 0;
	if (c->err->code != ERR_UNSUPPORTED || !c->opts->copy)
		return -1;
	/* Such as a volume of a kind of which LVM takes no snapshots. */
	log_notice("disk %s: %s", dd->vdev, c->err->text);
	err_clear(c->err);
	disk_close(*d);
	*d = NULL;
	if (disk_open_copy(dd->source, d, c->err))
		return -1;
	return plan_copy(c, owner, *d);
}

static int
plan_disk(struct create *c, const struct domain_disk *dd)
{
	struct snapshot_disk *sd = &c->s->disks[c->n_disks];
	struct disk_owner owner = {
		.domain = c->s->domain,
		.snapshot = c->s->name,
		.generation = c->s->generation,
		.vdev = dd->vdev,
		.folder = c->folder,
	};
	struct disk **d = &c->disks[c->n_disks++];

	if (offline_check_disk(dd, c->err) || plan_view(c, dd, &owner, d)) {
		err_add(c->err, "disk %s", dd->vdev);
		if (c->err->code == ERR_UNSUPPORTED)
			err_more(c->err, "--skip-disk %s leaves it out",
				 dd->vdev);
		return -1;
	}
	log_info("disk %s: %s", dd->vdev, (*d)->chosen);
	(*d)->grows = is_qcow2(dd);
	snprintf(sd->vdev, sizeof(sd->vdev), "%s", dd->vdev);
	snprintf(sd->format, sizeof(sd->format), "%s", dd->format);
	sd->view = (*d)->ref;
	c->cached |= strcmp(dd->backend, "qdisk") == 0 ||
		     c->info.type == DOMAIN_HVM;
	c->flushes |= is_qcow2(dd);
	return 0;
}

/*
 * The disks alone, of a domain that runs on: they are of one instant only if
 * the writes to all but one of them can wait for that one (create.h).  If they
 * cannot, the domain has to stand still.  Nor can they where QEMU acknowledges
 * a write that it has not sent to the disk: always for qdisk, and of an HVM
 * domain whose drivers use its emulated disks.
 */
static void
plan_pause(struct create *c)
{
	unsigned int i, n_others = 0;

	for (i = 0; i < c->n_disks; i++) {
		const struct disk *d = c->disks[i];

		if (d->ops->can & DISK_CAN_WAIT)
			continue;
		if (!(d->ops->can & DISK_CAN_HOLD) || n_others++)
			c->still = true;
	}
	c->still |= c->cached;
	c->pause = c->still && c->info.state == DOMAIN_RUNNING;
	if (c->pause)
		log_notice("%s will be paused until its disks are frozen: %s",
			   c->s->domain,
			   c->cached ? "QEMU may acknowledge its writes before "
				       "they are on them" :
				       "not all of their storage can let "
				       "writes wait");
}

/* Found out in the pause, that it does not answer would cost the domain more
 * than a snapshot. */
static int
plan_device_model(struct create *c)
{
	bool stops_with_it = c->info.type == DOMAIN_HVM &&
			     snapshot_has_memory(c->s->mode);

	if (c->s->mode == SNAPSHOT_OFFLINE || !(c->flushes || stops_with_it))
		return 0;
	if (domain_check_device_model(c->domain, c->err) == 0)
		return 0;
	return err_add(c->err, "domain %s", c->s->domain);
}

/* How full will groups and pools be? */
static int
plan_fill(struct create *c)
{
	struct create_space mine = { .n = 0 };
	struct create_space *space = c->opts->space ? c->opts->space : &mine;

	space->n = disk_forecast(c->disks, c->n_disks, c->opts->max_fill,
				 space->at);
	if (disk_forecast_check(space->at, space->n, c->err) == 0)
		return 0;
	if (c->opts->max_fill < 100)
		err_more(c->err, "or take it all the same: --max-fill 100");
	return -1;
}

static uint64_t
bytes_to_copy(const struct create *c)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < c->n_disks; i++)
		if (c->disks[i]->ops->can & DISK_COPIES)
			bytes += c->disks[i]->need_bytes;
	return bytes;
}

/* It is what the pause will be made of. */
static void
tell_copies(const struct create *c)
{
	uint64_t bytes = bytes_to_copy(c);
	char names[200] = "", size[24];
	unsigned int i;

	for (i = 0; i < c->n_disks; i++) {
		size_t used = strlen(names);

		if (c->disks[i]->ops->can & DISK_COPIES)
			snprintf(names + used, sizeof(names) - used, "%s%s",
				 used ? ", " : "", c->s->disks[i].vdev);
	}
	if (names[0] && c->s->mode != SNAPSHOT_OFFLINE)
		log_notice("%s will stand still while %s of its disks are "
			   "copied (%s)",
			   c->s->domain, units_size(bytes, size, sizeof(size)),
			   names);
}

static int
plan_disks(struct create *c)
{
	unsigned int i;

	int rc = 0;

	if (create_skip(c))
		return -1;
	disk_look_begin();
	for (i = 0; i < c->info.n_disks && rc == 0; i++) {
		const struct domain_disk *dd = &c->info.disks[i];

		if (create_takes(c, dd))
			rc = plan_disk(c, dd);
	}
	disk_look_end();
	if (rc)
		return -1;
	c->s->n_disks = c->n_disks;
	if (c->s->mode == SNAPSHOT_DISKS)
		plan_pause(c);
	if (plan_device_model(c))
		return -1;
	tell_copies(c);
	if (disk_groups_have_room(c->disks, c->n_disks, c->err))
		return -1;
	return plan_fill(c);
}

/*
 * The file holds each page of memory once, and a live one those again that
 * changed meanwhile; a tenth more covers the headers and a quiet guest.  The
 * copies of disks come beside it.
 */
static int
plan_space(struct create *c)
{
	bool with = snapshot_has_memory(c->s->mode);
	uint64_t memory = c->info.memory_bytes + c->info.memory_bytes / 10;
	uint64_t copies = bytes_to_copy(c);
	uint64_t need = copies + (with ? memory : 0);
	char need_text[24], free_text[24];
	struct statvfs fs;
	uint64_t room;

	if (statvfs(snapshot_root(), &fs))
		return err_set(c->err, ERR_IO, errno, "look at %s",
			       snapshot_root());
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < need)
		return err_set(c->err, ERR_NOSPC, 0,
			       "%s has %s free, and %s are needed for %s%s%s",
			       snapshot_root(),
			       units_size(room, free_text, sizeof(free_text)),
			       units_size(need, need_text, sizeof(need_text)),
			       with ? "the memory of " :
				      "the copies of the "
				      "disks of ",
			       c->s->domain,
			       with && copies ? " and the copies of its disks" :
						"");
	return 0;
}

int
create_plan(struct create *c, const char *domain, const char *name)
{
	if (plan_names(c, domain, name) || plan_domain(c) || plan_disks(c))
		return -1;
	if (plan_space(c))
		return -1;
	if (!snapshot_has_memory(c->s->mode))
		return 0;
	if (create_stage_plan(c))
		return -1;
	return xl_monitor_find(c->s->domain, c->info.domid, &c->monitor,
			       c->err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore_config.h - the configuration of a backup, as files beside its disks,
 * which make the folder an export:
 *
 *	snapshot.json	the record (restore_record.h)
 *	domain.json	the domain's configuration, as it was, if that is
 *			libxl's; an admin's own file is not written as it was,
 *			since it names the domain's own disks
 *	domain.cfg	the same for xl, naming the restored disks
 */
#ifndef XENSNAP_RESTORE_CONFIG_H
#define XENSNAP_RESTORE_CONFIG_H

#include "err.h"
#include "get.h"
#include "job_repo.h"
#include "new_file.h"
#include "restore_plan.h"
#include "xl_cfg.h"

#define RESTORE_CFG "domain.cfg"

/*
 * restore_config_read() - the two texts of the configuration of @b, which it
 * has and @g reads, each with its NUL, malloc()ed: the record, the domain's.
 * NULL with ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
char *restore_config_read(struct getter *g, const struct backup *b,
			  struct err *err);

/* restore_config_disks() - the disks of @p, for xl_cfg.h; how many.  Borrowed
 * from @p. */
unsigned int restore_config_disks(const struct restore_plan *p,
				  struct xl_cfg_disk ret[DOMAIN_DISKS_MAX]);

struct restore_config {
	unsigned int n;
	struct {
		char name[16];
		char *text;
		struct new_file file;
	} files[RESTORE_FILES_MAX];
};

/*
 * restore_config_make() - the texts, of the configuration of @b, which @g
 * reads, with the disks of @p; none if it has none.  domain.cfg is @cfg unless
 * that is NULL; a build that cannot write one leaves it out, with a warning.
 * @ret is for restore_config_done() in any case.  -1 with ERR_CORRUPT, ERR_IO,
 * ERR_NOMEM.
 */
int restore_config_make(struct getter *g, const struct backup *b,
			const struct restore_plan *p, const char *cfg,
			struct restore_config *ret, struct err *err);

/*
 * restore_config_record() - the disks and the memory of @p are whole: the
 * record tells of them now.  One that is none of ours stays as it was, and we
 * say so.  -1 with ERR_IO, ERR_NOMEM.
 */
int restore_config_record(struct restore_config *c,
			  const struct restore_plan *p, struct err *err);

/*
 * restore_config_check() - are their names free in folder @dir?  -1 with
 * ERR_EXISTS.
 */
int restore_config_check(const char *dir, struct err *err);

/*
 * restore_config_keep() - write them into folder @dir, durably; with @in_place
 * over what is there.  -1 with ERR_EXISTS, ERR_NOSPC, ERR_IO; then
 * restore_config_undo().
 */
int restore_config_keep(struct restore_config *c, const char *dir,
			bool in_place, struct err *err);

/* restore_config_undo() - remove those that were new; what is left is added to
 * @err. */
void restore_config_undo(struct restore_config *c, struct err *err);

/* restore_config_done() - free what @c holds. */
void restore_config_done(struct restore_config *c);

#endif

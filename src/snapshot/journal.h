/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journal.h - what we are about to do to a domain or device, written before
 * we do it.
 *
 * A file "journal" in the partial folder of a snapshot: one JSON object in
 * a line for each step, appended and fsynced before the step begins.  A last
 * line that is torn belongs to a step that was never begun, and is left out
 * when read.  Nothing is written while the domain stands still.
 *
 *   begin     the domain (domid, uuid), the generation, the xl monitor; of a
 *             domain that does not run the uuid may be empty
 *   view      a view that will be made (one line for each disk)
 *   instant   from here on: monitor stopped, domain suspended, devices held,
 *             views made inside the pause
 *   hold      the same of a snapshot of the disks alone: devices held, but
 *             domain and monitor are not touched
 *   pause     the same, and the domain is paused until "resumed": its disks
 *             cannot wait for each other
 *   rebuild   memory and views are whole and durable; the domain is ended and
 *             restored from its memory: until "resumed" it may be gone
 *   resumed   the domain and the monitor run again, nothing is held, all views
 *             are made
 *   commit    all is made; only the record and the rename are missing
 *   undo      we are taking it all back ourselves
 */
#ifndef XENSNAP_JOURNAL_H
#define XENSNAP_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "domain.h"
#include "err.h"
#include "xl_monitor.h"

enum journal_step {
	JOURNAL_NOTHING, /* an empty journal */
	JOURNAL_BEGIN,
	JOURNAL_VIEW,
	JOURNAL_INSTANT,
	JOURNAL_HOLD,
	JOURNAL_PAUSE,
	JOURNAL_REBUILD,
	JOURNAL_RESUMED,
	JOURNAL_COMMIT,
	JOURNAL_UNDO,
};

struct journal {
	int fd;
};

#define JOURNAL_INIT \
	{            \
		-1   \
	}

/* What a journal says, put together. */
struct journal_story {
	enum journal_step last;
	bool domain_touched; /* there was a step "instant" */
	char generation[DOMAIN_UUID_LEN + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	uint32_t domid;
	char boot_id[DOMAIN_UUID_LEN + 1]; /* of the host */
	struct xl_monitor monitor;
	unsigned int n_views;
	struct disk_view_ref views[DOMAIN_DISKS_MAX];
	/* device-mapper names, "" for none */
	char devices[DOMAIN_DISKS_MAX][DISK_DEVICE_LEN];
};

/*
 * journal_begin() - make the journal in folder @dirfd with its first line.
 * Durable when it returns 0; on failure there may be an empty one.
 */
int journal_begin(struct journal *j, int dirfd, const char *generation,
		  const struct domain_info *info,
		  const struct xl_monitor *monitor, struct err *err);

/*
 * journal_reopen() - go on with the journal of the folder @path, which another
 * process began; half a line that it left at the end is taken away.  -1 with
 * ERR_IO or ERR_CORRUPT (it is no file); then there is nothing to end.
 */
int journal_reopen(struct journal *j, const char *path, struct err *err);

/* journal_view() - note that the view @d->ref is going to be made. */
int journal_view(struct journal *j, const struct disk *d, struct err *err);

/* journal_step() - note that @step begins now. */
int journal_step(struct journal *j, enum journal_step step, struct err *err);

/* journal_end() - close it; the file goes with its folder. */
void journal_end(struct journal *j);

/*
 * journal_read() - what the journal in folder @dirfd says.  No journal is a
 * story with last == JOURNAL_NOTHING.  -1 with ERR_CORRUPT when a line that
 * isn't the last makes no sense, or ERR_IO.
 */
int journal_read(int dirfd, struct journal_story *ret, struct err *err);

/* journal_step_name() - "begin", "instant", ... */
const char *journal_step_name(enum journal_step step);

/* journal_boot_id() - the running kernel's boot id, in @ret (37 bytes). */
int journal_boot_id(char *ret, struct err *err);

#endif

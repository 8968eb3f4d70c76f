/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard_room.h - what the files of this room share. */
#ifndef XENSNAP_GUARD_ROOM_H
#define XENSNAP_GUARD_ROOM_H

#include <json-c/json.h>

#include "guard.h"
#include "hand.h"
#include "snapshot.h"

#define ACTIONS_MAX 16
#define HOOKS_MAX 64
#define HOOK_ENV 16
#define HOOK_ENV_LEN 640

/* What a hand is asked for. */
enum action_kind {
	ACTION_EXTEND,
	ACTION_DROP, /* or extend, if there is room after all */
};

struct action {
	struct hand hand;
	enum action_kind kind;
	struct disk_fill fill; /* as it was when it was asked for */
	struct gauge gauge;    /* so was that: it may be gone at the end */
	uint64_t to, reserve;
	bool may_extend;
	bool slow_told;
};

/* An event that waits for its hook. */
struct hook_call {
	char event[32];
	unsigned int n;
	char env[HOOK_ENV][HOOK_ENV_LEN];
};

struct guard {
	const struct guard_opts *o;
	int lock;
	int folder; /* XENSNAP_ROOT */
	struct gauge *gauges;
	unsigned int n;
	unsigned int n_snapshots;
	struct action actions[ACTIONS_MAX];
	double lvm_s; /* so long LVM takes for a command, at worst */

	struct hand survey;
	bool surveyed;      /* at least once, or tried */
	uint64_t survey_ms; /* when it began last */
	uint64_t stamp;     /* of the snapshots that it saw */
	bool survey_wanted;
	bool survey_failing; /* told */

	struct hand stranded;
	struct snapshot_glance glance;
	uint64_t stranded_stamp; /* these have been dealt with */
	uint64_t stranded_ms;    /* not before */

	struct hand hook;
	struct hook_call *hooks; /* HOOKS_MAX, oldest first; [0] is running */
	unsigned int n_hooks;
	bool hooks_lost; /* told */

	struct json_object *told; /* by the guard before; or NULL */

	uint64_t counts[GUARD_KINDS];
	uint64_t metrics_ms; /* written last */
	bool metrics_failing;
	uint64_t ping_ms;
};

/* guard_now_ms() - a clock that does not go backwards, never 0. */
uint64_t guard_now_ms(void);

/* ---- survey.c ---- */

/* gauges_survey() - a hand's work: all gauges there are, as an answer for
 * gauges_take(): how many snapshots there are, then of each gauge its disk_fill
 * and its gauge_place. */
int gauges_survey(void *arg, struct buf *ret, struct err *err);

/* Where it is on record; see struct gauge. */
struct gauge_place {
	char domain[SNAPSHOT_NAME_MAX + 1];
	char name[SNAPSHOT_NAME_MAX + 1];
	char generation[DOMAIN_UUID_LEN + 1];
	char vdev[SNAPSHOT_VDEV_LEN];
};

/* ---- gauges.c ---- */

/* gauges_take() - @answer is what there is now; what was known of the same
 * ones is kept.  -1 with ERR_NOMEM, ERR_CORRUPT: they stay as they were. */
int gauges_take(struct guard *g, const struct buf *answer, struct err *err);

/* gauges_read() - read all of them, make the forecast and the verdict, and put
 * the one first that will be full first. */
void gauges_read(struct guard *g);

/* gauges_lvm_took() - the hand @h has done, just now, what LVM was asked for:
 * so long that takes here. */
void gauges_lvm_took(struct guard *g, const struct hand *h);

/* gauges_judge() - the verdict on @gauge, as it was read. */
void gauges_judge(const struct guard *g, struct gauge *gauge);

/* gauges_wait_ms() - when to look again. */
unsigned int gauges_wait_ms(const struct guard *g);

/* ---- tell.c ---- */

/* tell_gauge() - what is to be told of @x as it is: lost, in danger, nearly
 * full, or no more. */
void tell_gauge(struct guard *g, struct gauge *x);

/* tell_is_calm() - has it been out of danger for long enough to say so? */
bool tell_is_calm(const struct gauge *x);

/* tell_state() - "82.0 % full (26.2 MiB of 32.0 MiB), full in 31 s at 180.0
 * KiB/s" in @ret; returns @ret. */
const char *tell_state(const struct gauge *x, char *ret, size_t len);

/* ---- act.c ---- */

/* act_judge() - have told what is to be told of each gauge, and start hands. */
void act_judge(struct guard *g);

/* act_is_dropping() - is a hand at work that drops the snapshot of @x? */
bool act_is_dropping(const struct guard *g, const struct gauge *x);

/* act_collect() - hear of the hands that are done, and tell. */
void act_collect(struct guard *g);

/* ---- stranded.c ---- */

/* stranded_look() - is there a domain that a dead process left standing?  Start
 * a hand for it, or tell what a hand has done. */
void stranded_look(struct guard *g);

/* stranded_collect() - the second of that alone. */
void stranded_collect(struct guard *g);

/* ---- event.c ---- */

/* event_tell() - log, count and hand on what @e says; its text follows. */
void event_tell(struct guard *g, struct guard_event *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* event_hooks() - go on with the hooks that wait. */
void event_hooks(struct guard *g);

/* event_gauge_name() - "web1@a: view of xvda", "clone web2: xvda", "data of
 * thin pool vg/pool" in @ret; returns @ret. */
const char *event_gauge_name(const struct gauge *gauge, char *ret, size_t len);

/* event_seconds() - "24 s", "2 min 5 s" in @ret (24 bytes); returns @ret. */
const char *event_seconds(double s, char *ret, size_t len);

/* ---- metrics.c ---- */

/* metrics_write() - the file for node_exporter, all or nothing.  -1 with
 * ERR_IO, ERR_NOSPC: the old one is there. */
int metrics_write(const struct guard *g, struct err *err);

/* ---- told.c ---- */

/* told_load() - whose end was told by the guard before us? */
void told_load(struct guard *g);

/* told_save() - so that the next one knows; a failure is warned of. */
void told_save(const struct guard *g);

/* told_restore() - was the end of @gauge told before?  Then it is as told at
 * @now_ms. */
void told_restore(const struct guard *g, struct gauge *gauge, uint64_t now_ms);

#endif

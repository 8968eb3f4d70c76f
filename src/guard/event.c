/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event.c - see guard_room.h: what is told, to whom. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "guard_room.h"
#include "log.h"
#include "run.h"
#include "units.h"

#define HOOK_LIMIT_MS 10000u

const char *
guard_kind_name(enum guard_kind kind)
{
	static const char *const names[GUARD_KINDS] = {
		[GUARD_STARTED] = "started",
		[GUARD_STOPPED] = "stopped",
		[GUARD_WARN] = "warning",
		[GUARD_ENDANGERED] = "endangered",
		[GUARD_RELIEVED] = "relieved",
		[GUARD_EXTENDED] = "extended",
		[GUARD_EXTEND_FAILED] = "extend-failed",
		[GUARD_DROP_ANNOUNCED] = "drop-announced",
		[GUARD_DROP_WITHDRAWN] = "drop-withdrawn",
		[GUARD_DROP_REFUSED] = "drop-refused",
		[GUARD_DROPPED] = "dropped",
		[GUARD_DROP_FAILED] = "drop-failed",
		[GUARD_LOST] = "lost",
		[GUARD_SLOW] = "slow",
		[GUARD_RESUMED] = "resumed",
		[GUARD_LEFTOVER] = "leftover",
		[GUARD_RECOVERED] = "recovered",
		[GUARD_FAILED] = "failed",
	};

	return names[kind];
}

const char *
guard_level_name(enum guard_level level)
{
	switch (level) {
	case GUARD_ERROR:
		return "error";
	case GUARD_WARNING:
		return "warning";
	case GUARD_NOTICE:
	default:
		return "notice";
	}
}

const char *
event_gauge_name(const struct gauge *gauge, char *ret, size_t len)
{
	switch (gauge->fill.kind) {
	case DISK_FILL_POOL_DATA:
		snprintf(ret, len, "data of thin pool %s", gauge->fill.what);
		break;
	case DISK_FILL_POOL_METADATA:
		snprintf(ret, len, "metadata of thin pool %s",
			 gauge->fill.what);
		break;
	case DISK_FILL_CLONE:
		snprintf(ret, len, "clone %s: %s", gauge->domain, gauge->vdev);
		break;
	case DISK_FILL_VIEW:
	default:
		snprintf(ret, len, "%s@%s: view of %s", gauge->domain,
			 gauge->name, gauge->vdev);
	}
	return ret;
}

const char *
event_seconds(double s, char *ret, size_t len)
{
	if (s >= 60)
		return units_ms(floor(s) * 1000, ret, len);
	snprintf(ret, len, "%d s", s > 0 ? (int)s : 0);
	return ret;
}

/* ---- hooks ---- */

static void __attribute__((format(printf, 2, 3)))
put_env(struct hook_call *c, const char *fmt, ...)
{
	va_list ap;

	if (c->n == HOOK_ENV)
		return;
	va_start(ap, fmt);
	vsnprintf(c->env[c->n++], HOOK_ENV_LEN, fmt, ap);
	va_end(ap);
}

static void
put_gauge(struct hook_call *c, const struct gauge *gauge)
{
	const struct disk_fill *f = &gauge->fill;

	if (f->kind == DISK_FILL_CLONE)
		put_env(c, "XENSNAP_CLONE=%s", gauge->domain);
	else
		put_env(c, "XENSNAP_SNAPSHOT=%s@%s", gauge->domain,
			gauge->name);
	put_env(c, "XENSNAP_DOMAIN=%s", gauge->domain);
	put_env(c, "XENSNAP_DISK=%s", gauge->vdev);
	put_env(c, "XENSNAP_KIND=%s", disk_fill_kind_name(f->kind));
	put_env(c, "XENSNAP_VOLUME=%s", f->what);
	put_env(c, "XENSNAP_BYTES=%" PRIu64, f->bytes);
	put_env(c, "XENSNAP_USED_BYTES=%" PRIu64, f->used);
	put_env(c, "XENSNAP_BYTES_PER_SECOND=%.0f", gauge->rate);
	if (!isinf(gauge->full_s))
		put_env(c, "XENSNAP_FULL_SECONDS=%.0f", gauge->full_s);
}

static void
queue_hook(struct guard *g, const struct guard_event *e)
{
	struct hook_call *c;

	if (g->n_hooks == HOOKS_MAX) {
		if (!g->hooks_lost)
			log_warning("hook %s: %u events wait for it; it is not "
				    "told of more",
				    g->o->hook, HOOKS_MAX);
		g->hooks_lost = true;
		return;
	}
	g->hooks_lost = false;
	c = &g->hooks[g->n_hooks++];
	memset(c, 0, sizeof(*c));
	snprintf(c->event, sizeof(c->event), "%s", guard_kind_name(e->kind));
	put_env(c, "XENSNAP_EVENT=%s", c->event);
	put_env(c, "XENSNAP_LEVEL=%s", guard_level_name(e->level));
	put_env(c, "XENSNAP_TIME=%s", e->time);
	put_env(c, "XENSNAP_MESSAGE=%s", e->text);
	if (e->gauge)
		put_gauge(c, e->gauge);
	else if (e->subject)
		put_env(c,
			strchr(e->subject, '@') ? "XENSNAP_SNAPSHOT=%s" :
						  "XENSNAP_DOMAIN=%s",
			e->subject);
	if (e->kind == GUARD_DROP_ANNOUNCED)
		put_env(c, "XENSNAP_DROP_SECONDS=%.0f",
			e->drop_in_s > 0 ? e->drop_in_s : 0);
}

/* In a hand: the hook's environment is what it is told, and nothing else. */
static int
run_hook(void *arg, struct buf *ret, struct err *err)
{
	const struct guard *g = arg;
	const struct hook_call *c = &g->hooks[0];
	const char *argv[] = { g->o->hook, c->event, NULL };
	const char *env[HOOK_ENV + 1] = { NULL };
	struct run_opts o = RUN_OPTS_INIT;
	struct run_result res;
	int rc;

	(void)ret;
	for (unsigned int i = 0; i < c->n; i++)
		env[i] = c->env[i];
	o.env = env;
	o.timeout_ms = HOOK_LIMIT_MS;
	rc = run_ok(argv, &o, &res, err);
	run_done(&res);
	return rc;
}

static void
next_hook(struct guard *g)
{
	g->n_hooks--;
	memmove(&g->hooks[0], &g->hooks[1], g->n_hooks * sizeof(g->hooks[0]));
}

void
event_hooks(struct guard *g)
{
	struct err e = ERR_INIT;
	int rc;

	if (hand_ready(&g->hook, &rc, &e)) {
		if (rc)
			log_warning("hook %s of event %s: %s", g->o->hook,
				    g->hooks[0].event, e.text);
		next_hook(g);
	}
	err_clear(&e);
	if (g->n_hooks == 0 || hand_busy(&g->hook))
		return;
	if (hand_start(&g->hook, run_hook, g, g->lock, &e) == 0)
		return;
	log_warning("hook %s of event %s: %s", g->o->hook, g->hooks[0].event,
		    e.text);
	next_hook(g);
}

/* ---- all ---- */

void
event_tell(struct guard *g, struct guard_event *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	clock_utc(e->time, sizeof(e->time));
	g->counts[e->kind]++;
	if (e->level == GUARD_ERROR)
		log_error("%s", e->text);
	else if (e->level == GUARD_WARNING)
		log_warning("%s", e->text);
	else
		log_notice("%s", e->text);
	if (g->o->tell)
		g->o->tell(e, g->o->tell_ctx);
	if (g->o->hook && !g->o->dry_run)
		queue_hook(g, e);
}

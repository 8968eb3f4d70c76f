/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prune_wait.c - see prune_wait.h. */
#include <string.h>
#include <time.h>

#include "cancel.h"
#include "clock.h"
#include "log.h"
#include "object.h"
#include "prune_wait.h"
#include "session_file.h"
#include "take.h"
#include "units.h"

#define POLL_MS 500

/* The sessions for which a sweep has to wait. */
struct waiting {
	struct repo *r;
	const struct prune_how *how;
	struct prune_report *report;
	struct buf ids;
	struct err *err;
};

static int
note_session(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	struct waiting *w = ctx;
	uint8_t id[SESSION_ID];

	(void)bytes;
	if (object_id(name, "sessions", id, sizeof(id)))
		put_bytes(&w->ids, id, sizeof(id));
	return buf_check(&w->ids, err);
}

/*
 * Has session @id an outcome?  1, 0, or -1.  It is relied on: whoever put it
 * may have died before he synced it, and if it were lost the session could
 * commit.
 */
static int
has_ended(struct waiting *w, const uint8_t id[SESSION_ID])
{
	char name[OBJECT_NAME_MAX];

	/* Who put that head saw to it. */
	if (head_knows(&w->r->head, id))
		return 1;
	object_name("outcomes", id, SESSION_ID, name);
	if (store_harden(w->r->store, name, w->err) == 0)
		return 1;
	if (w->err->code != ERR_NOTFOUND)
		return -1;
	err_clear(w->err);
	return 0;
}

/* When it began, and whose it is. */
static int
look_at_session(struct waiting *w, const uint8_t id[SESSION_ID],
		uint8_t ret_host[HOST_ID], uint64_t *ret_started,
		uint32_t *ret_realm)
{
	struct object o = { .store = w->r->store,
			    .key = w->r->key,
			    .kind = RECORD_SESSION };
	char host_name[OUTCOME_TEXT];
	struct buf b = BUF_INIT;
	const uint8_t *body;
	struct take t;
	size_t len;
	int rc;

	object_name("sessions", id, SESSION_ID, o.name);
	rc = object_get_record(&o, &b, &body, &len, w->err);
	if (rc == 0) {
		t = take_from(body, len);
		take_bytes(&t, ret_host, HOST_ID);
		take_text(&t, host_name, sizeof(host_name));
		*ret_started = take_u64(&t);
		if (take_u8(&t) - 1u > 1)
			take_refuse(&t, "its purpose is none that we know");
		rc = take_end(&t, o.name, w->err);
	}
	*ret_realm = o.realm;
	buf_done(&b);
	return rc;
}

/* Its outcome, before it makes one itself. */
static int
break_session(struct waiting *w, const uint8_t id[SESSION_ID], uint32_t realm)
{
	struct object o = { .store = w->r->store,
			    .key = w->r->key,
			    .kind = RECORD_OUTCOME,
			    .realm = realm };
	struct outcome out = { .what = OUTCOME_BREAK };
	struct buf b = BUF_INIT;
	int rc;

	object_name("outcomes", id, SESSION_ID, o.name);
	outcome_encode(&out, &b);
	rc = object_put_record(&o, &b, w->err);
	buf_done(&b);
	if (rc == 0) {
		w->report->n_broken++;
		return 0;
	}
	if (w->err->code != ERR_EXISTS)
		return -1;
	err_clear(w->err);
	return 0;
}

/* 1: it has ended, or was broken; 0: it is at work; -1. */
static int
end_session(struct waiting *w, const uint8_t id[SESSION_ID])
{
	uint64_t started, now = (uint64_t)time(NULL);
	uint8_t host[HOST_ID];
	uint32_t realm;
	bool is_dead;
	int r = has_ended(w, id);

	if (r)
		return r;
	if (look_at_session(w, id, host, &started, &realm))
		return -1;
	is_dead = memcmp(host, w->r->state.host, HOST_ID) == 0 &&
		  !session_is_alive(w->r->statefd, id);
	if (!is_dead && (w->how->break_s == 0 || started > now ||
			 now - started < w->how->break_s))
		return 0;
	return break_session(w, id, realm) ? -1 : 1;
}

/* How many of them are at work. */
static int
count_open(struct waiting *w, uint32_t *ret)
{
	size_t n = w->ids.len / SESSION_ID, left = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t *id = w->ids.data + i * SESSION_ID;
		int r = end_session(w, id);

		if (r < 0)
			return -1;
		if (r == 0)
			memmove(w->ids.data + left++ * SESSION_ID, id,
				SESSION_ID);
	}
	w->ids.len = left * SESSION_ID;
	*ret = (uint32_t)left;
	return 0;
}

/*
 * Those that are at work now: whoever begins later sees the head that
 * condemns.  1: all have ended; 0: it took too long.
 */
int
prune_wait(struct repo *r, const struct prune_how *how,
	   struct prune_report *report, struct err *err)
{
	struct waiting w = { .r = r, .how = how, .report = report, .err = err };
	uint64_t start = clock_ns();
	uint32_t n = 0;
	int rc = -1;

	if (store_list(r->store, "sessions/", note_session, &w, err))
		goto out;
	for (;;) {
		if (cancel_check(err) || count_open(&w, &n))
			goto out;
		if (n == 0 || clock_ms_since(start) / 1e3 > how->wait_s)
			break;
		log_info("waiting for %u session%s at work", n, units_s(n));
		clock_sleep_ms(POLL_MS);
	}
	report->n_waiting = n;
	rc = n == 0;
out:
	buf_done(&w.ids);
	return rc;
}

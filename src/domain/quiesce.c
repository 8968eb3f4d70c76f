/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quiesce.c - ask a guest to freeze its file systems, or at least to sync.
 *
 * The story is domain_quiesce(), the same for each driver; what it reads and
 * writes are nodes that the guest shares with us (quiesce.h).  They are asked
 * for again and again rather than watched: it takes a second at most, and then
 * Ctrl-C needs no more than a look in between.
 */
#include "quiesce.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "clock.h"
#include "domain.h"
#include "log.h"

#define POLL_MS 10

/* Of the agent's patience, beyond our own: for what comes between "frozen" and
 * the hold, the last disk included. */
#define HOLD_MS 10000

/*
 * Linux clears the node when it heard the key, and then writes out all file
 * systems in the background (emergency_sync()); nobody tells when that ends.
 */
#define FEATURE_SYSRQ "control/feature-sysrq"
#define SYSRQ "control/sysrq"
#define SYNC_MS 2000

const char *
quiesce_request(const char *nonce, unsigned int ttl_ms, char *ret, size_t len)
{
	snprintf(ret, len, "freeze %s %u", nonce, ttl_ms);
	return ret;
}

/* " N M"; sscanf() alone would take "-1" for four thousand million. */
static bool
read_counts(const char *text, struct quiesce_reply *ret)
{
	return !strchr(text, '-') &&
	       sscanf(text, "%9u %9u", &ret->n_frozen, &ret->n_synced) == 2;
}

void
quiesce_parse(const char *text, const char *nonce, struct quiesce_reply *ret)
{
	static const struct {
		const char *name;
		enum quiesce_word word;
	} words[] = {
		{ "freezing", QUIESCE_FREEZING }, { "frozen", QUIESCE_FROZEN },
		{ "failed", QUIESCE_FAILED },     { "thawing", QUIESCE_THAWED },
		{ "thawed", QUIESCE_THAWED },
	};
	char word[16], of[64];
	int used = 0;

	memset(ret, 0, sizeof(*ret));
	if (sscanf(text, "%15s %63s%n", word, of, &used) != 2 ||
	    strcmp(of, nonce) != 0)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].name) == 0)
			ret->word = words[i].word;
	text += used;
	if (ret->word == QUIESCE_FROZEN && !read_counts(text, ret))
		ret->word = QUIESCE_OTHER;
	if (ret->word == QUIESCE_FAILED)
		snprintf(ret->why, sizeof(ret->why), "%s",
			 *text ? text + 1 : "for no reason that it tells");
}

/* @node is @value: 1, it is not: 0, or -1. */
static int
says(struct domain *d, const char *node, const char *value, struct err *err)
{
	char text[DOMAIN_NODE_MAX];

	if (d->ops->guest_says(d, node, text, err))
		return -1;
	return strcmp(text, value) == 0;
}

/* ---- by its agent ---- */

static int
wait_for_agent(struct domain *d, const char *nonce, unsigned int timeout_ms,
	       struct quiesce_reply *ret, struct err *err)
{
	uint64_t start = clock_ns();
	char text[DOMAIN_NODE_MAX];

	for (;;) {
		if (cancel_check(err) ||
		    d->ops->guest_says(d, QUIESCE_STATE, text, err))
			return -1;
		quiesce_parse(text, nonce, ret);
		if (ret->word == QUIESCE_FROZEN)
			return 0;
		if (ret->word == QUIESCE_FAILED)
			return err_set(err, ERR_STATE, 0,
				       "its agent could not: %s", ret->why);
		if (clock_ms_since(start) >= timeout_ms)
			return err_set(err, ERR_TIMEOUT, 0,
				       "its agent %s within %u s",
				       ret->word == QUIESCE_OTHER ?
					       "did not answer" :
					       "was not done",
				       timeout_ms / 1000);
		clock_sleep_ms(POLL_MS);
	}
}

static void
tell_frozen(const struct quiesce_reply *r)
{
	if (r->n_synced)
		log_notice("the guest froze %u file systems and wrote out %u "
			   "that cannot be frozen",
			   r->n_frozen, r->n_synced);
	else
		log_info("the guest froze %u file systems", r->n_frozen);
}

static int
freeze(struct domain *d, const struct domain_info *info, const char *nonce,
       unsigned int timeout_ms, struct err *err)
{
	struct quiesce_reply r;
	struct err e = ERR_INIT;
	char text[DOMAIN_NODE_MAX];

	quiesce_request(nonce, timeout_ms + HOLD_MS, text, sizeof(text));
	if (d->ops->ask_agent(info->domid, info->uuid, text, err) == 0 &&
	    wait_for_agent(d, nonce, timeout_ms, &r, err) == 0) {
		tell_frozen(&r);
		return 0;
	}
	if (d->ops->ask_agent(info->domid, info->uuid, NULL, &e))
		log_debug("take back the request to freeze: %s", e.text);
	return -1;
}

/* ---- by its kernel ---- */

static int
wait_for_kernel(struct domain *d, unsigned int timeout_ms, struct err *err)
{
	uint64_t start = clock_ns();
	int r;

	for (;;) {
		if (cancel_check(err))
			return -1;
		r = says(d, SYSRQ, "", err);
		if (r)
			return r < 0 ? -1 : 0;
		if (clock_ms_since(start) >= timeout_ms)
			return err_set(err, ERR_TIMEOUT, 0,
				       "its kernel did not hear the request to "
				       "sync within %u s",
				       timeout_ms / 1000);
		clock_sleep_ms(POLL_MS);
	}
}

static int
wait_for_sync(struct err *err)
{
	uint64_t start = clock_ns();

	while (clock_ms_since(start) < SYNC_MS) {
		if (cancel_check(err))
			return -1;
		clock_sleep_ms(POLL_MS);
	}
	return 0;
}

static int
tell_to_sync(struct domain *d, unsigned int timeout_ms, struct err *err)
{
	struct err e = ERR_INIT;

	if (d->ops->sysrq(d, 's', err))
		return -1;
	if (wait_for_kernel(d, timeout_ms, err) == 0)
		return wait_for_sync(err);
	if (d->ops->sysrq(d, '\0', &e))
		log_debug("take back the request to sync: %s", e.text);
	return -1;
}

/* ---- the story ---- */

int
domain_quiesce(struct domain *d, const struct domain_info *info,
	       const char *nonce, unsigned int timeout_ms,
	       enum domain_quiesced *ret, struct err *err)
{
	int r;

	*ret = DOMAIN_NOT_QUIESCED;
	r = says(d, QUIESCE_HERE, QUIESCE_VERSION, err);
	if (r < 0)
		return -1;
	if (r) {
		if (freeze(d, info, nonce, timeout_ms, err))
			return -1;
		*ret = DOMAIN_FROZEN;
		return 0;
	}
	r = says(d, FEATURE_SYSRQ, "1", err);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "it has neither an agent of ours nor a kernel "
			       "that can be told to sync");
	if (tell_to_sync(d, timeout_ms, err))
		return -1;
	*ret = DOMAIN_SYNCED;
	return 0;
}

int
domain_is_frozen(struct domain *d, const char *nonce, bool *ret,
		 struct err *err)
{
	struct quiesce_reply r;
	char text[DOMAIN_NODE_MAX];

	*ret = false;
	if (d->ops->guest_says(d, QUIESCE_STATE, text, err))
		return -1;
	quiesce_parse(text, nonce, &r);
	*ret = r.word == QUIESCE_FROZEN;
	return 0;
}

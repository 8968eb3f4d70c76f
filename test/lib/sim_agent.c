/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sim_agent.c - see sim_agent.h. */
#include "sim_agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define TEXT_MAX 128
#define REQUEST "control/xensnap/quiesce"

static bool
get(const struct sim_domain *d, const char *node, char *ret)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "domains/%s/store/%s", d->name, node);
	return sim_get(path, ret, TEXT_MAX);
}

static int
put(const struct sim_domain *d, const char *node, const char *text,
    struct err *err)
{
	char path[SIM_PATH_MAX];

	sim_path(path, "domains/%s/store/%s", d->name, node);
	return sim_put(path, text, err);
}

static int
say(const struct sim_domain *d, const char *word, const char *nonce,
    const char *more, struct err *err)
{
	char text[3 * TEXT_MAX];

	snprintf(text, sizeof(text), "%s %s%s", word, nonce, more);
	return put(d, "data/xensnap/state", text, err);
}

/* "NONCE NANOSECONDS" of a frozen guest. */
static bool
is_frozen(const struct sim_domain *d, char *nonce, uint64_t *until)
{
	char path[SIM_PATH_MAX], text[TEXT_MAX];

	sim_path(path, "domains/%s/frozen", d->name);
	return sim_get(path, text, sizeof(text)) &&
	       sscanf(text, "%99s %" SCNu64, nonce, until) == 2;
}

bool
sim_agent_frozen(const struct sim_domain *d)
{
	char nonce[100];
	uint64_t until;

	return is_frozen(d, nonce, &until);
}

static int
freeze(const struct sim_domain *d, const char *nonce, unsigned int ttl_ms,
       struct err *err)
{
	char path[SIM_PATH_MAX], text[TEXT_MAX + 32];

	if (sim_fault("agent-fails", NULL))
		return say(d, "failed", nonce, " simulated: /mnt is odd", err);
	ttl_ms = sim_knob("agent-ttl", ttl_ms);
	snprintf(text, sizeof(text), "%s %" PRIu64, nonce,
		 clock_ns() + ttl_ms * UINT64_C(1000000));
	sim_path(path, "domains/%s/frozen", d->name);
	if (sim_put(path, text, err))
		return -1;
	return say(d, "frozen", nonce, " 2 1", err);
}

static int
thaw(const struct sim_domain *d, const char *nonce, struct err *err)
{
	char path[SIM_PATH_MAX];

	if (say(d, "thawing", nonce, "", err))
		return -1;
	sim_path(path, "domains/%s/frozen", d->name);
	unlink(path);
	return say(d, "thawed", nonce, "", err);
}

/* Has it answered the request @nonce already? */
static bool
answered(const struct sim_domain *d, const char *nonce)
{
	char state[TEXT_MAX];

	return get(d, "data/xensnap/state", state) && strstr(state, nonce);
}

static int
agent(const struct sim_domain *d, bool *ret_frozen, struct err *err)
{
	char text[TEXT_MAX], asked[100] = "", frozen[100] = "";
	unsigned int ttl_ms = 0;
	uint64_t until = 0;
	int rc = 0;

	if (get(d, REQUEST, text) &&
	    sscanf(text, "freeze %99s %u", asked, &ttl_ms) != 2)
		return err_set(err, ERR_IO, 0, "bad request \"%s\"", text);
	if (is_frozen(d, frozen, &until)) {
		if (strcmp(asked, frozen) != 0 || clock_ns() >= until)
			rc = thaw(d, frozen, err);
	} else if (asked[0] && !answered(d, asked) &&
		   !sim_fault("agent-silent", NULL)) {
		rc = freeze(d, asked, ttl_ms, err);
	}
	*ret_frozen = is_frozen(d, frozen, &until);
	return rc;
}

int
sim_agent(const struct sim_domain *d, bool *ret_frozen, struct err *err)
{
	char text[TEXT_MAX];

	*ret_frozen = false;
	if (get(d, "control/sysrq", text) && text[0] &&
	    !sim_fault("kernel-silent", NULL) &&
	    put(d, "control/sysrq", "", err))
		return -1;
	if (!get(d, "data/xensnap/quiesce", text) || strcmp(text, "1") != 0)
		return 0;
	return agent(d, ret_frozen, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xensnap-agent.c - in a guest: freezes its file systems when the host asks.
 *
 * The host writes "freeze NONCE TTL_MS"; we freeze and say so, and thaw when
 * the request is gone or TTL_MS have passed, by our own clock: whatever becomes
 * of the host, the guest goes on.  Before the first file system thaws we say
 * "thawing", and wait until xenstore has that: so a host that reads "frozen"
 * knows that all is frozen at that moment.  README.md has the protocol.
 *
 * While all is frozen we must not wait for ourselves: our memory is locked, and
 * nothing is printed.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent_store.h"
#include "freeze.h"

#define VERSION "1"
#define HERE "data/xensnap/quiesce"
#define STATE "data/xensnap/state"
#define REQUEST "control/xensnap/quiesce"

#define LOOK_MS 1000      /* besides the bell */
#define PATIENCE_MS 70000 /* longer than any host of ours asks for */
#define NONCE_MAX 64

static struct {
	bool quiet;
	unsigned int patience_ms;
	int bell;
	int signals;
	char done[NONCE_MAX]; /* the last request that was dealt with */
	bool frozen;          /* for it */
	int64_t since_ns;
	int64_t until_ns;
} agent;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	if (agent.quiet)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static int
tell(const char *word, const char *more)
{
	char text[300];

	snprintf(text, sizeof(text), "%s %s%s%s", word, agent.done,
		 *more ? " " : "", more);
	return store_write(STATE, text);
}

/* ---- freeze and thaw ---- */

static void
thaw(void)
{
	int64_t ns = freeze_now_ns() - agent.since_ns;

	/* If nobody takes it down, nobody reads it either. */
	tell("thawing", "");
	freeze_thaw();
	agent.frozen = false;
	tell("thawed", "");
	say("thawed after %lld ms", (long long)(ns / 1000000));
}

static void
freeze(unsigned int ttl_ms)
{
	struct freeze_report r;
	char more[200];

	if (ttl_ms > agent.patience_ms)
		ttl_ms = agent.patience_ms;
	say("freezing, for %u ms at most", ttl_ms);
	agent.since_ns = freeze_now_ns();
	agent.until_ns = agent.since_ns + ttl_ms * INT64_C(1000000);
	/* Who is started after our death shall know what to do. */
	if (tell("freezing", ""))
		return;
	if (freeze_all(agent.until_ns, &r)) {
		tell("failed", r.why);
		say("failed: %s", r.why);
		return;
	}
	agent.frozen = true;
	snprintf(more, sizeof(more), "%u %u", r.n_frozen, r.n_synced);
	if (tell("frozen", more))
		thaw();
}

/* ---- what the host wants ---- */

/* The request's nonce, or "". */
static int
read_request(char *nonce, unsigned int *ttl_ms)
{
	char text[128];
	int r = store_read(REQUEST, text, sizeof(text));

	if (r == 0 || sscanf(text, "freeze %63s %9u", nonce, ttl_ms) != 2)
		nonce[0] = '\0';
	return r < 0 ? -1 : 0;
}

/* After a restore our nodes are gone: so it is done anew. */
static void
announce(void)
{
	char text[16];

	if (store_read(HERE, text, sizeof(text)) >= 0 &&
	    strcmp(text, VERSION) != 0)
		store_write(HERE, VERSION);
}

static void
look(void)
{
	char nonce[NONCE_MAX] = "";
	unsigned int ttl_ms = 0;
	int rc = read_request(nonce, &ttl_ms);

	if (agent.frozen && (freeze_now_ns() >= agent.until_ns ||
			     (rc == 0 && strcmp(nonce, agent.done) != 0)))
		thaw();
	if (rc == 0 && nonce[0] && strcmp(nonce, agent.done) != 0) {
		strcpy(agent.done, nonce);
		freeze(ttl_ms);
	}
	if (!agent.frozen)
		announce();
}

/* ---- begin and end ---- */

/* One who died while all was frozen has left it so. */
static void
take_over(void)
{
	char text[128] = "", word[16] = "", nonce[NONCE_MAX] = "";
	unsigned int ttl_ms;
	int n;

	/* What was asked before we came was not asked of us. */
	read_request(nonce, &ttl_ms);
	strcpy(agent.done, nonce);
	store_read(STATE, text, sizeof(text));
	if (sscanf(text, "%15s %63s", word, nonce) < 1 ||
	    (strcmp(word, "freezing") != 0 && strcmp(word, "frozen") != 0 &&
	     strcmp(word, "thawing") != 0))
		return;
	store_write(STATE, "thawing");
	n = freeze_thaw_left();
	store_write(STATE, "thawed");
	say("thawed %d file systems that another one had left frozen", n);
}

/* The kernel must neither swap us out nor end us for want of memory. */
static int
settle(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "-1000", 5) < 0)
			say("cannot guard against the end of memory: %s",
			    strerror(errno));
		close(fd);
	}
	return mlockall(MCL_CURRENT | MCL_FUTURE);
}

static int
block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until a signal comes. */
static void
run(void)
{
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = agent.signals, .events = POLLIN },
			{ .fd = agent.bell, .events = POLLIN },
		};
		int64_t ms = LOOK_MS;

		if (agent.frozen)
			ms = (agent.until_ns - freeze_now_ns()) / 1000000 + 1;
		if (ms > LOOK_MS)
			ms = LOOK_MS;
		if (poll(p, 2, ms < 0 ? 0 : (int)ms) > 0) {
			if (p[0].revents)
				return;
			store_hush(agent.bell);
		}
		look();
	}
}

static int
usage(FILE *to)
{
	fputs("Usage: xensnap-agent [--quiet] [--patience SECONDS]\n\n"
	      "Run in a Xen guest: freezes its file systems when the host's\n"
	      "`xensnap create --disks-only --quiesce` asks for it, and thaws\n"
	      "them when that is done, or when its patience ends.\n\n"
	      "  --patience SECONDS  never freeze for longer, 1 to 70.\n"
	      "                      Default: 70\n"
	      "  --quiet             say nothing\n"
	      "  --help              this text\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int
read_options(int argc, char **argv)
{
	unsigned long s;
	char *end;

	agent.patience_ms = PATIENCE_MS;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quiet") == 0) {
			agent.quiet = true;
		} else if (strcmp(argv[i], "--patience") == 0 && argv[i + 1]) {
			s = strtoul(argv[++i], &end, 10);
			if (*end || s < 1 || s > PATIENCE_MS / 1000)
				return -1;
			agent.patience_ms = (unsigned int)s * 1000;
		} else {
			return -1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (read_options(argc, argv))
		return usage(stderr);
	agent.signals = block_signals();
	agent.bell = store_bell(REQUEST);
	if (agent.signals < 0 || agent.bell < 0 || settle()) {
		fprintf(stderr, "xensnap-agent: %s: %s\n",
			agent.bell < 0 ? "/dev/xen/xenbus" : "begin",
			strerror(errno));
		return 1;
	}
	take_over();
	run();
	if (agent.frozen)
		thaw();
	store_remove(HERE);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main.c - witness: makes a wrong snapshot of a guest visible.
 *
 * The story: set up, say what an earlier boot has left, format, start the
 * threads; then wait for a reason to check, check, say the verdict, go on.
 * README.md says what is checked and what the lines mean.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "crc32c.h"
#include "disks.h"
#include "files.h"
#include "found.h"
#include "gate.h"
#include "hosttest.h"
#include "init.h"
#include "options.h"
#include "pattern.h"
#include "say.h"
#include "verdict.h"
#include "writer.h"

static struct {
	struct options o;
	struct disks disks;
	uint64_t instance;
	int64_t started_ns;
	int gate_fd;
	int signal_fd;
	int suspended; /* host test: between suspend and resume */
	char typed[OPTION_TEXT_MAX];
	size_t typed_len;
	int stdin_closed;
} witness;

/* Not blocking: a young guest's kernel may not have gathered randomness. */
static uint64_t
witness_random(void)
{
	uint64_t x = 0;

	if (getrandom(&x, sizeof(x), GRND_NONBLOCK) != (ssize_t)sizeof(x)) {
		int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			if (read(fd, &x, sizeof(x)) != (ssize_t)sizeof(x))
				x = 0;
			close(fd);
		}
	}
	x ^= clock_tsc() * 0x9e3779b97f4a7c15u;
	return x ? x : 1;
}

static void
witness_options(int argc, char **argv)
{
	static char line[4096];
	const char *bad = NULL;

	options_default(&witness.o);
	if (getpid() == 1) {
		init_cmdline(line, sizeof(line));
		if (options_cmdline(&witness.o, line, &bad))
			fatal("option %s", bad);
		return;
	}
	for (int i = 1; i < argc; i++) {
		if (options_word(&witness.o, argv[i]))
			fatal("option %s", argv[i]);
	}
	if (!witness.o.disks[0])
		fatal("disks=PATH,... is needed");
}

static void
witness_start_threads(void)
{
	if (clock_start() || writer_start() || files_start(witness.o.files) ||
	    pattern_start(witness.o.mutate, witness.o.mutate_s))
		fatal("thread: %s", strerror(errno));
}

static void
witness_setup(void)
{
	const struct options *o = &witness.o;

	crc32c_init();
	clock_init(o->gap_ms);
	witness.instance = witness_random();
	disks_open(&witness.disks, o);
	found_say(&witness.disks);

	writer_init(&witness.disks, o, witness.instance);
	writer_format();
	files_format(&witness.disks, witness.instance);
	verdict_init(&witness.disks, witness.instance);
	if (pattern_init(o->pattern_mib))
		fatal("pattern_mib=%u: %s", o->pattern_mib, strerror(errno));
	witness.gate_fd = gate_init();
	if (witness.gate_fd < 0)
		fatal("eventfd: %s", strerror(errno));
}

static void
witness_say_ready(void)
{
	const struct options *o = &witness.o;
	const char *fs = "none";

	for (unsigned int k = witness.disks.count; k-- > 0;) {
		if (witness.disks.disk[k].dir[0])
			fs = witness.disks.disk[k].name;
	}
	say("ready boot=%08x disks=%u fs=%s slots=%u load=%u rate=%u "
	    "pattern_mib=%u gap_ms=%u tsc_khz=%llu",
	    (unsigned int)(witness.instance >> 32), witness.disks.count, fs,
	    o->slots, o->load, o->rate, o->pattern_mib, o->gap_ms,
	    (unsigned long long)clock_tsc_khz());
}

static void
witness_say_beat(void)
{
	int64_t ms = (clock_ns() - witness.started_ns) / 1000000;

	say("beat n=%llu t=%lld.%03lld load=%llu boot=%08x",
	    (unsigned long long)writer_acked(), (long long)(ms / 1000),
	    (long long)(ms % 1000), (unsigned long long)writer_load_acked(),
	    (unsigned int)(witness.instance >> 32));
}

static void
witness_end(int how)
{
	gate_request(GATE_STOP);
	gate_wait_parked();
	disks_close(&witness.disks);
	say("bye n=%llu how=%s", (unsigned long long)writer_acked(),
	    how == 'r' ? "reboot" : "poweroff");
	init_end(how);
	exit(0);
}

/* Commands of the host test; a guest's memory is saved by Xen. */
static int
witness_test_command(const char *word)
{
	if (getpid() == 1)
		return -1;
	if (strncmp(word, "suspend ", 8) == 0 && !witness.suspended) {
		witness.suspended = 1;
		if (hosttest_suspend(&witness.disks, word + 8)) {
			witness.suspended = 0;
			witness_start_threads();
		}
		return 0;
	}
	if (strcmp(word, "resume") == 0 && witness.suspended) {
		witness.suspended = 0;
		hosttest_resume();
		return 0;
	}
	return -1;
}

static void
witness_command(const char *word)
{
	if (*word == '\0')
		return;
	if (strcmp(word, "check") == 0)
		gate_request(GATE_ASKED);
	else if (strcmp(word, "beat") == 0)
		witness_say_beat();
	else if (strcmp(word, "poweroff") == 0)
		witness_end('p');
	else if (strcmp(word, "reboot") == 0)
		witness_end('r');
	else if (witness_test_command(word))
		say("error command=%.40s", word);
}

/* Takes whole lines; what is too long for one is thrown away. */
static void
witness_read_commands(void)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) != 1) {
		witness.stdin_closed = 1;
		return;
	}
	if (c != '\n' && c != '\r') {
		if (witness.typed_len < sizeof(witness.typed) - 1)
			witness.typed[witness.typed_len++] = c;
		return;
	}
	witness.typed[witness.typed_len] = '\0';
	witness.typed_len = 0;
	witness_command(witness.typed);
}

static void
witness_check(void)
{
	verdict_give(gate_wait_parked());
}

static void
witness_wait(int64_t until_ns)
{
	struct pollfd p[3] = {
		{ .fd = witness.suspended ? -1 : witness.gate_fd,
		  .events = POLLIN },
		{ .fd = witness.signal_fd, .events = POLLIN },
		{ .fd = witness.stdin_closed ? -1 : STDIN_FILENO,
		  .events = POLLIN },
	};
	int64_t ms = (until_ns - clock_ns()) / 1000000 + 1;
	uint64_t events;
	int how;

	if (poll(p, 3, ms < 0 ? 0 : (int)ms) <= 0)
		return;
	/* It only wakes us up; whether the gate is closed is asked below. */
	if (p[0].revents &&
	    read(witness.gate_fd, &events, sizeof(events)) < 0 &&
	    errno != EAGAIN)
		fatal("eventfd: %s", strerror(errno));
	if (p[1].revents) {
		how = init_signal(witness.signal_fd);
		if (how)
			witness_end(how);
	}
	if (p[2].revents)
		witness_read_commands();
	/* Between suspend and resume of the host test nothing is checked. */
	if (gate_is_closed() && !witness.suspended)
		witness_check();
}

static void
witness_run(void)
{
	int64_t beat_ns = witness.o.beat_s * INT64_C(1000000000);
	int64_t check_ns = witness.o.check_s * INT64_C(1000000000);
	int64_t beat, check;

	witness.started_ns = clock_ns();
	beat = witness.started_ns + beat_ns;
	check = witness.started_ns + check_ns;
	for (;;) {
		int64_t now;

		witness_wait(check_ns && check < beat ? check : beat);
		now = clock_ns();
		if (witness.suspended)
			continue;
		if (now >= beat) {
			witness_say_beat();
			beat = now + beat_ns;
		}
		if (check_ns && now >= check) {
			gate_request(GATE_TIMER);
			witness_check();
			check = clock_ns() + check_ns;
		}
	}
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	if (strcmp(name, "poweroff") == 0 || strcmp(name, "halt") == 0)
		return init_ask('p');
	if (strcmp(name, "reboot") == 0)
		return init_ask('r');

	if (getpid() == 1)
		init_setup();
	witness_options(argc, argv);
	witness.signal_fd = init_signals();
	if (witness.signal_fd < 0)
		fatal("signals: %s", strerror(errno));
	witness_setup();
	if (witness.o.agent && getpid() == 1)
		init_agent();
	witness_start_threads();
	witness_say_ready();
	witness_run();
}

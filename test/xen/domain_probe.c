/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_probe.c - domain/ by itself, from the command line, for tests and
 * measurements in a lab:
 *
 *	domain_probe describe NAME
 *	domain_probe config NAME		libxl's JSON
 *	domain_probe cfg NAME [VDEV=PATH...]	the same as xl's configuration
 *	domain_probe monitor NAME		its pid, 0 for none
 *	domain_probe save NAME FILE [WORD...]	and let it go on
 *	domain_probe rescue NAME WAIT_MS
 *	domain_probe state DOMID UUID
 *
 * Words of save: live; late (the end is written before the domain goes on, for
 * comparison); monitor (stop xl's monitor around it); hold=MS (work of the
 * caller in the pause); fail (the caller's work fails); stay (do not let it go
 * on); die=instant|saved (SIGKILL to itself there).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "domain.h"
#include "err.h"
#include "log.h"
#include "xl_cfg.h"
#include "xl_monitor.h"

static uint64_t began_ns;

static void
to_stderr(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	fprintf(stderr, "%10.3f %s\n", clock_ms_since(began_ns), line);
}

static int
describe(struct domain *d, struct err *err)
{
	struct domain_info i;
	unsigned int n;

	if (domain_describe(d, &i, err))
		return -1;
	printf("name=%s\nuuid=%s\ndomid=%u\ntype=%s\nstate=%s\n"
	       "memory_bytes=%" PRIu64 "\nxen=%s\nsave_ok=%d %s\n"
	       "live_ok=%d %s\n",
	       i.name, i.uuid, i.domid, domain_type_name(i.type),
	       domain_state_name(i.state), i.memory_bytes, i.xen_version,
	       i.save_ok, i.save_why, i.live_ok, i.live_why);
	for (n = 0; n < i.n_disks; n++)
		printf("disk=%s %s %s %s%s%s\n", i.disks[n].vdev,
		       i.disks[n].source, i.disks[n].format, i.disks[n].backend,
		       i.disks[n].readonly ? " ro" : "",
		       i.disks[n].cdrom ? " cdrom" : "");
	return 0;
}

static int
config(struct domain *d, struct err *err)
{
	char *json = domain_config(d, err);

	if (!json)
		return -1;
	puts(json);
	free(json);
	return 0;
}

static int
cfg(struct domain *d, int n, char **words, struct err *err)
{
	struct xl_cfg_disk disks[16];
	char *json, *text, *equals;
	int i;

	for (i = 0; i < n && i < 16; i++) {
		equals = strchr(words[i], '=');
		if (!equals)
			return err_set(err, ERR_INVALID, 0, "%s", words[i]);
		*equals = '\0';
		disks[i].vdev = words[i];
		disks[i].path = equals + 1;
		disks[i].format = "raw";
	}
	json = domain_config(d, err);
	if (!json)
		return -1;
	text = xl_cfg_from_json(json, disks, (size_t)i, NULL, err);
	free(json);
	if (!text)
		return -1;
	fputs(text, stdout);
	free(text);
	return 0;
}

struct words {
	bool live;
	bool late;
	bool monitor;
	bool fail;
	bool stay;
	bool die_instant;
	bool die_saved;
	unsigned int hold_ms;
	unsigned int told; /* how often the instant was told */
	uint64_t bytes;    /* progress */
};

static void
read_words(struct words *w, int n, char **words)
{
	int i;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < n; i++) {
		w->live |= strcmp(words[i], "live") == 0;
		w->late |= strcmp(words[i], "late") == 0;
		w->monitor |= strcmp(words[i], "monitor") == 0;
		w->stay |= strcmp(words[i], "stay") == 0;
		w->fail |= strcmp(words[i], "fail") == 0;
		w->die_instant |= strcmp(words[i], "die=instant") == 0;
		w->die_saved |= strcmp(words[i], "die=saved") == 0;
		if (strncmp(words[i], "hold=", 5) == 0)
			w->hold_ms =
				(unsigned int)strtoul(words[i] + 5, NULL, 10);
	}
}

static int
instant(void *ctx, struct err *err)
{
	struct words *w = ctx;

	w->told++;
	log_info("the instant");
	if (w->die_instant)
		kill(getpid(), SIGKILL);
	clock_sleep_ms(w->hold_ms);
	if (w->fail)
		return err_set(err, ERR_IO, 0, "the caller's work failed");
	return 0;
}

static void
progress(uint64_t bytes, void *ctx)
{
	struct words *w = ctx;

	w->bytes = bytes;
}

static double
ms(uint64_t from, uint64_t to)
{
	return from && to ? (double)(int64_t)(to - from) / 1e6 : -1.0;
}

static int
save_and_go_on(struct domain *d, const char *path, struct words *w,
	       struct err *err)
{
	struct domain_save_how how = {
		.live = w->live,
		.instant = instant,
		.progress = progress,
		.ctx = w,
	};
	uint64_t begin = clock_ns(), call, finished;
	struct domain_times t;

	how.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (how.fd < 0)
		return err_set(err, ERR_IO, errno, "open %s", path);
	if (domain_save(d, &how, &t, err))
		return -1;
	if (w->die_saved)
		kill(getpid(), SIGKILL);
	if ((w->late || w->stay) && domain_finish(d, err))
		return -1;
	if (w->stay)
		return 0;
	call = clock_ns();
	if (domain_resume(d, err))
		return -1;
	t.resumed_ns = clock_ns();
	if (!w->late && domain_finish(d, err))
		return -1;
	finished = clock_ns();
	close(how.fd);
	printf("before_ms=%.1f asked_to_stopped_ms=%.1f "
	       "stopped_to_written_ms=%.1f written_to_call_ms=%.1f "
	       "resume_ms=%.1f pause_ms=%.1f after_ms=%.1f instants=%u "
	       "progress_bytes=%" PRIu64 "\n",
	       ms(begin, t.asked_ns), ms(t.asked_ns, t.suspended_ns),
	       ms(t.suspended_ns, t.saved_ns), ms(t.saved_ns, call),
	       ms(call, t.resumed_ns), ms(t.suspended_ns, t.resumed_ns),
	       ms(t.resumed_ns, finished), w->told, w->bytes);
	return 0;
}

static int
save(struct domain *d, int n, char **words, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct xl_monitor m = { 0, 0 };
	struct domain_info i;
	struct words w;
	bool resumed;
	int rc;

	if (n < 1)
		return err_set(err, ERR_INVALID, 0, "save to which file?");
	read_words(&w, n - 1, words + 1);
	if (cancel_init(err) || domain_describe(d, &i, err))
		return -1;
	if (w.monitor && (xl_monitor_find(i.name, i.domid, &m, err) ||
			  xl_monitor_stop(&m, err)))
		return -1;
	rc = save_and_go_on(d, words[0], &w, err);
	if (rc) {
		if (domain_rescue(i.domid, i.uuid, 2000, &resumed, &ignored))
			printf("rescue: %s\n", ignored.text);
		else
			printf("rescue: resumed=%d\n", resumed);
	}
	xl_monitor_go_on(&m);
	return rc;
}

static int
with_domain(int argc, char **argv, struct err *err)
{
	struct domain_info i;
	struct xl_monitor m;
	struct domain *d;
	bool resumed = false;
	int rc = -1;

	if (domain_find(argv[2], &d, err))
		return -1;
	if (strcmp(argv[1], "describe") == 0) {
		rc = describe(d, err);
	} else if (strcmp(argv[1], "config") == 0) {
		rc = config(d, err);
	} else if (strcmp(argv[1], "cfg") == 0) {
		rc = cfg(d, argc - 3, argv + 3, err);
	} else if (strcmp(argv[1], "save") == 0) {
		rc = save(d, argc - 3, argv + 3, err);
	} else if (strcmp(argv[1], "monitor") == 0) {
		rc = domain_describe(d, &i, err) ||
				     xl_monitor_find(i.name, i.domid, &m, err) ?
			     -1 :
			     0;
		if (!rc)
			printf("%ld\n", (long)m.pid);
	} else if (strcmp(argv[1], "rescue") == 0 && argc > 3) {
		rc = domain_describe(d, &i, err) ||
				     domain_rescue(i.domid, i.uuid,
						   (unsigned int)atoi(argv[3]),
						   &resumed, err) ?
			     -1 :
			     0;
		if (!rc)
			printf("resumed=%d\n", resumed);
	}
	domain_close(d);
	return rc;
}

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	enum domain_state state;
	int rc = -1;

	began_ns = clock_ns();
	if (getenv("PROBE_LOG"))
		log_to(to_stderr, NULL);
	if (argc > 3 && strcmp(argv[1], "state") == 0) {
		rc = domain_state((uint32_t)atoi(argv[2]), argv[3], &state,
				  &err);
		if (!rc)
			puts(domain_state_name(state));
	} else if (argc > 2) {
		rc = with_domain(argc, argv, &err);
	}
	if (rc)
		fprintf(stderr, "domain_probe: %d %s\n", (int)err.code,
			err.text);
	return rc ? 1 : 0;
}

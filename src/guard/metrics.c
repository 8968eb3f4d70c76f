/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metrics.c - see guard_room.h: the text format of Prometheus, 0.0.4, for the
 * textfile collector of node_exporter.
 *
 * Names and units by https://prometheus.io/docs/practices/naming/: base units,
 * the unit as suffix, "_total" for what only grows.  The file is readable by
 * all, since node_exporter is another user; its temporary name does not end in
 * ".prom", so it is never read half written.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "fd.h"
#include "guard_room.h"

#define P "xensnap_"

/* A label's value: backslash, quote and line feed are escaped. */
static void
put_label(FILE *f, const char *name, const char *value, char end)
{
	fprintf(f, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', f);
		if (*value == '\n')
			fputs("\\n", f);
		else
			fputc(*value, f);
	}
	fprintf(f, "\"%c", end);
}

static void
put_value(FILE *f, double value)
{
	if (isinf(value))
		fputs(" +Inf\n", f);
	else
		fprintf(f, " %.17g\n", value);
}

static void
head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP " P "%s %s\n# TYPE " P "%s %s\n", name, help, name,
		type);
}

/* What is told of each gauge. */
struct column {
	const char *name, *help;
	double (*value)(const struct gauge *x);
};

static double
size_of(const struct gauge *x)
{
	return (double)x->fill.bytes;
}

static double
used_of(const struct gauge *x)
{
	return (double)x->fill.used;
}

static double
rate_of(const struct gauge *x)
{
	return x->rate;
}

static double
full_of(const struct gauge *x)
{
	return x->full_s;
}

static double
lost_of(const struct gauge *x)
{
	return x->fill.state == DISK_FILL_LOST;
}

static const struct column columns[] = {
	{ "size_bytes", "Size.", size_of },
	{ "used_bytes", "Bytes in use.", used_of },
	{ "fill_rate_bytes_per_second",
	  "Growth of the bytes in use, by the forecast.", rate_of },
	{ "full_seconds",
	  "Seconds until it is full at that rate, +Inf for never.", full_of },
	{ "lost", "1 when it overflowed or failed.", lost_of },
};

/* The word in the names of what is told of it. */
static const char *
family(const struct gauge *x)
{
	switch (x->fill.kind) {
	case DISK_FILL_VIEW:
		return "view";
	case DISK_FILL_CLONE:
		return "clone";
	case DISK_FILL_POOL_DATA:
	case DISK_FILL_POOL_METADATA:
	default:
		return "pool";
	}
}

static void
put_labels(FILE *f, const struct gauge *x)
{
	char name[2 * SNAPSHOT_NAME_MAX + 2];

	fputc('{', f);
	if (disk_fill_is_area(&x->fill)) {
		snprintf(name, sizeof(name), "%s@%s", x->domain, x->name);
		if (x->fill.kind == DISK_FILL_CLONE)
			put_label(f, "clone", x->domain, ',');
		else
			put_label(f, "snapshot", name, ',');
		put_label(f, "disk", x->vdev, ',');
		put_label(f, "volume", x->fill.what, '}');
		return;
	}
	put_label(f, "pool", x->fill.what, ',');
	put_label(f, "part",
		  x->fill.kind == DISK_FILL_POOL_DATA ? "data" : "metadata",
		  '}');
}

static void
put_gauges(FILE *f, const struct guard *g, const char *what)
{
	char name[80];

	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		snprintf(name, sizeof(name), "%s_%s", what, columns[c].name);
		head(f, name, "gauge", columns[c].help);
		for (unsigned int i = 0; i < g->n; i++) {
			const struct gauge *x = &g->gauges[i];

			if (strcmp(family(x), what) != 0 || !x->known)
				continue;
			fprintf(f, P "%s", name);
			put_labels(f, x);
			put_value(f, columns[c].value(x));
		}
	}
}

/* Each volume group once. */
static void
put_groups(FILE *f, const struct guard *g, const char *name, const char *help,
	   bool free_ones)
{
	head(f, name, "gauge", help);
	for (unsigned int i = 0; i < g->n; i++) {
		const struct disk_fill *x = &g->gauges[i].fill;
		unsigned int k = 0;

		while (strcmp(g->gauges[k].fill.group, x->group) != 0)
			k++;
		if (k < i)
			continue;
		fprintf(f, P "%s{", name);
		put_label(f, "group", x->group, '}');
		put_value(f,
			  (double)(free_ones ? x->group_free : x->group_bytes));
	}
}

static void
put_all(FILE *f, const struct guard *g)
{
	put_gauges(f, g, "view");
	put_gauges(f, g, "clone");
	put_gauges(f, g, "pool");
	put_groups(f, g, "group_size_bytes", "Size of the volume group.",
		   false);
	put_groups(f, g, "group_free_bytes",
		   "Bytes of the volume group that are free.", true);
	head(f, "snapshots", "gauge", "Snapshots on this host.");
	fprintf(f, P "snapshots %u\n", g->n_snapshots);
	head(f, "leftovers", "gauge",
	     "Snapshots half made or half deleted, also by who is at work.");
	fprintf(f, P "leftovers %u\n", g->glance.n_leftovers);
	head(f, "watch_events_total", "counter",
	     "Events told since the start.");
	for (int k = 0; k < GUARD_KINDS; k++)
		fprintf(f, P "watch_events_total{event=\"%s\"} %" PRIu64 "\n",
			guard_kind_name((enum guard_kind)k), g->counts[k]);
	head(f, "watch_last_look_timestamp_seconds", "gauge",
	     "When this was measured.");
	fprintf(f, P "watch_last_look_timestamp_seconds %lld\n",
		(long long)time(NULL));
	head(f, "build_info", "gauge", "1, and the version.");
	fprintf(f, P "build_info{version=\"%s\"} 1\n", XENSNAP_VERSION);
}

/* "DIR/.NAME.new" for "DIR/NAME". */
static int
beside(const char *path, char *ret, size_t len, struct err *err)
{
	const char *name = strrchr(path, '/');
	int n;

	name = name ? name + 1 : path;
	n = snprintf(ret, len, "%.*s.%s.new", (int)(name - path), path, name);
	if (n < 0 || (size_t)n >= len || !*name)
		return err_set(err, ERR_INVALID, 0, "'%s' is no file's name",
			       path);
	return 0;
}

static int
replace(const char *path, const char *text, size_t len, struct err *err)
{
	char temp[PATH_MAX];
	int fd, rc = -1;

	if (beside(path, temp, sizeof(temp), err))
		return -1;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "write %s", temp);
	/* Our umask would keep it from node_exporter. */
	if (fchmod(fd, 0644))
		err_set(err, ERR_IO, errno, "write %s", temp);
	else if (fd_write_all(fd, text, len, err) == 0 &&
		 rename(temp, path) == 0)
		rc = 0;
	else if (!err->code)
		err_set(err, fd_code(errno), errno, "rename %s", temp);
	fd_close(&fd);
	if (rc)
		unlink(temp);
	return rc;
}

int
metrics_write(const struct guard *g, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int rc = -1;

	if (!f)
		return err_set(err, ERR_NOMEM, errno, "out of memory");
	put_all(f, g);
	if (fclose(f) || !text)
		err_set(err, ERR_NOMEM, errno, "out of memory");
	else
		rc = replace(g->o->metrics, text, len, err);
	free(text);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.c - see guard_room.h: what watch tells Prometheus (prom.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "guard_room.h"
#include "prom.h"

#define P PROM_PREFIX

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
			prom_label(f, "clone", x->domain, ',');
		else
			prom_label(f, "snapshot", name, ',');
		prom_label(f, "disk", x->vdev, ',');
		prom_label(f, "volume", x->fill.what, '}');
		return;
	}
	prom_label(f, "pool", x->fill.what, ',');
	prom_label(f, "part",
		   x->fill.kind == DISK_FILL_POOL_DATA ? "data" : "metadata",
		   '}');
}

static void
put_gauges(FILE *f, const struct guard *g, const char *what)
{
	char name[80];

	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		snprintf(name, sizeof(name), "%s_%s", what, columns[c].name);
		prom_head(f, name, "gauge", columns[c].help);
		for (unsigned int i = 0; i < g->n; i++) {
			const struct gauge *x = &g->gauges[i];

			if (strcmp(family(x), what) != 0 || !x->known)
				continue;
			fprintf(f, P "%s", name);
			put_labels(f, x);
			prom_value(f, columns[c].value(x));
		}
	}
}

/* Each volume group once. */
static void
put_groups(FILE *f, const struct guard *g, const char *name, const char *help,
	   bool free_ones)
{
	prom_head(f, name, "gauge", help);
	for (unsigned int i = 0; i < g->n; i++) {
		const struct disk_fill *x = &g->gauges[i].fill;
		unsigned int k = 0;

		while (strcmp(g->gauges[k].fill.group, x->group) != 0)
			k++;
		if (k < i)
			continue;
		fprintf(f, P "%s{", name);
		prom_label(f, "group", x->group, '}');
		prom_value(f, (double)(free_ones ? x->group_free :
						   x->group_bytes));
	}
}

static void
put_all(FILE *f, const void *ctx)
{
	const struct guard *g = ctx;

	put_gauges(f, g, "view");
	put_gauges(f, g, "clone");
	put_gauges(f, g, "pool");
	put_groups(f, g, "group_size_bytes", "Size of the volume group.",
		   false);
	put_groups(f, g, "group_free_bytes",
		   "Bytes of the volume group that are free.", true);
	prom_head(f, "snapshots", "gauge", "Snapshots on this host.");
	fprintf(f, P "snapshots %u\n", g->n_snapshots);
	prom_head(
		f, "leftovers", "gauge",
		"Snapshots half made or half deleted, also by who is at work.");
	fprintf(f, P "leftovers %u\n", g->glance.n_leftovers);
	prom_head(f, "watch_events_total", "counter",
		  "Events told since the start.");
	for (int k = 0; k < GUARD_KINDS; k++)
		fprintf(f, P "watch_events_total{event=\"%s\"} %" PRIu64 "\n",
			guard_kind_name((enum guard_kind)k), g->counts[k]);
	prom_head(f, "watch_last_look_timestamp_seconds", "gauge",
		  "When this was measured.");
	fprintf(f, P "watch_last_look_timestamp_seconds %lld\n",
		(long long)time(NULL));
	prom_head(f, "build_info", "gauge", "1, and the version.");
	fprintf(f, P "build_info{version=\"%s\"} 1\n", XENSNAP_VERSION);
}

int
metrics_write(const struct guard *g, struct err *err)
{
	return prom_write(g->o->metrics, put_all, g, err);
}

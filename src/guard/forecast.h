/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forecast.h - how fast does it fill, and when will it be full?  Pure.
 *
 * The rate is measured over two windows, the last FORECAST_SHORT_MS and the
 * last FORECAST_LONG_MS, each by what was used at its beginning and is used
 * now: what lies between, steady or in bursts, does not matter.  The larger of
 * the two counts: the short one sees a burst at once, the long one does not
 * forget it when the next flush of a page cache is some seconds away.
 *
 * Less used than before means that something was given back, or that it is
 * another device: what was seen until then is forgotten.
 */
#ifndef XENSNAP_FORECAST_H
#define XENSNAP_FORECAST_H

#include <stdint.h>

#define FORECAST_SLOTS 17
#define FORECAST_SHORT_MS 5000u
#define FORECAST_LONG_MS 300000u
/* Over less than this a rate says nothing. */
#define FORECAST_LEAST_MS 200u

struct forecast_sample {
	uint64_t ms; /* monotonic */
	uint64_t used;
};

/* Some samples of one window, oldest first, at least a 16th of it apart. */
struct forecast_window {
	unsigned int n;
	struct forecast_sample at[FORECAST_SLOTS];
};

/* All zero: nothing was seen yet. */
struct forecast {
	struct forecast_window brief, lasting;
	struct forecast_sample last;
	unsigned int seen;
};

/*
 * forecast_add() - at @now_ms, by a clock that does not go backwards, @used
 * bytes are used.  A clock that does, or stands, is not believed: the sample
 * is left out.
 */
void forecast_add(struct forecast *f, uint64_t now_ms, uint64_t used);

/* forecast_rate() - bytes a second; 0 when too little was seen. */
double forecast_rate(const struct forecast *f);

/* forecast_seconds() - until @left bytes more are used, at this rate; INFINITY
 * when it does not fill. */
double forecast_seconds(const struct forecast *f, uint64_t left);

#endif

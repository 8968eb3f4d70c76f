/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* forecast.c - see forecast.h. */
#include "forecast.h"

#include <math.h>
#include <string.h>

/*
 * Slots are filled every 16th of the window, so that it stays one of the last
 * minutes however often it is looked at.  One that is older than the window
 * stays only while the next one is too young to measure by.
 */
static void
window_add(struct forecast_window *w, struct forecast_sample s, uint64_t span)
{
	if (w->n && s.ms - w->at[w->n - 1].ms < span / (FORECAST_SLOTS - 1))
		return;
	while (w->n > 1 && s.ms - w->at[1].ms >= span)
		memmove(&w->at[0], &w->at[1], --w->n * sizeof(w->at[0]));
	if (w->n == FORECAST_SLOTS)
		memmove(&w->at[0], &w->at[1], --w->n * sizeof(w->at[0]));
	w->at[w->n++] = s;
}

void
forecast_add(struct forecast *f, uint64_t now_ms, uint64_t used)
{
	struct forecast_sample s = { .ms = now_ms, .used = used };

	if (f->seen && now_ms <= f->last.ms)
		return;
	if (f->seen && used < f->last.used)
		memset(f, 0, sizeof(*f));
	f->last = s;
	f->seen++;
	window_add(&f->brief, s, FORECAST_SHORT_MS);
	window_add(&f->lasting, s, FORECAST_LONG_MS);
}

/* From its oldest sample that is not out of date, to the last one. */
static double
window_rate(const struct forecast_window *w, const struct forecast_sample *last,
	    uint64_t span)
{
	const struct forecast_sample *from = &w->at[0];
	uint64_t ms;

	if (w->n == 0)
		return 0;
	for (unsigned int i = 1; i < w->n; i++)
		if (last->ms - from->ms > span &&
		    last->ms - w->at[i].ms >= FORECAST_LEAST_MS)
			from = &w->at[i];
	ms = last->ms - from->ms;
	if (ms < FORECAST_LEAST_MS)
		return 0;
	return (double)(last->used - from->used) * 1000.0 / (double)ms;
}

double
forecast_rate(const struct forecast *f)
{
	double a = window_rate(&f->brief, &f->last, FORECAST_SHORT_MS);
	double b = window_rate(&f->lasting, &f->last, FORECAST_LONG_MS);

	return a > b ? a : b;
}

double
forecast_seconds(const struct forecast *f, uint64_t left)
{
	double rate = forecast_rate(f);

	return rate > 0 ? (double)left / rate : INFINITY;
}

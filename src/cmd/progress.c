/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* progress.c - see progress.h. */
#include "progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "units.h"

#define DELAY_MS 1000.0
#define REDRAW_MS 150.0
#define MEMORY_MS 3000.0 /* about as long the rate looks back */
#define BAR_MIN 10
#define BAR_MAX 30

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool enabled;
static bool drawn;
static char what_now[40];
static uint64_t begun_ns; /* of the whole work, 0: none */
static uint64_t last_ns;  /* of the last look at the rate */
static uint64_t last_done;
static double rate_now;

void
progress_init(bool on)
{
	enabled = on;
}

static size_t
terminal_width(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	return 80;
}

/* "[#####-----]" of @width columns, all in. */
static void
draw_bar(char *ret, size_t width, double part)
{
	size_t inner = width - 2;
	size_t full = (size_t)((double)inner * part);

	*ret++ = '[';
	memset(ret, '#', full);
	memset(ret + full, '-', inner - full);
	ret[inner] = ']';
	ret[inner + 1] = '\0';
}

/* In whole seconds: more would only flicker. */
static void
time_left(double seconds, char *ret, size_t len)
{
	unsigned int s = seconds < 86400 * 99 ? (unsigned int)seconds + 1 : 0;

	if (s == 0)
		snprintf(ret, len, "  days left");
	else if (s < 3600)
		snprintf(ret, len, "  %u:%02u left", s / 60, s % 60);
	else
		snprintf(ret, len, "  %u:%02u:%02u left", s / 3600, s / 60 % 60,
			 s % 60);
}

void
progress_line(const struct progress_state *s, char *ret, size_t len)
{
	bool known = s->total > 0 && s->done <= s->total;
	char done[16], total[16], rate[16], left[40], facts[120];
	char bar[BAR_MAX + 1] = "";
	double part = known ? (double)s->done / (double)s->total : 0;
	size_t room;

	units_size(s->done, done, sizeof(done));
	units_size(s->total, total, sizeof(total));
	units_size((uint64_t)s->rate, rate, sizeof(rate));
	left[0] = '\0';
	if (known && s->rate >= 1)
		time_left((double)(s->total - s->done) / s->rate, left,
			  sizeof(left));
	if (known)
		snprintf(facts, sizeof(facts), "%3u%%  %s of %s  %s/s%s",
			 (unsigned int)(part * 100), done, total, rate, left);
	else
		snprintf(facts, sizeof(facts), "%s  %s/s", done, rate);

	room = strlen(s->what) + strlen(facts) + 5;
	if (known && s->width >= room + BAR_MIN)
		draw_bar(bar,
			 s->width - room < BAR_MAX ? s->width - room : BAR_MAX,
			 part);
	snprintf(ret, len, "%s  %s%s%s", s->what, bar, *bar ? "  " : "", facts);
	/* The last column stays free: some terminals would wrap there. */
	if (strlen(ret) >= s->width)
		ret[text_cut(ret, s->width - 1)] = '\0';
}

static void
erase(void)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	drawn = false;
}

static void
look_at_rate(uint64_t now, uint64_t done)
{
	double ms = (double)(now - last_ns) / 1e6;
	double weight;
	double rate;

	if (done < last_done || ms <= 0)
		return;
	rate = (double)(done - last_done) / ms * 1000;
	weight = rate_now > 0 ? ms / (ms + MEMORY_MS) : 1;
	rate_now += weight * (rate - rate_now);
	last_ns = now;
	last_done = done;
}

void
progress_tell(const char *what, uint64_t done, uint64_t total, void *ctx)
{
	struct progress_state s;
	char line[256];
	uint64_t now;

	(void)ctx;
	if (!enabled)
		return;
	now = clock_ns();
	pthread_mutex_lock(&lock);
	if (begun_ns == 0)
		begun_ns = now;
	if (strncmp(what, what_now, sizeof(what_now) - 1) != 0) {
		snprintf(what_now, sizeof(what_now), "%s", what);
		last_ns = now;
		last_done = done;
		rate_now = 0;
	}
	if ((double)(now - last_ns) / 1e6 >= REDRAW_MS) {
		look_at_rate(now, done);
		if ((double)(now - begun_ns) / 1e6 >= DELAY_MS) {
			s = (struct progress_state){ what_now, done, total,
						     rate_now,
						     terminal_width() };
			progress_line(&s, line, sizeof(line));
			fprintf(stderr, "\r%s\033[K", text_clean(line));
			fflush(stderr);
			drawn = true;
		}
	}
	pthread_mutex_unlock(&lock);
}

void
progress_above(const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&lock);
	erase();
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

void
progress_end(void)
{
	pthread_mutex_lock(&lock);
	erase();
	begun_ns = 0;
	what_now[0] = '\0';
	pthread_mutex_unlock(&lock);
}

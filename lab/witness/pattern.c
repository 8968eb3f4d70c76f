/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pattern.c - a large changing pattern in memory.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "clock.h"
#include "gate.h"
#include "pattern.h"
#include "say.h"

#define WORDS (PATTERN_PAGE / sizeof(uint64_t))
#define HEAD_WORDS 4
#define DETAILS_MAX 4
#define STEP_MS 20

static uint64_t *pattern_mem;
static size_t pattern_pages;
static uint32_t *pattern_gen; /* the generation of each page */
static uint64_t pattern_sum;  /* of the table: changed with each entry */
static unsigned int pattern_rate, pattern_rate_s; /* pages, in seconds */
static pthread_mutex_t pattern_lock = PTHREAD_MUTEX_INITIALIZER;

/* Written out, so that the text is not in the program's read-only data. */
static void
pattern_magic(char to[16])
{
	static const char a[] = "xen-WITN", b[] = "ESS-page";

	memcpy(to, a, 8);
	memcpy(to + 8, b, 8);
}

static uint64_t
pattern_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

static uint64_t
pattern_entry_sum(size_t page, uint32_t gen)
{
	return pattern_mix(((uint64_t)page << 32 | gen) + 1);
}

/* The first word after the head; each word follows from the one before. */
static uint64_t
pattern_seed(size_t page, uint32_t gen)
{
	return pattern_mix(((uint64_t)gen << 32) + page + 0x5eed);
}

static uint64_t
pattern_next(uint64_t x)
{
	return x * 6364136223846793005u + 1442695040888963407u;
}

static void
pattern_write(size_t page, uint32_t gen)
{
	uint64_t *w = pattern_mem + page * WORDS;
	uint64_t x = pattern_seed(page, gen);

	pattern_magic((char *)w);
	w[2] = page;
	w[3] = gen;
	for (size_t i = HEAD_WORDS; i < WORDS; i++) {
		w[i] = x;
		x = pattern_next(x);
	}
}

int
pattern_init(unsigned int mib)
{
	size_t size = (size_t)mib << 20;

	pattern_pages = size / PATTERN_PAGE;
	pattern_gen = calloc(pattern_pages, sizeof(*pattern_gen));
	if (!pattern_gen)
		return -1;
	pattern_mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pattern_mem == MAP_FAILED) {
		free(pattern_gen);
		return -1;
	}
	for (size_t p = 0; p < pattern_pages; p++) {
		pattern_write(p, 0);
		pattern_sum ^= pattern_entry_sum(p, 0);
	}
	return 0;
}

static void
pattern_mutate(uint64_t *random)
{
	uint32_t gen;
	size_t page;

	*random = pattern_next(*random);
	page = (size_t)((*random >> 33) % pattern_pages);

	pthread_mutex_lock(&pattern_lock);
	gen = pattern_gen[page];
	pattern_sum ^= pattern_entry_sum(page, gen);
	gen++;
	pattern_sum ^= pattern_entry_sum(page, gen);
	pattern_gen[page] = gen;
	pattern_write(page, gen);
	pthread_mutex_unlock(&pattern_lock);
}

static void *
pattern_mutator(void *arg)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	uint64_t random = 42;
	/* What a page costs; each ms of sleep pays for pattern_rate. */
	uint64_t page = (uint64_t)pattern_rate_s * 1000;
	uint64_t owed = 0;

	(void)arg;
	for (;;) {
		if (gate_closed()) {
			gate_park();
			continue;
		}
		if (pattern_rate == 0) {
			pattern_mutate(&random);
			continue;
		}
		if (owed < page) {
			nanosleep(&step, NULL);
			owed += (uint64_t)pattern_rate * STEP_MS;
			continue;
		}
		pattern_mutate(&random);
		owed -= page;
	}
	return NULL;
}

int
pattern_start(unsigned int pages, unsigned int seconds)
{
	pthread_t t;

	pattern_rate = pages;
	pattern_rate_s = seconds;
	gate_join();
	errno = pthread_create(&t, NULL, pattern_mutator, NULL);
	return errno ? -1 : 0;
}

/* Returns the offset of the first wrong word, or PATTERN_PAGE if none is. */
static size_t
pattern_compare(size_t page, uint32_t gen)
{
	const uint64_t *w = pattern_mem + page * WORDS;
	uint64_t x = pattern_seed(page, gen);
	char magic[16];

	pattern_magic(magic);
	if (memcmp(w, magic, sizeof(magic)) != 0)
		return 0;
	if (w[2] != page)
		return 16;
	if (w[3] != gen)
		return 24;
	for (size_t i = HEAD_WORDS; i < WORDS; i++) {
		if (w[i] != x)
			return i * sizeof(*w);
		x = pattern_next(x);
	}
	return PATTERN_PAGE;
}

unsigned int
pattern_check(void)
{
	unsigned int bad = 0;
	uint64_t sum = 0;

	for (size_t p = 0; p < pattern_pages; p++) {
		size_t at = pattern_compare(p, pattern_gen[p]);

		sum ^= pattern_entry_sum(p, pattern_gen[p]);
		if (at == PATTERN_PAGE)
			continue;
		if (bad++ < DETAILS_MAX)
			say("detail kind=pattern page=%zu offset=%zu "
			    "want_gen=%u found_gen=%llu",
			    p, at, pattern_gen[p],
			    (unsigned long long)pattern_mem[p * WORDS + 3]);
	}
	if (sum != pattern_sum) {
		bad++;
		say("detail kind=pattern table=damaged");
	}
	return bad;
}

int
pattern_poke(size_t page, size_t offset)
{
	if (page >= pattern_pages || offset >= PATTERN_PAGE)
		return -1;
	((unsigned char *)pattern_mem)[page * PATTERN_PAGE + offset] ^= 0xff;
	return 0;
}

void
pattern_hold(void)
{
	pthread_mutex_lock(&pattern_lock);
}

void
pattern_release(void)
{
	pthread_mutex_unlock(&pattern_lock);
}

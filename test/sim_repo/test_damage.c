/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_damage.c - each object of a repository is gone, empty, cut, grown,
 * another of its kind, or partly so: D8 and D10.
 *
 * Verify notices and names it, or it is of a kind that nobody needs, or that is
 * there twice; what it does not touch comes back, and nothing comes back wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "noticed.h"
#include "plain.h"
#include "tap.h"

#define DAILY 2
#define BLOCK 4096
#define OBJECTS_MAX 400

struct object_name {
	char name[STORE_NAME_MAX + 1];
};

static struct object_name objects[OBJECTS_MAX];
static unsigned int n_objects;
static char what[300];

static const char *const kinds[] = { "config",    "keys/",     "heads/",
				     "outcomes/", "sessions/", "forgets/",
				     "index/",    "packs/" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define PACKS (KINDS - 1)

static uint64_t counts[KINDS][3];

static int
note(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	(void)bytes;
	(void)ctx;
	(void)err;
	if (n_objects < OBJECTS_MAX)
		snprintf(objects[n_objects++].name, sizeof(objects[0].name),
			 "%s", name);
	return 0;
}

static unsigned int
kind_of(const char *name)
{
	unsigned int i = 0;

	while (strncmp(name, kinds[i], strlen(kinds[i])) != 0)
		i++;
	return i;
}

/* Another one of the same kind; itself if there is none. */
static const char *
neighbour(const char *name)
{
	unsigned int begin = (unsigned int)plain_draw(n_objects);

	for (unsigned int i = 0; i < n_objects; i++) {
		const char *other = objects[(begin + i) % n_objects].name;

		if (kind_of(other) == kind_of(name) && strcmp(other, name) != 0)
			return other;
	}
	return name;
}

/* ---- ways ---- */

struct content {
	uint8_t *p;
	size_t len, room;
};

typedef void damage_fn(struct content *c, const uint8_t *other, size_t len);

static void
make_empty(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	c->len = 0;
}

static void
make_half(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	c->len /= 2;
}

static void
make_shorter(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	c->len--;
}

static void
make_longer(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	c->p[c->len++] = 0;
}

static void
make_block_longer(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	memset(c->p + c->len, 0, BLOCK);
	c->len += BLOCK;
}

static void
make_other(struct content *c, const uint8_t *other, size_t len)
{
	memcpy(c->p, other, len);
	c->len = len;
}

/* A block of @c, of zeros or as @other has it there. */
static void
make_block(struct content *c, const uint8_t *other, size_t len)
{
	size_t at = c->len ? plain_draw((c->len + BLOCK - 1) / BLOCK) * BLOCK :
			     0;

	for (size_t i = at; i < c->len && i < at + BLOCK; i++)
		c->p[i] = other && i < len ? other[i] : 0;
}

static void
make_zeros(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	make_block(c, NULL, len);
}

static void
make_flip(struct content *c, const uint8_t *other, size_t len)
{
	(void)other;
	(void)len;
	c->p[plain_draw(c->len)] ^= (uint8_t)(1u << plain_draw(8));
}

static const struct {
	const char *name;
	damage_fn *fn; /* NULL: gone */
} ways[] = {
	{ "gone", NULL },
	{ "empty", make_empty },
	{ "half", make_half },
	{ "a byte shorter", make_shorter },
	{ "a byte longer", make_longer },
	{ "a block longer", make_block_longer },
	{ "another one", make_other },
	{ "a block of another one", make_block },
	{ "a block of zeros", make_zeros },
	{ "a bit flipped", make_flip },
};

/* false: it makes no difference. */
static bool
damage(struct many *m, const char *name, damage_fn *fn)
{
	size_t len = 0, other_len = 0;
	const uint8_t *p = store_mem_look(m->store, name, &len);
	const uint8_t *other =
		store_mem_look(m->store, neighbour(name), &other_len);
	struct content c = { .len = len };
	bool differs;

	if (!fn)
		return store_mem_remove(m->store, name);
	if (len == 0)
		return false;
	c.p = malloc(len + other_len + BLOCK);
	memcpy(c.p, p, len);
	fn(&c, other, other_len);
	differs = c.len != len || memcmp(c.p, p, len) != 0;
	if (differs)
		store_mem_set(m->store, name, c.p, c.len);
	free(c.p);
	return differs;
}

static void
try_one(const struct many *base, const char *name, unsigned int way,
	uint64_t seed)
{
	struct many *m = many_copy(base);
	size_t packs = store_mem_count(base->store, "packs/");
	unsigned int kind = kind_of(name);
	enum noticed is;

	snprintf(what, sizeof(what), "seed %" PRIu64 ", %s: %s", seed, name,
		 ways[way].name);
	m->what = what;
	if (damage(m, name, ways[way].fn)) {
		is = notice(base, m);
		counts[kind][is]++;
		/* What is gone and not needed may be so; a pack as well that
		 * nobody needs, which verify does not read. */
		if (is == HARMLESS && ways[way].fn &&
		    (kind != PACKS || packs == base->needed))
			many_wrong(m, "it is not noticed");
	}
	many_free(m);
}

int
main(void)
{
	struct err err = ERR_INIT;

	many_begin();
	for (uint64_t seed = 0; many_seeds(&seed, DAILY);) {
		struct many *base = many_draw();

		if (plain_draw(2))
			many_settle(base, 0);
		notice_unforget(base);
		many_check(base, 0);
		n_objects = 0;
		store_list(base->store, "", note, NULL, &err);
		for (unsigned int i = 0; i < n_objects; i++)
			for (unsigned int w = 0;
			     w < sizeof(ways) / sizeof(ways[0]); w++)
				try_one(base, objects[i].name, w, seed);
		many_free(base);
		if (many_wrongs() > 20)
			break;
	}
	for (unsigned int i = 0; i < KINDS; i++)
		tap_note("%s: %" PRIu64 " damages noticed and named, %" PRIu64
			 " harmless",
			 kinds[i], counts[i][NOTICED], counts[i][HARMLESS]);
	tap_ok(many_wrongs() == 0 && counts[PACKS][NOTICED] > 0,
	       "damage is noticed");
	return many_end();
}

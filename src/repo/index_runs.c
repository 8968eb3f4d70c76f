/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index_runs.c - see index_runs.h. */
#include <stdlib.h>
#include <string.h>

#include "index_part.h"
#include "index_runs.h"
#include "log.h"

/*
 * A run is merged with those behind it when they are more than so many quarters
 * of it.  When a list is full that is much, so that large ones are written anew
 * only with many others as large: index parts are equal, and thousands.
 */
#define WHEN_FULL 64
#define WHEN_FULL_LEAST 4
#define WHEN_SETTLED 1

void
used_run_free(struct used_run *u)
{
	index_run_free(u->run);
	free(u->uses);
	memset(u, 0, sizeof(*u));
}

void
index_runs_done(struct index_runs *rs)
{
	while (rs->parts.n > 0)
		used_run_free(&rs->parts.at[--rs->parts.n]);
	while (rs->own.n > 0)
		used_run_free(&rs->own.at[--rs->own.n]);
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, 0, "no memory for the index");
}

/* ---- merging ---- */

/* What is made of some runs. */
struct making {
	struct index_runs *rs;
	struct merge_from from[INDEX_MERGE_MAX];
	struct run_about about;
	uint32_t *numbers; /* of the new slots */
	uint8_t *uses;
	uint32_t n_slots, n_parts;
	uint64_t n_used;
};

/* The slots of part @part of @u, from @slot on: new ones, if it is used. */
static void
take_slots(struct making *m, const struct used_run *u, uint32_t slot,
	   const struct run_part *part, bool used, uint32_t *becomes)
{
	const uint32_t *numbers = index_run_numbers(u->run);

	for (uint32_t k = slot; k < slot + part->n_slots; k++) {
		const struct known_pack *p;

		becomes[k] = RUN_NOWHERE;
		if (!used)
			continue;
		p = pack_table_at(m->rs->packs, numbers[k]);
		run_about_pack(&m->about, p->sum, p->bytes);
		m->numbers[m->n_slots] = numbers[k];
		becomes[k] = m->n_slots++;
	}
}

static int
take_run(struct making *m, unsigned int i, const struct used_run *u,
	 struct err *err)
{
	uint32_t n = index_run_slots(u->run), slot = 0, *becomes;
	struct run_part part;

	m->from[i].run = u->run;
	if (!index_run_numbers(u->run))
		return 0;
	becomes = calloc((size_t)n + 1, sizeof(*becomes));
	if (!becomes)
		return no_memory(err);
	m->from[i].becomes = becomes;
	m->from[i].n = n;
	for (uint32_t k = 0; k < index_run_parts(u->run); k++) {
		bool used = u->uses[k] == PART_USED;

		index_run_part(u->run, k, &part);
		take_slots(m, u, slot, &part, used, becomes);
		slot += part.n_slots;
		if (!used)
			continue;
		run_about_part(&m->about, &part);
		m->uses[m->n_parts++] = PART_USED;
	}
	m->n_used += u->n_used;
	return 0;
}

static int
make_room(struct making *m, const struct used_run *u, unsigned int n,
	  struct err *err)
{
	size_t slots = 1, parts = 1;

	for (unsigned int i = 0; i < n; i++) {
		slots += index_run_slots(u[i].run);
		parts += index_run_parts(u[i].run);
	}
	memcpy(m->about.repo_id, m->rs->repo_id, REPO_ID);
	m->numbers = calloc(slots, sizeof(*m->numbers));
	m->uses = calloc(parts, 1);
	return m->numbers && m->uses ? 0 : no_memory(err);
}

/* One run of the @n at @u; they stay.  *@ret is the caller's then. */
static int
make_one(struct index_runs *rs, const struct used_run *u, unsigned int n,
	 struct used_run *ret, struct err *err)
{
	struct making m = { .rs = rs };
	int rc = make_room(&m, u, n, err);

	for (unsigned int i = 0; rc == 0 && i < n; i++)
		rc = take_run(&m, i, &u[i], err);
	if (rc == 0)
		ret->run = index_merge(rs->dirfd, m.from, n, &m.about, err);
	if (ret->run) {
		if (index_run_numbers(u[0].run)) {
			index_run_set_numbers(ret->run, m.numbers);
			m.numbers = NULL;
		}
		ret->uses = m.uses;
		m.uses = NULL;
		ret->n_used = m.n_used;
	}
	for (unsigned int i = 0; i < n; i++)
		free((void *)(uintptr_t)m.from[i].becomes);
	run_about_done(&m.about);
	free(m.numbers);
	free(m.uses);
	return ret->run ? 0 : -1;
}

static void
place(struct index_runs *rs, struct run_list *l, struct used_run *u)
{
	u->base = rs->positions;
	rs->positions += index_run_entries(u->run);
	l->at[l->n++] = *u;
}

/* Run @i of @l and all behind it become one. */
static int
merge_from(struct index_runs *rs, struct run_list *l, unsigned int i,
	   struct err *err)
{
	struct used_run all = { .fixed = false };

	if (make_one(rs, &l->at[i], l->n - i, &all, err))
		return -1;
	while (l->n > i) {
		struct used_run *u = &l->at[--l->n];

		if (u->file[0] && rs->gone)
			rs->gone(u->file, false, rs->gone_ctx);
		used_run_free(u);
	}
	place(rs, l, &all);
	return 0;
}

/* How many entries of it nobody asks for any more. */
static uint64_t
dead_in(const struct used_run *u)
{
	uint64_t n = index_run_entries(u->run);

	return index_run_numbers(u->run) && u->n_used < n ? n - u->n_used : 0;
}

/* The first run that is to be merged with all behind it, or @l->n. */
static unsigned int
first_to_merge(const struct run_list *l, unsigned int quarters)
{
	unsigned int first = l->n;
	uint64_t behind = 0;

	for (unsigned int i = l->n; i-- > 0 && !l->at[i].fixed;) {
		uint64_t n = index_run_entries(l->at[i].run);

		if ((i + 1 < l->n && quarters * n < 4 * behind) ||
		    (quarters == WHEN_SETTLED && dead_in(&l->at[i]) > n / 3))
			first = i;
		behind += n;
	}
	return first;
}

/* Where to merge from when there shall be room for one more. */
static unsigned int
first_when_full(const struct run_list *l)
{
	unsigned int first = l->n;

	for (unsigned int quarters = WHEN_FULL;
	     first == l->n && quarters >= WHEN_FULL_LEAST; quarters /= 2)
		first = first_to_merge(l, quarters);
	return first;
}

static unsigned int
choose(const struct run_list *l, bool full)
{
	unsigned int first = full ? first_when_full(l) :
				    first_to_merge(l, WHEN_SETTLED);

	return first == l->n && l->n == INDEX_MERGE_MAX ? l->n - 2 : first;
}

static int mend_damaged(struct index_runs *rs, struct run_list *l,
			struct err *err);

/* Merge what shall be; what was damaged is read anew first. */
static int
compact(struct index_runs *rs, struct run_list *l, bool full, struct err *err)
{
	unsigned int i = choose(l, full);

	if (i >= l->n || merge_from(rs, l, i, err) == 0)
		return 0;
	if (err->code != ERR_CORRUPT || mend_damaged(rs, l, err))
		return -1;
	i = choose(l, full);
	return i < l->n ? merge_from(rs, l, i, err) : 0;
}

int
index_runs_settle(struct index_runs *rs, struct err *err)
{
	if (compact(rs, &rs->parts, false, err) == 0)
		return 0;
	if (err->code != ERR_NOSPC)
		return -1;
	if (!rs->told)
		log_notice("no room to merge what this host keeps of the "
			   "repository's index; it goes on, slower");
	rs->told = true;
	err_clear(err);
	return 0;
}

/* ---- adding ---- */

/* One more at the end; it is freed on failure. */
static int
push(struct index_runs *rs, struct run_list *l, struct used_run *u,
     struct err *err)
{
	if (l->n == INDEX_MERGE_MAX && compact(rs, l, true, err)) {
		used_run_free(u);
		return -1;
	}
	place(rs, l, u);
	return 0;
}

/* The numbers of its slots; those of parts that are not used have none. */
static int
number(struct index_runs *rs, struct used_run *u, struct err *err)
{
	uint32_t n = index_run_slots(u->run), slot = 0;
	uint32_t *numbers = calloc((size_t)n + 1, sizeof(*numbers));
	struct run_part part;

	if (!numbers)
		return no_memory(err);
	u->n_used = 0;
	for (uint32_t i = 0; i < index_run_parts(u->run); i++) {
		bool used = u->uses[i] == PART_USED;

		index_run_part(u->run, i, &part);
		u->n_used += used ? part.n_entries : 0;
		for (uint32_t k = 0; k < part.n_slots; k++, slot++) {
			uint64_t bytes;
			const uint8_t *sum;

			numbers[slot] = RUN_NOWHERE;
			sum = index_run_slot(u->run, slot, &bytes);
			if (used && pack_table_add(rs->packs, sum, bytes,
						   &numbers[slot], err)) {
				free(numbers);
				return -1;
			}
		}
	}
	index_run_set_numbers(u->run, numbers);
	return 0;
}

int
index_runs_take(struct index_runs *rs, struct used_run *u, struct err *err)
{
	if (number(rs, u, err)) {
		used_run_free(u);
		return -1;
	}
	return push(rs, &rs->parts, u, err);
}

static struct index_run *
run_of(struct index_runs *rs, const struct index_part *part,
       const struct run_about *about, struct err *err)
{
	struct run_out *o = run_out_new(rs->dirfd, err);
	struct index_entry e;

	for (uint32_t i = 0; o && i < part->n; i++) {
		index_part_entry(part, i, &e);
		if (run_out_add(o, &e, err)) {
			run_out_free(o);
			o = NULL;
		}
	}
	return o ? run_out_end(o, about, err) : NULL;
}

int
index_runs_add_part(struct index_runs *rs, const uint8_t name[SHA256_BYTES],
		    const uint8_t *p, size_t len, struct err *err)
{
	struct used_run u = { .fixed = false };
	struct run_about about = { .packs = BUF_INIT };
	struct index_part part;
	struct run_part told;
	uint64_t bytes;

	if (index_part_take(p, len, &part, err))
		return -1;
	memcpy(about.repo_id, rs->repo_id, REPO_ID);
	memcpy(told.name, name, SHA256_BYTES);
	told.n_slots = part.n_packs;
	told.n_entries = part.n;
	run_about_part(&about, &told);
	for (uint32_t i = 0; i < part.n_packs; i++) {
		const uint8_t *sum = index_part_pack(&part, i, &bytes);

		run_about_pack(&about, sum, bytes);
	}
	u.run = run_of(rs, &part, &about, err);
	run_about_done(&about);
	if (!u.run)
		return -1;
	u.uses = calloc((size_t)index_run_parts(u.run) + 1, 1);
	if (!u.uses) {
		used_run_free(&u);
		return no_memory(err);
	}
	u.uses[0] = PART_USED;
	return index_runs_take(rs, &u, err);
}

int
index_runs_add_own(struct index_runs *rs, const struct index_entry *list,
		   uint32_t n, struct err *err)
{
	struct used_run u = { .fixed = false };
	struct run_out *o = run_out_new(rs->dirfd, err);

	if (!o)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (run_out_add(o, &list[i], err)) {
			run_out_free(o);
			return -1;
		}
	u.run = run_out_end(o, NULL, err);
	return u.run ? push(rs, &rs->own, &u, err) : -1;
}

/* ---- what is damaged ---- */

/* Run @i of @l is damaged, which is in @err: its parts are read anew. */
static int
mend(struct index_runs *rs, struct run_list *l, unsigned int i, struct err *err)
{
	struct used_run u = l->at[i];
	struct buf b = BUF_INIT;
	struct run_part part;
	const uint8_t *body;
	size_t len;
	int rc = 0;

	if (!rs->fetch || !index_run_numbers(u.run))
		return -1;
	log_notice("what this host keeps of the repository's index is damaged; "
		   "it is read anew");
	err_clear(err);
	memmove(&l->at[i], &l->at[i + 1], (l->n - i - 1) * sizeof(l->at[0]));
	l->n--;
	if (u.file[0] && rs->gone)
		rs->gone(u.file, true, rs->gone_ctx);
	for (uint32_t k = 0; rc == 0 && k < index_run_parts(u.run); k++) {
		if (u.uses[k] != PART_USED)
			continue;
		index_run_part(u.run, k, &part);
		b.len = 0;
		rc = rs->fetch(part.name, &b, &body, &len, rs->fetch_ctx, err);
		if (rc == 0)
			rc = index_runs_add_part(rs, part.name, body, len, err);
	}
	buf_done(&b);
	used_run_free(&u);
	return rc;
}

/* One of them cannot be read, which is in @err. */
static int
mend_damaged(struct index_runs *rs, struct run_list *l, struct err *err)
{
	struct err why = ERR_INIT;

	for (unsigned int i = l->n; i-- > 0;)
		if (index_run_check(l->at[i].run, &why)) {
			*err = why;
			if (mend(rs, l, i, err))
				return -1;
			/* The list has changed. */
			return mend_damaged(rs, l, err);
		}
	return err->code == ERR_NONE ? 0 : -1;
}

/* ---- finding ---- */

/* 1, 0, or -1: run @l->bad is damaged. */
static int
find_in(struct run_list *l, const uint8_t id[INDEX_ID],
	const struct pack_skip *skip, struct index_entry *ret, uint64_t *ret_at,
	struct err *err)
{
	for (unsigned int i = l->n; i-- > 0;) {
		int r = index_run_find(l->at[i].run, id, skip, ret, ret_at,
				       err);

		if (r > 0 && ret_at)
			*ret_at += l->at[i].base;
		l->bad = i;
		if (r)
			return r;
	}
	return 0;
}

int
index_runs_find(struct index_runs *rs, const uint8_t id[INDEX_ID],
		const struct pack_skip *skip, struct index_entry *ret,
		uint64_t *ret_at, struct err *err)
{
	int r = find_in(&rs->own, id, skip, ret, ret_at, err);

	if (r)
		return r;
	r = find_in(&rs->parts, id, skip, ret, ret_at, err);
	if (r >= 0)
		return r;
	if (err->code != ERR_CORRUPT ||
	    mend(rs, &rs->parts, rs->parts.bad, err))
		return -1;
	return RUNS_AGAIN;
}

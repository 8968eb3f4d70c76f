/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hosts.c - three hosts fill, forget and prune one repository, each in the
 * middle of what the others do; they die, the store fails, its power goes, the
 * clocks jump: C1, C2, C3, C5 and all before them together.
 *
 * After each of these histories, what was made and not forgotten comes back,
 * nothing else is listed, and a prune leaves nothing that is not needed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "many.h"
#include "plain.h"
#include "strand.h"
#include "tap.h"

#define DAILY 60
#define ENOUGH 300 /* histories in which everything comes to pass */
#define CALLS 60   /* a command has hardly more */
#define FAR 90000

/* What came to pass: each must, or too little was tried. */
enum event {
	MADE,      /* a backup */
	PRUNED,    /* packs were deleted */
	BROKEN,    /* a prune ended a session */
	REFUSED,   /* whose writer came back, and was told so */
	ADOPTED,   /* a prune was finished by another one */
	OVERTAKEN, /* and the first came second */
	WAITED,    /* a prune left sessions at work */
	BESIDE,    /* a host was at work while others were */
	DIED,
	FAILED, /* a call of the store */
	CUT,    /* the store's power */
	EVENTS
};

static const char *const names[EVENTS] = { "backups",
					   "prunes that deleted",
					   "broken sessions",
					   "broken writers",
					   "adopted prunes",
					   "prunes that came second",
					   "prunes that waited",
					   "works beside others",
					   "deaths",
					   "failing calls",
					   "power cuts" };

static uint64_t events[EVENTS], calls;
static struct strand *strands[MANY_HOSTS];
static unsigned int at_work;
static char what[100];

static unsigned int
draw(unsigned int n)
{
	return (unsigned int)plain_draw(n);
}

/* ---- what goes wrong ---- */

/* Before a call of one of several: others may have theirs first. */
static void
step(struct many *m, void *ctx)
{
	(void)m;
	(void)ctx;
	if (draw(3) == 0)
		strand_pause();
}

static void
cut_power(struct many *m, void *ctx)
{
	(void)ctx;
	events[CUT]++;
	many_cut(m, plain_draw(UINT64_MAX));
}

static void
draw_fault(struct store_fault *f)
{
	static const enum store_fault_kind kinds[] = { STORE_FAULT_FAIL,
						       STORE_FAULT_LOST,
						       STORE_FAULT_CUT,
						       STORE_FAULT_FLIP };

	f->at = 1 + draw(CALLS);
	f->kind = kinds[draw(4)];
	f->onwards = draw(4) == 0;
	f->code = draw(3) ? ERR_IO : ERR_NOSPC;
	if (draw(2))
		f->ops = 1u << draw(8);
}

static void
draw_plan(struct many_plan *p)
{
	memset(p, 0, sizeof(*p));
	p->step = step;
	switch (draw(10)) {
	case 0:
		p->cut = 1 + draw(CALLS);
		break;
	case 1:
		draw_fault(&p->fault);
		break;
	case 2:
		if (draw(3))
			break;
		p->meet = 1 + draw(CALLS);
		p->fn = cut_power;
		break;
	default:
		break;
	}
}

/* ---- what they do ---- */

static int
do_backup(struct many *m, unsigned int host, struct err *err)
{
	struct many_disk d;
	int rc;

	many_draw_disk(m, &d);
	rc = many_backup(m, host, &d, err);
	events[MADE] += rc == 0;
	events[REFUSED] += rc && err->code == ERR_STATE &&
			   strstr(err->text, "took for dead");
	return rc;
}

static int
do_prune(struct many *m, unsigned int host, struct err *err)
{
	struct many_prune how = { .break_s = draw(3) * 1000 };
	struct prune_report r;
	int rc;

	if (draw(3))
		how.forget = many_draw_forget(m);
	rc = many_prune(m, host, &how, &r, err);
	events[PRUNED] += r.n_deleted > 0;
	events[BROKEN] += r.n_broken;
	events[ADOPTED] += rc == 0 && r.adopted;
	events[WAITED] += r.n_waiting > 0;
	events[OVERTAKEN] += rc && err->code == ERR_BUSY;
	return rc;
}

/* What somebody reads while others write is right, or is not had. */
static int
do_restore(struct many *m, unsigned int host, struct err *err)
{
	struct many_at was = many_enter(m, host);
	struct repo_how how = many_how();
	struct repo *r = NULL;
	unsigned int i = m->n ? draw(m->n) : 0;
	int rc = 0;

	if (m->n && repo_open(&how, &r, err) == 0 && repo_load(r, err) == 0)
		rc = many_restore(m, r, &m->backups[i], err);
	if (rc > 0)
		many_wrong(m, "backup %u came back wrong", i);
	repo_close(r);
	many_leave(was);
	return 0;
}

static int
do_one(struct many *m, unsigned int host, struct err *err)
{
	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		return do_backup(m, host, err);
	case 4:
	case 5:
	case 6:
		return host < MANY_HOSTS - 1 ? do_prune(m, host, err) :
					       do_backup(m, host, err);
	default:
		return host < MANY_HOSTS - 1 ? do_restore(m, host, err) : 0;
	}
}

/* One host's work, from its beginning to its end. */
struct task {
	struct many *m;
	unsigned int host;
	struct many_plan plan;
	bool alone; /* nobody else was at work meanwhile */
};

static struct task tasks[MANY_HOSTS];

/* Who was alone, and nothing went wrong, has succeeded. */
static void
do_task(void *ctx)
{
	struct task *t = ctx;
	struct many_plan *plan = &t->plan;
	struct many_host *h = &t->m->hosts[t->host];
	struct err err = ERR_INIT;
	bool quiet;
	int rc;

	many_plan(t->m, t->host, plan);
	rc = do_one(t->m, t->host, &err);
	many_plan(t->m, t->host, NULL);
	calls += h->calls;
	quiet = t->alone && h->cuts == t->m->cuts && plan->fault.at == 0 &&
		(plan->cut == 0 || h->calls < plan->cut);
	events[DIED] += plan->cut && h->calls >= plan->cut;
	events[FAILED] += plan->fault.at && rc;
	if (quiet && rc)
		many_wrong(t->m, "host %u failed by itself: %s", t->host,
			   err.text);
}

static void
begin(struct many *m, unsigned int host)
{
	struct task *t = &tasks[host];

	plain_pass((int64_t)draw(4000) - (draw(10) ? 0 : 3000));
	t->m = m;
	t->host = host;
	t->alone = at_work == 0;
	draw_plan(&t->plan);
	for (unsigned int i = 0; i < MANY_HOSTS; i++)
		if (strands[i])
			tasks[i].alone = false;
	strands[host] = strand_new(do_task, t);
	if (!strands[host])
		many_wrong(m, "there is no thread");
	events[BESIDE] += at_work > 0;
	at_work += strands[host] != NULL;
}

/* A little of what some host does. */
static void
go_on(unsigned int host)
{
	many_nobody();
	if (strand_run(strands[host]))
		return;
	strands[host] = NULL;
	at_work--;
}

static void
finish_all(void)
{
	while (at_work) {
		unsigned int host = draw(MANY_HOSTS);

		if (strands[host])
			go_on(host);
	}
	many_nobody();
}

static void
try_history(uint64_t seed)
{
	struct many *m = many_draw();
	unsigned int before = many_wrongs();
	unsigned int left = 6 + draw(14);

	snprintf(what, sizeof(what), "seed %" PRIu64, seed);
	m->what = what;
	/* In some, the parts of the index are full as in large repositories. */
	if (seed % 3 == 0)
		m->part_entries = 1 + (uint32_t)(seed / 3 % 20);
	while (left > 0 && many_wrongs() == before) {
		unsigned int host = draw(MANY_HOSTS);

		if (strands[host]) {
			go_on(host);
		} else if (at_work == 0 || draw(4) == 0) {
			begin(m, host);
			left--;
		}
		if (draw(150) == 0)
			cut_power(m, NULL);
		if (draw(60) == 0) {
			finish_all();
			many_check(m, draw(MANY_HOSTS - 1));
		}
	}
	finish_all();
	/* What two hosts stored at once is in two packs, of which both stay
	 * while large index parts tell of them: they are large no more. */
	m->part_entries = 0;
	plain_pass(FAR);
	if (many_wrongs() == before && many_check(m, 0) == 0 &&
	    many_check(m, 1) == 0 && many_settle(m, draw(2)) == 0)
		many_settle(m, draw(2));
	many_free(m);
}

int
main(void)
{
	uint64_t n = 0;

	many_begin();
	for (uint64_t seed = 0; many_seeds(&seed, DAILY); n++) {
		try_history(seed);
		if (many_wrongs() > 20)
			break;
	}
	tap_note("%" PRIu64 " histories, %" PRIu64 " calls of the store", n,
		 calls);
	for (unsigned int i = 0; i < EVENTS; i++) {
		tap_note("%" PRIu64 " %s", events[i], names[i]);
		if (n >= ENOUGH)
			tap_ok(events[i] > 0, "there were %s", names[i]);
	}
	tap_ok(many_wrongs() == 0 && n > 0, "after each history");
	return many_end();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_list.c - walks over what is kept and over what was left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "snapshot.h"

static int
begin(void **state)
{
	if (scratch_begin(state))
		return -1;
	return setenv("XENSNAP_ROOT", scratch_path("root"), 1);
}

static void
make(const char *domain, const char *name, const char *created)
{
	static struct snapshot s;
	struct err err = ERR_INIT;
	int fd;

	memset(&s, 0, sizeof(s));
	snprintf(s.domain, sizeof(s.domain), "%s", domain);
	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(s.created, sizeof(s.created), "%s", created);
	fd = snapshot_begin(&s, &err);
	assert_true(fd >= 0);
	assert_int_equal(snapshot_commit(&s, fd, &err), 0);
	close(fd);
}

/* What the walks told, in a line. */
struct told {
	char text[1024];
	int stop_after; /* calls; 0: never */
	int calls;
};

static int
tell(struct told *t, const char *word)
{
	size_t used = strlen(t->text);

	snprintf(t->text + used, sizeof(t->text) - used, "%s ", word);
	t->calls++;
	return t->stop_after && t->calls == t->stop_after ? -1 : 0;
}

static int
each(const struct snapshot *s, const char *domain, const char *name,
     const struct err *bad, void *ctx)
{
	char word[200];

	assert_true((s == NULL) == (bad != NULL));
	if (s) {
		assert_string_equal(s->domain, domain);
		assert_string_equal(s->name, name);
	} else {
		assert_true(bad->code != ERR_NONE);
	}
	snprintf(word, sizeof(word), "%s@%s%s", domain, name, s ? "" : "!");
	return tell(ctx, word);
}

static void
each_is(const char *domain, const char *want)
{
	struct told told = { "", 0, 0 };
	struct err err = ERR_INIT;

	assert_int_equal(snapshot_each(domain, each, &told, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(told.text, want);
}

static void
test_none(void **state)
{
	(void)state;
	each_is(NULL, "");
	each_is("web1", "");
	scratch_mkdir("root");
	each_is(NULL, "");
	scratch_mkdir("root/web1");
	each_is("web1", "");
}

static void
test_order(void **state)
{
	struct told told = { "", 2, 0 };
	struct err err = ERR_INIT;

	(void)state;
	make("web2", "new", "2026-03-01T00:00:00Z");
	make("web1", "old", "2026-01-01T00:00:00Z");
	make("web1", "new", "2026-03-01T00:00:00Z");
	make("web2", "mid", "2026-02-01T00:00:00Z");
	each_is(NULL, "web1@old web2@mid web1@new web2@new ");
	each_is("web1", "web1@old web1@new ");
	each_is("web3", "");
	assert_int_equal(snapshot_each(NULL, each, &told, &err), -1);
	assert_string_equal(told.text, "web1@old web2@mid ");
}

/* A record that cannot be read is told, and hides no other. */
static void
test_bad(void **state)
{
	(void)state;
	make("web1", "a", "2026-01-01T00:00:00Z");
	scratch_mkdir("root/web1/empty");
	scratch_mkdir("root/web1/spoilt");
	scratch_puts("root/web1/spoilt/snapshot.json", "garbage");
	scratch_puts("root/web1/file", "");
	each_is(NULL, "web1@empty! web1@file! web1@spoilt! web1@a ");
}

/* What is not ours, or not kept, is not listed. */
static void
test_others(void **state)
{
	(void)state;
	make("web1", "a", "2026-01-01T00:00:00Z");
	scratch_mkdir("root/web1/.b.partial");
	scratch_mkdir("root/web1/.c.deleting");
	scratch_mkdir("root/web1/.hidden");
	scratch_mkdir("root/web1/-x");
	scratch_mkdir("root/web1/with space");
	scratch_mkdir("root/web1/with@at");
	scratch_puts("root/web1/.lock", "");
	scratch_mkdir("root/lost+found");
	scratch_mkdir("root/.hidden");
	scratch_puts("root/README", "");
	each_is(NULL, "web1@a ");
}

static int
domain(const char *name, void *ctx)
{
	return tell(ctx, name);
}

static void
test_domains(void **state)
{
	struct told told = { "", 0, 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(snapshot_domains(domain, &told, &err), 0);
	assert_string_equal(told.text, "");
	make("web2", "a", "");
	scratch_mkdir("root/web1");
	scratch_mkdir("root/lost+found");
	scratch_mkdir("root/.x");
	scratch_puts("root/file", "");
	assert_int_equal(symlink("web1", scratch_path("root/link")), 0);
	assert_int_equal(snapshot_domains(domain, &told, &err), 0);
	assert_string_equal(told.text, "web1 web2 ");
	told.text[0] = '\0';
	told.calls = 0;
	told.stop_after = 1;
	assert_int_equal(snapshot_domains(domain, &told, &err), -1);
	assert_string_equal(told.text, "web1 ");
}

/* Another stamp with each that comes or goes; leftovers are counted apart. */
static void
test_glance(void **state)
{
	struct snapshot_glance none, one, two, left, again;
	struct snapshot s = { .domain = "web1", .name = "half" };
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	assert_int_equal(snapshot_glance(&none, &err), 0);
	assert_int_equal(none.n_leftovers, 0);
	make("web1", "a", "2026-11-22T20:35:13Z");
	assert_int_equal(snapshot_glance(&one, &err), 0);
	make("db1", "a", "2026-11-22T20:35:13Z");
	assert_int_equal(snapshot_glance(&two, &err), 0);
	assert_true(none.stamp != one.stamp && one.stamp != two.stamp);
	fd = snapshot_begin(&s, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(snapshot_glance(&left, &err), 0);
	assert_true(left.stamp == two.stamp && left.n_leftovers == 1 &&
		    left.leftovers != 0);
	assert_int_equal(snapshot_glance_at("db1", &again, &err), 0);
	assert_int_equal(again.n_leftovers, 0);
	assert_int_equal(snapshot_abort("web1", "half", &err), 0);
	assert_int_equal(snapshot_glance(&again, &err), 0);
	assert_true(again.stamp == two.stamp && again.leftovers == 0);
}

static int
leftover(enum snapshot_leftover kind, int dirfd, const char *dom,
	 const char *name, void *ctx)
{
	struct err err = ERR_INIT;
	char word[200];

	assert_true(dirfd >= 0);
	snprintf(word, sizeof(word), "%s@%s:%s", dom, name,
		 kind == SNAPSHOT_PARTIAL ? "partial" : "deleting");
	/* It may remove the folder that it was told of. */
	if (kind == SNAPSHOT_DELETING)
		assert_int_equal(snapshot_end_delete(dom, name, &err), 0);
	return tell(ctx, word);
}

static void
test_leftovers(void **state)
{
	struct told told = { "", 0, 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(snapshot_leftovers("web1", leftover, &told, &err), 0);
	make("web1", "a", "");
	scratch_mkdir("root/web1/.b.partial");
	scratch_mkdir("root/web1/.c.deleting");
	scratch_mkdir("root/web1/.d.partial.partial");
	scratch_mkdir("root/web1/.partial");
	scratch_mkdir("root/web1/..partial");
	scratch_mkdir("root/web1/.-x.partial");
	scratch_mkdir("root/web1/e.partial");
	scratch_mkdir("root/web1/.f.other");
	assert_int_equal(snapshot_leftovers("web1", leftover, &told, &err), 0);
	assert_string_equal(told.text, "web1@b:partial web1@c:deleting "
				       "web1@d.partial:partial ");
	assert_false(scratch_there("root/web1/.c.deleting"));
	told.text[0] = '\0';
	told.calls = 0;
	told.stop_after = 1;
	assert_int_equal(snapshot_leftovers("web1", leftover, &told, &err), -1);
	assert_string_equal(told.text, "web1@b:partial ");
}

/* Names of 64 characters have dotted names of more. */
static void
test_long_names(void **state)
{
	char name[SNAPSHOT_NAME_MAX + 1], path[200], want[300];
	struct told told = { "", 0, 0 };
	struct err err = ERR_INIT;

	(void)state;
	memset(name, 'n', SNAPSHOT_NAME_MAX);
	name[SNAPSHOT_NAME_MAX] = '\0';
	make(name, name, "");
	snprintf(path, sizeof(path), "root/%s/.%s.partial", name, name);
	scratch_mkdir(path);
	snprintf(path, sizeof(path), "root/%s/.%sn.partial", name, name);
	scratch_mkdir(path);
	assert_int_equal(snapshot_leftovers(name, leftover, &told, &err), 0);
	snprintf(want, sizeof(want), "%s@%s:partial ", name, name);
	assert_string_equal(told.text, want);
	snprintf(want, sizeof(want), "%s@%s ", name, name);
	each_is(NULL, want);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),   TEST(test_order),      TEST(test_bad),
		TEST(test_others), TEST(test_domains),    TEST(test_leftovers),
		TEST(test_glance), TEST(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

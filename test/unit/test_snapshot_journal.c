/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_journal.c - the journal, whole, torn and spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "journal.h"
#include "scratch.h"

#define GENERATION "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
#define UUID "11111111-2222-4333-8444-555555555555"

static struct journal_story story;

static void
begin(struct journal *j)
{
	static struct domain_info info;
	struct xl_monitor monitor = { 4711, UINT64_C(123456789012) };
	struct err err = ERR_INIT;
	int dir = scratch_dir("");

	strcpy(info.uuid, UUID);
	info.domid = 4294967295u;
	assert_int_equal(
		journal_begin(j, dir, GENERATION, &info, &monitor, &err), 0);
	close(dir);
}

static void
add_view(struct journal *j, unsigned int i)
{
	static struct disk d;
	struct err err = ERR_INIT;

	memset(&d, 0, sizeof(d));
	snprintf(d.ref.driver, sizeof(d.ref.driver), "classic");
	snprintf(d.ref.source, sizeof(d.ref.source), "/dev/vg/d%u", i);
	snprintf(d.ref.source_uuid, sizeof(d.ref.source_uuid), "u%u", i);
	snprintf(d.ref.view, sizeof(d.ref.view), "/dev/vg/v%u", i);
	d.ref.bytes = 1000 + i;
	d.ref.cow_bytes = 100 + i;
	snprintf(d.device, sizeof(d.device), "vg-d%u", i);
	assert_int_equal(journal_view(j, &d, &err), 0);
}

/* A journal with @n views, up to @last. */
static void
write_one(unsigned int n, enum journal_step last)
{
	struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;
	unsigned int i;
	int step;

	begin(&j);
	for (i = 0; i < n; i++)
		add_view(&j, i);
	for (step = JOURNAL_INSTANT; step <= (int)last; step++)
		assert_int_equal(
			journal_step(&j, (enum journal_step)step, &err), 0);
	journal_end(&j);
	assert_int_equal(j.fd, -1);
	journal_end(&j);
}

static int
read_it(enum err_code *code)
{
	struct err err = ERR_INIT;
	int dir = scratch_dir("");
	int rc = journal_read(dir, &story, &err);

	close(dir);
	*code = err.code;
	return rc;
}

static void
reads_as(enum journal_step last, unsigned int n_views)
{
	enum err_code code;

	assert_int_equal(read_it(&code), 0);
	assert_int_equal(code, ERR_NONE);
	assert_int_equal(story.last, last);
	assert_int_equal(story.n_views, n_views);
}

static void
is_corrupt(const char *text)
{
	enum err_code code;

	scratch_puts("journal", text);
	if (read_it(&code) != -1)
		fail_msg("this journal was taken: %s", text);
	assert_int_equal(code, ERR_CORRUPT);
}

static void
test_none(void **state)
{
	(void)state;
	reads_as(JOURNAL_NOTHING, 0);
	scratch_puts("journal", "");
	reads_as(JOURNAL_NOTHING, 0);
}

static void
test_whole(void **state)
{
	char boot_id[DOMAIN_UUID_LEN + 1];
	struct err err = ERR_INIT;

	(void)state;
	write_one(2, JOURNAL_INSTANT);
	reads_as(JOURNAL_INSTANT, 2);
	assert_string_equal(story.generation, GENERATION);
	assert_string_equal(story.uuid, UUID);
	assert_int_equal(story.domid, 4294967295u);
	assert_int_equal(story.monitor.pid, 4711);
	assert_true(story.monitor.start == UINT64_C(123456789012));
	assert_int_equal(journal_boot_id(boot_id, &err), 0);
	assert_string_equal(story.boot_id, boot_id);
	assert_int_equal(strlen(boot_id), DOMAIN_UUID_LEN);
	assert_string_equal(story.views[1].driver, "classic");
	assert_string_equal(story.views[1].source, "/dev/vg/d1");
	assert_string_equal(story.views[1].source_uuid, "u1");
	assert_string_equal(story.views[1].view, "/dev/vg/v1");
	assert_string_equal(story.views[1].generation, GENERATION);
	assert_true(story.views[1].bytes == 1001);
	assert_true(story.views[1].cow_bytes == 101);
	assert_string_equal(story.devices[1], "vg-d1");
	assert_true(story.domain_touched);
}

/* Of a snapshot of the disks alone the domain knows nothing. */
static void
test_hold(void **state)
{
	struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;

	(void)state;
	begin(&j);
	assert_int_equal(journal_step(&j, JOURNAL_HOLD, &err), 0);
	assert_int_equal(journal_step(&j, JOURNAL_UNDO, &err), 0);
	journal_end(&j);
	reads_as(JOURNAL_UNDO, 0);
	assert_false(story.domain_touched);
}

static void
test_each_step(void **state)
{
	int step;

	(void)state;
	for (step = JOURNAL_INSTANT; step <= JOURNAL_UNDO; step++) {
		write_one(1, (enum journal_step)step);
		reads_as((enum journal_step)step, 1);
		unlink(scratch_path("journal"));
	}
	write_one(0, JOURNAL_BEGIN);
	reads_as(JOURNAL_BEGIN, 0);
	unlink(scratch_path("journal"));
	write_one(1, JOURNAL_VIEW);
	reads_as(JOURNAL_VIEW, 1);
	assert_string_equal(journal_step_name(JOURNAL_INSTANT), "instant");
	assert_string_equal(journal_step_name((enum journal_step)99), "?");
}

static void
test_many_views(void **state)
{
	struct journal j = JOURNAL_INIT;
	enum err_code code;

	(void)state;
	write_one(DOMAIN_DISKS_MAX, JOURNAL_INSTANT);
	reads_as(JOURNAL_INSTANT, DOMAIN_DISKS_MAX);
	unlink(scratch_path("journal"));
	begin(&j);
	for (unsigned int i = 0; i <= DOMAIN_DISKS_MAX; i++)
		add_view(&j, i);
	journal_end(&j);
	assert_int_equal(read_it(&code), -1);
	assert_int_equal(code, ERR_CORRUPT);
}

/*
 * Cut at every byte: the lines that are whole count, the torn one does not,
 * and it is never an error.
 */
static void
test_torn(void **state)
{
	unsigned int lines;
	enum err_code code;
	size_t len, i, k;
	char *text;

	(void)state;
	write_one(2, JOURNAL_COMMIT);
	text = scratch_get("journal", &len);
	for (i = 0; i <= len; i++) {
		scratch_put("journal", text, i);
		for (lines = 0, k = 0; k < i; k++)
			lines += text[k] == '\n';
		if (read_it(&code))
			fail_msg("cut after %zu bytes: error %d", i, code);
		switch (lines) {
		case 0:
			assert_int_equal(story.last, JOURNAL_NOTHING);
			break;
		case 1:
			assert_int_equal(story.last, JOURNAL_BEGIN);
			break;
		case 2:
		case 3:
			assert_int_equal(story.last, JOURNAL_VIEW);
			assert_int_equal(story.n_views, lines - 1);
			break;
		default:
			assert_int_equal(story.last,
					 JOURNAL_INSTANT + (int)lines - 4);
		}
	}
	free(text);
}

/* What a file system may show after a power cut: the length, not the data. */
static void
test_zeros_at_the_end(void **state)
{
	size_t len;
	char *text, *longer;

	(void)state;
	write_one(1, JOURNAL_INSTANT);
	text = scratch_get("journal", &len);
	longer = calloc(1, len + 512);
	memcpy(longer, text, len);
	scratch_put("journal", longer, len + 512);
	reads_as(JOURNAL_INSTANT, 1);
	free(longer);
	free(text);
}

/* Who goes on with a journal does so in a line of his own. */
static void
test_torn_and_reopened(void **state)
{
	static const char half[] = "{\"step\":\"resumed\"}";
	struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;
	size_t len, i;
	char *text, *torn;

	(void)state;
	write_one(1, JOURNAL_REBUILD);
	text = scratch_get("journal", &len);
	torn = malloc(len + sizeof(half));
	memcpy(torn, text, len);
	memcpy(torn + len, half, sizeof(half));
	for (i = 0; i < sizeof(half); i++) {
		scratch_put("journal", torn, len + i);
		assert_int_equal(journal_reopen(&j, scratch_path(""), &err), 0);
		assert_int_equal(journal_step(&j, JOURNAL_RESUMED, &err), 0);
		journal_end(&j);
		reads_as(JOURNAL_RESUMED, 1);
	}
	free(torn);
	free(text);
}

/* Not at the end: whole lines come after them, and would be overlooked. */
static void
test_zeros_before_the_end(void **state)
{
	enum err_code code;
	size_t len, i;
	char *text;

	(void)state;
	write_one(1, JOURNAL_INSTANT);
	text = scratch_get("journal", &len);
	for (i = 0; i + 1 < len; i++) {
		char was = text[i];

		text[i] = '\0';
		scratch_put("journal", text, len);
		assert_int_equal(read_it(&code), -1);
		assert_int_equal(code, ERR_CORRUPT);
		text[i] = was;
	}
	free(text);
}

#define BEGIN_WITH(domid, pid)                                               \
	"{\"step\":\"begin\",\"generation\":\"" GENERATION                   \
	"\",\"uuid\":\"" UUID "\",\"boot_id\":\"" UUID "\",\"domid\":" domid \
	",\"monitor_pid\":" pid ",\"monitor_start\":5}\n"
#define BEGIN BEGIN_WITH("7", "8")
#define VIEW                                                       \
	"{\"step\":\"view\",\"driver\":\"d\",\"source\":\"s\","    \
	"\"source_uuid\":\"u\",\"view\":\"v\",\"device\":\"dev\"," \
	"\"bytes\":1,\"cow_bytes\":2}\n"

static void
test_corrupt(void **state)
{
	(void)state;
	scratch_puts("journal", BEGIN VIEW "{\"step\":\"instant\"}\n");
	reads_as(JOURNAL_INSTANT, 1);
	is_corrupt("garbage\n");
	is_corrupt("\n");
	is_corrupt("[]\n");
	is_corrupt("null\n");
	is_corrupt("\"begin\"\n");
	is_corrupt("{}\n");
	is_corrupt("{\"step\":1}\n");
	is_corrupt("{\"step\":\"dance\"}\n");
	is_corrupt("{\"step\":\"nothing\"}\n");
	is_corrupt("{\"step\":\"begin\"}\n");
	is_corrupt(BEGIN "garbage\n{\"step\":\"undo\"}\n");
	is_corrupt(BEGIN "{\"step\":\"view\"}\n");
	is_corrupt(BEGIN_WITH("4294967296", "8"));
	is_corrupt(BEGIN_WITH("-1", "8"));
	is_corrupt(BEGIN_WITH("7", "2147483648"));
	is_corrupt(BEGIN_WITH("7", "-8"));
	is_corrupt(BEGIN_WITH("\"x\"", "8"));
	/* Whose views would these be?  Nothing may be done by them. */
	is_corrupt(VIEW);
	is_corrupt("{\"step\":\"instant\"}\n" BEGIN);
	is_corrupt(BEGIN BEGIN);
}

/* A domain that does not run need not have one; who resumes a domain must. */
static void
test_no_uuid(void **state)
{
	static const char begin[] =
		"{\"step\":\"begin\",\"generation\":\"" GENERATION
		"\",\"uuid\":\"\",\"boot_id\":\"" UUID
		"\",\"domid\":4294967295,\"monitor_pid\":0,"
		"\"monitor_start\":0}\n";
	char text[1000];

	(void)state;
	snprintf(text, sizeof(text), "%s%s{\"step\":\"hold\"}\n", begin, VIEW);
	scratch_puts("journal", text);
	reads_as(JOURNAL_HOLD, 1);
	assert_string_equal(story.uuid, "");
	assert_false(story.domain_touched);
	snprintf(text, sizeof(text), "%s%s{\"step\":\"instant\"}\n", begin,
		 VIEW);
	is_corrupt(text);
}

/* Each byte of each line flipped: an error or another story, no crash. */
static void
test_flipped(void **state)
{
	enum err_code code;
	size_t len, i;
	char *text;

	(void)state;
	write_one(1, JOURNAL_INSTANT);
	text = scratch_get("journal", &len);
	for (i = 0; i < len; i++) {
		text[i] ^= 0x15;
		scratch_put("journal", text, len);
		if (read_it(&code))
			assert_int_equal(code, ERR_CORRUPT);
		text[i] ^= 0x15;
	}
	free(text);
}

static void
test_not_a_file(void **state)
{
	enum err_code code;
	char *large = malloc((1u << 20) + 2);

	(void)state;
	assert_int_equal(symlink("/etc/passwd", scratch_path("journal")), 0);
	assert_int_equal(read_it(&code), -1);
	assert_int_equal(code, ERR_CORRUPT);
	unlink(scratch_path("journal"));
	scratch_mkdir("journal");
	assert_int_equal(read_it(&code), -1);
	assert_int_equal(code, ERR_CORRUPT);
	rmdir(scratch_path("journal"));
	assert_non_null(large);
	memset(large, '\n', (1u << 20) + 1);
	scratch_put("journal", large, (1u << 20) + 1);
	assert_int_equal(read_it(&code), -1);
	assert_int_equal(code, ERR_CORRUPT);
	free(large);
}

static void
test_begin_twice(void **state)
{
	static struct domain_info info;
	struct xl_monitor monitor = { 0, 0 };
	struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;
	int dir = scratch_dir("");

	(void)state;
	write_one(1, JOURNAL_INSTANT);
	assert_int_equal(
		journal_begin(&j, dir, GENERATION, &info, &monitor, &err), -1);
	close(dir);
	reads_as(JOURNAL_INSTANT, 1);
}

/*
 * The file system is full in the middle of a line.  Once there is room again,
 * the next line must not be spoilt by that half one.
 */
static void
test_full(void **state)
{
	struct rlimit old, limit;
	struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;
	size_t len;

	(void)state;
	begin(&j);
	free(scratch_get("journal", &len));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = len + 5;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(journal_step(&j, JOURNAL_INSTANT, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(err.text, "journal"));
	reads_as(JOURNAL_BEGIN, 0);
	err_clear(&err);
	assert_int_equal(journal_step(&j, JOURNAL_UNDO, &err), 0);
	journal_end(&j);
	reads_as(JOURNAL_UNDO, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_whole),
		TEST(test_each_step),
		TEST(test_many_views),
		TEST(test_torn),
		TEST(test_zeros_at_the_end),
		TEST(test_zeros_before_the_end),
		TEST(test_torn_and_reopened),
		TEST(test_corrupt),
		TEST(test_flipped),
		TEST(test_no_uuid),
		TEST(test_not_a_file),
		TEST(test_begin_twice),
		TEST(test_full),
		TEST(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

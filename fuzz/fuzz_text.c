/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_text.c - text from anywhere: what is made fit to be shown is fit, and
 * never longer; what is written as a text of the repository is read again.  And
 * sizes, as people write them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "take.h"
#include "text.h"
#include "units.h"

static void
clean(const char *text, size_t len)
{
	char *once = fuzz_text(text, len), *twice;

	must(text_clean(once) == once && strlen(once) <= strlen(text));
	must(text_is_plain(once));
	twice = fuzz_text(once, strlen(once));
	must(strcmp(text_clean(twice), once) == 0);
	free(once);
	free(twice);
}

static void
cut(const char *text, size_t room)
{
	size_t n = text_cut(text, room);

	must(n <= room && n <= strlen(text));
	/* Never between the bytes of a character. */
	if (text_is_plain(text))
		must(((unsigned char)text[n] & 0xc0) != 0x80);
}

static void
escape(const char *text, size_t room)
{
	char *ret = malloc(room + 1);
	size_t n;

	must(ret);
	n = text_escape(text, ret, room + 1);
	must(n <= room && strlen(ret) == n && text_is_plain(ret));
	if (text_is_plain(text) && strlen(text) <= room)
		must(strcmp(ret, text) == 0);
	free(ret);
}

static void
there_and_back(const char *text)
{
	char whole[TEXT_MAX + 1], few[32];
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	struct take t;

	put_text(&b, text);
	put_text_into(&b, text, sizeof(few));
	must(!b.no_room);
	t = take_from(b.data, b.len);
	take_text(&t, whole, sizeof(whole));
	take_text(&t, few, sizeof(few));
	must(take_end(&t, "it", &err) == 0);
	must(text_is_plain(whole) && text_is_plain(few));
	must(strncmp(whole, few, strlen(few)) == 0);
	if (text_is_plain(text) && strlen(text) <= TEXT_MAX)
		must(strcmp(whole, text) == 0);
	buf_done(&b);
}

static void
sizes(const char *text)
{
	struct err err = ERR_INIT;
	char shown[32];
	uint64_t n;

	if (units_parse_size(text, &n, &err)) {
		fuzz_refused(&err, INVALID);
		return;
	}
	must(isdigit((unsigned char)text[0]));
	must(strspn(text, "0123456789KMGTkmgtiIbB") == strlen(text));
	must(strlen(units_size(n, shown, sizeof(shown))) < 16);
	must(strlen(units_ms((double)n, shown, sizeof(shown))) < 24);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char *text;

	if (len < 1)
		return 0;
	text = fuzz_text(p + 1, len - 1);
	clean(text, strlen(text));
	cut(text, p[0]);
	escape(text, p[0]);
	there_and_back(text);
	sizes(text);
	free(text);
	return 0;
}

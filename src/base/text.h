/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.h - text from outside, made fit to be shown. */
#ifndef XENSNAP_TEXT_H
#define XENSNAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * text_clean() - make @s harmless on a terminal, in place: control characters
 * (C0, DEL, C1), characters that turn the direction of writing or break
 * lines, and bytes that are not UTF-8 become '?', one per character.  The
 * text never gets longer.  Returns @s.
 */
char *text_clean(char *s);

/*
 * text_is_plain() - is @s UTF-8 without control characters (below 0x20, and
 * 0x7f)?  So are the texts of a repository.
 */
bool text_is_plain(const char *s);

/*
 * text_escape() - @s into @ret of @size bytes as plain text: each byte that
 * belongs to none becomes \xHH, the others stay as they are.  To be read by
 * people: a name that holds "\x41" looks like one that was escaped.  What does
 * not fit is left out, whole characters.  Returns its length.
 */
size_t text_escape(const char *s, char *ret, size_t size);

/*
 * text_cut() - the longest prefix of @s of at most @len bytes that does not
 * end inside a character; returns its length.
 */
size_t text_cut(const char *s, size_t len);

/*
 * text_copy() - @text (NULL: "") into @ret of @len bytes, whole.  What does not
 * fit is an error, never silently another name: -1 with ERR_UNSUPPORTED, "the
 * @what ... is too long", and @ret is as it was.
 */
int text_copy(char *ret, size_t len, const char *text, const char *what,
	      struct err *err);

#endif

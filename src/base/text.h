/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.h - text from outside, made fit to be shown. */
#ifndef XENSNAP_TEXT_H
#define XENSNAP_TEXT_H

#include <stddef.h>

/*
 * text_clean() - make @s harmless on a terminal, in place: control characters
 * (C0, DEL, C1), characters that turn the direction of writing or break
 * lines, and bytes that are not UTF-8 become '?', one per character.  The
 * text never gets longer.  Returns @s.
 */
char *text_clean(char *s);

/*
 * text_cut() - the longest prefix of @s of at most @len bytes that does not
 * end inside a character; returns its length.
 */
size_t text_cut(const char *s, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scratch.h - a folder for one test, gone afterwards, and the little that the
 * tests do with files.  Fails the cmocka test when it cannot.
 */
#ifndef XENSNAP_SCRATCH_H
#define XENSNAP_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* scratch_begin() - make a folder, at *@state; a cmocka setup function. */
int scratch_begin(void **state);

/* scratch_end() - remove it and what is in it; a cmocka teardown function. */
int scratch_end(void **state);

/* scratch_path() - the path of @name; good for the next 15 calls. */
const char *scratch_path(const char *name);

/* scratch_put() - make the file @name hold @len bytes of @data. */
void scratch_put(const char *name, const void *data, size_t len);

/* scratch_puts() - the same with a string. */
void scratch_puts(const char *name, const char *text);

/* scratch_get() - the file @name as a string, the caller's to free. */
char *scratch_get(const char *name, size_t *ret_len);

/* scratch_new() - make the file @name, open for reading and writing. */
int scratch_new(const char *name);

/* scratch_open() - open the file @name for reading. */
int scratch_open(const char *name);

/* What is in a sparse file: pieces of data, with holes between them. */
struct scratch_piece {
	uint64_t offset;
	size_t len;
	char byte; /* 0: zeros that are written, not a hole */
};

/* scratch_make() - make the file @name, @size bytes long, of @n @pieces. */
void scratch_make(const char *name, uint64_t size,
		  const struct scratch_piece *pieces, size_t n);

/* scratch_there() - is there something called @name? */
bool scratch_there(const char *name);

/* scratch_mkdir() - make the folder @name. */
void scratch_mkdir(const char *name);

/* scratch_dir() - open the folder @name; "" is the scratch folder. */
int scratch_dir(const char *name);

/* scratch_count() - entries in the folder @name, dotted ones too. */
unsigned int scratch_count(const char *name);

#endif

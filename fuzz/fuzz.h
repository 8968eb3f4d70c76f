/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz.h - what the fuzz targets have in common.
 *
 * A target is a function that is given bytes from nobody knows where:
 * libFuzzer calls it with what it makes up (./dev fuzz), replay.c with the
 * files of corpus/ (./dev check).  It hands them to a decoder and holds what
 * comes back against what the decoder's header promises, by must().
 */
#ifndef XENSNAP_FUZZ_H
#define XENSNAP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "key.h"
#include "store.h"

/* LLVMFuzzerTestOneInput() - the target; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

/* must() - end the program, which is a finding, unless @x; whatever NDEBUG
 * says. */
#define must(x) ((x) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #x))

/* fuzz_failed() - say so, and abort. */
_Noreturn void fuzz_failed(const char *file, int line, const char *what);

/* Codes of errors, for fuzz_refused(). */
#define CODE(code) (1u << (code))
#define CORRUPT CODE(ERR_CORRUPT)
#define UNSUPPORTED CODE(ERR_UNSUPPORTED)
#define DENIED CODE(ERR_DENIED)
#define INVALID CODE(ERR_INVALID)
#define NOTFOUND CODE(ERR_NOTFOUND)

/* fuzz_refused() - is @err one of @codes, told in one line that can be shown?
 * If not, that is a finding. */
void fuzz_refused(const struct err *err, unsigned int codes);

/*
 * fuzz_copy() - the @len bytes at @p in a place of just that size, so that what
 * reads beyond is seen; fuzz_text() - and a NUL behind them.  For free().
 */
uint8_t *fuzz_copy(const void *p, size_t len);
char *fuzz_text(const void *p, size_t len);

/* fuzz_key() - the full key that is all zeros, of the repository that is called
 * so; the same each time. */
struct key *fuzz_key(void);

/*
 * fuzz_store() - an empty store in memory, for store_close().
 * fuzz_put() - @name in it is @len bytes at @p.
 */
struct store *fuzz_store(void);
void fuzz_put(struct store *s, const char *name, const void *p, size_t len);

/* fuzz_folder() - a folder of this process, in TMPDIR; the same each time, and
 * gone when the program ends by itself. */
int fuzz_folder(void);

/* fuzz_file() - @name in it is @len bytes at @p. */
void fuzz_file(const char *name, const void *p, size_t len);

/* fuzz_memory() - a file without a name that holds @len bytes at @p; the same
 * descriptor each time. */
int fuzz_memory(const void *p, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * generate.h - what is made from the table of verbs at build time.
 *
 * `xensnap --generate KIND`, which --help does not tell: the manual page's
 * commands, the completions of bash and zsh, and a plain list of all options
 * by which tests compare the three with --help.
 */
#ifndef XENSNAP_GENERATE_H
#define XENSNAP_GENERATE_H

#include "err.h"

/* generate() - "man", "bash", "zsh" or "options", to stdout; -1 with
 * ERR_INVALID for another @kind. */
int generate(const char *kind, struct err *err);

#endif

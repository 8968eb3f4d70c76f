/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* help.h - what --help says, from the table of verbs. */
#ifndef XENSNAP_HELP_H
#define XENSNAP_HELP_H

#include <stdio.h>

#include "cmd.h"

/* help_all() - what xensnap is, and its verbs, to @f. */
void help_all(FILE *f);

/* help_verb() - all about @v, to @f; no line is wider than 80 columns. */
void help_verb(FILE *f, const struct cmd_verb *v);

#endif

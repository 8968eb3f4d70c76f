/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.h - what witness is told to do.
 *
 * As pid 1 options are words "witness.NAME=VALUE" of the kernel's command
 * line, otherwise arguments "NAME=VALUE".
 */
#ifndef WITNESS_OPTIONS_H
#define WITNESS_OPTIONS_H

#include <stddef.h>

#define OPTION_TEXT_MAX 512

struct options {
	char disks[OPTION_TEXT_MAX]; /* a number, or names with commas, or "" */
	char fs[32];                 /* auto, none, or a disk's name */
	unsigned int slots;          /* ordered records per disk */
	unsigned int load_slots;     /* load records per disk */
	unsigned int rate;           /* ordered records/s, 0: no limit */
	unsigned int load;           /* 1: load every disk */
	unsigned int load_depth;     /* load requests in flight per disk */
	unsigned int load_rate;      /* load records/s per disk, 0: no limit */
	unsigned int files;          /* small-file steps/s, 0: none */
	unsigned int pattern_mib;
	unsigned int mutate;   /* pattern pages per mutate_s, 0: no limit */
	unsigned int mutate_s; /* seconds */
	unsigned int gap_ms;
	unsigned int check_s; /* 0: only after a gap or when asked */
	unsigned int beat_s;
	unsigned int agent; /* 1: as pid 1, start /xensnap-agent */
};

/*
 * options_default() - set every option to its default.
 */
void options_default(struct options *o);

/*
 * options_word() - take one word "NAME=VALUE".
 *
 * Returns 0, or -1 (nothing changed) for an unknown name or a bad value.
 */
int options_word(struct options *o, const char *word);

/*
 * options_cmdline() - take every "witness.NAME=VALUE" of @line.
 *
 * Other words are left alone; @line is cut up in place.  Returns 0, or -1
 * with *@ret_bad set to the first word that was not understood.
 */
int options_cmdline(struct options *o, char *line, const char **ret_bad);

#endif

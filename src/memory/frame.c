/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frame.c - see frame.h. */
#include "frame.h"

#include <string.h>

#include "buf.h"
#include "stream.h"

#define VERSION 1u
#define ROUND 4096u
#define PART_MAX (UINT64_C(1) << 40) /* so that no sum overflows */

static const char magic[8] = { 'x', 's', '-', 'f', 'r', 'a', 'm', 'e' };

uint64_t
frame_types(const struct frame *f)
{
	return FRAME_HEADER +
	       (f->before + f->behind + ROUND - 1) / ROUND * ROUND;
}

uint64_t
frame_bytes(const struct frame *f)
{
	return frame_types(f) + f->n_pfns;
}

void
frame_encode(const struct frame *f, uint8_t ret[FRAME_HEADER])
{
	memset(ret, 0, FRAME_HEADER);
	memcpy(ret, magic, sizeof(magic));
	le32_to(ret + 8, VERSION);
	le64_to(ret + 16, f->before);
	le64_to(ret + 24, f->behind);
	le64_to(ret + 32, f->n_pfns);
}

int
frame_decode(const uint8_t p[FRAME_HEADER], uint64_t bytes, struct frame *ret,
	     struct err *err)
{
	uint8_t again[FRAME_HEADER];

	if (memcmp(p, magic, sizeof(magic)) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "it is no frame of a memory");
	if (le32_at(p + 8) != VERSION)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "the frame of its memory is of version %u, and "
			       "this xensnap knows version %u",
			       le32_at(p + 8), VERSION);
	ret->before = le64_at(p + 16);
	ret->behind = le64_at(p + 24);
	ret->n_pfns = le64_at(p + 32);
	frame_encode(ret, again);
	if (memcmp(p, again, sizeof(again)) != 0 || ret->before > PART_MAX ||
	    ret->behind > PART_MAX || ret->n_pfns > STREAM_PFNS_MAX ||
	    frame_bytes(ret) != bytes)
		return err_set(err, ERR_CORRUPT, 0,
			       "the frame of its memory has lengths that "
			       "cannot be");
	return 0;
}

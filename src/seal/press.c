/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * press.c - see press.h.
 *
 * What can be said of a frame before it is expanded is in its first bytes,
 * RFC 8878, 3.1.1.1.  The library tells all of it only by a function that it
 * may change from version to version, so those few bits are read here.
 */
#include "press.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "buf.h"

#define MAGIC 0xfd2fb528u
#define WINDOW_LOG 20

/* The frame's descriptor, the byte behind the magic. */
#define HAS_DICTIONARY 0x03
#define RESERVED 0x08
#define SINGLE_SEGMENT 0x20

struct press {
	ZSTD_CCtx *in;
	ZSTD_DCtx *out;
};

static int
set(ZSTD_CCtx *c, ZSTD_cParameter what, int value)
{
	return ZSTD_isError(ZSTD_CCtx_setParameter(c, what, value)) ? -1 : 0;
}

struct press *
press_new(int level, struct err *err)
{
	struct press *c = NULL;

	if (level < 1 || level > PRESS_LEVEL_MAX) {
		err_set(err, ERR_INVALID, 0, "no compression has level %d",
			level);
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		goto none;
	c->in = ZSTD_createCCtx();
	c->out = ZSTD_createDCtx();
	if (c->in && c->out && !set(c->in, ZSTD_c_compressionLevel, level) &&
	    !set(c->in, ZSTD_c_windowLog, WINDOW_LOG) &&
	    !set(c->in, ZSTD_c_contentSizeFlag, 1) &&
	    !set(c->in, ZSTD_c_checksumFlag, 0))
		return c;
none:
	press_free(c);
	err_set(err, ERR_NOMEM, 0, "out of memory for compression");
	return NULL;
}

long
press(struct press *c, const void *p, size_t len, uint8_t *ret, size_t room,
      struct err *err)
{
	size_t n = ZSTD_compress2(c->in, ret, room, p, len);

	if (!ZSTD_isError(n))
		return n < room ? (long)n : 0;
	if (ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall)
		return 0;
	return err_set(err, ERR_IO, 0, "compress: %s", ZSTD_getErrorName(n));
}

/* What is wrong with the beginning of a frame, or NULL. */
static const char *
look(const uint8_t *p, size_t len, size_t raw_len)
{
	unsigned int descriptor, window;

	if (len < 6)
		return "it is too short";
	if (le32_at(p) != MAGIC)
		return "it is no frame";
	descriptor = p[4];
	if (descriptor & HAS_DICTIONARY)
		return "it wants a dictionary";
	if (descriptor & RESERVED)
		return "a reserved bit is set";
	/*
	 * Of a single segment the window is the content.  Else p[5] has it:
	 * 2^(10 + exponent), and below that three bits for eighths more.
	 */
	window = p[5];
	if (descriptor & SINGLE_SEGMENT ? raw_len > 1u << WINDOW_LOG :
					  window > (WINDOW_LOG - 10) << 3)
		return "its window is too large";
	/* Unknown and invalid are numbers that no length is. */
	if (ZSTD_getFrameContentSize(p, len) != raw_len)
		return "it has another length than it should";
	if (ZSTD_findFrameCompressedSize(p, len) != len)
		return "it does not end where it should";
	return NULL;
}

int
press_expand(struct press *c, const uint8_t *p, size_t len, void *ret,
	     size_t raw_len, struct err *err)
{
	const char *wrong = look(p, len, raw_len);
	size_t n;

	if (wrong)
		return err_set(err, ERR_CORRUPT, 0, "compressed: %s", wrong);
	n = ZSTD_decompressDCtx(c->out, ret, raw_len, p, len);
	if (ZSTD_isError(n))
		return err_set(err, ERR_CORRUPT, 0, "expand: %s",
			       ZSTD_getErrorName(n));
	if (n != raw_len)
		return err_set(err, ERR_CORRUPT, 0,
			       "expand: %zu bytes instead of %zu", n, raw_len);
	return 0;
}

void
press_free(struct press *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->in);
	ZSTD_freeDCtx(c->out);
	free(c);
}

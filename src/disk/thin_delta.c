/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin_delta.c - see thin_delta.h.
 *
 * The reader knows just the elements that thin_delta prints, with just their
 * attributes, in their order: everything else ends it.
 */
#include "thin_delta.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"
#include "run.h"

#define PROGRAM "thin_delta"
#define LIMIT_MS 1800000u
#define BUF_LEN 65536u
#define WORD_LEN 64u
#define ATTRS_MAX 10u
#define SECTOR 512u

enum form {
	FORM_END_OF_FILE,
	FORM_OPEN,  /* <name ...> */
	FORM_CLOSE, /* </name> */
	FORM_EMPTY, /* <name .../> */
};

struct tag {
	enum form form;
	char name[WORD_LEN];
	unsigned int n;
	char key[ATTRS_MAX][WORD_LEN];
	char value[ATTRS_MAX][WORD_LEN];
};

struct xml {
	int fd;
	uint64_t offset; /* of what is in buf */
	size_t n;
	size_t pos;
	int ahead;   /* a character that was read and not used, or NONE */
	bool failed; /* reading did, not what was read */
	unsigned char buf[BUF_LEN];
};

#define NONE (-2)
#define END (-1)

/* ---- characters ---- */

static int
peek(struct xml *x, struct err *err)
{
	ssize_t n;

	if (x->ahead != NONE)
		return x->ahead;
	if (x->pos == x->n) {
		x->offset += x->n;
		n = fd_pread_full(x->fd, x->buf, sizeof(x->buf), x->offset,
				  err);
		x->failed = n < 0;
		x->n = n < 0 ? 0 : (size_t)n;
		x->pos = 0;
	}
	x->ahead = x->pos < x->n ? x->buf[x->pos++] : END;
	return x->ahead;
}

static int
next(struct xml *x, struct err *err)
{
	int c = peek(x, err);

	x->ahead = NONE;
	return c;
}

static bool
is_space(int c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* How many there were. */
static unsigned int
skip_spaces(struct xml *x, struct err *err)
{
	unsigned int n = 0;

	for (; is_space(peek(x, err)); n = 1)
		next(x, err);
	return n;
}

static int
bad(const struct xml *x, const char *what, struct err *err)
{
	if (x->failed)
		return -1;
	return err_set(err, ERR_CORRUPT, 0,
		       PROGRAM
		       " printed what it should not: %s at byte %" PRIu64,
		       what, x->offset + x->pos);
}

static bool
in_name(int c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

static int
read_name(struct xml *x, char *ret, struct err *err)
{
	size_t len = 0;

	while (in_name(peek(x, err))) {
		if (len + 1 == WORD_LEN)
			return bad(x, "a long name", err);
		ret[len++] = (char)next(x, err);
	}
	ret[len] = '\0';
	return len ? 0 : bad(x, "no name", err);
}

/* Without quotes, brackets and references in it: it has none of them. */
static int
read_value(struct xml *x, char *ret, struct err *err)
{
	size_t len = 0;
	int c;

	if (next(x, err) != '=')
		return bad(x, "no value", err);
	if (next(x, err) != '"')
		return bad(x, "a value without quotes", err);
	while ((c = next(x, err)) != '"') {
		if (c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' ||
		    len + 1 == WORD_LEN)
			return bad(x, "a value", err);
		ret[len++] = (char)c;
	}
	ret[len] = '\0';
	return 0;
}

/* ---- tags ---- */

static int
read_attr(struct xml *x, struct tag *t, struct err *err)
{
	if (t->n == ATTRS_MAX)
		return bad(x, "many attributes", err);
	if (read_name(x, t->key[t->n], err) ||
	    read_value(x, t->value[t->n], err))
		return -1;
	for (unsigned int i = 0; i < t->n; i++)
		if (strcmp(t->key[i], t->key[t->n]) == 0)
			return bad(x, "an attribute twice", err);
	t->n++;
	return 0;
}

static int
read_tag(struct xml *x, struct tag *t, struct err *err)
{
	unsigned int spaces;

	skip_spaces(x, err);
	t->n = 0;
	t->name[0] = '\0';
	t->form = FORM_END_OF_FILE;
	if (peek(x, err) == END)
		return x->failed ? -1 : 0;
	if (next(x, err) != '<')
		return bad(x, "text", err);
	t->form = FORM_OPEN;
	if (peek(x, err) == '/') {
		next(x, err);
		t->form = FORM_CLOSE;
	}
	if (read_name(x, t->name, err))
		return -1;
	for (;;) {
		spaces = skip_spaces(x, err);
		if (!spaces || !in_name(peek(x, err)) || t->form == FORM_CLOSE)
			break;
		if (read_attr(x, t, err))
			return -1;
	}
	if (t->form == FORM_OPEN && peek(x, err) == '/') {
		next(x, err);
		t->form = FORM_EMPTY;
	}
	return next(x, err) == '>' ? 0 : bad(x, "no end of a tag", err);
}

static int
expect(struct xml *x, struct tag *t, enum form form, const char *name,
       struct err *err)
{
	if (read_tag(x, t, err))
		return -1;
	return t->form == form && strcmp(t->name, name) == 0 ?
		       0 :
		       bad(x, "another element", err);
}

static int
read_number(const char *s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*s)
		return -1;
	for (; *s; s++)
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return -1;
	*ret = n;
	return 0;
}

static int
number(const struct xml *x, const struct tag *t, const char *key, uint64_t *ret,
       struct err *err)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (strcmp(t->key[i], key) == 0)
			return read_number(t->value[i], ret) ?
				       bad(x, "no number", err) :
				       0;
	return bad(x, "an attribute is missing", err);
}

/* ---- elements ---- */

static int
read_superblock(struct xml *x, struct tag *t, const struct thin_delta *d,
		struct err *err)
{
	uint64_t sectors;

	if (expect(x, t, FORM_OPEN, "superblock", err) ||
	    number(x, t, "data_block_size", &sectors, err))
		return -1;
	if (sectors == 0 || sectors > UINT32_MAX ||
	    sectors * SECTOR != d->block_bytes)
		return err_set(err, ERR_CORRUPT, 0,
			       PROGRAM " saw blocks of %" PRIu64
				       " sectors, the pool has some of %" PRIu64
				       " bytes",
			       sectors, d->block_bytes);
	return 0;
}

static int
read_diff(struct xml *x, struct tag *t, const struct thin_delta *d,
	  struct err *err)
{
	uint64_t left, right;

	if (expect(x, t, FORM_OPEN, "diff", err) ||
	    number(x, t, "left", &left, err) ||
	    number(x, t, "right", &right, err))
		return -1;
	return left == d->left && right == d->right && t->n == 2 ?
		       0 :
		       bad(x, "other devices", err);
}

static uint64_t *
counter(struct thin_delta *d, const char *name)
{
	if (strcmp(name, "same") == 0)
		return &d->same;
	if (strcmp(name, "different") == 0)
		return &d->differs;
	if (strcmp(name, "left_only") == 0)
		return &d->left_only;
	if (strcmp(name, "right_only") == 0)
		return &d->right_only;
	return NULL;
}

/* @end: that of the range before, which this one must not touch. */
static int
take_range(struct xml *x, const struct tag *t, struct thin_delta *d,
	   uint64_t *end, struct changes *changes, struct err *err)
{
	uint64_t *blocks = counter(d, t->name);
	uint64_t begin, length, bytes, last;

	if (!blocks || t->form != FORM_EMPTY || t->n != 2)
		return bad(x, "another element", err);
	if (number(x, t, "begin", &begin, err) ||
	    number(x, t, "length", &length, err))
		return -1;
	if (begin < *end || length == 0 ||
	    __builtin_add_overflow(begin, length, &last) ||
	    __builtin_mul_overflow(last, d->block_bytes, &bytes))
		return bad(x, "a range that cannot be", err);
	*end = last;
	*blocks += length; /* no more than @end: ranges don't overlap */
	if ((blocks == &d->same) != d->add_same)
		return 0;
	return changes_add(changes, begin * d->block_bytes,
			   length * d->block_bytes, err);
}

static int
read_ranges(struct xml *x, struct tag *t, struct thin_delta *d,
	    struct changes *changes, struct err *err)
{
	uint64_t end = 0;

	for (;;) {
		if (read_tag(x, t, err))
			return -1;
		if (t->form == FORM_CLOSE && strcmp(t->name, "diff") == 0)
			return 0;
		if (take_range(x, t, d, &end, changes, err))
			return -1;
	}
}

int
thin_delta_read(int fd, struct thin_delta *d, struct changes *changes,
		struct err *err)
{
	struct xml x = { .fd = fd, .ahead = NONE };
	struct tag t;

	d->same = d->differs = d->left_only = d->right_only = 0;
	if (read_superblock(&x, &t, d, err) || read_diff(&x, &t, d, err) ||
	    read_ranges(&x, &t, d, changes, err) ||
	    expect(&x, &t, FORM_CLOSE, "superblock", err))
		return -1;
	return expect(&x, &t, FORM_END_OF_FILE, "", err);
}

/* ---- the program ---- */

/*
 * Before 0.7.0 it left out the end of the longer device, and from its first
 * version in another language until 1.0.6 it took blocks for the same that
 * lie behind equal ones: commits 7c2b3fb6 and 2c2093b9 of its repository.
 */
int
thin_delta_known(const char *version, struct err *err)
{
	unsigned int a, b, c;
	const char *digits = version + strcspn(version, "0123456789");

	if (sscanf(digits, "%u.%u.%u", &a, &b, &c) != 3)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       PROGRAM " does not tell its version");
	if ((a == 0 && b >= 7) || (a == 1 && (b > 0 || c >= 6)) || a > 1)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, 0,
		       PROGRAM " %u.%u.%u leaves out some of what has changed "
			       "(right are 0.7 to 0.9, and 1.0.6 and later)",
		       a, b, c);
}

int
thin_delta_version(char *ret, size_t len, struct err *err)
{
	static const char *const argv[] = { PROGRAM, "-V", NULL };
	struct run_result res;
	int rc = run_ok(argv, NULL, &res, err);

	if (rc == 0 && thin_delta_known(res.out, err) == 0) {
		/* Known, so there are digits; one word in front in 1.x. */
		const char *v = res.out + strcspn(res.out, "0123456789");

		snprintf(ret, len, "%.*s", (int)strspn(v, "0123456789."), v);
	} else if (rc == 0) {
		rc = -1;
	}
	if (rc && err->code == ERR_NOTFOUND)
		err_set(err, ERR_UNSUPPORTED, 0,
			"there is no " PROGRAM " on this host (package "
			"thin-provisioning-tools)");
	run_done(&res);
	return rc;
}

/* On a disk if it can be: that of a large disk is large. */
static int
make_file(struct err *err)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = memfd_create(PROGRAM, MFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "make a file for " PROGRAM);
	return fd;
}

int
thin_delta_run(const char *path, struct thin_delta *d, struct changes *changes,
	       struct err *err)
{
	char left[24], right[24], version[24];
	/* An argument after -m would be taken for a block's number. */
	const char *argv[] = { PROGRAM,   "--metadata-snap",
			       "--thin1", left,
			       "--thin2", right,
			       path,      NULL };
	struct run_opts opts = RUN_OPTS_INIT;
	struct run_result res;
	int rc = -1;

	snprintf(left, sizeof(left), "%" PRIu64, d->left);
	snprintf(right, sizeof(right), "%" PRIu64, d->right);
	if (thin_delta_version(version, sizeof(version), err))
		return -1;
	opts.timeout_ms = LIMIT_MS;
	opts.stdout_fd = make_file(err);
	if (opts.stdout_fd < 0)
		return -1;
	if (run_ok(argv, &opts, &res, err) == 0)
		rc = thin_delta_read(opts.stdout_fd, d, changes, err);
	run_done(&res);
	fd_close(&opts.stdout_fd);
	return rc;
}

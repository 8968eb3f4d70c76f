/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_file.c - see jobs_file.h. */
#include "jobs_file.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"
#include "span.h"
#include "text.h"

#define BLANKS " "

/* ---- values ---- */

static bool
has_pattern(const struct jobs_patterns *p, const char *word)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (strcmp(p->at[i], word) == 0)
			return true;
	return false;
}

static int
take_patterns(struct jobs_patterns *p, char *value, struct err *err)
{
	char *save = NULL;

	for (char *w = strtok_r(value, BLANKS, &save); w;
	     w = strtok_r(NULL, BLANKS, &save)) {
		if (strlen(w) > SNAPSHOT_NAME_MAX ||
		    (!jobs_is_pattern(w) && !snapshot_is_name(w)))
			return err_set(err, ERR_INVALID, 0,
				       "'%s' can be no domain's name", w);
		if (has_pattern(p, w))
			continue;
		if (p->n == JOBS_PATTERNS_MAX)
			return err_set(err, ERR_INVALID, 0,
				       "more than %d names", JOBS_PATTERNS_MAX);
		strcpy(p->at[p->n++], w);
	}
	return 0;
}

static int
take_domains(struct jobs_file *f, char *value, struct err *err)
{
	return take_patterns(&f->domains, value, err);
}

static int
take_except(struct jobs_file *f, char *value, struct err *err)
{
	return take_patterns(&f->except, value, err);
}

/* A job has no folder of its own that a path could begin from. */
static int
take_path(char ret[PATH_MAX], const char *value, struct err *err)
{
	if (value[0] != '/')
		return err_set(err, ERR_INVALID, 0,
			       "'%s' does not begin with a /", value);
	if (strlen(value) >= PATH_MAX)
		return err_set(err, ERR_INVALID, 0, "the path is too long");
	strcpy(ret, value);
	return 0;
}

static int
take_repository(struct jobs_file *f, char *value, struct err *err)
{
	return take_path(f->repository, value, err);
}

static int
take_key_file(struct jobs_file *f, char *value, struct err *err)
{
	return take_path(f->key_file, value, err);
}

static int
take_passphrase_file(struct jobs_file *f, char *value, struct err *err)
{
	return take_path(f->passphrase_file, value, err);
}

static int
take_mode(struct jobs_file *f, char *value, struct err *err)
{
	static const struct {
		const char *name;
		enum create_mode mode;
	} modes[] = { { "live", CREATE_LIVE },
		      { "stop", CREATE_STOP },
		      { "disks-only", CREATE_DISKS } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(value, modes[i].name) == 0) {
			f->mode = modes[i].mode;
			return 0;
		}
	return err_set(err, ERR_INVALID, 0,
		       "'%s' is not live, stop or disks-only", value);
}

static int
take_copy(struct jobs_file *f, char *value, struct err *err)
{
	f->copy = strcmp(value, "yes") == 0;
	if (f->copy || strcmp(value, "no") == 0)
		return 0;
	return err_set(err, ERR_INVALID, 0, "'%s' is not yes or no", value);
}

static int
take_cow_size(struct jobs_file *f, char *value, struct err *err)
{
	return share_parse(value, &f->cow.percent, &f->cow.bytes, err);
}

static int
take_every(struct jobs_file *f, char *value, struct err *err)
{
	if (span_parse(value, &f->every_s, err))
		return -1;
	if (f->every_s < JOBS_EVERY_LEAST_S)
		return err_set(err, ERR_INVALID, 0, "'%s' is under a minute",
			       value);
	return 0;
}

static int
take_verify(struct jobs_file *f, char *value, struct err *err)
{
	return span_parse(value, &f->verify_s, err);
}

/* "22:00" into minutes; what follows it, or NULL. */
static const char *
read_clock(const char *p, unsigned int *ret)
{
	for (int i = 0; i < 5; i++)
		if (i == 2 ? p[i] != ':' : !isdigit((unsigned char)p[i]))
			return NULL;
	*ret = (unsigned int)((p[0] - '0') * 10 + (p[1] - '0')) * 60 +
	       (unsigned int)((p[3] - '0') * 10 + (p[4] - '0'));
	return p[3] < '6' && *ret < 24 * 60 ? p + 5 : NULL;
}

static int
take_between(struct jobs_file *f, char *value, struct err *err)
{
	const char *p = read_clock(value, &f->from_min);

	if (p && *p == '-')
		p = read_clock(p + 1, &f->to_min);
	else
		p = NULL;
	f->has_window = true;
	if (p && *p == '\0' && f->from_min != f->to_min)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "'%s' is not two times of the day, as in 22:00-06:00",
		       value);
}

/* ---- keys ---- */

static const struct {
	const char *name;
	int (*take)(struct jobs_file *f, char *value, struct err *err);
	bool needed;
} keys[] = {
	{ "domains", take_domains, true },
	{ "except", take_except, false },
	{ "repository", take_repository, true },
	{ "key-file", take_key_file, false },
	{ "passphrase-file", take_passphrase_file, false },
	{ "mode", take_mode, false },
	{ "copy", take_copy, false },
	{ "cow-size", take_cow_size, false },
	{ "every", take_every, false },
	{ "between", take_between, false },
	{ "verify", take_verify, false },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))
#define KEEP "keep-"

/* Which key it is; the rules of keep.h come after the others.  -1: none. */
static int
find_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(name, keys[i].name) == 0)
			return (int)i;
	if (strncmp(name, KEEP, strlen(KEEP)) != 0)
		return -1;
	for (int rule = 0; rule < KEEP_RULES; rule++)
		if (strcmp(name + strlen(KEEP),
			   keep_name((enum keep_rule)rule)) == 0)
			return (int)KEYS + rule;
	return -1;
}

static int
take_rule(struct jobs_file *f, int rule, const char *value, struct err *err)
{
	unsigned int n = 0;
	const char *p = value;

	for (; isdigit((unsigned char)*p) && n <= JOBS_KEEP_MAX; p++)
		n = n * 10 + (unsigned int)(*p - '0');
	if (p == value || *p || n > JOBS_KEEP_MAX)
		return err_set(err, ERR_INVALID, 0, "'%s' is not 0 to %u",
			       value, JOBS_KEEP_MAX);
	f->keep.n[rule] = n;
	f->prunes = f->prunes || n > 0;
	return 0;
}

/* ---- lines ---- */

static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, BLANKS);
	for (len = strlen(s); len > 0 && strchr(BLANKS, s[len - 1]); len--)
		s[len - 1] = '\0';
	return s;
}

/* One line that is neither empty nor a comment. */
static int
take_line(struct jobs_file *f, char *line, uint64_t *seen, struct err *err)
{
	char *value = strchr(line, '=');
	const char *name;
	int key, rc;

	if (!text_is_plain(line))
		return err_set(err, ERR_INVALID, 0, "this is no plain text");
	if (!value)
		return err_set(err, ERR_INVALID, 0,
			       "'%.40s' is not KEY = VALUE", line);
	*value++ = '\0';
	name = trim(line);
	value = trim(value);
	key = find_key(name);
	if (key < 0)
		return err_set(err, ERR_INVALID, 0, "there is no key '%.40s'",
			       name);
	if (*seen & UINT64_C(1) << key)
		return err_set(err, ERR_INVALID, 0, "%s is given twice", name);
	*seen |= UINT64_C(1) << key;
	if (!*value)
		return err_set(err, ERR_INVALID, 0, "%s has no value", name);
	rc = key < (int)KEYS ? keys[key].take(f, value, err) :
			       take_rule(f, key - (int)KEYS, value, err);
	return rc ? err_add(err, "%s", name) : 0;
}

/* What only all lines together can say. */
static int
check(const struct jobs_file *f, uint64_t seen, struct err *err)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].needed && !(seen & UINT64_C(1) << i))
			return err_set(err, ERR_INVALID, 0, "%s is missing",
				       keys[i].name);
	if (!f->key_file[0] && !f->passphrase_file[0])
		return err_set(err, ERR_INVALID, 0,
			       "key-file or passphrase-file is missing: nobody "
			       "is there to be asked");
	if (f->key_file[0] && f->passphrase_file[0])
		return err_set(err, ERR_INVALID, 0,
			       "key-file and passphrase-file exclude each "
			       "other");
	return 0;
}

/* @text is taken apart in place. */
static int
read_lines(struct jobs_file *f, char *text, const char *where, struct err *err)
{
	uint64_t seen = 0;
	unsigned int n = 0;

	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		n++;
		for (char *p = line; (p = strchr(p, '\t')); p++)
			*p = ' ';
		line = trim(line);
		if (*line && *line != '#' && take_line(f, line, &seen, err))
			return err_add(err, "%s:%u", where, n);
	}
	return check(f, seen, err) ? err_add(err, "%s", where) : 0;
}

int
jobs_parse(const char *name, const char *where, const char *text, size_t len,
	   struct jobs_file *ret, struct err *err)
{
	char *copy;
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->mode = CREATE_AUTO;
	ret->every_s = JOBS_EVERY_S;
	if (!snapshot_is_name(name))
		return err_set(err, ERR_INVALID, 0,
			       "%s: '%s' can be no job's name", where, name);
	strcpy(ret->name, name);
	if (memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, 0,
			       "%s: there is a NUL in it, this is no text",
			       where);
	copy = strdup(text);
	if (!copy)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	rc = read_lines(ret, copy, where, err);
	free(copy);
	return rc;
}

/* ---- domains ---- */

bool
jobs_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

static bool
matches(const struct jobs_patterns *p, const char *name, bool names_alone)
{
	for (unsigned int i = 0; i < p->n; i++)
		if ((!names_alone || !jobs_is_pattern(p->at[i])) &&
		    fnmatch(p->at[i], name, 0) == 0)
			return true;
	return false;
}

bool
jobs_takes(const struct jobs_file *f, const char *name)
{
	return matches(&f->domains, name, false) &&
	       !matches(&f->except, name, false);
}

bool
jobs_names(const struct jobs_file *f, const char *name)
{
	return matches(&f->domains, name, true) &&
	       !matches(&f->except, name, false);
}

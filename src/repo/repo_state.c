/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_state.c - see repo_state.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "hex.h"
#include "rand.h"
#include "repo_state.h"
#include "take.h"

#define FILE_NAME "state"
#define MAGIC "xsnapsta"
#define FILE_MAX (64u << 20)
#define FOLDER ".repositories"

/* ---- the folder ---- */

static int
root_path(char *ret, size_t len, struct err *err)
{
	const char *root = getenv("XENSNAP_ROOT");
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (root && root[0])
		n = snprintf(ret, len, "%s", root);
	else if (geteuid() == 0)
		n = snprintf(ret, len, "/var/lib/xensnap");
	else if (state && state[0] == '/')
		n = snprintf(ret, len, "%s/xensnap", state);
	else if (home && home[0] == '/')
		n = snprintf(ret, len, "%s/.local/state/xensnap", home);
	else
		return err_set(err, ERR_NOTFOUND, 0,
			       "no place to remember the repository: neither "
			       "HOME nor XDG_STATE_HOME is set");
	return n > 0 && (size_t)n < len ?
		       0 :
		       err_set(err, ERR_INVALID, 0, "a path is too long");
}

/* As `mkdir -p`, all below 0700. */
static int
make_path(char *path, struct err *err)
{
	for (char *p = path + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_set(err, ERR_IO, errno, "make folder %s",
				       path);
		*p = c;
		if (c == '\0')
			return 0;
	}
}

int
repo_state_open(const uint8_t id[REPO_ID], struct err *err)
{
	char path[PATH_MAX], hex[2 * REPO_ID + 1];
	size_t len;

	if (root_path(path, sizeof(path), err))
		return -1;
	hex_text(id, REPO_ID, hex);
	len = strlen(path);
	if (len + sizeof(FOLDER) + sizeof(hex) + 1 > sizeof(path))
		return err_set(err, ERR_INVALID, 0, "a path is too long");
	snprintf(path + len, sizeof(path) - len, "/" FOLDER "/%s", hex);
	if (make_path(path, err))
		return -1;
	return fd_open_dir(AT_FDCWD, path, err);
}

/* ---- the file ---- */

int
repo_state_lock(int dirfd, struct err *err)
{
	int fd = openat(dirfd, ".lock",
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return err_set(err, ERR_IO, errno,
			       "open the lock of what this "
			       "host remembers");
	do
		r = flock(fd, LOCK_EX);
	while (r && errno == EINTR);
	if (r == 0)
		return fd;
	err_set(err, ERR_IO, errno, "lock what this host remembers");
	fd_close(&fd);
	return -1;
}

static void
decode(struct take *t, struct repo_state *s)
{
	const uint8_t *magic = take_skip(t, 8);

	if (magic && memcmp(magic, MAGIC, 8) != 0)
		take_refuse(t, "it is none");
	take_bytes(t, s->host, HOST_ID);
	s->sequence = take_u64(t);
	take_bytes(t, s->previous, SHA256_BYTES);
	s->head = take_u64(t);
	take_bytes(t, s->head_sum, SHA256_BYTES);
	s->n_known = take_count(t, SESSION_ID + SHA256_BYTES, UINT32_MAX);
	s->known = calloc((size_t)s->n_known + 1, sizeof(*s->known));
	if (!s->known)
		take_refuse(t, "there is no memory for it");
	for (uint32_t i = 0; i < s->n_known && !t->wrong; i++) {
		take_bytes(t, s->known[i].session, SESSION_ID);
		take_bytes(t, s->known[i].sum, SHA256_BYTES);
	}
}

int
repo_state_load(int dirfd, struct repo_state *ret, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	struct take t;
	char *text;
	size_t len;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (fd_read_file(dirfd, FILE_NAME, FILE_MAX, &text, &len, err)) {
		if (err->code != ERR_NOTFOUND)
			return err_add(err, "what this host remembers");
		err_clear(err);
		ret->is_new = true;
		return rand_bytes(ret->host, HOST_ID, err);
	}
	if (len < SHA256_BYTES || sha256_of(text, len - SHA256_BYTES, sum) ||
	    memcmp(sum, text + len - SHA256_BYTES, SHA256_BYTES) != 0) {
		err_set(err, ERR_CORRUPT, 0,
			"what this host remembers of the repository is "
			"damaged");
		goto out;
	}
	t = take_from(text, len - SHA256_BYTES);
	decode(&t, ret);
	rc = take_end(&t, "what this host remembers", err);
	if (rc)
		repo_state_done(ret);
out:
	free(text);
	return rc;
}

int
repo_state_save(int dirfd, const struct repo_state *s, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	struct buf b = BUF_INIT;
	int rc = -1;

	put_bytes(&b, MAGIC, 8);
	put_bytes(&b, s->host, HOST_ID);
	put_u64(&b, s->sequence);
	put_bytes(&b, s->previous, SHA256_BYTES);
	put_u64(&b, s->head);
	put_bytes(&b, s->head_sum, SHA256_BYTES);
	put_u32(&b, s->n_known);
	for (uint32_t i = 0; i < s->n_known; i++) {
		put_bytes(&b, s->known[i].session, SESSION_ID);
		put_bytes(&b, s->known[i].sum, SHA256_BYTES);
	}
	if (buf_check(&b, err))
		goto out;
	if (sha256_of(b.data, b.len, sum)) {
		err_set(err, ERR_IO, 0, "SHA-256 fails");
		goto out;
	}
	put_bytes(&b, sum, sizeof(sum));
	if (buf_check(&b, err) == 0)
		rc = fd_write_file(dirfd, FILE_NAME, b.data, b.len, err);
out:
	buf_done(&b);
	return rc;
}

/* ---- is it still the same? ---- */

static int
by_session(const void *id, const void *known)
{
	return memcmp(id, ((const struct head_known *)known)->session,
		      SESSION_ID);
}

bool
repo_state_knows(const struct repo_state *s, const uint8_t session[SESSION_ID])
{
	return s->n_known && bsearch(session, s->known, s->n_known,
				     sizeof(*s->known), by_session);
}

static int
check_outcome(const struct head_known *was, const struct head *h,
	      const struct head_known *now, uint32_t n, struct err *err)
{
	const struct head_known *is;
	char hex[2 * SESSION_ID + 1];

	is = n ? bsearch(was->session, now, n, sizeof(*now), by_session) : NULL;
	if (is && memcmp(is->sum, was->sum, SHA256_BYTES) == 0)
		return 0;
	if (!is && head_removed(h, was->session))
		return 0;
	hex_text(was->session, SESSION_ID, hex);
	return err_set(err, ERR_STATE, 0,
		       "session %s, which this host has seen, is %s: the "
		       "repository was set back, or damaged",
		       hex, is ? "another one now" : "missing");
}

int
repo_state_check(const struct repo_state *s, const struct head *h,
		 const uint8_t sum[SHA256_BYTES], const struct head_known *now,
		 uint32_t n, struct err *err)
{
	if (h->number < s->head)
		return err_set(err, ERR_STATE, 0,
			       "its newest head is %llu, and this host has "
			       "seen %llu: the repository was set back",
			       (unsigned long long)h->number,
			       (unsigned long long)s->head);
	if (h->number == s->head && memcmp(sum, s->head_sum, SHA256_BYTES) != 0)
		return err_set(err, ERR_STATE, 0,
			       "head %llu is not the one that this host has "
			       "seen: there are two copies that went apart",
			       (unsigned long long)h->number);
	for (uint32_t i = 0; i < s->n_known; i++)
		if (check_outcome(&s->known[i], h, now, n, err))
			return -1;
	return 0;
}

void
repo_state_done(struct repo_state *s)
{
	free(s->known);
	memset(s, 0, sizeof(*s));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repo_key.c - see repo_key.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cancel.h"
#include "fd.h"
#include "new_file.h"
#include "opts.h"
#include "rand.h"
#include "repo_key.h"

#define RAW_KEY 32

/* An option, or what the environment says instead. */
static const char *
given(const struct cmd_args *a, const char *opt, const char *env)
{
	const char *v = opts_value(a, opt);

	if (!v)
		v = getenv(env);
	return v && v[0] ? v : NULL;
}

/* What is asked for on the terminal. */
struct asking {
	const char *prompt;
	const char *instead; /* the options that would do */
	bool twice;
};

#define OPTIONS "--key-file or --passphrase-file"
#define FRESH_OPTIONS "--new-key-file or --new-passphrase-file"

/* ---- a key file ---- */

int
repo_key_write(const char *path, const char *text, struct err *err)
{
	struct new_file f = NEW_FILE_INIT;
	int rc = -1;

	if (new_file_open(&f, path, err))
		return err_add(err, "key file");
	if (fchmod(f.fd, 0400))
		err_set(err, fd_code(errno), errno, "chmod it");
	else if (fd_write_all(f.fd, text, strlen(text), err) == 0)
		rc = new_file_keep(&f, err);
	new_file_close(&f);
	return rc ? err_add(err, "key file %s", path) : 0;
}

static int
make_key_file(const char *path, struct repo_key *k, struct err *err)
{
	char text[SLOT_FILE_TEXT];
	int rc;

	if (rand_bytes(k->secret, RAW_KEY, err))
		return -1;
	slot_file_text((const uint8_t *)k->secret, text);
	rc = repo_key_write(path, text, err);
	explicit_bzero(text, sizeof(text));
	k->made = rc == 0 ? path : NULL;
	return rc;
}

static int
read_key_file(const char *path, bool is_new, struct repo_key *k,
	      struct err *err)
{
	char *text;
	size_t len;
	int rc;

	k->opener.kdf = SLOT_KEY_FILE;
	k->opener.p = k->secret;
	k->opener.len = RAW_KEY;
	if (is_new && access(path, F_OK) && errno == ENOENT)
		return make_key_file(path, k, err);
	if (fd_read_file(AT_FDCWD, path, REPO_KEY_MAX, &text, &len, err))
		return -1;
	rc = slot_file_parse(text, (uint8_t *)k->secret, err);
	explicit_bzero(text, len);
	free(text);
	return rc ? err_add(err, "key file %s", path) : 0;
}

/* ---- a passphrase ---- */

static int
use_passphrase(struct repo_key *k, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_INVALID, 0, "the passphrase is empty");
	k->opener.kdf = SLOT_PASSPHRASE;
	k->opener.p = k->secret;
	k->opener.len = len;
	return 0;
}

static int
read_passphrase_file(const char *path, struct repo_key *k, struct err *err)
{
	const char *end;
	char *text;
	size_t len, all;

	if (fd_read_file(AT_FDCWD, path, REPO_KEY_MAX, &text, &all, err))
		return -1;
	len = all;
	end = memchr(text, '\n', len);
	if (end)
		len = (size_t)(end - text);
	memcpy(k->secret, text, len);
	explicit_bzero(text, all);
	free(text);
	return use_passphrase(k, len, err);
}

/* read(), which Ctrl-C ends: the signal's handler has it restarted. */
static ssize_t
read_typed(int tty, char *ret, size_t size, struct err *err)
{
	struct pollfd fds[] = { { .fd = tty, .events = POLLIN },
				{ .fd = cancel_fd(), .events = POLLIN } };
	ssize_t n;

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		continue;
	if (cancel_check(err))
		return -1;
	n = read(tty, ret, size);
	if (n < 0)
		err_set(err, ERR_IO, errno, "ask for the passphrase");
	return n;
}

/* One line from the terminal, unseen; its length without the newline, or -1. */
static ssize_t
type_line(int tty, const char *prompt, char *ret, size_t size, struct err *err)
{
	struct termios was, hidden;
	size_t len = 0;
	ssize_t n;

	if (tcgetattr(tty, &was))
		return err_set(err, ERR_IO, errno, "ask for the passphrase");
	hidden = was;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &hidden);
	fd_write_all(tty, prompt, strlen(prompt), err);
	do
		n = read_typed(tty, ret + len, size - len - 1, err);
	while (n > 0 && !memchr(ret + len, '\n', (size_t)n) &&
	       (len += (size_t)n) < size - 1);
	if (n > 0)
		len += (size_t)n;
	tcsetattr(tty, TCSAFLUSH, &was);
	fd_write_all(tty, "\n", 1, err);
	if (n < 0)
		return -1;
	ret[len] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return (ssize_t)strlen(ret);
}

static int
type_passphrase(const struct asking *ask, struct repo_key *k, struct err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char again[REPO_KEY_MAX];
	ssize_t len;
	int rc = -1;

	if (tty < 0)
		return err_set(err, ERR_INVALID, 0,
			       "no key: give %s (there is no terminal to ask "
			       "on)",
			       ask->instead);
	len = type_line(tty, ask->prompt, k->secret, sizeof(k->secret), err);
	if (len < 0 || use_passphrase(k, (size_t)len, err))
		goto out;
	rc = 0;
	if (!ask->twice)
		goto out;
	len = type_line(tty, "Again: ", again, sizeof(again), err);
	if (len < 0)
		rc = -1;
	else if (strcmp(k->secret, again) != 0)
		rc = err_set(err, ERR_INVALID, 0,
			     "the two passphrases differ; nothing was made");
out:
	explicit_bzero(again, sizeof(again));
	fd_close(&tty);
	return rc;
}

int
repo_key_read(const struct cmd_args *a, bool is_new, struct repo_key *k,
	      struct err *err)
{
	const char *file = given(a, "key-file", "XENSNAP_KEY_FILE");
	const char *pass =
		given(a, "passphrase-file", "XENSNAP_PASSPHRASE_FILE");
	const struct asking ask = { "Passphrase: ", OPTIONS, is_new };

	memset(k, 0, sizeof(*k));
	/* What is said on the command line counts more than what is around. */
	if (file &&
	    (!opts_has(a, "passphrase-file") || opts_has(a, "key-file")))
		return read_key_file(file, is_new, k, err);
	return pass ? read_passphrase_file(pass, k, err) :
		      type_passphrase(&ask, k, err);
}

int
repo_key_from(const char *key_file, const char *passphrase_file,
	      struct repo_key *k, struct err *err)
{
	memset(k, 0, sizeof(*k));
	return key_file[0] ? read_key_file(key_file, false, k, err) :
			     read_passphrase_file(passphrase_file, k, err);
}

int
repo_key_fresh(const struct cmd_args *a, struct repo_key *k, struct err *err)
{
	static const struct asking ask = { "New passphrase: ", FRESH_OPTIONS,
					   true };
	const char *file = opts_value(a, "new-key-file");
	const char *pass = opts_value(a, "new-passphrase-file");

	memset(k, 0, sizeof(*k));
	if (file)
		return read_key_file(file, true, k, err);
	return pass ? read_passphrase_file(pass, k, err) :
		      type_passphrase(&ask, k, err);
}

void
repo_key_done(struct repo_key *k)
{
	explicit_bzero(k, sizeof(*k));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repo_key.h - what opens a repository, as the user gives it: a key file
 * (--key-file), a passphrase in a file (--passphrase-file), or typed.
 *
 * XENSNAP_KEY_FILE and XENSNAP_PASSPHRASE_FILE stand for the options.  A
 * secret is never on the command line, which every user of the host can read.
 */
#ifndef XENSNAP_REPO_KEY_H
#define XENSNAP_REPO_KEY_H

#include "cmd.h"
#include "err.h"
#include "slot.h"

#define REPO_KEY_MAX 4096

struct repo_key {
	struct slot_opener opener; /* points to @secret */
	char secret[REPO_KEY_MAX];
	const char *made; /* the key file that was written just now, or NULL */
};

/*
 * repo_key_read() - what opens the repository, into @k, for repo_key_done().
 * @is_new: a key file that is missing is made, a passphrase is typed twice.
 * -1 with ERR_INVALID, ERR_NOTFOUND, ERR_EXISTS or ERR_IO.
 */
int repo_key_read(const struct cmd_args *a, bool is_new, struct repo_key *k,
		  struct err *err);

/*
 * repo_key_from() - the same of @key_file or, if that is "", of
 * @passphrase_file; nothing is made, and nobody asked.
 */
int repo_key_from(const char *key_file, const char *passphrase_file,
		  struct repo_key *k, struct err *err);

/*
 * repo_key_fresh() - a secret for a new key, by --new-key-file (made when it is
 * missing), --new-passphrase-file, or typed twice.  As repo_key_read().
 */
int repo_key_fresh(const struct cmd_args *a, struct repo_key *k,
		   struct err *err);

/*
 * repo_key_write() - the new file @path, for its owner alone, with @text,
 * durable.  -1 with ERR_EXISTS or ERR_IO: it is not there.
 */
int repo_key_write(const char *path, const char *text, struct err *err);

/* repo_key_done() - wipe it. */
void repo_key_done(struct repo_key *k);

#endif

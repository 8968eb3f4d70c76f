/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names.c - see names.h. */
#include "names.h"

#include <stdio.h>
#include <string.h>

int
names_snapshot(const struct cmd_args *a, unsigned int i, struct names *ret,
	       struct err *err)
{
	return snapshot_split_name(a->args[i], true, ret->domain, ret->name,
				   err);
}

int
names_domain(const struct cmd_args *a, unsigned int i, struct names *ret,
	     struct err *err)
{
	if (snapshot_split_name(a->args[i], false, ret->domain, ret->name, err))
		return -1;
	if (ret->name[0])
		return err_set(err, ERR_INVALID, 0,
			       "'%s' is a snapshot; a domain is asked for",
			       a->args[i]);
	return 0;
}

const char *
names_full(const char *domain, const char *name, char *ret)
{
	snprintf(ret, NAMES_FULL_MAX, "%s@%s", domain, name);
	return ret;
}

const char *
names_skipped(const struct snapshot *s, char *ret)
{
	size_t used = 0;

	ret[0] = '\0';
	for (unsigned int i = 0; i < s->n_skipped; i++)
		used += (size_t)snprintf(ret + used, NAMES_SKIPPED_MAX - used,
					 "%s%s", i ? ", " : "", s->skipped[i]);
	return ret;
}

int
names_skip(const char *text, char ret[][SNAPSHOT_VDEV_LEN], unsigned int *ret_n,
	   struct err *err)
{
	size_t len;

	for (*ret_n = 0;; text += len + 1) {
		len = strcspn(text, ",");
		if (len == 0 || len >= SNAPSHOT_VDEV_LEN)
			return err_set(err, ERR_INVALID, 0,
				       "--skip-disk: '%.*s' is no disk's name",
				       (int)len, text);
		if (*ret_n == DOMAIN_DISKS_MAX)
			return err_set(err, ERR_INVALID, 0,
				       "--skip-disk: more disks than a domain "
				       "may have");
		memcpy(ret[*ret_n], text, len);
		ret[(*ret_n)++][len] = '\0';
		if (!text[len])
			return 0;
	}
}

const char *
names_quiesced(enum domain_quiesced quiesced)
{
	switch (quiesced) {
	case DOMAIN_FROZEN:
		return "its file systems were written out and frozen";
	case DOMAIN_SYNCED:
		return "it was told to sync just before";
	default:
		return "not quiesced: the disks are as after a power cut";
	}
}

const char *
names_when(const char *created, char *ret, size_t len)
{
	char *p;

	snprintf(ret, len, "%s", created);
	p = strchr(ret, 'T');
	if (p)
		*p = ' ';
	p = strchr(ret, 'Z');
	if (p)
		*p = '\0';
	return ret;
}

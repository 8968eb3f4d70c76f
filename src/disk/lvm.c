/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lvm.c - see lvm.h. */
#include "lvm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "lvm_report.h"
#include "run.h"

#define LVM "/sbin/lvm"
#define LVM_TIMEOUT_MS 300000u
#define LVM_ARGS_MAX 40
#define LVM_UUID_HEX 32 /* without the hyphens */
#define SELECT_LEN 500

static int alive_fd = -1;

void
lvm_set_alive_fd(int fd)
{
	alive_fd = fd;
}

/* ---- running it ---- */

/* What LVM says though nothing is wrong. */
static bool
is_noise(const char *line)
{
	static const char *const noise[] = {
		"WARNING",
		"Attempted to decrement suspended device counter below zero",
		"Run `",
		"TEST MODE",
	};

	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strncmp(line, noise[i], strlen(noise[i])) == 0)
			return true;
	return false;
}

/* The first line of @text that says something, cut out of it; or NULL. */
static const char *
reason(char *text)
{
	char *line, *rest = text, *fallback = NULL;

	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		if (*line && !is_noise(line))
			return line;
		if (*line && !fallback)
			fallback = line;
	}
	return fallback;
}

static enum err_code
code_of(const char *why)
{
	static const struct {
		const char *text;
		enum err_code code;
	} known[] = {
		{ "nsufficient free space", ERR_NOSPC },
		{ "nsufficient suitable", ERR_NOSPC },
		{ "free space in thin pool", ERR_NOSPC },
		{ "Maximum number of", ERR_NOSPC },
		{ "already exists", ERR_EXISTS },
		{ "already in use", ERR_BUSY },
		{ " in use", ERR_BUSY },
		{ "is used by another device", ERR_BUSY },
		{ "ermission denied", ERR_DENIED },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(why, known[i].text))
			return known[i].code;
	return ERR_IO;
}

static int
run_lvm(const char *const args[], struct run_result *res, struct err *err)
{
	static const char *const env[] = { "LVM_SUPPRESS_FD_WARNINGS=1", NULL };
	struct run_opts opts = RUN_OPTS_INIT;
	const char *argv[LVM_ARGS_MAX + 2] = { LVM };
	const char *why;
	size_t n;

	memset(res, 0, sizeof(*res));
	for (n = 0; args[n]; n++) {
		if (n == LVM_ARGS_MAX)
			return err_set(err, ERR_INVALID, 0,
				       "lvm %s: over %d words", args[0],
				       LVM_ARGS_MAX);
		argv[n + 1] = args[n];
	}
	opts.timeout_ms = LVM_TIMEOUT_MS;
	opts.keep_fd = alive_fd;
	opts.env = env;
	if (run(argv, &opts, res, err))
		return -1;
	if (res->err[0])
		log_debug("%s: %s", args[0], res->err);
	if (res->status == 0)
		return 0;
	why = reason(res->err);
	if (why)
		return err_set(err, code_of(why), 0, "%s: %s", args[0], why);
	return err_set(err, ERR_IO, 0, "%s: status %d, and no message", args[0],
		       res->status);
}

int
lvm_run(const char *const args[], struct err *err)
{
	struct run_result res;
	int rc = run_lvm(args, &res, err);

	run_done(&res);
	return rc;
}

int
lvm_ask(const char *const args[], char **ret, size_t *ret_len, struct err *err)
{
	struct run_result res;
	int rc = run_lvm(args, &res, err);

	*ret = NULL;
	if (rc == 0) {
		*ret = res.out;
		if (ret_len)
			*ret_len = res.out_len;
		res.out = NULL;
	}
	run_done(&res);
	return rc;
}

/* ---- reports ---- */

/* What has neither can be put into a select string between quotes. */
static int
check_word(const char *word, struct err *err)
{
	if (word && (strchr(word, '"') || strchr(word, '\\')))
		return err_set(err, ERR_INVALID, 0, "no LVM name: '%s'", word);
	return 0;
}

static int
find(const char *select, struct lvm_lv **ret, unsigned int *ret_n,
     struct err *err)
{
	const char *const args[] = { "lvs",
				     "--reportformat",
				     "json",
				     "--units",
				     "b",
				     "--nosuffix",
				     "-a",
				     "-o",
				     LVM_REPORT_FIELDS,
				     "-S",
				     select,
				     NULL };
	struct run_result res;
	int rc;

	*ret = NULL;
	*ret_n = 0;
	rc = run_lvm(args, &res, err);
	if (rc == 0)
		rc = lvm_report_read(res.out, res.out_len, ret, ret_n, err);
	if (rc && err->code == ERR_CORRUPT)
		err_add(err, "lvs");
	run_done(&res);
	return rc;
}

int
lvm_find_any(const struct lvm_field *any, unsigned int n, struct lvm_lv **ret,
	     unsigned int *ret_n, struct err *err)
{
	char select[LVM_ANY_MAX * SELECT_LEN];
	int used = 0;

	*ret = NULL;
	*ret_n = 0;
	for (unsigned int i = 0; i < n; i++) {
		size_t room = sizeof(select) - (size_t)used;
		int k;

		if (check_word(any[i].value, err))
			return -1;
		k = snprintf(select + used, room, "%s%s=\"%s\"",
			     i ? " || " : "", any[i].field, any[i].value);
		if (k < 0 || (size_t)k >= room)
			return err_set(err, ERR_INVALID, 0, "no LVM name: '%s'",
				       any[i].value);
		used += k;
	}
	return find(select, ret, ret_n, err);
}

int
lvm_find(const char *field, const char *value, struct lvm_lv **ret,
	 unsigned int *ret_n, struct err *err)
{
	const struct lvm_field one = { field, value };

	return lvm_find_any(&one, 1, ret, ret_n, err);
}

int
lvm_find_vg(const char *vg, struct lvm_lv *ret, struct err *err)
{
	char select[SELECT_LEN];
	const char *const args[] = {
		"vgs", "--reportformat", "json", "--units",
		"b",   "--nosuffix",     "-o",   LVM_REPORT_VG_FIELDS,
		"-S",  select,           NULL
	};
	struct run_result res;
	int r;

	if (check_word(vg, err))
		return -1;
	if (snprintf(select, sizeof(select), "vg_name=\"%s\"", vg) >=
	    (int)sizeof(select))
		return err_set(err, ERR_INVALID, 0, "no LVM name: '%s'", vg);
	r = run_lvm(args, &res, err);
	if (r == 0)
		r = lvm_report_read_vg(res.out, res.out_len, ret, err);
	run_done(&res);
	return r;
}

int
lvm_find_named(const struct lvm_name *want, unsigned int n, bool pools,
	       struct lvm_lv **ret, unsigned int *ret_n, struct err *err)
{
	static const char all_pools[] = " || segtype=\"thin-pool\"";
	char select[LVM_NAMED_MAX * SELECT_LEN + sizeof(all_pools)];
	int used = 0;

	*ret = NULL;
	*ret_n = 0;
	for (unsigned int i = 0; i < n; i++) {
		size_t room = sizeof(select) - sizeof(all_pools) - (size_t)used;
		int k;

		if (check_word(want[i].uuid, err) ||
		    check_word(want[i].vg, err) ||
		    check_word(want[i].name, err))
			return -1;
		k = snprintf(select + used, room,
			     "%slv_uuid=\"%s\" || (vg_name=\"%s\" && "
			     "lv_name=\"%s\")",
			     i ? " || " : "", want[i].uuid, want[i].vg,
			     want[i].name);
		if (k < 0 || (size_t)k >= room)
			return err_set(err, ERR_INVALID, 0,
				       "no LVM name: '%s/%s'", want[i].vg,
				       want[i].name);
		used += k;
	}
	if (pools)
		strcpy(select + used, all_pools);
	return find(select, ret, ret_n, err);
}

int
lvm_find_all(struct lvm_lv **ret, unsigned int *ret_n, struct err *err)
{
	return find("all", ret, ret_n, err);
}

int
lvm_find_lv(const char *uuid, const char *vg, const char *name,
	    struct lvm_lv *ret, struct err *err)
{
	const struct lvm_name want = { uuid, vg, name };
	struct lvm_lv *lvs;
	unsigned int n, hit = 0;

	if (lvm_find_named(&want, 1, false, &lvs, &n, err))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(lvs[i].uuid, uuid) == 0)
			hit = i;
	if (n)
		*ret = lvs[hit];
	free(lvs);
	return n > 0;
}

/* ---- uuids ---- */

/* LVM shows a uuid's 32 characters in groups of 6-4-4-4-4-4-6. */
static void
with_hyphens(const char *from, char *ret)
{
	static const int group[] = { 6, 4, 4, 4, 4, 4, 6 };

	for (size_t i = 0; i < sizeof(group) / sizeof(group[0]); i++) {
		if (i)
			*ret++ = '-';
		memcpy(ret, from, (size_t)group[i]);
		ret += group[i];
		from += group[i];
	}
	*ret = '\0';
}

static char *
without_hyphens(const char *from, char *to)
{
	for (; *from; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
	return to;
}

void
lvm_dm_uuid(const struct lvm_lv *lv, char *ret)
{
	memcpy(ret, "LVM-", 4);
	without_hyphens(lv->uuid, without_hyphens(lv->vg_uuid, ret + 4));
}

int
lvm_split_dm_uuid(const char *dm_uuid, char *vg_uuid, char *lv_uuid)
{
	if (strncmp(dm_uuid, "LVM-", 4) != 0 ||
	    strlen(dm_uuid) != 4 + 2 * LVM_UUID_HEX)
		return -1;
	with_hyphens(dm_uuid + 4, vg_uuid);
	with_hyphens(dm_uuid + 4 + LVM_UUID_HEX, lv_uuid);
	return 0;
}

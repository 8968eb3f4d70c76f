/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_watch.c - xensnap watch */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_watch.h"
#include "guard.h"
#include "log.h"
#include "opts.h"
#include "print.h"
#include "units.h"

#define INTERVAL_S 5u
#define SECONDS_MAX 1000000u

/* A whole number from @least to @most, and nothing after it but @suffix. */
static int
number(const char *text, unsigned int least, unsigned int most, char suffix,
       unsigned int *ret)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	n = strtoul(text, &end, 10);
	if (suffix && *end == suffix)
		end++;
	if (*end || n < least || n > most)
		return -1;
	*ret = (unsigned int)n;
	return 0;
}

static int
read_percent(const struct cmd_args *a, const char *name, unsigned int *ret,
	     struct err *err)
{
	const char *text = opts_value(a, name);

	if (!text || number(text, 1, 100, '%', ret) == 0)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "--%s: '%s' is not 1 to 100 (percent)", name, text);
}

static int
read_seconds(const struct cmd_args *a, const char *name, unsigned int *ret,
	     struct err *err)
{
	const char *text = opts_value(a, name);

	if (!text || number(text, 1, SECONDS_MAX, 's', ret) == 0)
		return 0;
	return err_set(err, ERR_INVALID, 0,
		       "--%s: '%s' is not 1 to %u (seconds)", name, text,
		       SECONDS_MAX);
}

/* "20%" or "5G"; the one that is not given becomes 0. */
static int
read_share(const struct cmd_args *a, const char *name, unsigned int *percent,
	   uint64_t *bytes, struct err *err)
{
	const char *text = opts_value(a, name);

	if (!text)
		return 0;
	if (strchr(text, '%')) {
		*bytes = 0;
		if (number(text, 0, 1000, '%', percent) == 0)
			return 0;
		return err_set(err, ERR_INVALID, 0,
			       "--%s: '%s' is neither a size nor a percentage",
			       name, text);
	}
	*percent = 0;
	if (units_parse_size(text, bytes, err))
		return err_add(err, "--%s", name);
	return 0;
}

static int
read_policy(const struct cmd_args *a, struct policy *p, struct err *err)
{
	p->extend = !opts_has(a, "no-extend");
	p->drop = !opts_has(a, "no-drop");
	if (read_percent(a, "extend-at", &p->extend_at, err) ||
	    read_percent(a, "warn-at", &p->warn_at, err) ||
	    read_seconds(a, "warn-before", &p->warn_s, err) ||
	    read_seconds(a, "drop-before", &p->drop_s, err) ||
	    read_share(a, "extend-by", &p->by_percent, &p->by_bytes, err) ||
	    read_share(a, "reserve", &p->reserve_percent, &p->reserve_bytes,
		       err))
		return -1;
	return 0;
}

static int
read_opts(const struct cmd_args *a, struct guard_opts *o, struct err *err)
{
	unsigned int interval = INTERVAL_S;

	if (read_policy(a, &o->policy, err) ||
	    read_seconds(a, "interval", &interval, err))
		return -1;
	o->most_ms = interval * 1000 < interval ? UINT32_MAX : interval * 1000;
	o->recover = opts_has(a, "recover");
	o->dry_run = opts_has(a, "dry-run");
	o->hook = opts_value(a, "hook");
	o->metrics = opts_value(a, "metrics");
	if (o->hook && o->hook[0] != '/')
		return err_set(err, ERR_INVALID, 0,
			       "--hook: '%s' is not an absolute path", o->hook);
	if (opts_has(a, "json"))
		o->tell = watch_event_json;
	return 0;
}

static int
once(const struct guard_opts *o, bool json, struct err *err)
{
	struct guard_report r;
	int rc;

	if (guard_once(o, &r, err))
		return -1;
	rc = json ? watch_report_json(&r, err) : watch_report(&r, err);
	if (rc == 0)
		rc = r.n_bad ? CMD_WARNINGS : CMD_DONE;
	guard_report_done(&r);
	return rc;
}

int
cmd_watch(const struct cmd_args *args, struct err *err)
{
	struct guard_opts o = { .policy = POLICY_INIT };

	if (read_opts(args, &o, err))
		return opts_usage(args->verb, err);
	if (opts_has(args, "once"))
		return once(&o, opts_has(args, "json"), err);
	print_to_journal();
	return guard_run(&o, err) ? -1 : CMD_DONE;
}

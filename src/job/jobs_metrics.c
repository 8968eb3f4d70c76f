/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs_metrics.c - see jobs_run.h: what Prometheus is told of jobs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jobs_run.h"
#include "jobs_state.h"
#include "prom.h"

#define P PROM_PREFIX

struct known {
	const struct jobs_list *list;
	const struct jobs_running *running;
	struct jobs_state *states; /* of list->files */
};

/* What is told of each. */
struct column {
	const char *name, *help;
	double (*value)(const struct jobs_try *t);
};

static double
good_of(const struct jobs_try *t)
{
	return (double)t->good;
}

static double
failed_of(const struct jobs_try *t)
{
	return t->error[0] != '\0';
}

static bool
counts(const struct known *k, const struct jobs_file *f, const char *domain)
{
	return jobs_names(f, domain) || !k->running->known ||
	       jobs_running_find(k->running, domain);
}

static void
put_line(FILE *f, const char *name, const char *job, const char *domain,
	 double value)
{
	fprintf(f, P "%s{", name);
	prom_label(f, "job", job, domain ? ',' : '}');
	if (domain)
		prom_label(f, "domain", domain, '}');
	prom_value(f, value);
}

static void
put_backups(FILE *f, const struct known *k, const struct column *c)
{
	prom_head(f, c->name, "gauge", c->help);
	for (unsigned int i = 0; i < k->list->n; i++) {
		const struct jobs_file *job = &k->list->files[i];

		for (unsigned int d = 0; d < k->states[i].n; d++) {
			const struct jobs_domain *x = &k->states[i].domains[d];

			if (counts(k, job, x->name))
				put_line(f, c->name, job->name, x->name,
					 c->value(&x->backup));
		}
	}
}

/* Of jobs that verify, or prune, alone. */
static void
put_repositories(FILE *f, const struct known *k, const struct column *c,
		 bool verify)
{
	prom_head(f, c->name, "gauge", c->help);
	for (unsigned int i = 0; i < k->list->n; i++) {
		const struct jobs_file *job = &k->list->files[i];

		if (verify ? job->verify_s != 0 : job->prunes)
			put_line(f, c->name, job->name, NULL,
				 c->value(verify ? &k->states[i].verify :
						   &k->states[i].prune));
	}
}

static void
put_jobs(FILE *f, const struct known *k)
{
	prom_head(f, "backup_interval_seconds", "gauge",
		  "How often the job shall make a backup.");
	for (unsigned int i = 0; i < k->list->n; i++)
		put_line(f, "backup_interval_seconds", k->list->files[i].name,
			 NULL, (double)k->list->files[i].every_s);
	prom_head(f, "backup_job_bad", "gauge",
		  "1 when the job's file is wrong, and nothing is done.");
	for (unsigned int i = 0; i < k->list->n; i++)
		put_line(f, "backup_job_bad", k->list->files[i].name, NULL, 0);
	for (unsigned int i = 0; i < k->list->n_bad; i++)
		put_line(f, "backup_job_bad", k->list->bad[i].name, NULL, 1);
	prom_head(f, "backup_last_run_timestamp_seconds", "gauge",
		  "When jobs were last looked at.");
	fprintf(f, P "backup_last_run_timestamp_seconds %lld\n",
		(long long)time(NULL));
}

static void
put_all(FILE *f, const void *ctx)
{
	static const struct column good = {
		"backup_last_success_timestamp_seconds",
		"When the newest good backup was begun, 0 for never.", good_of
	};
	static const struct column failed = { "backup_failed",
					      "1 when the last backup failed.",
					      failed_of };
	static const struct column verified = {
		"verify_last_success_timestamp_seconds",
		"When the repository was last found whole, 0 for never.",
		good_of
	};
	static const struct column damaged = { "verify_failed",
					       "1 when the last verify failed.",
					       failed_of };
	static const struct column not_pruned = {
		"prune_failed", "1 when the last prune failed.", failed_of
	};
	const struct known *k = ctx;

	put_backups(f, k, &good);
	put_backups(f, k, &failed);
	put_repositories(f, k, &verified, true);
	put_repositories(f, k, &damaged, true);
	put_repositories(f, k, &not_pruned, false);
	put_jobs(f, k);
}

int
jobs_metrics(const char *path, const struct jobs_list *l,
	     const struct jobs_running *running, struct err *err)
{
	struct known k = { .list = l, .running = running };
	int rc;

	k.states = calloc((size_t)l->n + 1, sizeof(*k.states));
	if (!k.states)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (unsigned int i = 0; i < l->n; i++)
		jobs_state_load(l->files[i].name, &k.states[i]);
	rc = prom_write(path, put_all, &k, err);
	for (unsigned int i = 0; i < l->n; i++)
		jobs_state_done(&k.states[i]);
	free(k.states);
	return rc;
}

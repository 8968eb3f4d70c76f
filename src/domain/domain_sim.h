/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_sim.h - what the files of the simulated driver share. */
#ifndef XENSNAP_DOMAIN_SIM_H
#define XENSNAP_DOMAIN_SIM_H

#include "domain_start.h"
#include "sim_guest.h"

struct sim_handle {
	struct domain base;
	char name[DOMAIN_NAME_MAX + 1];
	int fd;      /* where the save goes */
	bool saving; /* between save and finish */
};

/* ds_handle() - our own struct of @d. */
struct sim_handle *ds_handle(struct domain *d);

/* ds_enter() - lock the world, let time pass for @name and read it into @d;
 * *@lock goes to sim_leave().  -1 when the domain is gone, nothing locked. */
int ds_enter(const char *name, int *lock, struct sim_domain *d,
	     struct err *err);

/* ds_state() - the state of @d in domain.h's words. */
enum domain_state ds_state(const struct sim_domain *d);

/* ds_config(), ds_save(), ds_finish() - see domain_ops. */
char *ds_config(struct domain *base, struct err *err);

/* see above */
int ds_save(struct domain *base, const struct domain_save_how *how,
	    struct domain_times *times, struct err *err);

/* see above */
int ds_finish(struct domain *base, struct err *err);

/* see above */
int ds_rebuild(const struct domain_saved *saved, bool *ret_restored,
	       struct err *err);

/* see above */
int ds_end(uint32_t domid, const char *uuid, struct err *err);

/* see above */
int ds_boot(const struct domain_start *how, bool *ret_started, struct err *err);

/* ds_make() - a domain that was never there, gone yet, as the file @config
 * tells.  The world is locked. */
int ds_make(const char *name, const char *config, struct err *err);

/* see above */
int ds_console_log(const char *name, char *ret, size_t len, struct err *err);
int ds_guest_says(struct domain *base, const char *node,
		  char ret[DOMAIN_NODE_MAX], struct err *err);

/* see above */
int ds_ask_agent(uint32_t domid, const char *uuid, const char *request,
		 struct err *err);

/* see above */
int ds_sysrq(struct domain *base, char key, struct err *err);

/* see above */
int ds_hypervisor(struct domain_hypervisor *ret, struct err *err);

/* The words of features that a simulated guest is told of: SSE3 and SSSE3,
 * AVX2. */
#define SIM_CPU_1C 0x201u
#define SIM_CPU_7B0 0x20u

/* see above */
int ds_cpu(bool pv, struct cpu_features *ret, struct err *err);

/* see above */
int ds_each(domain_each_fn *fn, void *ctx, struct err *err);

/* ds_others_save() - does another living process save @d?  Under the lock. */
bool ds_others_save(const struct sim_domain *d);

/* ds_unmark_saving() - nobody saves it any more, log-dirty mode is off. */
void ds_unmark_saving(const char *name);

/* ds_withdraw() - take back a request that the guest has not seen. */
void ds_withdraw(const char *name);

#endif

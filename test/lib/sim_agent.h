/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_agent.h - what a simulated guest does when it is asked to freeze or to
 * sync (src/domain/quiesce.h), whenever time passes for it.
 *
 * It has an agent if domains/NAME/store/data/xensnap/quiesce says so, and a
 * kernel that hears SysRq if control/feature-sysrq does.  domains/NAME/frozen
 * is there while its file systems are frozen: "NONCE NANOSECONDS", until when.
 * Faults:
 *
 *   agent-silent    the agent does not answer
 *   agent-fails     it says that it failed
 *   agent-ttl       its patience ends after so many ms
 *   kernel-silent   the kernel does not hear
 */
#ifndef XENSNAP_SIM_AGENT_H
#define XENSNAP_SIM_AGENT_H

#include "sim_world.h"

/* sim_agent() - let the guest do what it is asked, and tell in *@ret_frozen
 * whether it writes nothing.  It runs, the world is locked.  -1 with ERR_IO. */
int sim_agent(const struct sim_domain *d, bool *ret_frozen, struct err *err);

/* sim_agent_frozen() - is the guest frozen?  The world is locked. */
bool sim_agent_frozen(const struct sim_domain *d);

#endif

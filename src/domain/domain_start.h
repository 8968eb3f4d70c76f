/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_start.h - of door 1: start a domain, and hear what it says. */
#ifndef XENSNAP_DOMAIN_START_H
#define XENSNAP_DOMAIN_START_H

#include <stdbool.h>
#include <stddef.h>

#include "domain.h"
#include "run_fed.h"

/* A domain that is to be started, and does not run. */
struct domain_start {
	const char *name;
	const char *config; /* the path of a configuration file of xl's */
	const char *memory; /* of the save file that it goes on from; */
	run_feed *feed;     /* or what writes one, each time anew, with the same
			     * configuration in its header: xl takes that, since
			     * a file must name a kernel, needed or not.  Both
			     * NULL: it boots from its disks */
	void *feed_ctx;
};

/*
 * domain_boot() - start a domain as @how->config tells, also if @how->memory
 * was saved of one with another name, under a monitor of xl's.  *@ret_started
 * is false when there is one of that name, which is left alone.  It runs when
 * all of its memory has been read, not before: if we die on the way, there is
 * none.  -1 with ERR_IO, ERR_NOMEM, ERR_TIMEOUT or ERR_UNSUPPORTED, or what
 * @how->feed reported: there is none.
 */
int domain_boot(const struct domain_start *how, bool *ret_started,
		struct err *err);

/*
 * domain_says() - what the guest has written to @node of xenstore
 * ("data/ready"), "" when there is none.  Changes nothing.  -1 with ERR_IO.
 */
int domain_says(struct domain *d, const char *node, char ret[DOMAIN_NODE_MAX],
		struct err *err);

/*
 * domain_console_log() - the file in which this host keeps what the domain
 * called @name says on its console, if it keeps that; in @ret.  -1 with
 * ERR_UNSUPPORTED.
 */
int domain_console_log(const char *name, char *ret, size_t len,
		       struct err *err);

#endif

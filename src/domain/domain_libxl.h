/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_libxl.h - what the files of the libxl driver share.
 *
 * Only domain_libxl*.c include this (and libxl.h by it).  All functions are
 * called in the one thread of their struct domain.
 */
#ifndef XENSNAP_DOMAIN_LIBXL_H
#define XENSNAP_DOMAIN_LIBXL_H

#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <stdbool.h>
#include <stdint.h>
#include <xentoollog.h>

#include "domain_start.h"
#include "err.h"

/* When libxl told of these, on the monotonic clock; 0: not yet. */
struct lx_marks {
	uint64_t began_ns;     /* the helper began to write */
	uint64_t asked_ns;     /* the guest was asked to suspend */
	uint64_t acked_ns;     /* it said that it will */
	uint64_t suspended_ns; /* "Domain now suspended" */
	uint64_t end_ns;       /* "End of stream": all is written */
};

/*
 * libxl's messages and its progress arrive here.  The first error since
 * lx_log_clear() is kept, because libxl's own result says little more than
 * "failed" and what follows the first error is mostly its echo.
 */
struct lx_log {
	xentoollog_logger vtable; /* first: libxl knows us by it */
	char error[256];          /* "" for none */
	int error_sys;            /* its errno, or 0 */
	bool no_space;            /* any error since was ENOSPC */
	bool no_ack;              /* the guest ignored the request */
	struct lx_marks marks;
};

/* lx_log_init() - make @log a logger that writes to base/log.h. */
void lx_log_init(struct lx_log *log);

/* lx_log_clear() - forget the errors so far. */
void lx_log_clear(struct lx_log *log);

/* One asynchronous operation of libxl and what became of it. */
struct lx_op {
	bool running;
	bool aborted; /* we asked libxl to end it early */
	int rc;       /* libxl's result, once it ended */
	uint64_t done_ns;
};

struct lx_domain {
	struct domain base; /* first: the door knows us by it */
	libxl_ctx *ctx;
	struct lx_log log;
	uint32_t domid;
	char name[DOMAIN_NAME_MAX + 1];
	char uuid[DOMAIN_UUID_LEN + 1];
	bool is_hvm;          /* has a QEMU that stops with it */
	struct lx_op save;    /* between domain_save() and _finish() */
	struct xs_handle *xs; /* opened when it is needed first */
};

/* A libxl context with its logger, for calls that have no struct domain. */
struct lx_host {
	libxl_ctx *ctx;
	struct lx_log log;
};

/*
 * lx_open() - check that this host is Xen's dom0 and that we are root, and
 * open libxl.  @log must outlast *@ret, which libxl_ctx_free() ends.  -1 with
 * ERR_DENIED, ERR_UNSUPPORTED, ERR_TIMEOUT or ERR_IO.
 */
int lx_open(struct lx_log *log, libxl_ctx **ret, struct err *err);

/* lx_uuid() - @uuid as text in @ret, DOMAIN_UUID_LEN + 1 bytes. */
void lx_uuid(const libxl_uuid *uuid, char *ret);

/* lx_state() - what @info says of a domain. */
enum domain_state lx_state(const libxl_dominfo *info);

/*
 * lx_look() - the state of @domid in *@ret, DOMAIN_GONE when its uuid is not
 * @uuid: the hypervisor gives numbers to new domains again.  -1 with ERR_IO.
 */
int lx_look(libxl_ctx *ctx, struct lx_log *log, uint32_t domid,
	    const char *uuid, enum domain_state *ret, struct err *err);

/*
 * lx_error() - err_set() with "@what: what libxl said".  @rc, libxl's result,
 * chooses the code where @log knows no better.  Always returns -1.
 */
int lx_error(const struct lx_log *log, int rc, struct err *err,
	     const char *what);

/*
 * lx_resume() - libxl's fast resume of @domid, and nothing else.  -1 with
 * ERR_STATE (it does not stand still) or ERR_IO.
 */
int lx_resume(libxl_ctx *ctx, struct lx_log *log, uint32_t domid,
	      struct err *err);

/*
 * lx_drop_device_model_state() - remove the file in which libxl keeps QEMU's
 * state during a save of @domid.  libxl itself leaves it until the domain's
 * end, guest memory in it, and the next save would write over its start only.
 */
void lx_drop_device_model_state(uint32_t domid);

/*
 * lx_has_device_model() - does a QEMU serve @domid: an HVM domain, or one with
 * a disk that only QEMU can read?  Told by the socket on which libxl asks it.
 * The type that libxl_domain_info() gives does not tell: HVM for PVH as well.
 */
bool lx_has_device_model(uint32_t domid);

/*
 * lx_device_model_goes_on() - after a flush that nobody ended: the device model
 * of @domid goes on.  Running already, or none at all, is right as well.
 */
void lx_device_model_goes_on(libxl_ctx *ctx, struct lx_log *log,
			     uint32_t domid);

/*
 * lx_log_dirty_off() - end the mode in which the hypervisor notes which memory
 * of @domid changes.  Left on by a save helper that was killed, it would make
 * the domain slower until its next save.  A domain without it is left as it
 * is.  -1 with ERR_IO.
 */
int lx_log_dirty_off(uint32_t domid, struct err *err);

/*
 * lx_refuses_suspend() - does the guest in @domid say that it does not obey a
 * request to suspend?  -1 with ERR_IO.
 */
int lx_refuses_suspend(uint32_t domid, bool *ret, struct err *err);

/*
 * lx_pod_bytes() - how much memory of @domid was promised and is neither there
 * nor kept ready (populate on demand).  A domain that knows no such thing has
 * 0.  -1 with ERR_IO.
 */
int lx_pod_bytes(uint32_t domid, uint64_t *ret, struct err *err);

/* lx_quiesce_done() - close what lx_guest_says() opened. */
void lx_quiesce_done(struct lx_domain *d);

/* The members of domain_libxl_ops that have files of their own; see
 * domain.h for each. */
int lx_describe(struct domain *d, struct domain_info *ret, struct err *err);
int lx_sharers(struct domain_info *info, struct err *err);
char *lx_config(struct domain *d, struct err *err);
int lx_save(struct domain *d, const struct domain_save_how *how,
	    struct domain_times *times, struct err *err);
int lx_finish(struct domain *d, struct err *err);
int lx_pause(struct domain *d, struct err *err);
int lx_unpause(struct domain *d, struct err *err);
int lx_rescue_paused(uint32_t domid, const char *uuid, bool *ret_did,
		     struct err *err);
int lx_check_device_model(struct domain *d, struct err *err);
int lx_flush_disks(struct domain *d, struct err *err);
int lx_console_log(const char *name, char *ret, size_t len, struct err *err);
int lx_guest_says(struct domain *d, const char *node, char ret[DOMAIN_NODE_MAX],
		  struct err *err);
int lx_ask_agent(uint32_t domid, const char *uuid, const char *request,
		 struct err *err);
int lx_sysrq(struct domain *d, char key, struct err *err);
int lx_rebuild(const struct domain_saved *saved, bool *ret_restored,
	       struct err *err);
int lx_end(uint32_t domid, const char *uuid, struct err *err);
int lx_boot(const struct domain_start *how, bool *ret_started, struct err *err);
int lx_rescue(uint32_t domid, const char *uuid, unsigned int wait_ms,
	      bool *ret_resumed, struct err *err);
int lx_hypervisor(struct domain_hypervisor *ret, struct err *err);

/* lx_cpu() - see domain_cpu(). */
int lx_cpu(bool pv, struct cpu_features *ret, struct err *err);
int lx_each(domain_each_fn *fn, void *ctx, struct err *err);

#endif

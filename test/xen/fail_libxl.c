/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fail_libxl.c - loaded before libxl: the N-th call that can fail fails.
 *
 *   FAIL_LIBXL=N     which; the functions below are counted together, in the
 *                    process that was started alone, not in its watchdog
 *   FAIL_LIBXL_ON    set: and all calls of the same function after it
 *   FAIL_LIBXL_LOG   a file that gets the name of each call, a line each
 *
 * The real one is not called then.  What these functions give back when they
 * fail is what libxl.h and xenstore.h say.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libxl.h>
#include <libxl_utils.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

static unsigned long calls, failing;
static const char *log_path, *broken;
static bool for_good;
static pid_t us;

static void __attribute__((constructor)) begin(void)
{
	const char *n = getenv("FAIL_LIBXL");

	failing = n ? strtoul(n, NULL, 10) : 0;
	for_good = getenv("FAIL_LIBXL_ON") != NULL;
	log_path = getenv("FAIL_LIBXL_LOG");
	us = getpid();
}

static void
note(const char *name)
{
	char line[80];
	int fd, n;

	fd = log_path ? open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600) :
			-1;
	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%s\n", name);
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

typedef void any_function(void);

/* The function called @name behind us, or NULL: this is the call to fail. */
static any_function *
behind(const char *name)
{
	any_function *real;
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	memcpy(&real, &found, sizeof(real));
	if (getpid() != us)
		return real;
	note(name);
	errno = EIO;
	if (++calls == failing) {
		broken = for_good ? name : NULL;
		return NULL;
	}
	return broken && strcmp(name, broken) == 0 ? NULL : real;
}

/* All else is built so that nobody outside sees it. */
#define VISIBLE __attribute__((visibility("default")))

/* @type NAME @args, which is called with @names and fails with @failure. */
#define WRAP(type, name, args, names, failure)                  \
	VISIBLE type name args                                  \
	{                                                       \
		type(*real) args = (type(*) args)behind(#name); \
                                                                \
		return real ? real names : (failure);           \
	}

WRAP(int, libxl_ctx_alloc,
     (libxl_ctx * *ret, int version, unsigned int flags,
      xentoollog_logger *log),
     (ret, version, flags, log), ERROR_FAIL)
WRAP(int, libxl_name_to_domid,
     (libxl_ctx * ctx, const char *name, uint32_t *ret), (ctx, name, ret),
     ERROR_FAIL)
WRAP(int, libxl_domain_info,
     (libxl_ctx * ctx, libxl_dominfo *ret, uint32_t domid), (ctx, ret, domid),
     ERROR_FAIL)
WRAP(int, libxl_retrieve_domain_configuration,
     (libxl_ctx * ctx, uint32_t domid, libxl_domain_config *ret,
      const libxl_asyncop_how *how),
     (ctx, domid, ret, how), ERROR_FAIL)
WRAP(char *, libxl_domain_config_to_json,
     (libxl_ctx * ctx, libxl_domain_config *config), (ctx, config), NULL)
WRAP(libxl_device_disk *, libxl_device_disk_list,
     (libxl_ctx * ctx, uint32_t domid, int *ret), (ctx, domid, ret), NULL)
WRAP(int, libxl_get_physinfo, (libxl_ctx * ctx, libxl_physinfo *ret),
     (ctx, ret), ERROR_FAIL)
WRAP(const libxl_version_info *, libxl_get_version_info, (libxl_ctx * ctx),
     (ctx), NULL)
WRAP(libxl_dominfo *, libxl_list_domain, (libxl_ctx * ctx, int *ret),
     (ctx, ret), NULL)
WRAP(char *, libxl_domid_to_name, (libxl_ctx * ctx, uint32_t domid),
     (ctx, domid), NULL)
WRAP(int, libxl_domain_suspend,
     (libxl_ctx * ctx, uint32_t domid, int fd, int flags,
      const libxl_asyncop_how *how),
     (ctx, domid, fd, flags, how), ERROR_FAIL)
WRAP(int, libxl_domain_resume,
     (libxl_ctx * ctx, uint32_t domid, int cancel,
      const libxl_asyncop_how *how),
     (ctx, domid, cancel, how), ERROR_FAIL)
WRAP(int, libxl_domain_pause,
     (libxl_ctx * ctx, uint32_t domid, const libxl_asyncop_how *how),
     (ctx, domid, how), ERROR_FAIL)
WRAP(int, libxl_domain_unpause,
     (libxl_ctx * ctx, uint32_t domid, const libxl_asyncop_how *how),
     (ctx, domid, how), ERROR_FAIL)
WRAP(int, libxl_qemu_monitor_command,
     (libxl_ctx * ctx, uint32_t domid, const char *line, char **ret,
      const libxl_asyncop_how *how),
     (ctx, domid, line, ret, how), ERROR_FAIL)
WRAP(int, libxl_osevent_beforepoll,
     (libxl_ctx * ctx, int *n, struct pollfd *fds, int *timeout,
      struct timeval now),
     (ctx, n, fds, timeout, now), ERROR_FAIL)
WRAP(struct xs_handle *, xs_open, (unsigned long flags), (flags), NULL)

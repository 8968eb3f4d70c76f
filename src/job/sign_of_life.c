/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sign_of_life.c - see sign_of_life.h.
 *
 * What is read here was written by the guest: it is looked at in pieces of a
 * fixed size, and shown with its control characters taken out.
 */
#include "sign_of_life.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "clock.h"
#include "domain_start.h"
#include "fd.h"

#define STEP_MS 500
#define CONSOLE_MAX 65536u /* the end of it that is looked at */

struct waiting {
	const char *name, *uuid;
	const struct sign_wanted *w;
	struct sign *ret;
	struct err *err;
	regex_t re;
	struct domain *d;
	uint32_t domid;
	bool has_console; /* it is kept */
};

int
sign_check(const struct sign_wanted *w, struct err *err)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/_.-";
	char why[100];
	regex_t re;
	int r;

	if (w->node &&
	    (strncmp(w->node, "data/", 5) != 0 || !w->node[5] ||
	     strlen(w->node) > 80 || w->node[strspn(w->node, known)]))
		return err_set(err, ERR_INVALID, 0,
			       "'%s' is no node of a guest's in xenstore, such "
			       "as data/ready",
			       w->node);
	if (!w->console)
		return 0;
	r = regcomp(&re, w->console, REG_EXTENDED | REG_NEWLINE);
	if (r == 0) {
		regfree(&re);
		return 0;
	}
	regerror(r, &re, why, sizeof(why));
	return err_set(err, ERR_INVALID, 0, "'%s' is no regular expression: %s",
		       w->console, why);
}

/* ---- what it says ---- */

/* The line of @text that @at is in, for people. */
static void
tell_line(struct waiting *x, const char *text, const char *at)
{
	const char *from = at;
	size_t len;

	while (from > text && from[-1] != '\n')
		from--;
	len = strcspn(from, "\r\n");
	if (len >= sizeof(x->ret->what))
		len = sizeof(x->ret->what) - 1;
	for (size_t i = 0; i < len; i++)
		x->ret->what[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] :
								     '?';
	x->ret->what[len] = '\0';
	x->ret->lives = true;
}

static int
read_console(struct waiting *x, char *text, size_t *ret_len)
{
	char path[PATH_MAX];
	off_t end;
	ssize_t n = 0;
	int fd;

	*ret_len = 0;
	if (domain_console_log(x->name, path, sizeof(path), x->err))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	x->has_console = true;
	end = lseek(fd, 0, SEEK_END);
	if (end > 0)
		n = fd_pread_full(fd, text, CONSOLE_MAX,
				  end > (off_t)CONSOLE_MAX ?
					  (uint64_t)end - CONSOLE_MAX :
					  0,
				  x->err);
	fd_close(&fd);
	*ret_len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : 0;
}

static int
look_at_console(struct waiting *x)
{
	char *text = malloc(CONSOLE_MAX + 1);
	regmatch_t m;
	size_t len;
	int rc;

	if (!text)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	rc = read_console(x, text, &len);
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	text[len] = '\0';
	if (rc == 0 && regexec(&x->re, text, 1, &m, 0) == 0)
		tell_line(x, text, text + m.rm_so);
	free(text);
	return rc;
}

static int
look_at_node(struct waiting *x)
{
	char text[DOMAIN_NODE_MAX];

	if (domain_says(x->d, x->w->node, text, x->err))
		return -1;
	if (text[0])
		tell_line(x, text, text);
	return 0;
}

/* ---- wait ---- */

static int
find(struct waiting *x)
{
	struct domain_info *info = calloc(1, sizeof(*info));
	int rc = -1;

	if (!info)
		return err_set(x->err, ERR_NOMEM, 0, "out of memory");
	if (domain_find(x->name, &x->d, x->err) == 0)
		rc = domain_describe(x->d, info, x->err);
	x->domid = info->domid;
	free(info);
	if (rc == 0 || x->err->code != ERR_NOTFOUND)
		return rc;
	err_clear(x->err);
	return 1;
}

/* 0: it lives as far as that can be seen; 1: it does not. */
static int
look_at_state(struct waiting *x)
{
	enum domain_state state;

	if (domain_state(x->domid, x->uuid, &state, x->err))
		return -1;
	if (state == DOMAIN_RUNNING || state == DOMAIN_PAUSED)
		return 0;
	snprintf(x->ret->what, sizeof(x->ret->what), "it is %s",
		 domain_state_name(state));
	return 1;
}

static void
time_is_up(struct waiting *x)
{
	struct sign *s = x->ret;

	if (!x->w->console && !x->w->node) {
		s->lives = true;
		snprintf(s->what, sizeof(s->what), "it runs");
	} else if (x->w->node) {
		snprintf(s->what, sizeof(s->what), "nothing in %s", x->w->node);
	} else {
		snprintf(s->what, sizeof(s->what),
			 "nothing on its console that matches");
	}
}

/* 1: it is known; 0: not yet. */
static int
look(struct waiting *x)
{
	int r = look_at_state(x);

	if (r)
		return r;
	if (x->w->console)
		r = look_at_console(x);
	else if (x->w->node)
		r = look_at_node(x);
	return r ? -1 : x->ret->lives;
}

static int
wait_for_it(struct waiting *x, uint64_t start)
{
	int r;

	while ((r = look(x)) == 0) {
		if (clock_ms_since(start) >= x->w->seconds * 1e3) {
			time_is_up(x);
			break;
		}
		if (cancel_check(x->err))
			return -1;
		clock_sleep_ms(STEP_MS);
	}
	x->ret->seconds = clock_ms_since(start) / 1e3;
	if (r < 0)
		return -1;
	if (x->w->console && !x->has_console && !x->ret->lives)
		return err_set(x->err, ERR_UNSUPPORTED, 0,
			       "this host keeps no log of consoles: "
			       "XENCONSOLED_TRACE=guest in /etc/default/xen "
			       "makes it, once xenconsoled is started anew");
	return 0;
}

int
sign_wait(const char *name, const char *uuid, const struct sign_wanted *w,
	  struct sign *ret, struct err *err)
{
	struct waiting x = {
		.name = name, .uuid = uuid, .w = w, .ret = ret, .err = err
	};
	uint64_t start = clock_ns();
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (w->console &&
	    regcomp(&x.re, w->console, REG_EXTENDED | REG_NEWLINE))
		return err_set(err, ERR_INVALID, 0,
			       "'%s' is no regular expression", w->console);
	rc = find(&x);
	if (rc == 0)
		rc = wait_for_it(&x, start);
	else if (rc > 0)
		rc = snprintf(ret->what, sizeof(ret->what), "it is gone") < 0;
	domain_close(x.d);
	if (w->console)
		regfree(&x.re);
	return rc;
}

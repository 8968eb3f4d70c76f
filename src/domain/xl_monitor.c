/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl_monitor.c - see xl_monitor.h.
 *
 * xl keeps no record of which monitor watches which domain.  What there is: a
 * monitor is an xl that was started to create, restore or receive a domain;
 * once in the background, its stdout is a log file /var/log/xen/xl-NAME.log,
 * where it writes, at the start and after each reboot of the domain,
 *
 *	Waiting for domain NAME (domid 5) to die [pid 1234]
 *
 * The number there is certain, even when the file or the domain was renamed
 * since; the name of the file is a hint, for when the file was emptied.  A
 * monitor in the foreground (`xl create -F`) has no such file: then the
 * configuration that it was given must tell.
 */
#include "xl_monitor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

#define XL "xl"
#define LOG_TAIL (256 * 1024)
#define CONFIG_MAX (64 * 1024)
#define STOP_WAIT_MS 1000
#define ARGS_MAX 32

/* How sure we are, in rising order. */
enum match {
	MATCH_NONE,
	MATCH_CONFIG,   /* its configuration names the domain */
	MATCH_LOG_NAME, /* its log file is called after the domain */
	MATCH_DOMID,    /* it says that it watches this domid */
};

struct search {
	const char *name;
	uint32_t domid;
	enum match best;
	struct xl_monitor *ret;
	pid_t hidden; /* an xl that we may not look at, or 0 */
};

/*
 * Is this a command that leaves a monitor behind?  *@ret is the index of the
 * command among @args.
 */
static bool
is_watching_command(const char *const *args, unsigned int n, unsigned int *ret)
{
	static const char *const commands[] = {
		"create",
		"restore",
		"migrate-receive",
	};
	unsigned int i, j;

	/* xl's options before the command take no value. */
	for (i = 1; i < n && args[i][0] == '-'; i++)
		;
	for (j = 0; i < n && j < sizeof(commands) / sizeof(commands[0]); j++) {
		if (strcmp(args[i], commands[j]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The end of the file at @path, as a string; NULL when it cannot be read. */
static char *
read_tail(const char *path, size_t max)
{
	struct stat st;
	char *text = NULL;
	off_t from;
	ssize_t n = -1;
	int fd;

	/* O_NONBLOCK: what is there may be a FIFO or a terminal. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		goto out;
	text = malloc(max + 1);
	if (!text)
		goto out;
	from = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;
	n = pread(fd, text, max, from);
	if (n >= 0)
		text[n] = '\0';
out:
	close(fd);
	if (n < 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/*
 * Which domid does this log say that @pid waits for?  The last word counts.
 * False when it says nothing about it.
 */
static bool
watched_domid(const char *log, pid_t pid, uint32_t *ret)
{
	static const char before[] = "Waiting for domain ";
	const char *line, *at, *tail;
	unsigned int domid;
	bool found = false;
	char want[32];

	snprintf(want, sizeof(want), ") to die [pid %ld]", (long)pid);
	for (line = log; (line = strstr(line, before)); line++) {
		/* A name may hold anything, so read from the line's end. */
		tail = strstr(line, want);
		at = strchr(line, '\n');
		if (!tail || (at && tail > at))
			continue;
		for (at = tail; at > line && isdigit((unsigned char)at[-1]);)
			at--;
		if (sscanf(at, "%u)", &domid) != 1)
			continue;
		*ret = domid;
		found = true;
	}
	return found;
}

/* "/var/log/xen/xl-NAME.log", perhaps with what a rotation added. */
static bool
log_named_after(const char *path, const char *name)
{
	const char *base = strrchr(path, '/');
	size_t len = strlen(name);

	base = base ? base + 1 : path;
	return strncmp(base, "xl-", 3) == 0 &&
	       strncmp(base + 3, name, len) == 0 &&
	       strncmp(base + 3 + len, ".log", 4) == 0;
}

static enum match
match_log(pid_t pid, const struct search *s, bool *has_log)
{
	char link[PATH_MAX], path[64];
	enum match m = MATCH_NONE;
	uint32_t domid;
	char *log;

	*has_log = false;
	if (!proc_fd_link(pid, STDOUT_FILENO, link, sizeof(link)))
		return MATCH_NONE;
	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid,
		 STDOUT_FILENO);
	log = read_tail(path, LOG_TAIL);
	if (!log)
		return MATCH_NONE;
	*has_log = true;
	if (watched_domid(log, pid, &domid))
		m = domid == s->domid ? MATCH_DOMID : MATCH_NONE;
	else if (log_named_after(link, s->name))
		m = MATCH_LOG_NAME;
	free(log);
	return m;
}

/* Does this line, or argument, set name="@name"? */
static bool
sets_name(const char *line, const char *name)
{
	size_t len = strlen(name);
	char quote;

	line += strspn(line, " \t");
	if (strncmp(line, "name", 4) != 0)
		return false;
	line += 4;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return false;
	line += strspn(line, " \t");
	quote = *line++;
	if (quote != '"' && quote != '\'')
		return false;
	return strncmp(line, name, len) == 0 && line[len] == quote;
}

static bool
config_names(const char *path, const char *name)
{
	char *text = read_tail(path, CONFIG_MAX);
	bool found = false;
	const char *line;

	for (line = text; line && !found; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		found = sets_name(line, name);
	}
	free(text);
	return found;
}

static enum match
match_config(pid_t pid, const char *const *args, unsigned int n,
	     const char *name)
{
	char path[PATH_MAX];
	unsigned int i;
	int len;

	for (i = 0; i < n; i++) {
		if (sets_name(args[i], name))
			return MATCH_CONFIG;
		if (args[i][0] == '-')
			continue;
		len = snprintf(path, sizeof(path), "/proc/%ld/%s/%s", (long)pid,
			       args[i][0] == '/' ? "root" : "cwd", args[i]);
		if (len > 0 && (size_t)len < sizeof(path) &&
		    config_names(path, name))
			return MATCH_CONFIG;
	}
	return MATCH_NONE;
}

static bool
visit(pid_t pid, void *ctx)
{
	struct search *s = ctx;
	const char *args[ARGS_MAX];
	unsigned int n, command = 0;
	struct proc_stat st;
	enum match m;
	char buf[4096];
	bool has_log;

	if (proc_hides(pid, XL))
		s->hidden = pid;
	if (!proc_runs(pid, XL) || !proc_stat(pid, &st))
		return true;
	n = proc_args(pid, buf, sizeof(buf), args, ARGS_MAX);
	if (!is_watching_command(args, n, &command))
		return true;
	m = match_log(pid, s, &has_log);
	if (m == MATCH_NONE && !has_log)
		m = match_config(pid, args + command + 1, n - command - 1,
				 s->name);
	log_debug("xl process %ld: match %d with domain %s", (long)pid, (int)m,
		  s->name);
	/* Of two that look alike the younger one: the other's domain, of the
	 * same name, is gone, or we would have to do with another domid. */
	if (m == MATCH_NONE || m < s->best ||
	    (m == s->best && st.start < s->ret->start))
		return true;
	s->best = m;
	s->ret->pid = pid;
	s->ret->start = st.start;
	return true;
}

int
xl_monitor_find(const char *name, uint32_t domid, struct xl_monitor *ret,
		struct err *err)
{
	struct search s = { .name = name, .domid = domid, .ret = ret };

	ret->pid = 0;
	ret->start = 0;
	if (proc_each(visit, &s, err))
		return err_add(err, "find xl's monitor of %s", name);
	if (!ret->pid && s.hidden)
		return err_set(err, ERR_DENIED, 0,
			       "process %ld may be xl's monitor of %s, and "
			       "cannot be looked at without CAP_SYS_PTRACE",
			       (long)s.hidden, name);
	return 0;
}

/*
 * A descriptor that stands for this very process, or -1 when it is gone.  The
 * start time is read after the descriptor is open, so the two belong
 * together.
 */
static int
open_monitor(const struct xl_monitor *m)
{
	struct proc_stat st;
	int fd;

	if (m->pid <= 0)
		return -1;
	fd = pidfd_open(m->pid, 0);
	if (fd < 0)
		return -1;
	if (proc_stat(m->pid, &st) && st.start == m->start)
		return fd;
	close(fd);
	return -1;
}

int
xl_monitor_stop(const struct xl_monitor *m, struct err *err)
{
	uint64_t start = clock_ns();
	struct proc_stat st;
	int fd, rc = 0;

	fd = open_monitor(m);
	if (fd < 0)
		return 0;
	if (pidfd_send_signal(fd, SIGSTOP, NULL, 0)) {
		if (errno != ESRCH)
			rc = err_set(err, ERR_IO, errno,
				     "stop xl's monitor "
				     "%ld",
				     (long)m->pid);
		goto out;
	}
	/* It stops when it next returns from the kernel: at once, unless it
	 * is in the middle of something there. */
	while (proc_stat(m->pid, &st) && st.start == m->start &&
	       st.state != 'T' && st.state != 't' && st.state != 'Z') {
		if (clock_ms_since(start) >= STOP_WAIT_MS) {
			pidfd_send_signal(fd, SIGCONT, NULL, 0);
			rc = err_set(err, ERR_TIMEOUT, 0,
				     "xl's monitor %ld "
				     "did not stop within %d ms",
				     (long)m->pid, STOP_WAIT_MS);
			goto out;
		}
		clock_sleep_ms(1);
	}
out:
	close(fd);
	return rc;
}

void
xl_monitor_go_on(const struct xl_monitor *m)
{
	int fd = open_monitor(m);

	if (fd < 0)
		return;
	if (pidfd_send_signal(fd, SIGCONT, NULL, 0) && errno != ESRCH)
		log_warning("cannot wake xl's monitor %ld: %s, continuing; by "
			    "hand: kill -CONT %ld",
			    (long)m->pid, strerror(errno), (long)m->pid);
	close(fd);
}

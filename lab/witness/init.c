/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init.c - what pid 1 of a guest has to do.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"
#include "say.h"

/* busybox's words for it, so that its poweroff and reboot work too. */
#define SIGNAL_POWEROFF SIGUSR2
#define SIGNAL_REBOOT SIGTERM

static void
init_mount(const char *type, const char *dir)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, NULL) && errno != EBUSY)
		fatal("mount %s: %s", dir, strerror(errno));
}

/* The kernel may have had no /dev/console to give us. */
static void
init_console(void)
{
	struct termios t;
	int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	/* What is typed must not come between our lines in the log. */
	if (tcgetattr(STDIN_FILENO, &t) == 0) {
		t.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &t);
	}
}

static void
init_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fatal("%s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		fatal("%s: insmod: %s", path, strerror(errno));
	close(fd);
}

static void
init_modules(void)
{
	char line[256], path[300];
	FILE *f = fopen("/modules/order", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		snprintf(path, sizeof(path), "%s%s",
			 line[0] == '/' ? "" : "/modules/", line);
		if (line[0])
			init_module(path);
	}
	fclose(f);
}

/* "4" alone only turns off the kernel's line for each drop_caches. */
static void
init_quiet(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "4\n", 2) != 2)
		say("error drop_caches why=%s", strerror(errno));
	close(fd);
}

/* Xen's request to shut down ends in the kernel calling these. */
static void
init_links(void)
{
	char self[256];
	ssize_t r = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (r < 0)
		fatal("/proc/self/exe: %s", strerror(errno));
	self[r] = '\0';
	mkdir("/sbin", 0755);
	if ((symlink(self, "/sbin/poweroff") && errno != EEXIST) ||
	    (symlink(self, "/sbin/reboot") && errno != EEXIST))
		fatal("/sbin/poweroff: %s", strerror(errno));
}

void
init_setup(void)
{
	umask(022);
	init_mount("devtmpfs", "/dev");
	init_console();
	init_mount("proc", "/proc");
	init_mount("sysfs", "/sys");
	init_quiet();
	init_links();
	init_modules();
	/* Ctrl-alt-del becomes SIGINT for pid 1. */
	reboot(RB_DISABLE_CAD);
}

void
init_cmdline(char *line, size_t size)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t r;

	line[0] = '\0';
	if (fd < 0)
		return;
	r = read(fd, line, size - 1);
	if (r >= 0)
		line[r] = '\0';
	close(fd);
}

int
init_signals(void)
{
	sigset_t set;

	/*
	 * Blocked, not ignored: pid 1 would otherwise never be sent them, and
	 * a handler would interrupt what clock.c takes for the freezer.
	 */
	sigfillset(&set);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGNAL_POWEROFF);
	sigaddset(&set, SIGNAL_REBOOT);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
init_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGNAL_POWEROFF)
		return 'p';
	if (info.ssi_signo == SIGNAL_REBOOT || info.ssi_signo == SIGINT)
		return 'r';
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return 0;
}

void
init_agent(void)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid < 0)
		say("error agent why=%s", strerror(errno));
	if (pid != 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/xensnap-agent", "/xensnap-agent", "--quiet", (char *)NULL);
	say("error agent why=%s", strerror(errno));
	_exit(1);
}

int
init_ask(int how)
{
	return kill(1, how == 'p' ? SIGNAL_POWEROFF : SIGNAL_REBOOT) ? 1 : 0;
}

void
init_end(int how)
{
	if (getpid() != 1)
		return;
	/* What waits in the console's ring would be lost with the domain. */
	tcdrain(STDOUT_FILENO);
	usleep(200000);
	sync();
	reboot(how == 'r' ? RB_AUTOBOOT : RB_POWER_OFF);
	for (;;)
		pause();
}

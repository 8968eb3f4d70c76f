/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faults.c - a library that is preloaded (LD_PRELOAD) to make calls go wrong.
 *
 *	FAULT_CALLS	which are counted: names, with commas between ("read",
 *			"openat,openat2"); "all"; "changes": those that can
 *			change something outside the process; "memory": malloc()
 *			and its like, and the start of a thread; "own": those
 *			of them that the program itself makes, no library
 *	FAULT_AT	which of them, from 1; 0: none
 *	FAULT_DO	"kill", "short" (one byte is read or written), "stop",
 *			or the number of an error
 *	FAULT_FROM	set: also all that come after it
 *	FAULT_TOLD	a file that gets the name of the first call that it hit
 *	FAULT_LOG	a file that gets the names of all that were counted
 *	FAULT_CLOCK	seconds, with commas between, by which the clock is
 *			wrong: by the first one when it is asked first, and so
 *			on in turn; it counts for itself
 *
 * All threads are counted together, so the n-th call is the n-th of the
 * process, whoever makes it.  With strace each thread has a count of its own,
 * and what another thread does at its n-th is not seen if one was there before.
 *
 * System calls are not taken from libc's wrappers, past which libc itself and
 * liburing go.  A seccomp filter has the kernel send SIGSYS instead of making a
 * call; the handler makes it, from the one place that the filter lets pass, or
 * does not.  What the start and the end of a thread are made of is not among
 * them: all signals are blocked there.  Nor is writing to descriptor 2.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)
#define MAX_CALLS 128

struct call {
	const char *name;
	int nr;
	char changes; /* 'y', 'n', 'o': an open, 'm': an mmap */
};

/* clang-format off */
static const struct call calls[] = {
#define CALL(name, changes) { #name, SYS_##name, changes }
	CALL(open, 'o'), CALL(openat, 'o'), CALL(openat2, 'o'),
	CALL(read, 'n'), CALL(pread64, 'n'), CALL(readv, 'n'),
	CALL(write, 'y'), CALL(pwrite64, 'y'), CALL(writev, 'y'),
	CALL(copy_file_range, 'y'), CALL(fsync, 'n'), CALL(close, 'n'),
	CALL(fdatasync, 'n'), CALL(syncfs, 'n'), CALL(sync_file_range, 'n'),
	CALL(link, 'y'), CALL(linkat, 'y'), CALL(rename, 'y'),
	CALL(renameat, 'y'), CALL(renameat2, 'y'), CALL(unlink, 'y'),
	CALL(unlinkat, 'y'), CALL(rmdir, 'y'), CALL(mkdir, 'y'),
	CALL(mkdirat, 'y'), CALL(symlink, 'y'), CALL(truncate, 'y'),
	CALL(ftruncate, 'y'), CALL(fallocate, 'y'), CALL(chmod, 'y'),
	CALL(fchmod, 'y'), CALL(fchmodat, 'y'), CALL(utimensat, 'y'),
	CALL(fsetxattr, 'y'), CALL(setxattr, 'y'), CALL(fremovexattr, 'y'),
	CALL(getdents64, 'n'), CALL(stat, 'n'), CALL(fstat, 'n'),
	CALL(lstat, 'n'), CALL(newfstatat, 'n'), CALL(statx, 'n'),
	CALL(statfs, 'n'), CALL(fstatfs, 'n'), CALL(lseek, 'n'),
	CALL(mmap, 'm'), CALL(flock, 'n'), CALL(fcntl, 'n'), CALL(ioctl, 'n'),
	CALL(fadvise64, 'n'), CALL(readlink, 'n'), CALL(readlinkat, 'n'),
	CALL(access, 'n'), CALL(faccessat, 'n'), CALL(faccessat2, 'n'),
	CALL(fgetxattr, 'n'), CALL(getxattr, 'n'), CALL(getrandom, 'n'),
	CALL(memfd_create, 'n'), CALL(eventfd2, 'n'), CALL(pipe2, 'n'),
	CALL(dup, 'n'), CALL(poll, 'n'), CALL(mlock, 'n'),
	CALL(sched_getaffinity, 'n'), CALL(prlimit64, 'n'), CALL(msync, 'n'),
	CALL(io_uring_setup, 'n'), CALL(io_uring_enter, 'y'),
	CALL(io_uring_register, 'n'), CALL(clock_nanosleep, 'n'),
#undef CALL
};
/* clang-format on */

static struct {
	bool counted[MAX_CALLS]; /* by the place in calls[] */
	bool changes, memory, own, from;
	char what; /* 'k'ill, 's'hort, sto'p', 'e'rror, '\0': nothing */
	int error;
	unsigned long at;
	atomic_ulong n;
	atomic_int told;
	const char *told_name;
	int log;
} fault = { .log = -1 };

long faults_syscall(long nr, const long *args);
extern const char faults_syscall_end[];

/* nr in rdi, six arguments at rsi. */
__asm__(".text\n"
	".globl faults_syscall\n"
	".hidden faults_syscall\n"
	".type faults_syscall, @function\n"
	"faults_syscall:\n"
	"	endbr64\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %r11\n"
	"	mov 0(%r11), %rdi\n"
	"	mov 8(%r11), %rsi\n"
	"	mov 16(%r11), %rdx\n"
	"	mov 24(%r11), %r10\n"
	"	mov 32(%r11), %r8\n"
	"	mov 40(%r11), %r9\n"
	"	syscall\n"
	".globl faults_syscall_end\n"
	".hidden faults_syscall_end\n"
	"faults_syscall_end:\n"
	"	ret\n"
	".size faults_syscall, . - faults_syscall\n");

static long
raw(long nr, long a, long b, long c, long d)
{
	const long args[6] = { a, b, c, d, 0, 0 };

	return faults_syscall(nr, args);
}

static void
say(int fd, const char *name)
{
	char line[64];
	size_t len = strlen(name);

	memcpy(line, name, len);
	line[len] = '\n';
	raw(SYS_write, fd, (long)line, (long)len + 1, 0);
}

/* One is counted; is it to go wrong? */
static bool
is_hit(const char *name)
{
	unsigned long n = atomic_fetch_add(&fault.n, 1) + 1;
	long fd;

	if (fault.log >= 0)
		say(fault.log, name);
	if (!fault.what || !fault.at || n < fault.at ||
	    (n > fault.at && !fault.from))
		return false;
	if (fault.told_name && !atomic_exchange(&fault.told, 1)) {
		fd = raw(SYS_openat, AT_FDCWD, (long)fault.told_name,
			 O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0) {
			say((int)fd, name);
			raw(SYS_close, fd, 0, 0, 0);
		}
	}
	if (fault.what == 'k')
		raw(SYS_kill, getpid(), SIGKILL, 0, 0);
	if (fault.what == 'p')
		raw(SYS_kill, getpid(), SIGSTOP, 0, 0);
	return fault.what != 'p';
}

/* ---- system calls ---- */

static bool
opens_to_change(const struct call *c, const long *args)
{
	long flags = args[c->nr == SYS_open ? 1 : 2];

	if (c->nr == SYS_openat2)
		flags = (long)((const struct open_how *)args[2])->flags;
	return flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
}

static bool
is_counted(const struct call *c, const long *args)
{
	if (!fault.counted[c - calls] || (c->nr == SYS_write && args[0] == 2))
		return false;
	if (!fault.changes)
		return true;
	switch (c->changes) {
	case 'o':
		return opens_to_change(c, args);
	case 'm':
		return (args[2] & PROT_WRITE) && (args[3] & MAP_SHARED);
	default:
		return c->changes == 'y';
	}
}

/* One byte of what is read or written. */
static void
shorten(const struct call *c, long *args, struct iovec *one)
{
	switch (c->nr) {
	case SYS_read:
	case SYS_pread64:
	case SYS_write:
	case SYS_pwrite64:
		if (args[2] > 1)
			args[2] = 1;
		break;
	case SYS_readv:
	case SYS_writev:
		*one = *(const struct iovec *)args[1];
		if (one->iov_len > 1)
			one->iov_len = 1;
		args[1] = (long)one;
		args[2] = 1;
		break;
	default:
		break;
	}
}

static long
instead(const struct call *c, const long *args)
{
	struct iovec one;
	long less[6];

	if (fault.what == 's') {
		memcpy(less, args, sizeof(less));
		shorten(c, less, &one);
		return faults_syscall(c->nr, less);
	}
	/* Linux closes it, whatever it says. */
	if (c->nr == SYS_close)
		faults_syscall(c->nr, args);
	return -fault.error;
}

static void
on_call(int sig, siginfo_t *info, void *context)
{
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
	long args[6] = { reg[REG_RDI], reg[REG_RSI], reg[REG_RDX],
			 reg[REG_R10], reg[REG_R8],  reg[REG_R9] };
	const struct call *c = calls;
	int saved = errno;

	(void)sig;
	while (c->nr != info->si_syscall)
		c++;
	if (is_counted(c, args) && is_hit(c->name))
		reg[REG_RAX] = instead(c, args);
	else
		reg[REG_RAX] = faults_syscall(c->nr, args);
	errno = saved;
}

static void
need(bool ok)
{
	if (!ok)
		abort();
}

/* SIGSYS for those of calls[] that are not made by faults_syscall(). */
static void
trap_calls(void)
{
	enum {
		N = sizeof(calls) / sizeof(calls[0])
	};
	const uint64_t here = (uint64_t)(uintptr_t)faults_syscall_end;
	struct sock_filter f[N + 8];
	struct sock_fprog prog = { .filter = f };
	struct sigaction sa;
	unsigned short n = 0;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_call;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	need(sigaction(SIGSYS, &sa, NULL) == 0);
#define AT(x) (uint32_t) offsetof(struct seccomp_data, x)
#define STEP(...) f[n++] = (struct sock_filter)__VA_ARGS__
	STEP(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(instruction_pointer)));
	STEP(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)here, 0, 2));
	STEP(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(instruction_pointer) + 4));
	STEP(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(here >> 32), N + 1,
		      0));
	STEP(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(nr)));
	for (int i = 0; i < N; i++)
		STEP(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].nr,
			      (uint8_t)(N - i), 0));
	STEP(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	STEP(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
	prog.len = n;
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

/* ---- memory ---- */

extern void *__libc_malloc(size_t len);
extern void *__libc_calloc(size_t n, size_t len);
extern void *__libc_realloc(void *p, size_t len);
extern void *__libc_memalign(size_t align, size_t len);

/* Libraries are mapped far away from the program and its headers. */
static bool
is_own(const void *caller)
{
	return (uintptr_t)caller - getauxval(AT_PHDR) < 64u << 20;
}

static bool
is_refused(const char *name, const void *caller)
{
	if (!fault.memory || (fault.own && !is_own(caller)) || !is_hit(name))
		return false;
	errno = ENOMEM;
	return true;
}

VISIBLE void *
malloc(size_t len)
{
	return is_refused("malloc", CALLER) ? NULL : __libc_malloc(len);
}

VISIBLE void *
calloc(size_t n, size_t len)
{
	return is_refused("calloc", CALLER) ? NULL : __libc_calloc(n, len);
}

VISIBLE void *
realloc(void *p, size_t len)
{
	return is_refused("realloc", CALLER) ? NULL : __libc_realloc(p, len);
}

VISIBLE void *
memalign(size_t align, size_t len)
{
	return is_refused("memalign", CALLER) ? NULL :
						__libc_memalign(align, len);
}

VISIBLE void *aligned_alloc(size_t, size_t) __attribute__((alias("memalign")));

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		      void *);
static create_fn *create;

VISIBLE int
pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*fn)(void *),
	       void *arg)
{
	return is_refused("pthread_create", CALLER) ?
		       EAGAIN :
		       create(ret, attr, fn, arg);
}

/* ---- signals ---- */

typedef int sigaction_fn(int, const struct sigaction *, struct sigaction *);
static sigaction_fn *set_action;

/* A handler makes calls too; with SIGSYS blocked the kernel would kill us. */
VISIBLE int
sigaction(int sig, const struct sigaction *act, struct sigaction *ret_old)
{
	struct sigaction mine;

	if (!act || sig == SIGSYS)
		return set_action(sig, act, ret_old);
	mine = *act;
	sigdelset(&mine.sa_mask, SIGSYS);
	return set_action(sig, &mine, ret_old);
}

/* ---- the clock ---- */

#define MAX_WRONG 8

static struct {
	size_t n;
	long by[MAX_WRONG];
	atomic_size_t asked;
} wrong;

VISIBLE int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	long r = raw(SYS_clock_gettime, clock, (long)ret, 0, 0);

	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	if (clock == CLOCK_REALTIME && wrong.n)
		ret->tv_sec +=
			wrong.by[atomic_fetch_add(&wrong.asked, 1) % wrong.n];
	return 0;
}

VISIBLE time_t
time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

static void
set_clock(const char *by)
{
	char *end = NULL;

	for (; by && *by && wrong.n < MAX_WRONG; by = end + (*end == ','))
		wrong.by[wrong.n++] = strtol(by, &end, 10);
}

/* ---- what is asked for ---- */

static bool
is_named(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += len)
		if ((at == names || at[-1] == ',') &&
		    (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

static void
choose(const char *names)
{
	bool all = strcmp(names, "all") == 0;
	bool any = false;

	fault.changes = strcmp(names, "changes") == 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fault.counted[i] = all || fault.changes ||
				   is_named(names, calls[i].name);
		any = any || fault.counted[i];
	}
	fault.own = strcmp(names, "own") == 0;
	fault.memory = fault.own || strcmp(names, "memory") == 0;
	need(any || fault.memory);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *names = getenv("FAULT_CALLS"), *what = getenv("FAULT_DO");
	const char *at = getenv("FAULT_AT"), *log = getenv("FAULT_LOG");

	*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
	*(void **)&set_action = dlsym(RTLD_NEXT, "sigaction");
	need(create && set_action);
	set_clock(getenv("FAULT_CLOCK"));
	if (!names)
		return;
	choose(names);
	fault.from = getenv("FAULT_FROM");
	fault.told_name = getenv("FAULT_TOLD");
	fault.at = at ? strtoul(at, NULL, 10) : 0;
	if (what) {
		fault.what = strcmp(what, "stop") == 0 ? 'p' : what[0];
		fault.error = atoi(what);
		if (fault.error)
			fault.what = 'e';
	}
	if (log)
		fault.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				 0600);
	if (!fault.memory)
		trap_calls();
}

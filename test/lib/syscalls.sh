# SPDX-License-Identifier: LGPL-2.1-or-later
# syscalls.sh - sourced by tests: every moment at which a program can be killed.
#
# strace's "when" counts for each system call by itself, so a moment is told by
# a name and a number: "openat 17".  The call that the signal comes with is not
# made, so what is visited is the state before it.
#
# Not all of them differ.  A kill leaves what is outside the process: files,
# devices, volumes, other processes; its memory, its descriptors and its locks
# go with it whatever it was about to do.  So a kill before a call that can
# change nothing outside leaves what a kill before the next call leaves, and the
# calls that can change something are all that have to be looked at.  They are
# told by what they are not: a call counts unless it is known to be harmless.

# calls_of TRACE [all]: the calls in what strace wrote to TRACE, "NAME NUMBER"
# a line: those that can change something, or all.  Not the first one, execve:
# before it there is no program.
calls_of() {
	awk -v all="${2:-}" '
	BEGIN {
		# They look, or they change only the process itself.  fsync and
		# its like are about power cuts: who is killed loses nothing
		# that was written.  A kill closes, so close is nothing new.
		n = split("access arch_prctl brk chdir clock_nanosleep close " \
			"close_range dup dup2 epoll_create1 eventfd2 execve " \
			"faccessat faccessat2 fadvise64 fdatasync fgetxattr " \
			"fstat fstatfs fsync futex getdents64 getegid geteuid " \
			"getgid getpid getppid getrandom gettid getuid " \
			"getxattr lseek lstat madvise membarrier memfd_create " \
			"mlock mlock2 mlockall mprotect mremap munlock " \
			"munlockall munmap newfstatat pidfd_open " \
			"pipe2 poll ppoll pread64 prlimit64 read readlink " \
			"readlinkat restart_syscall rseq rt_sigaction " \
			"rt_sigprocmask rt_sigreturn sched_getaffinity " \
			"set_robust_list set_tid_address sigaltstack " \
			"socketpair stat statfs statx syncfs sysinfo umask " \
			"uname", list, " ")
		for (i = 1; i <= n; i++)
			harmless[list[i]] = 1
	}
	function changes(name, line)
	{
		# What failed did nothing.
		if (name in harmless || line ~ / = -1 E/)
			return 0
		if (name == "open" || name == "openat")
			return line ~ /O_CREAT|O_TRUNC|O_TMPFILE/
		if (name == "mmap")
			return line ~ /MAP_SHARED/
		if (name == "fcntl")
			return line ~ /F_(OFD_)?SETLK|F_SETLEASE/
		if (name == "ioctl")
			return line !~ "TCGETS|FS_IOC_GETFLAGS|BLKGETSIZE|" \
				"BLK(SSZ|PBSZ|RO)GET|DM_(VERSION|LIST_|" \
				"DEV_STATUS|TABLE_STATUS|TABLE_DEPS)"
		return 1
	}
	match($0, /^[a-z0-9_]+\(/) {
		name = substr($0, 1, RLENGTH - 1)
		count[name]++
		if (name == "execve" && count[name] == 1)
			next
		if (all || changes(name, $0))
			print name, count[name]
	}' "$1"
}

# trace FILE COMMAND...: what a run does, to FILE.  Of the main thread: strace
# without -f sees no other thread and no child, which is what is wanted of the
# children, and the threads die with it.
trace() {
	trace_file=$1
	shift
	strace -qq -o "$trace_file" -- "$@"
}

# die_before NAME NUMBER COMMAND...: killed there (0), or it went another way
# and came to its end (1).
die_before() {
	die_name=$1
	die_number=$2
	shift 2
	strace -qq -o /dev/null -e "trace=$die_name" \
		-e "inject=$die_name:signal=SIGKILL:when=$die_number" -- "$@"
	[ $? -eq 137 ]
}

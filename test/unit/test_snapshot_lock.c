/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_snapshot_lock.c - one at a time, while the folder comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "scratch.h"
#include "snapshot.h"

static int
begin(void **state)
{
	if (scratch_begin(state))
		return -1;
	return setenv("XENSNAP_ROOT", scratch_path("root"), 1);
}

/* A child that holds the lock until it is killed; returns once it does. */
static pid_t
start_holder(const char *domain)
{
	struct err err = ERR_INIT;
	int pipes[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (snapshot_lock(domain, 0, &err) < 0 ||
		    write(pipes[1], "k", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	close(pipes[0]);
	return pid;
}

static void
end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
test_busy(void **state)
{
	struct err err = ERR_INIT;
	char want[40];
	int lock;
	pid_t pid;

	(void)state;
	pid = start_holder("web1");
	assert_true(snapshot_is_busy("web1"));
	assert_false(snapshot_is_busy("web2"));
	assert_int_equal(snapshot_lock("web1", 0, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	snprintf(want, sizeof(want), "(process %ld)", (long)pid);
	assert_non_null(strstr(err.text, want));
	assert_non_null(strstr(err.text, "web1"));
	/* Another domain has another lock. */
	err_clear(&err);
	lock = snapshot_lock("web2", 0, &err);
	assert_true(lock >= 0);
	snapshot_unlock("web2", &lock);
	/* It goes with its holder, whatever ends that. */
	end_holder(pid);
	assert_false(snapshot_is_busy("web1"));
	lock = snapshot_lock("web1", 0, &err);
	assert_true(lock >= 0);
	snapshot_unlock("web1", &lock);
	assert_int_equal(lock, -1);
	snapshot_unlock("web1", &lock);
	assert_int_equal(err.code, ERR_NONE);
}

/* A holder that has not said yet who it is: no "process 0". */
static void
test_unknown_holder(void **state)
{
	struct err err = ERR_INIT;
	pid_t pid;

	(void)state;
	pid = start_holder("web1");
	assert_int_equal(truncate(scratch_path("root/web1/.lock"), 0), 0);
	assert_int_equal(snapshot_lock("web1", 0, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_null(strstr(err.text, "process"));
	end_holder(pid);
}

static void
test_wait(void **state)
{
	struct err err = ERR_INIT;
	uint64_t start;
	pid_t pid, killer;
	int lock;

	(void)state;
	pid = start_holder("web1");
	start = clock_ns();
	assert_int_equal(snapshot_lock("web1", 60, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_true(clock_ms_since(start) >= 60);
	killer = fork();
	if (killer == 0) {
		clock_sleep_ms(60);
		kill(pid, SIGKILL);
		_exit(0);
	}
	err_clear(&err);
	lock = snapshot_lock("web1", 30000, &err);
	assert_true(lock >= 0);
	snapshot_unlock("web1", &lock);
	waitpid(killer, NULL, 0);
	waitpid(pid, NULL, 0);
}

/* The watchdog's half: a child made by fork() holds it as well. */
static void
test_shared(void **state)
{
	struct err err = ERR_INIT;
	int lock = snapshot_lock("web1", 0, &err);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	close(lock);
	assert_int_equal(snapshot_lock("web1", 0, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	end_holder(pid);
	err_clear(&err);
	lock = snapshot_lock("web1", 0, &err);
	assert_true(lock >= 0);
	snapshot_unlock("web1", &lock);
}

static void
test_folder(void **state)
{
	struct err err = ERR_INIT;
	int lock;

	(void)state;
	lock = snapshot_lock("web1", 0, &err);
	assert_true(scratch_there("root/web1/.lock"));
	snapshot_unlock("web1", &lock);
	assert_false(scratch_there("root/web1"));
	/* With something in it, it stays. */
	lock = snapshot_lock("web1", 0, &err);
	scratch_mkdir("root/web1/a");
	snapshot_unlock("web1", &lock);
	assert_true(scratch_there("root/web1/a"));
	lock = snapshot_lock("web1", 0, &err);
	assert_true(lock >= 0);
	assert_int_equal(rmdir(scratch_path("root/web1/a")), 0);
	snapshot_unlock("web1", &lock);
	assert_false(scratch_there("root/web1"));
}

#define WORKERS 4
#define ROUNDS 300

/*
 * Several take the lock and let it go, so that the folder is made and removed
 * under each other's hands: never two at once, and never an error but BUSY.
 */
static void
contend(unsigned int *inside)
{
	struct err err = ERR_INIT;
	unsigned int i;
	int lock;

	for (i = 0; i < ROUNDS; i++) {
		err_clear(&err);
		lock = snapshot_lock("web1", i % 3 ? 0 : 5000, &err);
		if (lock < 0 && err.code == ERR_BUSY)
			continue;
		if (lock < 0) {
			fprintf(stderr, "# %s\n", err.text);
			_exit(1);
		}
		if (__atomic_fetch_add(inside, 1, __ATOMIC_SEQ_CST) != 0)
			_exit(2);
		__atomic_fetch_sub(inside, 1, __ATOMIC_SEQ_CST);
		snapshot_unlock("web1", &lock);
	}
	_exit(0);
}

static void
test_race(void **state)
{
	unsigned int *inside = mmap(NULL, sizeof(*inside),
				    PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[WORKERS];
	int i, status;

	(void)state;
	assert_true(inside != MAP_FAILED);
	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			contend(inside);
	}
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_false(scratch_there("root/web1"));
	munmap(inside, sizeof(*inside));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, scratch_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_busy),   TEST(test_unknown_holder), TEST(test_wait),
		TEST(test_shared), TEST(test_folder),         TEST(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

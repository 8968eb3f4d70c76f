/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rand.c - see rand.h. */
#include "rand.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define HASH 64 /* BLAKE2b at its longest */

/* What differs between two calls of one process in one tick of its clocks. */
static atomic_uint_fast64_t calls;

static int
from_kernel(uint8_t *ret, size_t len, struct err *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = getrandom(ret + done, len - done, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_IO, n ? errno : 0,
				       "read random bytes");
		done += (size_t)n;
	}
	return 0;
}

static void
add(crypto_generichash_state *h, const void *p, size_t len)
{
	crypto_generichash_update(h, p, len);
}

/* The bytes of a small file; that it is not there is no harm. */
static void
add_file(crypto_generichash_state *h, const char *path)
{
	uint8_t bytes[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, bytes, sizeof(bytes));
	if (n > 0)
		add(h, bytes, (size_t)n);
	close(fd);
}

static void
add_clock(crypto_generichash_state *h, clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	add(h, &now.tv_sec, sizeof(now.tv_sec));
	add(h, &now.tv_nsec, sizeof(now.tv_nsec));
}

int
rand_bytes(void *ret, size_t len, struct err *err)
{
	crypto_generichash_state h;
	uint8_t kernel[32], sum[HASH];
	pid_t pid = getpid();
	uint64_t call;

	if (len > sizeof(sum))
		return err_set(err, ERR_INVALID, 0,
			       "%zu random bytes at once are too many", len);
	if (sodium_init() < 0)
		return err_set(err, ERR_IO, 0, "libsodium does not start");
	if (from_kernel(kernel, sizeof(kernel), err))
		return -1;
	call = atomic_fetch_add(&calls, 1);
	crypto_generichash_init(&h, NULL, 0, sizeof(sum));
	add(&h, kernel, sizeof(kernel));
	add_file(&h, "/proc/sys/kernel/random/boot_id");
	add_file(&h, "/etc/machine-id");
	add(&h, &pid, sizeof(pid));
	add_clock(&h, CLOCK_REALTIME);
	add_clock(&h, CLOCK_BOOTTIME);
	add(&h, &call, sizeof(call));
	crypto_generichash_final(&h, sum, sizeof(sum));
	memcpy(ret, sum, len);
	sodium_memzero(kernel, sizeof(kernel));
	sodium_memzero(sum, sizeof(sum));
	sodium_memzero(&h, sizeof(h));
	return 0;
}

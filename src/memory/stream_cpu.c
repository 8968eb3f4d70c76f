/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_cpu.c - see stream_cpu.h. */
#include "stream_cpu.h"

#include <string.h>

#include "fd.h"
#include "stream.h"

#define LEAVES_MAX 512u /* Xen 4.17 has some 50 */

struct search {
	int fd;
	struct cpu_features *ret;
	bool found;
};

static int
read_leaves(const struct search *s, uint64_t at, uint32_t len, struct err *err)
{
	uint8_t leaves[LEAVES_MAX * CPU_LEAF_BYTES];
	ssize_t n;

	if (len % CPU_LEAF_BYTES || len > sizeof(leaves))
		return err_set(err, ERR_CORRUPT, 0,
			       "its CPU policy cannot have %u bytes", len);
	n = fd_pread_full(s->fd, leaves, len, at, err);
	if (n < 0)
		return -1;
	if ((size_t)n < len)
		return err_set(err, ERR_CORRUPT, 0, "it became shorter");
	cpu_add_leaves(s->ret, leaves, len / CPU_LEAF_BYTES);
	return 0;
}

/* Once it is found the walk ends: there is no error then. */
static int
look(uint32_t type, uint64_t at, uint32_t len, void *ctx, struct err *err)
{
	struct search *s = ctx;

	if (type != STREAM_X86_CPUID_POLICY)
		return 0;
	s->found = read_leaves(s, at, len, err) == 0;
	return -1;
}

int
stream_cpu(int fd, uint64_t offset, uint64_t end, struct cpu_features *ret,
	   bool *ret_pv, struct err *err)
{
	struct search s = { .fd = fd, .ret = ret };
	const struct stream_visitor v = { .record = look, .ctx = &s };
	struct stream_walked walked;
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = stream_walk(fd, offset, end, &v, &walked, err);
	*ret_pv = walked.pv;
	if (s.found)
		return 1;
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpu.h - what a processor can do, as Xen counts it: words of features of which
 * each bit is one.  Pure.
 *
 * A guest was told of its processor's features when it was started, and uses
 * them; on a host that lacks one Xen 4.17 restores it all the same, and it dies
 * of the first instruction that is not there.
 */
#ifndef XENSNAP_CPU_H
#define XENSNAP_CPU_H

#include <stddef.h>
#include <stdint.h>

/* In the order of Xen's public/arch-x86/cpufeatureset.h: the registers of CPUID
 * 1 (d, c), 0x80000001 (d, c), 0xd.1 (a), 7.0 (b, c), 0x80000007 (d),
 * 0x80000008 (b), 7.0 (d), 7.1 (a). */
#define CPU_WORDS 11

struct cpu_features {
	uint32_t word[CPU_WORDS];
};

/* A leaf of a CPU policy (xen_cpuid_leaf_t): u32 leaf, subleaf, a, b, c, d. */
#define CPU_LEAF_BYTES 24u

/* cpu_add_leaves() - the features in the @n leaves at @p. */
void cpu_add_leaves(struct cpu_features *f, const uint8_t *p, size_t n);

/*
 * cpu_lacks() - how many of @told a host with the features @here lacks; the
 * names of some in @ret of @len bytes, "avx2, bmi2 and 3 more".  Not counted
 * is what Xen makes up for a guest, whatever the host has.
 */
unsigned int cpu_lacks(const struct cpu_features *told,
		       const struct cpu_features *here, char *ret, size_t len);

#endif

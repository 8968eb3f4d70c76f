/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpu.c - see cpu.h. */
#include "cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

#define NAMES_MAX 5u /* that are told */
#define ANY UINT32_MAX
/* AMD's processors show these of CPUID 1.edx in 0x80000001.edx too; Xen's words
 * have them once. */
#define SHOWN_TWICE 0x0183f3ffu

/* Where the words come from. */
static const struct origin {
	uint32_t leaf, subleaf;
	char reg;
	/* Bits that Xen makes up, or that follow what the guest sets, or are in
	 * another word. */
	uint32_t made_up;
} origins[CPU_WORDS] = {
	{ 1, ANY, 'd', 1u << 9 | 1u << 28 }, /* apic, ht */
	/* x2apic, osxsave, hypervisor */
	{ 1, ANY, 'c', 1u << 21 | 1u << 27 | 1u << 31 },
	{ 0x80000001, ANY, 'd', SHOWN_TWICE },
	{ 0x80000001, ANY, 'c', 1u << 1 }, /* cmp_legacy */
	{ 0xd, 1, 'a', 0 },
	{ 7, 0, 'b', 1u << 1 }, /* tsc_adjust */
	{ 7, 0, 'c', 1u << 4 }, /* ospke */
	{ 0x80000007, ANY, 'd', 0 },
	{ 0x80000008, ANY, 'b', 0 },
	{ 7, 0, 'd', 0 },
	{ 7, 1, 'a', 0 },
};

/* The names by which Linux shows them in /proc/cpuinfo. */
static const struct {
	unsigned int word, bit;
	const char *name;
} names[] = {
	{ 1, 0, "pni" },       { 1, 1, "pclmulqdq" },    { 1, 9, "ssse3" },
	{ 1, 12, "fma" },      { 1, 13, "cx16" },        { 1, 17, "pcid" },
	{ 1, 19, "sse4_1" },   { 1, 20, "sse4_2" },      { 1, 22, "movbe" },
	{ 1, 23, "popcnt" },   { 1, 25, "aes" },         { 1, 26, "xsave" },
	{ 1, 28, "avx" },      { 1, 29, "f16c" },        { 1, 30, "rdrand" },
	{ 2, 26, "pdpe1gb" },  { 2, 27, "rdtscp" },      { 3, 5, "abm" },
	{ 3, 6, "sse4a" },     { 3, 11, "xop" },         { 3, 16, "fma4" },
	{ 4, 0, "xsaveopt" },  { 4, 1, "xsavec" },       { 4, 3, "xsaves" },
	{ 5, 0, "fsgsbase" },  { 5, 3, "bmi1" },         { 5, 5, "avx2" },
	{ 5, 7, "smep" },      { 5, 8, "bmi2" },         { 5, 9, "erms" },
	{ 5, 10, "invpcid" },  { 5, 11, "rtm" },         { 5, 16, "avx512f" },
	{ 5, 17, "avx512dq" }, { 5, 18, "rdseed" },      { 5, 19, "adx" },
	{ 5, 20, "smap" },     { 5, 23, "clflushopt" },  { 5, 24, "clwb" },
	{ 5, 28, "avx512cd" }, { 5, 29, "sha_ni" },      { 5, 30, "avx512bw" },
	{ 5, 31, "avx512vl" }, { 6, 1, "avx512vbmi" },   { 6, 2, "umip" },
	{ 6, 3, "pku" },       { 6, 8, "gfni" },         { 6, 9, "vaes" },
	{ 6, 22, "rdpid" },    { 8, 0, "clzero" },       { 8, 12, "ibpb" },
	{ 8, 14, "ibrs" },     { 8, 15, "stibp" },       { 9, 4, "fsrm" },
	{ 9, 10, "md_clear" }, { 9, 26, "spec_ctrl" },   { 9, 31, "ssbd" },
	{ 10, 4, "avx_vnni" }, { 10, 5, "avx512_bf16" },
};

void
cpu_add_leaves(struct cpu_features *f, const uint8_t *p, size_t n)
{
	for (; n; n--, p += CPU_LEAF_BYTES) {
		uint32_t leaf = le32_at(p), subleaf = le32_at(p + 4);

		for (unsigned int i = 0; i < CPU_WORDS; i++) {
			const struct origin *o = &origins[i];

			if (o->leaf == leaf &&
			    (o->subleaf == ANY || o->subleaf == subleaf))
				f->word[i] |=
					le32_at(p + 8 + 4 * (o->reg - 'a'));
		}
	}
}

static void
name_of(unsigned int word, unsigned int bit, char *ret, size_t len)
{
	const struct origin *o = &origins[word];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].word == word && names[i].bit == bit) {
			snprintf(ret, len, "%s", names[i].name);
			return;
		}
	snprintf(ret, len, "bit %u of CPUID 0x%x.e%cx", bit, o->leaf, o->reg);
}

/* Behind the @used bytes of @ret what fits of @s; how long it is then. */
static size_t
add(char *ret, size_t used, size_t len, const char *s)
{
	size_t n = strlen(s);

	if (n > len - used - 1)
		n = len - used - 1;
	memcpy(ret + used, s, n);
	ret[used + n] = '\0';
	return used + n;
}

unsigned int
cpu_lacks(const struct cpu_features *told, const struct cpu_features *here,
	  char *ret, size_t len)
{
	unsigned int n = 0;
	size_t used = 0;
	char name[48];

	ret[0] = '\0';
	for (unsigned int i = 0; i < CPU_WORDS * 32; i++) {
		unsigned int word = i / 32, bit = i % 32;

		if (!((told->word[word] & ~here->word[word] &
		       ~origins[word].made_up) >>
			      bit &
		      1))
			continue;
		if (n++ >= NAMES_MAX)
			continue;
		name_of(word, bit, name, sizeof(name));
		if (n > 1)
			used = add(ret, used, len, ", ");
		used = add(ret, used, len, name);
	}
	if (n > NAMES_MAX) {
		snprintf(name, sizeof(name), " and %u more", n - NAMES_MAX);
		add(ret, used, len, name);
	}
	return n;
}

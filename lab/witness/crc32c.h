/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crc32c.h - the Castagnoli checksum, by tables, 8 bytes a step.
 *
 * No SSE 4.2: the emulated CPUs the lab runs on do not have it.
 */
#ifndef WITNESS_CRC32C_H
#define WITNESS_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * crc32c_init() - make the tables.
 *
 * Call once, before any thread is started.
 */
void crc32c_init(void);

/*
 * crc32c() - the CRC-32C of @len bytes at @p.
 *
 * Pure; crc32c_init() must have run.
 */
uint32_t crc32c(const void *p, size_t len);

#endif

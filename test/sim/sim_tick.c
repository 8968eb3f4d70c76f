/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_tick.c - let time pass in a simulated world.
 *
 *	sim_tick STEPS
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim_guest.h"

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int lock, rc;

	if (argc != 2)
		return 2;
	if (sim_enter(&lock, &err)) {
		fprintf(stderr, "sim_tick: %s\n", err.text);
		return 1;
	}
	rc = sim_tick_all((unsigned int)strtoul(argv[1], NULL, 10), &err);
	sim_leave(&lock);
	if (rc)
		fprintf(stderr, "sim_tick: %s\n", err.text);
	return rc ? 1 : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prom.h - the text format of Prometheus, 0.0.4, for the textfile collector of
 * node_exporter.
 *
 * Names and units by https://prometheus.io/docs/practices/naming/: base units,
 * the unit as suffix, "_total" for what only grows.  All names get "xensnap_"
 * in front.
 */
#ifndef XENSNAP_PROM_H
#define XENSNAP_PROM_H

#include <stdio.h>

#include "err.h"

#define PROM_PREFIX "xensnap_"

/* prom_head() - the lines before the values of metric @name. */
void prom_head(FILE *f, const char *name, const char *type, const char *help);

/* prom_label() - one label, escaped, and @end behind it: ',' or '}'. */
void prom_label(FILE *f, const char *name, const char *value, char end);

/* prom_value() - the end of a line: the value, which may be INFINITY. */
void prom_value(FILE *f, double value);

/*
 * prom_write() - @path becomes what @put writes, whole or not at all, readable
 * by all, since node_exporter is another user.  Its temporary name does not end
 * in ".prom", so it is never read half written.  -1 with ERR_INVALID (@path is
 * no file's name), ERR_NOMEM, ERR_NOTFOUND, ERR_IO: then it is as it was.
 */
int prom_write(const char *path, void (*put)(FILE *f, const void *ctx),
	       const void *ctx, struct err *err);

#endif

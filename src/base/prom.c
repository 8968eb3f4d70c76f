/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prom.c - see prom.h. */
#include "prom.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

/* A label's value: backslash, quote and line feed are escaped. */
void
prom_label(FILE *f, const char *name, const char *value, char end)
{
	fprintf(f, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', f);
		if (*value == '\n')
			fputs("\\n", f);
		else
			fputc(*value, f);
	}
	fprintf(f, "\"%c", end);
}

void
prom_value(FILE *f, double value)
{
	if (isinf(value))
		fputs(" +Inf\n", f);
	else
		fprintf(f, " %.17g\n", value);
}

void
prom_head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP " PROM_PREFIX "%s %s\n# TYPE " PROM_PREFIX "%s %s\n",
		name, help, name, type);
}

/* "DIR/.NAME.new" for "DIR/NAME". */
static int
beside(const char *path, char *ret, size_t len, struct err *err)
{
	const char *name = strrchr(path, '/');
	int n;

	name = name ? name + 1 : path;
	n = snprintf(ret, len, "%.*s.%s.new", (int)(name - path), path, name);
	if (n < 0 || (size_t)n >= len || !*name)
		return err_set(err, ERR_INVALID, 0, "'%s' is no file's name",
			       path);
	return 0;
}

static int
replace(const char *path, const char *text, size_t len, struct err *err)
{
	char temp[PATH_MAX];
	int fd, rc = -1;

	if (beside(path, temp, sizeof(temp), err))
		return -1;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		return err_set(err, fd_code(errno), errno, "write %s", temp);
	/* Our umask would keep it from node_exporter. */
	if (fchmod(fd, 0644))
		err_set(err, ERR_IO, errno, "write %s", temp);
	else if (fd_write_all(fd, text, len, err) == 0 &&
		 rename(temp, path) == 0)
		rc = 0;
	else if (!err->code)
		err_set(err, fd_code(errno), errno, "rename %s", temp);
	fd_close(&fd);
	if (rc)
		unlink(temp);
	return rc;
}

int
prom_write(const char *path, void (*put)(FILE *f, const void *ctx),
	   const void *ctx, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int rc = -1;

	if (!f)
		return err_set(err, ERR_NOMEM, errno, "out of memory");
	put(f, ctx);
	if (fclose(f) || !text)
		err_set(err, ERR_NOMEM, errno, "out of memory");
	else
		rc = replace(path, text, len, err);
	free(text);
	return rc;
}

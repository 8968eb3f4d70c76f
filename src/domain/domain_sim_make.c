/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_sim_make.c - a new simulated domain, by the configuration file that xl
 * would be given: as xl_cfg.c writes it, one setting in a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain_sim.h"
#include "fd.h"

#define CONFIG_MAX (1u << 20)

static unsigned int
new_domid(void)
{
	return (unsigned int)getpid() + 3000000;
}

/* xl's line, as one of the world's; what that does not know is left out. */
static void
put_line(FILE *f, const char *line)
{
	char a[SIM_PATH_MAX], b[SIM_PATH_MAX], access[16];
	unsigned int pages;

	if (sscanf(line, "uuid=\"%36[^\"]", a) == 1)
		fprintf(f, "uuid=%s\n", a);
	else if (sscanf(line, "memory=%u", &pages) == 1 && pages < 1024)
		fprintf(f, "pages=%u\n", pages * 256);
	else if (sscanf(line, "cmdline=\"pages=%u", &pages) == 1)
		fprintf(f, "pages=%u\n", pages);
	else if (sscanf(line,
			" \"vdev=%31[^,],format=%*[^,],access=%15[^,],"
			"target=%1000[^\"]",
			a, access, b) == 3)
		fprintf(f, "disk=%s %s phy %s\n", a, b, access);
}

static int
write_config(const char *name, char *text, struct err *err)
{
	char path[SIM_PATH_MAX], *line, *save = NULL, *config = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&config, &len);
	int rc;

	if (!f)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	fprintf(f, "domid=%u\ntype=PVH\nlive=yes\nsave=yes\n", new_domid());
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		put_line(f, line);
	if (fclose(f))
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	sim_path(path, "domains/%s/config", name);
	rc = sim_put(path, config, err);
	free(config);
	return rc;
}

int
ds_make(const char *name, const char *config, struct err *err)
{
	char path[SIM_PATH_MAX], *text;
	size_t len;
	int rc = 0;

	if (fd_read_file(AT_FDCWD, config, CONFIG_MAX, &text, &len, err))
		return -1;
	sim_path(path, "domains/%s", name);
	if (mkdir(path, 0700) && errno != EEXIST)
		rc = err_set(err, ERR_IO, errno, "make %s", path);
	sim_path(path, "domains/%s/state", name);
	if (rc == 0)
		rc = sim_put(path, "gone", err);
	sim_path(path, "domains/%s/memory", name);
	if (rc == 0)
		rc = sim_put(path, "", err);
	if (rc == 0)
		rc = write_config(name, text, err);
	free(text);
	return rc;
}

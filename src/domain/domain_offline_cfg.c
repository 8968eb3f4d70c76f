/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_offline_cfg.c - the part of domain_offline.h that reads: xl's own
 * parser, libxlutil, so that a file means here what it means to `xl create`.
 */
#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_offline.h"
#include "text.h"

#define MEMORY_MIB_MAX (1l << 34) /* 16 PiB */
#define VIFS_MAX 64
#define NO_DOMID UINT32_MAX /* not 0: that is a domain */

/* A file that the parser has read. */
struct parsed {
	XLU_Config *config;
	FILE *report; /* what the parser complains of goes to said */
	char *said;
	size_t len;
};

/* One disk of it. */
struct off_disk {
	struct domain_disk d;
	const char *spec; /* as the file has it; belongs to the parser */
	char options[48]; /* as xl_cfg_drive has them */
};

struct off_disks {
	unsigned int n;
	struct off_disk disk[DOMAIN_DISKS_MAX];
};

/* ---- xl's parser ---- */

/*
 * The first line of what the parser said, or @what.  It begins with the name
 * of the file, which is empty for us, and in most cases a line's number.
 */
static int
bad(struct parsed *p, const char *what, struct err *err)
{
	const char *said;

	fflush(p->report);
	said = p->said;
	if (!said || !said[0])
		return err_set(err, ERR_CORRUPT, 0, "%s", what);
	said += strspn(said, ": ");
	return err_set(err, ERR_CORRUPT, 0, "%s%.*s",
		       isdigit((unsigned char)*said) ? "line " : "",
		       (int)strcspn(said, "\n"), said);
}

static void
parsed_done(struct parsed *p)
{
	if (p->config)
		xlu_cfg_destroy(p->config);
	if (p->report)
		fclose(p->report);
	free(p->said);
}

/*
 * *@p goes to parsed_done() in any case.  The last line is ended if it is not:
 * xl overlooks what makes no sense at the end of one that isn't, and then takes
 * nothing that an export puts behind it.
 */
static int
parse(struct parsed *p, const char *text, struct err *err)
{
	size_t end = strlen(text);
	const char *more = end && text[end - 1] != '\n' ? "\n" : "";
	char *whole = NULL;
	int len, rc = 0;

	memset(p, 0, sizeof(*p));
	p->report = open_memstream(&p->said, &p->len);
	if (p->report)
		p->config = xlu_cfg_init(p->report, "");
	len = p->config ? asprintf(&whole, "%s%s", text, more) : -1;
	if (len < 0)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (xlu_cfg_readdata(p->config, whole, len))
		rc = bad(p, "it is no xl configuration file", err);
	free(whole);
	return rc;
}

/* The value of @key, borrowed from @p; NULL in *@ret when there is none. */
static int
get(struct parsed *p, const char *key, const char **ret, struct err *err)
{
	int r = xlu_cfg_get_string(p->config, key, ret, 0);

	if (r == ESRCH)
		*ret = NULL;
	return r == 0 || r == ESRCH ? 0 : bad(p, key, err);
}

/* ---- disks ---- */

/* It becomes part of file names: "xvda", and of xl's "/dev/xvda" the end. */
static int
copy_vdev(const char *vdev, char *ret, size_t len, struct err *err)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	if (strncmp(vdev, "/dev/", 5) == 0)
		vdev += 5;
	if (!*vdev || vdev[strspn(vdev, known)])
		return err_set(err, ERR_CORRUPT, 0, "\"%s\" names no disk",
			       vdev);
	return text_copy(ret, len, vdev, "disk name", err);
}

/*
 * Nobody serves it now, so what counts is whether the bytes at its path are
 * the disk.  Those of a raw one are, whoever will serve it; a script is given
 * words that need not be a path, and another domain has paths of its own.
 */
static const char *
backend_of(const libxl_device_disk *disk)
{
	const char *owner = disk->backend_domname;
	const char *script = disk->script;

	if (owner && strcmp(owner, "0") != 0 && strcmp(owner, "Domain-0") != 0)
		return "another domain";
	if (script && strrchr(script, '/'))
		script = strrchr(script, '/') + 1;
	if (script && strcmp(script, "block") != 0)
		return "a script";
	if (disk->format == LIBXL_DISK_FORMAT_RAW ||
	    disk->format == LIBXL_DISK_FORMAT_EMPTY)
		return "phy";
	return disk->backend == LIBXL_DISK_BACKEND_TAP ? "tap" : "qdisk";
}

static bool
is_written(const struct domain_disk *d)
{
	return !d->readonly && !d->cdrom && d->source[0];
}

static int
describe_disk(const libxl_device_disk *from, struct off_disk *ret,
	      struct err *err)
{
	const char *discard = libxl_defbool_to_string(from->discard_enable);
	const char *path = from->pdev_path;
	struct domain_disk *d = &ret->d;

	if (from->format == LIBXL_DISK_FORMAT_EMPTY)
		path = "";
	d->readonly = !from->readwrite;
	d->cdrom = from->is_cdrom != 0;
	snprintf(d->backend, sizeof(d->backend), "%s", backend_of(from));
	snprintf(ret->options, sizeof(ret->options), "access=%s%s%s%s",
		 d->readonly ? "ro" : "rw",
		 strcmp(discard, "True") == 0 ? ",discard" : "",
		 strcmp(discard, "False") == 0 ? ",no-discard" : "",
		 from->direct_io_safe ? ",direct-io-safe" : "");
	if (copy_vdev(from->vdev, d->vdev, sizeof(d->vdev), err) ||
	    text_copy(d->source, sizeof(d->source), path, "disk path", err) ||
	    text_copy(d->format, sizeof(d->format),
		      libxl_disk_format_to_string(from->format), "disk format",
		      err))
		return -1;
	/* xl would look for it in the folder that it happens to be in. */
	if (is_written(d) &&
	    (strcmp(d->backend, "phy") == 0 ||
	     strcmp(d->backend, "qdisk") == 0) &&
	    d->source[0] != '/')
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "disk %s: \"%s\" is no absolute path", d->vdev,
			       d->source);
	return 0;
}

static int
parse_disk(struct parsed *p, const char *spec, struct off_disk *ret,
	   struct err *err)
{
	libxl_device_disk disk;
	int rc;

	libxl_device_disk_init(&disk);
	if (xlu_disk_parse(p->config, 1, &spec, &disk))
		rc = bad(p, "a disk makes no sense", err);
	else
		rc = describe_disk(&disk, ret, err);
	libxl_device_disk_dispose(&disk);
	ret->spec = spec;
	return rc;
}

/* Two of one name would become one file in an export. */
static int
check_new(const struct off_disks *all, const char *vdev, struct err *err)
{
	unsigned int i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->disk[i].d.vdev, vdev) == 0)
			return err_set(err, ERR_CORRUPT, 0,
				       "there are two disks called %s", vdev);
	return 0;
}

static int
parse_disks(struct parsed *p, struct off_disks *ret, struct err *err)
{
	XLU_ConfigList *list = NULL;
	struct off_disk *d;
	const char *spec;
	int i, r, n = 0;

	ret->n = 0;
	r = xlu_cfg_get_list(p->config, "disk", &list, &n, 0);
	if (r && r != ESRCH)
		return bad(p, "disk= is no list", err);
	if (n > DOMAIN_DISKS_MAX)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "it has %d disks, more than the %d that can be "
			       "frozen together",
			       n, DOMAIN_DISKS_MAX);
	for (i = 0; i < n; i++) {
		d = &ret->disk[ret->n];
		spec = xlu_cfg_get_listitem(list, i);
		if (!spec)
			return err_set(err, ERR_CORRUPT, 0,
				       "an item of disk= is no string");
		if (parse_disk(p, spec, d, err) ||
		    check_new(ret, d->d.vdev, err))
			return -1;
		ret->n++;
	}
	return 0;
}

/* ---- what else it says ---- */

static int
read_name(struct parsed *p, const char *name, struct domain_info *ret,
	  struct err *err)
{
	const char *found;

	if (get(p, "name", &found, err))
		return -1;
	if (!found || !found[0])
		return err_set(err, ERR_CORRUPT, 0, "it names no domain");
	if (name && strcmp(found, name) != 0)
		return err_set(err, ERR_STATE, 0,
			       "it is of a domain called \"%s\", not %s", found,
			       name);
	return text_copy(ret->name, sizeof(ret->name), found, "name", err);
}

/* As xl: two words for one thing, and PV without either. */
static int
read_type(struct parsed *p, struct domain_info *ret, struct err *err)
{
	static const struct {
		const char *key, *value;
		enum domain_type type;
	} words[] = {
		{ "type", "pv", DOMAIN_PV },
		{ "type", "pvh", DOMAIN_PVH },
		{ "type", "hvm", DOMAIN_HVM },
		{ "builder", "generic", DOMAIN_PV },
		{ "builder", "linux", DOMAIN_PV },
		{ "builder", "hvm", DOMAIN_HVM },
	};
	const char *key = "type", *value;
	size_t i;

	if (get(p, key, &value, err))
		return -1;
	if (!value) {
		key = "builder";
		if (get(p, key, &value, err))
			return -1;
	}
	ret->type = DOMAIN_PV;
	if (!value)
		return 0;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].key, key) != 0 ||
		    strcmp(words[i].value, value) != 0)
			continue;
		ret->type = words[i].type;
		return 0;
	}
	return err_set(err, ERR_CORRUPT, 0, "%s \"%s\" is unknown", key, value);
}

/* A file need not have one: xl then makes a new one at each start. */
static int
read_uuid(struct parsed *p, struct domain_info *ret, struct err *err)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *text;
	size_t i;

	if (get(p, "uuid", &text, err))
		return -1;
	if (!text)
		return 0;
	for (i = 0; form[i] && text[i]; i++) {
		ret->uuid[i] = text[i];
		if (text[i] >= 'A' && text[i] <= 'F')
			ret->uuid[i] = (char)(text[i] - 'A' + 'a');
		if (form[i] == '-' ? text[i] != '-' :
				     !strchr("0123456789abcdef", ret->uuid[i]))
			break;
	}
	if (form[i] || text[i])
		return err_set(err, ERR_CORRUPT, 0, "\"%s\" is no uuid", text);
	return 0;
}

static int
read_all(struct parsed *p, const char *name, struct domain_info *ret,
	 struct err *err)
{
	struct off_disks *disks = calloc(1, sizeof(*disks));
	long mib = 0;
	unsigned int i;
	int rc = -1;

	if (!disks)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	ret->domid = NO_DOMID;
	ret->state = DOMAIN_SHUT_DOWN;
	snprintf(ret->save_why, sizeof(ret->save_why), "it does not run");
	snprintf(ret->live_why, sizeof(ret->live_why), "it does not run");
	if (read_name(p, name, ret, err) || read_type(p, ret, err) ||
	    read_uuid(p, ret, err) || parse_disks(p, disks, err))
		goto out;
	/* Only told; what is no number xl overlooks too. */
	if (xlu_cfg_get_long(p->config, "memory", &mib, 1) == 0 && mib > 0 &&
	    mib <= MEMORY_MIB_MAX)
		ret->memory_bytes = (uint64_t)mib << 20;
	for (i = 0; i < disks->n; i++)
		ret->disks[i] = disks->disk[i].d;
	ret->n_disks = disks->n;
	rc = 0;
out:
	free(disks);
	return rc;
}

/* ---- what others call ---- */

int
offline_read(const char *text, const char *name, struct domain_info *ret,
	     struct err *err)
{
	struct parsed p;
	int rc = -1;

	memset(ret, 0, sizeof(*ret));
	if (parse(&p, text, err) == 0)
		rc = read_all(&p, name, ret, err);
	parsed_done(&p);
	return rc;
}

char *
offline_config(const char *text, const struct xl_cfg_disk *disks,
	       size_t n_disks, struct err *err)
{
	struct off_disks *have = calloc(1, sizeof(*have));
	struct xl_cfg_drive drives[DOMAIN_DISKS_MAX];
	struct parsed p;
	char *ret = NULL;
	unsigned int i;

	if (!have) {
		err_set(err, ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (parse(&p, text, err) || parse_disks(&p, have, err))
		goto out;
	for (i = 0; i < have->n; i++) {
		drives[i].vdev = have->disk[i].d.vdev;
		drives[i].spec = have->disk[i].spec;
		drives[i].options = have->disk[i].options;
		drives[i].stays = !is_written(&have->disk[i].d);
	}
	ret = xl_cfg_append(text, drives, have->n, disks, n_disks, err);
out:
	parsed_done(&p);
	free(have);
	return ret;
}

char *
offline_as_other(const char *text, const struct xl_cfg_identity *id,
		 struct err *err)
{
	const char *vifs[VIFS_MAX];
	XLU_ConfigList *list = NULL;
	struct parsed p;
	char *ret = NULL;
	int r, n = 0;

	if (parse(&p, text, err))
		goto out;
	r = xlu_cfg_get_list(p.config, "vif", &list, &n, 0);
	if ((r && r != ESRCH) || n > VIFS_MAX) {
		bad(&p, "vif= is no list of network cards", err);
		goto out;
	}
	for (int i = 0; i < n; i++) {
		vifs[i] = xlu_cfg_get_listitem(list, i);
		if (!vifs[i]) {
			bad(&p, "an item of vif= is no string", err);
			goto out;
		}
	}
	ret = xl_cfg_append_identity(text, id, vifs, (unsigned int)n, err);
out:
	parsed_done(&p);
	return ret;
}

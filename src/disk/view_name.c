/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view_name.c - see view_name.h. */
#include "view_name.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MARK ".xs-"

/* Room for the longest suffix of the devices below a view. */
#define LONGEST_SUFFIX "-real"

/*
 * LVM keeps these for the parts of its own volumes.  (Names that begin with
 * "snapshot" or "pvmove" are reserved too; a view's begins with its disk's.)
 */
static const char *const reserved[] = {
	"_cdata",  "_cmeta", "_corig",  "_cpool",   "_cvol",    "_wcorig",
	"_mimage", "_mlog",  "_rimage", "_rmeta",   "_tdata",   "_tmeta",
	"_vdata",  "_imeta", "_iorig",  "_pmspare", "_vorigin",
};

static bool
is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strstr(name, reserved[i]))
			return true;
	return false;
}

/* Length in a device's name, where each hyphen is doubled. */
static size_t
dm_len(const char *s, size_t len)
{
	size_t n = len;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '-';
	return n;
}

/* What is left for a view's name, doubled hyphens counted; negative: none. */
static int
room_in(const char *vg)
{
	return VIEW_NAME_MAX - (int)dm_len(vg, strlen(vg)) - 1 -
	       (int)strlen(LONGEST_SUFFIX);
}

/* FNV-1a, 64 bits: spreads well, and nobody gains by a collision. */
static uint64_t
hash(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

int
view_name_make(const char *vg, const char *lv, const char *snapshot, char *ret,
	       struct err *err)
{
	uint64_t h = hash(hash(UINT64_C(0xcbf29ce484222325), lv), snapshot);
	char tail[32];
	int room = room_in(vg);
	size_t keep;
	int n;

	n = snprintf(ret, VIEW_NAME_MAX + 1, "%s" MARK "%s", lv, snapshot);
	if (n <= VIEW_NAME_MAX && !is_reserved(ret) &&
	    (int)dm_len(ret, (size_t)n) <= room)
		return 0;

	n = snprintf(tail, sizeof(tail), MARK "%016llx", (unsigned long long)h);
	room -= (int)dm_len(tail, (size_t)n);
	for (keep = strlen(lv); keep > 0; keep--)
		if ((int)dm_len(lv, keep) <= room)
			break;
	if (keep == 0)
		return err_set(err, ERR_INVALID, 0,
			       "the name of volume group %s leaves no room "
			       "for a view's name",
			       vg);
	snprintf(ret, VIEW_NAME_MAX + 1, "%.*s%s", (int)keep, lv, tail);
	return 0;
}

static size_t
put_doubled(char *to, const char *s)
{
	size_t n = 0;

	for (; *s; s++) {
		if (*s == '-')
			to[n++] = '-';
		to[n++] = *s;
	}
	return n;
}

int
view_name_dm(const char *vg, const char *lv, const char *suffix, char *ret,
	     struct err *err)
{
	size_t n = dm_len(vg, strlen(vg)) + 1 + dm_len(lv, strlen(lv)) +
		   strlen(suffix);

	if (n > VIEW_NAME_MAX)
		return err_set(err, ERR_INVALID, 0,
			       "%s/%s: the name is too long for a device with "
			       "snapshots",
			       vg, lv);
	n = put_doubled(ret, vg);
	ret[n++] = '-';
	n += put_doubled(ret + n, lv);
	memcpy(ret + n, suffix, strlen(suffix) + 1);
	return 0;
}

static bool
fits_tag(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-+/=!:&#", *s))
			return false;
	return true;
}

static int
add_tag(struct view_tags *t, const char *key, const char *value,
	struct err *err)
{
	int n = snprintf(t->tag[t->n], VIEW_TAG_LEN, VIEW_TAG ":%s=%s", key,
			 value);

	if (!*value || n >= VIEW_TAG_LEN || !fits_tag(value))
		return err_set(err, ERR_INVALID, 0,
			       "%s '%s' cannot be put into an LVM tag", key,
			       value);
	t->n++;
	return 0;
}

int
view_tags_make(const struct disk_owner *owner, struct view_tags *ret,
	       struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->tag[ret->n++], VIEW_TAG_LEN, "%s", VIEW_TAG);
	if (add_tag(ret, "domain", owner->domain, err) ||
	    add_tag(ret, "snapshot", owner->snapshot, err) ||
	    add_tag(ret, "generation", owner->generation, err) ||
	    add_tag(ret, "vdev", owner->vdev, err))
		return -1;
	return 0;
}

static void
read_tag(const char *tag, size_t len, const char *key, char *ret)
{
	size_t skip = strlen(VIEW_TAG ":") + strlen(key) + 1;

	if (len <= skip || len - skip >= VIEW_TAG_LEN ||
	    strncmp(tag, VIEW_TAG ":", strlen(VIEW_TAG ":")) != 0 ||
	    strncmp(tag + strlen(VIEW_TAG ":"), key, strlen(key)) != 0 ||
	    tag[skip - 1] != '=')
		return;
	memcpy(ret, tag + skip, len - skip);
	ret[len - skip] = '\0';
}

void
view_tags_read(const char *tags, struct view_owner *ret)
{
	size_t len;

	memset(ret, 0, sizeof(*ret));
	for (; *tags; tags += len + (tags[len] == ',')) {
		len = strcspn(tags, ",");
		if (len == strlen(VIEW_TAG) &&
		    strncmp(tags, VIEW_TAG, len) == 0)
			ret->ours = true;
		read_tag(tags, len, "domain", ret->domain);
		read_tag(tags, len, "snapshot", ret->snapshot);
		read_tag(tags, len, "generation", ret->generation);
		read_tag(tags, len, "vdev", ret->vdev);
	}
}

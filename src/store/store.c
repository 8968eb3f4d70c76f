/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.c - see store.h: which driver, and names checked before it sees them.
 */
#include "store.h"

#include <string.h>

#include "config.h"
#include "store_dir.h"
#ifdef HAVE_SIM
#include "store_mem.h"
#endif

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define NAME_CHARS LETTERS DIGITS "-."

/* A word and a colon choose it; "" takes what is left: paths. */
struct driver {
	const char *word;
	int (*open)(const char *address, bool create, struct store **ret,
		    struct err *err);
	int (*may_create)(const char *address, struct err *err);
};

static int
open_folder(const char *path, bool create, struct store **ret, struct err *err)
{
	return store_dir_open(path, create, 0, ret, err);
}

static const struct driver drivers[] = {
#ifdef HAVE_SIM
	{ "mem", store_mem_open, NULL },
#endif
	{ "", open_folder, store_dir_may_create },
};

/* How long the word before the first colon is, 0 if there is none. */
static size_t
word_length(const char *address)
{
	size_t len = strspn(address, LETTERS DIGITS "+-.");

	return address[len] == ':' ? len : 0;
}

static const struct driver *
driver_of(const char *address, struct err *err)
{
	size_t len = word_length(address);

	if (!*address) {
		err_set(err, ERR_INVALID, 0,
			"the address of the repository is empty");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strlen(drivers[i].word) == len &&
		    strncmp(drivers[i].word, address, len) == 0)
			return &drivers[i];
	err_set(err, ERR_INVALID, 0,
		"%s: there is no kind of repository called '%.*s'; "
		"a folder is ./%s",
		address, (int)len, address, address);
	return NULL;
}

int
store_open(const char *address, bool create, struct store **ret,
	   struct err *err)
{
	const struct driver *d = driver_of(address, err);

	return d ? d->open(address, create, ret, err) : -1;
}

int
store_may_create(const char *address, struct err *err)
{
	const struct driver *d = driver_of(address, err);

	if (!d)
		return -1;
	return d->may_create ? d->may_create(address, err) : 0;
}

/* How much of @name is good: parts of our letters, a '/' between two. */
static size_t
good_length(const char *name)
{
	size_t len = 0;
	size_t part;

	for (;;) {
		part = strspn(name + len, NAME_CHARS);
		if (part == 0 || name[len] == '.')
			return len;
		len += part;
		if (name[len] != '/')
			return len;
		len++;
	}
}

bool
store_name_fits(const char *name)
{
	size_t len = good_length(name);

	return len > 0 && len <= STORE_NAME_MAX && name[len] == '\0' &&
	       name[len - 1] != '/';
}

/* The same, or the beginning of such a name. */
static bool
prefix_fits(const char *prefix)
{
	size_t len = good_length(prefix);

	return len <= STORE_NAME_MAX && prefix[len] == '\0';
}

static int
refuse(const char *name, struct err *err)
{
	return err_set(err, ERR_INVALID, 0, "no object can be called '%s'",
		       name);
}

int
store_put(struct store *s, const char *name, const void *p, size_t len,
	  struct err *err)
{
	if (!store_name_fits(name))
		return refuse(name, err);
	return s->ops->put(s, name, p, len, err);
}

int
store_get(struct store *s, const char *name, uint64_t offset, void *p,
	  size_t len, size_t *ret_len, struct err *err)
{
	if (!store_name_fits(name))
		return refuse(name, err);
	/* Behind every end, but so that a driver can still add the two. */
	if (offset > INT64_MAX - len)
		offset = INT64_MAX - len;
	return s->ops->get(s, name, offset, p, len, ret_len, err);
}

int
store_size(struct store *s, const char *name, uint64_t *ret, struct err *err)
{
	if (!store_name_fits(name))
		return refuse(name, err);
	return s->ops->size(s, name, ret, err);
}

int
store_list(struct store *s, const char *prefix, store_list_fn *fn, void *ctx,
	   struct err *err)
{
	if (!prefix_fits(prefix))
		return refuse(prefix, err);
	return s->ops->list(s, prefix, fn, ctx, err);
}

int
store_drop(struct store *s, const char *name, struct err *err)
{
	if (!store_name_fits(name))
		return refuse(name, err);
	return s->ops->drop(s, name, err);
}

int
store_harden(struct store *s, const char *name, struct err *err)
{
	if (!store_name_fits(name))
		return refuse(name, err);
	return s->ops->harden(s, name, err);
}

int
store_tidy(struct store *s, unsigned int *ret_n, struct err *err)
{
	*ret_n = 0;
	return s->ops->tidy(s, ret_n, err);
}

int
store_reserve(struct store *s, uint64_t bytes, struct err *err)
{
	return s->ops->reserve ? s->ops->reserve(s, bytes, err) : 0;
}

int
store_spend(struct store *s, struct err *err)
{
	return s->ops->spend ? s->ops->spend(s, err) : 0;
}

int
store_sync(struct store *s, struct err *err)
{
	return s->ops->sync(s, err);
}

void
store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many.c - see many.h: the hosts, and what goes wrong with them. */
#include "many.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem_world.h"
#include "tap.h"

#define WRONGS_TOLD 20

static char top[PATH_MAX];
static unsigned int folders, wrongs;
static struct many_at here;

/* What a test cannot do without. */
static void
need(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- folders ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_all(const char *path)
{
	need(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, path);
}

static void
copy_file(int from_dir, int to_dir, const char *name)
{
	int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
	int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			0600);
	char bytes[8192];
	ssize_t n;

	need(from >= 0 && to >= 0, name);
	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		need(write(to, bytes, (size_t)n) == n, name);
	need(n == 0, name);
	close(from);
	close(to);
}

/* Folder @name in @from, and all that is in it, into @to. */
static void
copy_folder(int from, int to, const char *name)
{
	int fd = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int made;

	need(dir && mkdirat(to, name, 0700) == 0, name);
	made = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(made >= 0, name);
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_type == DT_DIR)
			copy_folder(fd, made, e->d_name);
		else
			copy_file(fd, made, e->d_name);
	}
	close(made);
	closedir(dir);
}

static void
name_folders(struct many *m)
{
	int n = snprintf(m->folder, sizeof(m->folder), "%s/%u", top, folders++);

	for (unsigned int i = 0; i < MANY_HOSTS; i++)
		snprintf(m->hosts[i].folder, sizeof(m->hosts[i].folder),
			 "%.*s/%u", n, m->folder, i);
}

void
many_begin(void)
{
	struct stat st;

	/* In memory if there is such a place: nothing here is to last. */
	snprintf(top, sizeof(top), "%s/xensnap-many.XXXXXX",
		 stat("/dev/shm", &st) == 0 && access("/dev/shm", W_OK) == 0 ?
			 "/dev/shm" :
			 "/tmp");
	need(mkdtemp(top) != NULL, top);
	/* What is large is asked for again and again. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int
many_end(void)
{
	store_mem_serve(NULL, NULL);
	remove_all(top);
	return tap_done();
}

/* ---- the world ---- */

struct many *
many_new(void)
{
	struct many *m = calloc(1, sizeof(*m));

	need(m != NULL, "memory");
	m->store = store_mem_new();
	need(m->store != NULL, "memory");
	name_folders(m);
	need(mkdir(m->folder, 0700) == 0, m->folder);
	for (unsigned int i = 0; i < MANY_HOSTS; i++)
		need(mkdir(m->hosts[i].folder, 0700) == 0, m->folder);
	m->hosts[MANY_HOSTS - 1].secret = MANY_HOSTS - 1;
	m->what = "";
	return m;
}

struct many *
many_copy(const struct many *from)
{
	struct many *m = malloc(sizeof(*m));
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int was = open(from->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int is;

	need(m && dir >= 0 && was >= 0, "copy");
	*m = *from;
	m->store = store_mem_copy(from->store);
	need(m->store != NULL, "memory");
	name_folders(m);
	need(mkdir(m->folder, 0700) == 0, m->folder);
	is = open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(is >= 0, m->folder);
	for (unsigned int i = 0; i < MANY_HOSTS; i++)
		copy_folder(was, is, strrchr(m->hosts[i].folder, '/') + 1);
	close(is);
	close(was);
	close(dir);
	return m;
}

void
many_free(struct many *m)
{
	if (!m)
		return;
	store_close(m->store);
	remove_all(m->folder);
	free(m);
}

struct slot_opener
many_opener(unsigned int i)
{
	static const char secrets[MANY_SECRETS][33] = {
		"The first of those who opened it",
		"Another one who opens it as well",
		"She who can only add, never read",
		"What it is after it was changed.",
	};
	struct slot_opener o = { .kdf = SLOT_KEY_FILE,
				 .p = secrets[i],
				 .len = 32 };

	return o;
}

static int
add_bytes(const char *name, uint64_t bytes, void *ctx, struct err *err)
{
	(void)name;
	(void)err;
	*(uint64_t *)ctx += bytes;
	return 0;
}

uint64_t
many_taken(const struct many *m)
{
	struct err err = ERR_INIT;
	uint64_t sum = 0;

	need(store_list(m->store, "", add_bytes, &sum, &err) == 0, "list");
	return sum;
}

uint8_t *
many_bytes(const struct many_disk *d, uint64_t *ret_len)
{
	uint8_t *p = calloc(d->n + 1u, MANY_CHUNK);

	need(p != NULL, "memory");
	for (unsigned int i = 0; i < d->n; i++) {
		uint64_t x = d->chunks[i];
		uint64_t state = x;
		uint8_t *to = p + (size_t)i * MANY_CHUNK;

		/* Half of it can be compressed. */
		for (size_t k = 0; x && k < MANY_CHUNK; k += sizeof(x)) {
			if (k < MANY_CHUNK / 2)
				x = mem_random(&state) | 1;
			memcpy(to + k, &x, sizeof(x));
		}
	}
	*ret_len = d->n ? (uint64_t)(d->n - 1) * MANY_CHUNK + d->last : 0;
	return p;
}

/* ---- what goes wrong ---- */

int
many_wrong(const struct many *m, const char *fmt, ...)
{
	char text[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (wrongs++ < WRONGS_TOLD)
		tap_note("%s: %s", m->what, text);
	return -1;
}

unsigned int
many_wrongs(void)
{
	return wrongs;
}

void
many_plan(struct many *m, unsigned int host, const struct many_plan *plan)
{
	static const struct many_plan none;

	m->hosts[host].plan = plan ? *plan : none;
}

void
many_cut(struct many *m, uint64_t seed)
{
	store_mem_crash(m->store, seed);
	m->cuts++;
}

static struct store *serve(bool create, void *ctx, struct err *err);

static void
switch_to(struct many_at at)
{
	here = at;
	if (!at.m)
		return;
	store_mem_serve(serve, NULL);
	need(setenv("XENSNAP_ROOT", at.m->hosts[at.host].folder, 1) == 0,
	     "setenv");
}

/* Before each call of a host's. */
static int
before(enum store_op op, const char *name, void *ctx, struct err *err)
{
	struct many_at at = here;
	struct many_host *h = ctx;
	struct many_plan *plan = &h->plan;

	h->calls++;
	h->counted += plan->fault.ops == 0 || (plan->fault.ops & op) != 0;
	if (plan->step)
		plan->step(at.m, plan->ctx);
	switch_to(at);
	if (h->calls == plan->meet)
		plan->fn(at.m, plan->ctx);
	if (h->cuts == at.m->cuts && (plan->cut == 0 || h->calls < plan->cut))
		return 0;
	return err_set(err, ERR_IO, 0, "simulated: dead before %s", name);
}

/* "mem:", for whoever has entered. */
static struct store *
serve(bool create, void *ctx, struct err *err)
{
	struct many *m = here.m;
	struct many_host *h = &m->hosts[here.host];
	struct store *s;

	(void)ctx;
	if (create && store_mem_count(m->store, "") > 0) {
		err_set(err, ERR_EXISTS, 0, "something is there");
		return NULL;
	}
	s = store_fault_new(store_mem_clone(m->store));
	need(s != NULL, "memory");
	store_fault_set(s, &h->plan.fault);
	store_fault_before(s, before, h);
	return s;
}

struct many_at
many_enter(struct many *m, unsigned int host)
{
	struct many_host *h = &m->hosts[host];
	struct many_at was = here;

	h->calls = 0;
	h->counted = 0;
	h->cuts = m->cuts;
	h->works = true;
	switch_to((struct many_at){ .m = m, .host = host });
	return was;
}

void
many_leave(struct many_at was)
{
	here.m->hosts[here.host].works = false;
	switch_to(was);
}

void
many_nobody(void)
{
	here.m = NULL;
}

struct repo_how
many_how(void)
{
	struct repo_how how = {
		.address = "mem:",
		.opener = many_opener(here.m->hosts[here.host].secret),
		.accept_head = here.m->accept_head,
	};

	return how;
}

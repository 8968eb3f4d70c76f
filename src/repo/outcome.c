/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outcome.c - see outcome.h. */
#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "take.h"

/* The least that a disk takes: three empty texts and its numbers. */
#define DISK_MIN 64

static void
put_disk(struct buf *b, const struct backup_disk *d)
{
	put_text_into(b, d->vdev, sizeof(d->vdev));
	put_text(b, d->source ? d->source : "");
	put_text_into(b, d->format, sizeof(d->format));
	put_u64(b, d->bytes);
	put_u8(b, d->levels);
	put_bytes(b, d->root, NAME_BYTES);
	put_u8(b, (uint8_t)d->how);
	put_text_into(b, d->why ? d->why : "", OUTCOME_TEXT);
	put_u64(b, d->read_bytes);
	put_u64(b, d->changed_bytes);
}

static void
put_backup(struct buf *b, const struct backup *k)
{
	put_text_into(b, k->name, sizeof(k->name));
	put_text_into(b, k->domain, sizeof(k->domain));
	put_bytes(b, k->uuid, sizeof(k->uuid));
	put_bytes(b, k->generation, sizeof(k->generation));
	put_u8(b, k->mode);
	put_u64(b, k->instant);
	put_u8(b, (uint8_t)k->from);
	put_bytes(b, k->config, NAME_BYTES);
	put_u32(b, k->config_bytes);
	put_bytes(b, k->parent, SESSION_ID);
	put_u16(b, (uint16_t)k->n_disks);
	for (unsigned int i = 0; i < k->n_disks; i++)
		put_disk(b, &k->disks[i]);
	put_u8(b, k->memory ? BACKUP_IMAGES : 0);
	for (unsigned int i = k->n_disks; i < backup_n_all(k); i++)
		put_disk(b, &k->disks[i]);
}

unsigned int
backup_n_all(const struct backup *b)
{
	return b->n_disks + (b->memory ? BACKUP_IMAGES : 0);
}

const struct backup_disk *
backup_pages(const struct backup *b)
{
	return &b->disks[b->n_disks];
}

const struct backup_disk *
backup_frame(const struct backup *b)
{
	return &b->disks[b->n_disks + 1];
}

void
outcome_encode(const struct outcome *o, struct buf *b)
{
	put_u8(b, (uint8_t)o->what);
	if (o->what == OUTCOME_BREAK)
		return;
	put_u8(b, (uint8_t)o->purpose);
	put_bytes(b, o->host, HOST_ID);
	put_text_into(b, o->host_name, sizeof(o->host_name));
	put_u64(b, o->sequence);
	put_bytes(b, o->previous, SHA256_BYTES);
	put_u64(b, o->ended);
	put_u32(b, o->n_index);
	put_bytes(b, o->index, (size_t)o->n_index * SHA256_BYTES);
	put_u64(b, o->new_bytes);
	put_u64(b, o->stored_bytes);
	if (o->purpose == PURPOSE_BACKUP)
		put_backup(b, &o->backup);
}

/* A u8 that names one of @low to @high. */
static uint8_t
take_one_of(struct take *t, uint8_t low, uint8_t high, const char *what)
{
	uint8_t v = take_u8(t);

	if (!t->wrong && (v < low || v > high))
		take_refuse(t, what);
	return v;
}

/* A text below @size, to @at, where there is room for it; @at is behind it. */
static const char *
take_text_to(struct take *t, size_t size, char **at)
{
	char text[TEXT_MAX + 1];
	char *to = *at;
	size_t len;

	take_text(t, text, size);
	len = strlen(text) + 1;
	memcpy(to, text, len);
	*at += len;
	return to;
}

static void
take_disk(struct take *t, struct backup_disk *d, char **texts)
{
	take_text(t, d->vdev, sizeof(d->vdev));
	d->source = take_text_to(t, TEXT_MAX + 1, texts);
	take_text(t, d->format, sizeof(d->format));
	d->bytes = take_u64(t);
	d->levels = take_u8(t);
	take_bytes(t, d->root, NAME_BYTES);
	d->how = (enum backup_how)take_one_of(t, HOW_WHOLE, HOW_CHANGES,
					      "a disk was read in no way that "
					      "we know");
	d->why = take_text_to(t, OUTCOME_TEXT, texts);
	d->read_bytes = take_u64(t);
	d->changed_bytes = take_u64(t);
}

/* Has an earlier disk the name of disk @i? */
static bool
is_twice(const struct backup *k, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++)
		if (strcmp(k->disks[j].vdev, k->disks[i].vdev) == 0)
			return true;
	return false;
}

static void
take_named(struct take *t, struct backup *k, unsigned int i, char **texts)
{
	take_disk(t, &k->disks[i], texts);
	if (is_twice(k, i))
		take_refuse(t, "two of its disks have one name");
}

static int
take_disks(struct take *t, struct backup *k, struct err *err)
{
	uint8_t images;
	char *texts;

	k->n_disks = take_u16(t);
	if (k->n_disks > OUTCOME_DISKS_MAX || k->n_disks > t->left / DISK_MIN) {
		take_refuse(t, "it cannot have so many disks");
		k->n_disks = 0;
	}
	k->disks =
		calloc((size_t)k->n_disks + BACKUP_IMAGES, sizeof(*k->disks));
	/* A text's NUL takes no more room than its length does there; and one
	 * that is refused is its NUL alone. */
	k->texts = malloc(t->left + 2 * (k->n_disks + BACKUP_IMAGES));
	if (!k->disks || !k->texts) {
		k->n_disks = 0;
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	}
	texts = k->texts;
	for (unsigned int i = 0; i < k->n_disks; i++)
		take_named(t, k, i, &texts);
	images = take_u8(t);
	if (images && images != BACKUP_IMAGES)
		take_refuse(t, "it has a memory of a kind that we don't know");
	k->memory = images && !t->wrong;
	for (unsigned int i = k->n_disks; i < backup_n_all(k); i++)
		take_named(t, k, i, &texts);
	return 0;
}

static int
take_backup(struct take *t, struct backup *k, struct err *err)
{
	take_text(t, k->name, sizeof(k->name));
	take_text(t, k->domain, sizeof(k->domain));
	take_bytes(t, k->uuid, sizeof(k->uuid));
	take_bytes(t, k->generation, sizeof(k->generation));
	k->mode = take_one_of(t, 0, 5, "it has a mode that we don't know");
	k->instant = take_u64(t);
	k->from = (enum backup_from)take_one_of(t, FROM_SNAPSHOT, FROM_DISK,
						"it is of something that we "
						"don't know");
	take_bytes(t, k->config, NAME_BYTES);
	k->config_bytes = take_u32(t);
	take_bytes(t, k->parent, SESSION_ID);
	return take_disks(t, k, err);
}

static int
take_index(struct take *t, struct outcome *o, struct err *err)
{
	const uint8_t *p;
	size_t len;

	o->n_index = take_count(t, SHA256_BYTES, OUTCOME_INDEX_MAX);
	len = (size_t)o->n_index * SHA256_BYTES;
	p = take_skip(t, len);
	o->index = malloc(len + 1);
	if (!o->index)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	if (p)
		memcpy(o->index, p, len);
	return 0;
}

static int
take_commit(struct take *t, struct outcome *o, struct err *err)
{
	o->purpose = (enum outcome_purpose)take_one_of(
		t, PURPOSE_BACKUP, PURPOSE_REPACK,
		"its purpose is none that we know");
	take_bytes(t, o->host, HOST_ID);
	take_text(t, o->host_name, sizeof(o->host_name));
	o->sequence = take_u64(t);
	take_bytes(t, o->previous, SHA256_BYTES);
	if (o->sequence == 0 || (o->sequence == 1) != name_is_zero(o->previous))
		take_refuse(t, "its sequence and the one before it don't "
			       "agree");
	o->ended = take_u64(t);
	if (take_index(t, o, err))
		return -1;
	o->new_bytes = take_u64(t);
	o->stored_bytes = take_u64(t);
	return !t->wrong && o->purpose == PURPOSE_BACKUP ?
		       take_backup(t, &o->backup, err) :
		       0;
}

int
outcome_decode(const uint8_t *p, size_t len, struct outcome *ret,
	       struct err *err)
{
	struct take t = take_from(p, len);
	int rc = 0;

	memset(ret, 0, sizeof(*ret));
	ret->what = (enum outcome_what)take_one_of(
		&t, OUTCOME_COMMIT, OUTCOME_BREAK,
		"it is neither a commit nor a break");
	if (!t.wrong && ret->what == OUTCOME_COMMIT)
		rc = take_commit(&t, ret, err);
	if (rc == 0)
		rc = take_end(&t, "an outcome", err);
	if (rc)
		outcome_done(ret);
	return rc;
}

void
outcome_done(struct outcome *o)
{
	free(o->index);
	free(o->backup.disks);
	free(o->backup.texts);
	memset(o, 0, sizeof(*o));
}

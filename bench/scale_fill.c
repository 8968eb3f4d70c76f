/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scale_fill.c - a simulated repository, for bench/scale: all that opening,
 * finding, backing up what is unchanged, and pruning read is there and real
 * (config, key, outcomes, index parts, packs of nodes); the packs of chunks are
 * empty files of the right length.
 *
 * Ids of chunks come from a generator, so nothing unique is kept in memory.
 * Each disk of a TiB or less is backed up once; all further backups change
 * CHANGES chunks of one of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hex.h"
#include "index.h"
#include "index_part.h"
#include "object.h"
#include "pack.h"
#include "rand.h"
#include "scale.h"
#include "tree.h"

#define FANOUT 256u
#define NODE (FANOUT * NAME_BYTES)
#define CHUNK REPO_CHUNK_DEFAULT
#define BLOB_CHUNKS 16u /* in a MiB */
#define BLOB (BLOB_CHUNKS * CHUNK + PACK_BLOB_EXTRA)
#define CHUNK_PACK (PACK_HEADER + FANOUT / BLOB_CHUNKS * BLOB)
#define PART_FULL 245000u        /* and what comes before the next look */
#define DISK_CHUNKS (1ull << 24) /* of a TiB */
#define CHANGES 4u

struct fill {
	const char *folder;
	struct repo *r;
	uint32_t realm;
	struct namer *namer;
	struct press *press;
	uint64_t stored; /* bytes of objects */
	/* The index part at hand, and the parts of the session. */
	struct index_entry *list;
	uint32_t n;
	struct buf packs;
	struct buf parts;
	/* The pack of nodes at hand. */
	struct pack_out *out;
	uint32_t out_first; /* entry of its first node */
	struct blob_piece pieces[BLOB_RAW_MAX / NODE];
	uint8_t ids[BLOB_RAW_MAX / NODE * NAME_BYTES];
	uint8_t *raw, *body;
	unsigned int staged;
	uint8_t previous[SHA256_BYTES];
	uint64_t sequence;
};

/* The ids of the nodes of a disk's first backup. */
struct disk {
	uint64_t chunks;
	uint64_t number;
	uint8_t *low;    /* of level 1 */
	uint8_t *middle; /* of level 2 */
	uint8_t root[NAME_BYTES];
};

/* ---- objects ---- */

static int
put_file(struct fill *f, const char *name, const void *p, size_t len,
	 uint64_t bytes, struct err *err)
{
	f->stored += len;
	return scale_put(f->folder, name, p, len, bytes, err);
}

static int
put_record(struct fill *f, enum record_kind kind, const char *name,
	   const struct buf *body, uint8_t ret_sum[SHA256_BYTES],
	   struct err *err)
{
	struct buf b = BUF_INIT;
	int rc = -1;

	if (buf_check(body, err) == 0 &&
	    record_seal(f->r->key, kind, f->realm, name, body->data, body->len,
			&b, err) == 0 &&
	    sha256_of(b.data, b.len, ret_sum) == 0)
		rc = put_file(f, name, b.data, b.len, b.len, err);
	buf_done(&b);
	return rc;
}

/* ---- the index ---- */

static int
by_id(const void *a, const void *b)
{
	return memcmp(((const struct index_entry *)a)->id,
		      ((const struct index_entry *)b)->id, INDEX_ID);
}

static int
end_part(struct fill *f, struct err *err)
{
	struct buf body = BUF_INIT, b = BUF_INIT;
	uint8_t sum[SHA256_BYTES];
	char name[OBJECT_NAME_MAX];
	int rc = -1;

	if (f->n == 0)
		return 0;
	qsort(f->list, f->n, sizeof(*f->list), by_id);
	put_u32(&body, (uint32_t)(f->packs.len / INDEX_PART_PACK));
	put_u32(&body, f->n);
	put_bytes(&body, f->packs.data, f->packs.len);
	for (uint32_t i = 0; i < f->n; i++) {
		put_bytes(&body, f->list[i].id, INDEX_ID);
		put_u32(&body, f->list[i].pack);
		put_u32(&body, f->list[i].offset);
		put_u32(&body, f->list[i].sealed_and_place);
	}
	if (buf_check(&body, err) ||
	    object_seal_index(f->r->key, f->realm, &body, &b, sum, err))
		goto out;
	object_name("index", sum, sizeof(sum), name);
	rc = put_file(f, name, b.data, b.len, b.len, err);
	put_bytes(&f->parts, sum, sizeof(sum));
	f->n = 0;
	f->packs.len = 0;
out:
	buf_done(&body);
	buf_done(&b);
	return rc;
}

static uint32_t
part_pack(struct fill *f, const uint8_t sum[SHA256_BYTES], uint64_t bytes)
{
	put_bytes(&f->packs, sum, SHA256_BYTES);
	put_u64(&f->packs, bytes);
	return (uint32_t)(f->packs.len / INDEX_PART_PACK) - 1;
}

static struct index_entry *
add_entry(struct fill *f, const uint8_t *id, uint32_t offset, uint32_t len,
	  uint32_t place)
{
	struct index_entry *e = &f->list[f->n++];

	memcpy(e->id, id, INDEX_ID);
	e->pack = UINT32_MAX; /* not known yet */
	e->offset = offset;
	e->sealed_and_place = len | place << INDEX_PLACE_SHIFT;
	return e;
}

/* ---- packs of nodes ---- */

static int
end_blob(struct fill *f, struct err *err)
{
	struct pack_group g = { .pieces = f->pieces, .ids = f->ids };
	uint32_t offset;
	long len;

	g.n = f->staged;
	if (g.n == 0)
		return 0;
	len = blob_encode(f->press, f->pieces, g.n, f->body, err);
	if (len < 0 ||
	    pack_out_add(f->out, f->body, (size_t)len, &g, &offset, err))
		return -1;
	for (unsigned int i = 0; i < g.n; i++)
		add_entry(f, f->ids + (size_t)i * NAME_BYTES, offset,
			  (uint32_t)len + PACK_BLOB_EXTRA, i);
	f->staged = 0;
	return 0;
}

/* The entries since the last one are of it, but for those of empty packs. */
static int
end_pack(struct fill *f, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	const uint8_t *data;
	char name[PACK_NAME];
	uint32_t number;
	size_t len;

	if (end_blob(f, err))
		return -1;
	if (pack_out_bytes(f->out) == 0)
		return 0;
	if (pack_out_end(f->out, &data, &len, sum, err))
		return -1;
	pack_name(sum, name);
	if (put_file(f, name, data, len, len, err))
		return -1;
	number = part_pack(f, sum, len);
	for (uint32_t i = 0; i < f->n; i++)
		if (f->list[i].pack == UINT32_MAX)
			f->list[i].pack = number;
	return f->n >= PART_FULL && end_part(f, err) ?
		       -1 :
		       pack_out_begin(f->out, f->r->key, f->realm, err);
}

/* A node of @n ids at @ids; its own into @ret. */
static int
add_node(struct fill *f, unsigned int level, const uint8_t *ids, uint32_t n,
	 uint8_t ret[NAME_BYTES], struct err *err)
{
	struct blob_piece *p = &f->pieces[f->staged];

	p->type = (uint8_t)(PIECE_NODE + level);
	p->len = n * NAME_BYTES;
	p->p = f->staged ? p[-1].p + p[-1].len : f->raw;
	memcpy(f->raw + (p->p - f->raw), ids, p->len);
	if (namer_name(f->namer, p->type, p->p, p->len, ret, err))
		return -1;
	memcpy(f->ids + (size_t)f->staged++ * NAME_BYTES, ret, NAME_BYTES);
	if (f->staged == BLOB_RAW_MAX / NODE && end_blob(f, err))
		return -1;
	/* Parts end where no entry waits for its pack. */
	return pack_out_bytes(f->out) >= PACK_TARGET || f->n >= PART_FULL ?
		       end_pack(f, err) :
		       0;
}

/* ---- chunks ---- */

/* A pack of @n chunks, of which nobody reads a byte. */
static int
empty_pack(struct fill *f, const uint8_t *ids, uint32_t n, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	char name[PACK_NAME];
	uint32_t number;

	if (sha256_of(ids, (size_t)n * NAME_BYTES, sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	number = part_pack(f, sum, CHUNK_PACK);
	for (uint32_t i = 0; i < n; i++)
		add_entry(f, ids + (size_t)i * NAME_BYTES,
			  PACK_HEADER + i / BLOB_CHUNKS * BLOB, BLOB,
			  i % BLOB_CHUNKS)
			->pack = number;
	pack_name(sum, name);
	return put_file(f, name, "", 0, CHUNK_PACK, err);
}

/* ---- outcomes ---- */

static int
commit(struct fill *f, const struct disk *d, const uint8_t root[NAME_BYTES],
       struct err *err)
{
	struct backup_disk bd = { .vdev = "xvda",
				  .source = "simulated",
				  .format = "raw",
				  .bytes = d->chunks * CHUNK,
				  .how = HOW_WHOLE };
	struct outcome o = { .what = OUTCOME_COMMIT,
			     .purpose = PURPOSE_BACKUP,
			     .host_name = "simulated",
			     .sequence = ++f->sequence,
			     .ended = (uint64_t)time(NULL) };
	struct buf b = BUF_INIT;
	uint8_t id[SESSION_ID], sum[SHA256_BYTES];
	char name[OBJECT_NAME_MAX];
	struct tree t;
	int rc = -1;

	if (end_pack(f, err) || end_part(f, err) ||
	    rand_bytes(id, sizeof(id), err))
		return -1;
	tree_init(&t, bd.bytes, CHUNK, REPO_FANOUT_LOG2);
	bd.levels = (uint8_t)t.levels;
	memcpy(bd.root, root, NAME_BYTES);
	memset(o.host, 0x5a, HOST_ID);
	memcpy(o.previous, f->previous, SHA256_BYTES);
	o.n_index = (uint32_t)(f->parts.len / SHA256_BYTES);
	o.index = f->parts.data;
	snprintf(o.backup.name, sizeof(o.backup.name), "disk%" PRIu64,
		 d->number);
	o.backup.instant = 1700000000 + f->sequence;
	o.backup.from = FROM_DISK;
	o.backup.n_disks = 1;
	o.backup.disks = &bd;
	put_bytes(&b, o.host, HOST_ID);
	put_text(&b, o.host_name);
	put_u64(&b, o.ended);
	put_u8(&b, PURPOSE_BACKUP);
	object_name("sessions", id, sizeof(id), name);
	if (put_record(f, RECORD_SESSION, name, &b, sum, err))
		goto out;
	b.len = 0;
	outcome_encode(&o, &b);
	object_name("outcomes", id, sizeof(id), name);
	rc = put_record(f, RECORD_OUTCOME, name, &b, f->previous, err);
	f->parts.len = 0;
out:
	buf_done(&b);
	return rc;
}

/* ---- disks ---- */

/* All of one: its chunks, its map, its first backup. */
static int
fill_disk(struct fill *f, struct disk *d, struct err *err)
{
	uint64_t nodes = (d->chunks + FANOUT - 1) / FANOUT;
	uint64_t middles = (nodes + FANOUT - 1) / FANOUT;
	uint8_t ids[NODE];

	d->low = calloc(nodes, NAME_BYTES);
	d->middle = calloc(middles, NAME_BYTES);
	if (!d->low || !d->middle)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (uint64_t i = 0; i < nodes; i++) {
		uint32_t n = (uint32_t)(d->chunks - i * FANOUT);

		n = n < FANOUT ? n : FANOUT;
		for (uint32_t k = 0; k < n; k++)
			scale_id(d->number, i * FANOUT + k, 0,
				 ids + (size_t)k * NAME_BYTES);
		if (empty_pack(f, ids, n, err) ||
		    add_node(f, 1, ids, n, d->low + i * NAME_BYTES, err))
			return -1;
	}
	for (uint64_t i = 0; i < middles; i++) {
		uint32_t n = (uint32_t)(nodes - i * FANOUT);

		if (add_node(f, 2, d->low + i * NODE, n < FANOUT ? n : FANOUT,
			     d->middle + i * NAME_BYTES, err))
			return -1;
	}
	memcpy(d->root, d->middle, NAME_BYTES);
	return (middles > 1 &&
		add_node(f, 3, d->middle, (uint32_t)middles, d->root, err)) ||
			       commit(f, d, d->root, err) ?
		       -1 :
		       0;
}

/* Chunk @i of disk @d is another one in backup @version: the nodes above it. */
static int
change(struct fill *f, const struct disk *d, uint64_t i, uint64_t version,
       uint8_t *middle, struct err *err)
{
	uint64_t nodes = (d->chunks + FANOUT - 1) / FANOUT;
	uint64_t node = i / FANOUT, up = node / FANOUT;
	uint32_t n = (uint32_t)(d->chunks - node * FANOUT);
	uint8_t ids[NODE], lows[NODE];

	n = n < FANOUT ? n : FANOUT;
	for (uint32_t k = 0; k < n; k++)
		scale_id(d->number, node * FANOUT + k,
			 node * FANOUT + k == i ? version : 0,
			 ids + (size_t)k * NAME_BYTES);
	if (empty_pack(f, ids + (i % FANOUT) * NAME_BYTES, 1, err))
		return -1;
	memcpy(lows, d->low + up * NODE,
	       (nodes - up * FANOUT < FANOUT ? nodes - up * FANOUT : FANOUT) *
		       NAME_BYTES);
	if (add_node(f, 1, ids, n, lows + (node % FANOUT) * NAME_BYTES, err))
		return -1;
	n = (uint32_t)(nodes - up * FANOUT);
	return add_node(f, 2, lows, n < FANOUT ? n : FANOUT,
			middle + up * NAME_BYTES, err);
}

/* One more backup of it; the changes are below nodes of their own. */
static int
fill_next(struct fill *f, const struct disk *d, uint64_t version,
	  struct err *err)
{
	uint64_t nodes = (d->chunks + FANOUT - 1) / FANOUT;
	uint64_t middles = (nodes + FANOUT - 1) / FANOUT;
	uint8_t middle[NODE], root[NAME_BYTES];

	memcpy(middle, d->middle, middles * NAME_BYTES);
	for (unsigned int k = 0; k < CHANGES; k++) {
		uint64_t step = d->chunks / CHANGES;

		if (change(f, d, k * step + version * 7919 % step, version,
			   middle, err))
			return -1;
	}
	memcpy(root, middle, NAME_BYTES);
	if (middles > 1 && add_node(f, 3, middle, (uint32_t)middles, root, err))
		return -1;
	return commit(f, d, root, err);
}

static int
fill(struct fill *f, uint64_t chunks, uint64_t backups, struct err *err)
{
	uint64_t n = (chunks + DISK_CHUNKS - 1) / DISK_CHUNKS;
	struct disk *d = calloc(n, sizeof(*d));
	int rc = -1;

	if (!d)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	for (uint64_t i = 0; i < n; i++) {
		d[i].number = i;
		d[i].chunks = chunks - i * DISK_CHUNKS;
		if (d[i].chunks > DISK_CHUNKS)
			d[i].chunks = DISK_CHUNKS;
		if (fill_disk(f, &d[i], err))
			goto out;
	}
	for (uint64_t i = n; i < backups; i++)
		if (fill_next(f, &d[i % n], i, err))
			goto out;
	rc = 0;
out:
	for (uint64_t i = 0; i < n; i++) {
		free(d[i].low);
		free(d[i].middle);
	}
	free(d);
	return rc;
}

static int
begin(struct fill *f, struct err *err)
{
	struct slot_opener opener = scale_opener();
	struct repo_how how = { .address = f->folder, .opener = opener };
	uint8_t key[KEY_BYTES];

	if (repo_init(f->folder, &opener, "bench", 0, err) ||
	    repo_open(&how, &f->r, err) || scale_folders(f->folder, err))
		return -1;
	f->realm = f->r->key->realm;
	if (key_name(f->r->key, f->realm, key, err))
		return -1;
	f->namer = namer_new(key, err);
	f->press = press_new(1, err);
	f->out = pack_out_new(err);
	f->list = calloc(INDEX_PART_ENTRIES + 4096, sizeof(*f->list));
	f->raw = malloc(BLOB_RAW_MAX);
	f->body = malloc(BLOB_BODY_MAX);
	if (!f->namer || !f->press || !f->out)
		return -1;
	if (!f->list || !f->raw || !f->body)
		return err_set(err, ERR_NOMEM, 0, "out of memory");
	return pack_out_begin(f->out, f->r->key, f->realm, err);
}

int
scale_fill(const char *folder, double tib, uint64_t backups, struct err *err)
{
	struct fill f = { .folder = folder };
	uint64_t chunks = (uint64_t)(tib * (double)DISK_CHUNKS);
	int rc = -1;

	if (begin(&f, err) == 0 && fill(&f, chunks, backups, err) == 0) {
		printf("{\"pieces\": %" PRIu64 ", \"stored_mib\": %" PRIu64
		       "}\n",
		       chunks, f.stored >> 20);
		rc = 0;
	}
	pack_out_free(f.out);
	namer_free(f.namer);
	press_free(f.press);
	buf_done(&f.packs);
	buf_done(&f.parts);
	free(f.list);
	free(f.raw);
	free(f.body);
	repo_close(f.r);
	return rc;
}

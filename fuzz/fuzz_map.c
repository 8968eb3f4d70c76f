/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_map.c - the nodes of a map that somebody made up: the size of a disk,
 * then pieces, each a byte of its type, one of its length, and so many bytes,
 * which for a node are the numbers of pieces before it.  They are put into a
 * pack, and the last one is the root of the disk.
 *
 * However the nodes hang together, a walk tells of each chunk once at most, in
 * order, and no more of them than the disk has; and what is loaded is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "index.h"
#include "map.h"
#include "pack.h"
#include "take.h"

#define PIECES_MAX 64
#define CHUNKS_MAX 1024
#define CHUNK 4096
#define NO_PIECE 255 /* the number of one that is nowhere */

#define INPUTS 128 /* that share a repository: to make one takes long */

struct world {
	struct repo r;
	struct index *ix;
	struct getter *g;
	struct namer *namer;
	unsigned int inputs;
	/* Of the one at hand: */
	struct tree tree;
	unsigned int n;
	uint8_t id[PIECES_MAX][NAME_BYTES];
	uint8_t seen[CHUNKS_MAX][NAME_BYTES]; /* by the walk */
	uint64_t next;                        /* where it may go on */
};

/* ---- a pack of what the fuzzer says ---- */

/* The bytes of one piece. */
static void
take_piece(struct take *t, const struct world *w, struct blob_piece *ret,
	   struct buf *b)
{
	unsigned int level = take_u8(t) % 5, n = take_u8(t);

	ret->type = level ? (uint8_t)(PIECE_NODE + level) : PIECE_CHUNK;
	b->len = 0;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t v = take_u8(t);

		if (!level)
			put_u8(b, v);
		else if (v == 0)
			put_zeros(b, NAME_BYTES);
		else if (v == NO_PIECE || w->n == 0)
			for (int k = 0; k < NAME_BYTES; k++)
				put_u8(b, v);
		else
			put_bytes(b, w->id[(v - 1) % w->n], NAME_BYTES);
	}
	ret->p = b->data;
	ret->len = (uint32_t)b->len;
}

/* A blob of that piece alone, as it is. */
static size_t
make_body(const struct blob_piece *piece, uint8_t *ret)
{
	memset(ret, 0, 8);
	ret[2] = 1;
	le32_to(ret + 4, piece->len);
	le32_to(ret + 8, piece->len | (uint32_t)piece->type << 24);
	memcpy(ret + 12, piece->p, piece->len);
	return 12 + piece->len;
}

static void
put_piece(struct world *w, struct pack_out *out, uint32_t pack,
	  const struct blob_piece *piece)
{
	uint8_t *id = w->id[w->n++], body[12 + 256 * NAME_BYTES];
	struct pack_group g = { 1, piece, id };
	struct err err = ERR_INIT;
	uint32_t offset;
	size_t len;

	must(namer_name(w->namer, piece->type, piece->p, piece->len, id,
			&err) == 0);
	if (index_claim(w->ix, id, &err))
		return; /* there it is already */
	len = make_body(piece, body);
	must(pack_out_add(out, body, len, &g, &offset, &err) == 0);
	index_fill(w->ix, id, pack, offset, (uint32_t)len + PACK_BLOB_EXTRA, 0);
}

static void
put_pieces(struct take *t, struct world *w)
{
	static struct pack_out *out;
	uint8_t sum[SHA256_BYTES];
	struct blob_piece piece;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	char name[PACK_NAME];
	const uint8_t *p;
	uint32_t pack;
	size_t len;

	if (!out)
		out = pack_out_new(&err);
	must(out && pack_out_begin(out, fuzz_key(), 0, &err) == 0);
	must(index_new_pack(w->ix, &pack, &err) == 0);
	while (!t->wrong && t->left && w->n < PIECES_MAX) {
		take_piece(t, w, &piece, &b);
		if (!t->wrong && piece.len)
			put_piece(w, out, pack, &piece);
	}
	must(!b.no_room && pack_out_end(out, &p, &len, sum, &err) == 0);
	index_named_pack(w->ix, pack, sum, len);
	pack_name(sum, name);
	fuzz_put(w->r.store, name, p, len);
	buf_done(&b);
}

/* ---- reading it ---- */

static int
see(uint64_t first, unsigned int n, const uint8_t *ids, void *ctx,
    struct err *err)
{
	struct world *w = ctx;

	(void)err;
	must(first >= w->next && n <= 1u << w->tree.fanout_log2);
	must(first + n <= w->tree.n[0] && n > 0);
	w->next = first + n;
	memcpy(w->seen[first], ids, (size_t)n * NAME_BYTES);
	return 0;
}

/* Does the map @m say of @n chunks from @first on what the walk has seen? */
static void
compare(const struct world *w, const struct map *m, uint64_t first,
	unsigned int n)
{
	static uint8_t ids[CHUNKS_MAX * NAME_BYTES];
	struct err err = ERR_INIT;

	must(map_get(m, first, n, ids, &err) == 0);
	must(memcmp(ids, w->seen[first], (size_t)n * NAME_BYTES) == 0);
}

static void
load(struct world *w, const uint8_t *root)
{
	struct map_range half = { w->tree.n[0] / 2, 1 };
	struct err err = ERR_INIT;
	struct map *m;

	m = map_new(fuzz_folder(), w->tree.bytes, CHUNK, w->tree.fanout_log2,
		    &err);
	must(m && map_load(m, w->g, root, &err) == 0);
	compare(w, m, 0, (unsigned int)w->tree.n[0]);
	must(map_load_parts(m, w->g, root, &half, 1, &err) == 0);
	compare(w, m, half.first, 1);
	map_free(m);
}

/* An empty repository, unless that at hand has room for one more. */
static void
make_world(struct world *w)
{
	struct err err = ERR_INIT;
	uint8_t key[KEY_BYTES];

	if (w->ix && w->inputs++ < INPUTS)
		return;
	getter_free(w->g);
	namer_free(w->namer);
	index_free(w->ix);
	store_close(w->r.store);
	w->inputs = 0;
	w->r.key = fuzz_key();
	w->r.store = fuzz_store();
	w->ix = index_new(fuzz_folder(), &err);
	must(w->ix && key_name(w->r.key, 0, key, &err) == 0);
	w->namer = namer_new(key, &err);
	w->g = getter_new(&w->r, w->ix, 0, &err);
	must(w->namer && w->g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct take t = take_from(p, len);
	unsigned int fanout_log2 = 4 + (take_u8(&t) & 1);
	unsigned int chunks = take_u16(&t) % CHUNKS_MAX + 1;
	struct err err = ERR_INIT;
	static struct world w;
	const uint8_t *root;

	make_world(&w);
	must(tree_init(&w.tree, (uint64_t)chunks * CHUNK - take_u8(&t), CHUNK,
		       fanout_log2) == 0);
	w.n = 0;
	w.next = 0;
	memset(w.seen, 0, sizeof(w.seen));
	put_pieces(&t, &w);
	if (!w.n)
		return 0;
	root = w.id[w.n - 1];
	if (map_walk(w.g, &w.tree, root, see, &w, &err))
		fuzz_refused(&err, CORRUPT | NOTFOUND);
	else
		load(&w, root);
	return 0;
}

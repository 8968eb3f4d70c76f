/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slot.c - see slot.h. */
#include "slot.h"

#include <sodium.h>
#include <string.h>

#include "aead.h"
#include "rand.h"
#include "take.h"
#include "text.h"

#define MAGIC "xsnapkey"
#define VERSION 1

#define SALT 16
#define CHECK 32
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES

/* Where things are. */
#define AT_CHECK 68
#define AT_NONCE 100
#define AT_SEALED 126

/* A slot, its fields found; the pointers are into its bytes. */
struct slot {
	struct slot_info info;
	uint8_t kind;
	const uint8_t *all; /* AT_SEALED bytes before what is sealed */
	const uint8_t *salt, *check, *nonce, *sealed;
	size_t sealed_len;
};

static const char *
limits(const struct slot_info *i)
{
	if (i->kdf == SLOT_KEY_FILE)
		return i->passes || i->kib ? "reserved bytes are set" : NULL;
	if (i->passes < 1 || i->passes > SLOT_PASSES_MAX ||
	    i->kib < SLOT_KIB_MIN || i->kib > SLOT_KIB_MAX)
		return "its passphrase would cost what none may cost";
	return NULL;
}

/* Magic and version first: behind them all may be different one day. */
static int
take_version(struct take *t, struct err *err)
{
	const uint8_t *magic = take_skip(t, 8);
	uint16_t version = take_u16(t);

	if (magic && memcmp(magic, MAGIC, 8) != 0)
		take_refuse(t, "it does not begin as one");
	else if (version == 0)
		take_refuse(t, "no version has its number");
	if (!t->wrong && version != VERSION)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "a key slot: version %u is not known here",
			       version);
	return 0;
}

static int
slot_take(const void *p, size_t len, struct slot *s, struct err *err)
{
	struct take t = take_from(p, len);
	const char *wrong;
	uint8_t kdf;

	memset(s, 0, sizeof(*s));
	s->all = p;
	if (len > SLOT_MAX)
		take_refuse(&t, "it is too long");
	if (take_version(&t, err))
		return -1;
	s->kind = take_u8(&t);
	kdf = take_u8(&t);
	take_bytes(&t, s->info.repo_id, REPO_ID);
	take_bytes(&t, s->info.id, SLOT_ID);
	s->info.passes = take_u32(&t);
	s->info.kib = take_u32(&t);
	s->salt = take_skip(&t, SALT);
	s->check = take_skip(&t, CHECK);
	s->nonce = take_skip(&t, NONCE);
	s->sealed_len = take_u16(&t);
	s->sealed = take_skip(&t, s->sealed_len);
	if (take_end(&t, "a key slot", err))
		return -1;
	if (s->kind < 1 || s->kind > 2 || kdf < 1 || kdf > 2)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "a key slot: kind %u, opened by %u, is not "
			       "known here",
			       s->kind, kdf);
	s->info.full = s->kind == 1;
	s->info.kdf = kdf == 1 ? SLOT_PASSPHRASE : SLOT_KEY_FILE;
	wrong = limits(&s->info);
	if (wrong)
		return err_set(err, ERR_CORRUPT, 0, "a key slot: %s", wrong);
	return 0;
}

int
slot_look(const void *p, size_t len, struct slot_info *ret, struct err *err)
{
	struct slot s;

	if (slot_take(p, len, &s, err))
		return -1;
	*ret = s.info;
	return 0;
}

/* The key that @opener makes of @salt; wipe it. */
static int
make_kek(const struct slot_opener *o, const struct slot_info *i,
	 const uint8_t *salt, uint8_t ret[KEY_BYTES], struct err *err)
{
	static const char label[] = "xensnap 1 key file";

	if (sodium_init() < 0)
		return err_set(err, ERR_IO, 0, "libsodium does not start");
	if (i->kdf == SLOT_KEY_FILE)
		return hkdf_sha256(o->p, o->len, salt, SALT, label,
				   sizeof(label) - 1, ret, KEY_BYTES, err);
	if (crypto_pwhash(ret, KEY_BYTES, o->len ? o->p : "", o->len, salt,
			  i->passes, (size_t)i->kib << 10,
			  crypto_pwhash_ALG_ARGON2ID13))
		return err_set(err, ERR_NOMEM, 0,
			       "no %u MiB of memory for a passphrase",
			       i->kib >> 10);
	return 0;
}

/* It commits to the key, which the cipher does not. */
static void
make_check(const uint8_t kek[KEY_BYTES], const uint8_t *slot,
	   uint8_t ret[CHECK])
{
	static const char label[] = "xensnap 1 check";
	crypto_generichash_state h;

	crypto_generichash_init(&h, kek, KEY_BYTES, CHECK);
	crypto_generichash_update(&h, (const uint8_t *)label,
				  sizeof(label) - 1);
	crypto_generichash_update(&h, slot, AT_CHECK);
	crypto_generichash_final(&h, ret, CHECK);
	sodium_memzero(&h, sizeof(h));
}

/* All up to the nonce, and the key for what is to be sealed, to be wiped. */
static int
put_header(const struct slot_info *i, const struct slot_opener *o,
	   struct buf *b, uint8_t kek[KEY_BYTES], struct err *err)
{
	uint8_t fresh[SALT + NONCE], check[CHECK];
	size_t begin = b->len;

	if (rand_bytes(fresh, sizeof(fresh), err) ||
	    make_kek(o, i, fresh, kek, err))
		return -1;
	put_bytes(b, MAGIC, 8);
	put_u16(b, VERSION);
	put_u8(b, i->full ? 1 : 2);
	put_u8(b, i->kdf == SLOT_PASSPHRASE ? 1 : 2);
	put_bytes(b, i->repo_id, REPO_ID);
	put_bytes(b, i->id, SLOT_ID);
	put_u32(b, i->passes);
	put_u32(b, i->kib);
	put_bytes(b, fresh, SALT);
	if (buf_check(b, err))
		return -1;
	make_check(kek, b->data + begin, check);
	put_bytes(b, check, CHECK);
	put_bytes(b, fresh + SALT, NONCE);
	return 0;
}

/* All of the slot, for what @plain holds. */
static int
put_slot(const struct slot_info *i, const struct buf *plain,
	 const struct slot_opener *o, struct buf *b, struct err *err)
{
	size_t begin = b->len;
	uint8_t kek[KEY_BYTES], *to, *all;
	int rc = -1;

	if (put_header(i, o, b, kek, err))
		goto out;
	put_u16(b, (uint16_t)(plain->len + TAG));
	to = buf_more(b, plain->len + TAG);
	if (buf_check(b, err))
		goto out;
	all = b->data + begin;
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(
		    to, NULL, plain->data, plain->len, all, AT_SEALED, NULL,
		    all + AT_NONCE, kek)) {
		err_set(err, ERR_IO, 0, "libsodium cannot encrypt");
		goto out;
	}
	rc = 0;
out:
	sodium_memzero(kek, sizeof(kek));
	if (rc)
		b->len = begin;
	return rc;
}

/* What a new slot says of itself, if @opener can be one. */
static int
new_info(const struct key *k, const struct slot_opener *o, uint32_t passes,
	 uint32_t kib, struct slot_info *ret, struct err *err)
{
	const char *wrong;

	memset(ret, 0, sizeof(*ret));
	ret->kdf = o->kdf;
	ret->full = k->full;
	memcpy(ret->repo_id, k->repo_id, REPO_ID);
	if (o->kdf == SLOT_PASSPHRASE) {
		if (!o->len)
			return err_set(err, ERR_INVALID, 0,
				       "the passphrase is empty");
		ret->passes = passes ? passes : SLOT_PASSES;
		ret->kib = kib ? kib : SLOT_KIB;
	} else if (o->len != 32) {
		return err_set(err, ERR_INVALID, 0,
			       "a key file has 32 bytes, not %zu", o->len);
	}
	wrong = limits(ret);
	if (wrong)
		return err_set(err, ERR_INVALID, 0, "a new key slot: %s",
			       wrong);
	if (rand_bytes(ret->id, SLOT_ID, err))
		return -1;
	/* So that who adds one sees which realms there are. */
	if (!k->full)
		le32_to(ret->id, k->realm);
	return 0;
}

int
slot_seal(const struct key *k, const char *label,
	  const struct slot_opener *opener, uint32_t passes, uint32_t kib,
	  struct buf *b, uint8_t ret_id[SLOT_ID], struct err *err)
{
	struct slot_info info;
	struct buf plain = BUF_INIT; /* so short that it is never moved */
	uint8_t kind;                /* as info.full says */
	int rc = -1;

	if (strlen(label) >= SLOT_LABEL)
		return err_set(err, ERR_INVALID, 0,
			       "a label has at most %d bytes", SLOT_LABEL - 1);
	if (!text_is_plain(label))
		return err_set(err, ERR_INVALID, 0,
			       "a label is UTF-8 without control characters");
	if (new_info(k, opener, passes, kib, &info, err))
		return -1;
	key_encode(k, &plain, &kind);
	put_text(&plain, label);
	if (buf_check(&plain, err) || put_slot(&info, &plain, opener, b, err))
		goto out;
	memcpy(ret_id, info.id, SLOT_ID);
	rc = 0;
out:
	buf_wipe(&plain);
	return rc;
}

/* The key and the label of what was in the slot. */
static int
take_key(const struct slot *s, const uint8_t *plain, size_t len,
	 struct key **ret, char *ret_label, struct err *err)
{
	struct key *k;
	struct take t;
	size_t used;

	k = key_decode(s->info.repo_id, s->kind, plain, len, &used, err);
	if (!k)
		return -1;
	t = take_from(plain + used, len - used);
	take_text(&t, ret_label, SLOT_LABEL);
	if (take_end(&t, "what is in a key slot", err)) {
		key_free(k);
		return -1;
	}
	*ret = k;
	return 0;
}

static int
denied(const struct slot *s, struct err *err)
{
	return err_set(err, ERR_DENIED, 0, "%s, or the key slot is damaged",
		       s->info.kdf == SLOT_PASSPHRASE ?
			       "the passphrase is wrong" :
			       "the key file is another one's");
}

int
slot_open(const void *p, size_t len, const struct slot_opener *opener,
	  struct key **ret, char *ret_label, struct err *err)
{
	uint8_t kek[KEY_BYTES], check[CHECK], plain[SLOT_MAX];
	unsigned long long n;
	struct slot s;
	int rc = -1;

	if (slot_take(p, len, &s, err))
		return -1;
	if (opener->kdf != s.info.kdf)
		return err_set(err, ERR_DENIED, 0,
			       "the key slot is opened by a %s",
			       s.info.kdf == SLOT_PASSPHRASE ? "passphrase" :
							       "key file");
	if (opener->kdf == SLOT_KEY_FILE && opener->len != 32)
		return denied(&s, err);
	if (make_kek(opener, &s.info, s.salt, kek, err))
		goto out;
	make_check(kek, s.all, check);
	if (sodium_memcmp(check, s.check, CHECK) != 0) {
		denied(&s, err);
		goto out;
	}
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    plain, &n, NULL, s.sealed, s.sealed_len, s.all, AT_SEALED,
		    s.nonce, kek)) {
		err_set(err, ERR_CORRUPT, 0, "the key slot is damaged");
		goto out;
	}
	rc = take_key(&s, plain, (size_t)n, ret, ret_label, err);
out:
	sodium_memzero(kek, sizeof(kek));
	sodium_memzero(plain, sizeof(plain));
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key.c - see key.h. */
#include "key.h"

#include <sodium.h>
#include <string.h>

#include "aead.h"
#include "take.h"

#define KIND_FULL 1
#define KIND_PUT_ONLY 2

/* "xensnap 1 " | label | 0x00 | context: the longest that format.md has. */
#define INFO_MAX 128

static struct key *
key_alloc(const uint8_t repo_id[REPO_ID], struct err *err)
{
	struct key *k;

	if (sodium_init() < 0) {
		err_set(err, ERR_IO, 0, "libsodium does not start");
		return NULL;
	}
	k = sodium_malloc(sizeof(*k));
	if (!k) {
		err_set(err, ERR_NOMEM, 0, "out of memory for a key");
		return NULL;
	}
	memset(k, 0, sizeof(*k));
	memcpy(k->repo_id, repo_id, REPO_ID);
	return k;
}

/* RK[@realm] of a full key. */
static int
derive_realm(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	     struct err *err)
{
	uint8_t context[4];

	le32_to(context, realm);
	return key_derive(k, k->master, "realm", context, sizeof(context), ret,
			  KEY_BYTES, err);
}

/* Both pairs, of what MK gives for them. */
static int
make_pairs(struct key *k, struct err *err)
{
	uint8_t seed[KEY_BYTES];
	int rc = -1;

	if (key_derive(k, k->master, "read", NULL, 0, k->read_sk, KEY_BYTES,
		       err) ||
	    key_derive(k, k->master, "sign", NULL, 0, seed, sizeof(seed), err))
		goto out;
	if (crypto_scalarmult_base(k->read_pk, k->read_sk) ||
	    crypto_sign_seed_keypair(k->sign_pk, k->sign_sk, seed)) {
		err_set(err, ERR_IO, 0, "libsodium cannot make a pair of keys");
		goto out;
	}
	rc = 0;
out:
	sodium_memzero(seed, sizeof(seed));
	return rc;
}

struct key *
key_new(const uint8_t repo_id[REPO_ID], const uint8_t master[KEY_BYTES],
	struct err *err)
{
	struct key *k = key_alloc(repo_id, err);

	if (!k)
		return NULL;
	k->full = true;
	memcpy(k->master, master, KEY_BYTES);
	if (derive_realm(k, 0, k->realm_key, err) || make_pairs(k, err) ||
	    key_derive(k, k->master, "head", NULL, 0, k->head, KEY_BYTES,
		       err)) {
		key_free(k);
		return NULL;
	}
	return k;
}

struct key *
key_put_only(const struct key *from, uint32_t realm, struct err *err)
{
	struct key *k;

	if (!from->full || realm == 0 || realm == REALM_NONE) {
		err_set(err, ERR_INVALID, 0,
			from->full ? "no put-only key has realm %u" :
				     "a put-only key of realm %u needs a "
				     "full key",
			realm);
		return NULL;
	}
	k = key_alloc(from->repo_id, err);
	if (!k)
		return NULL;
	k->realm = realm;
	memcpy(k->read_pk, from->read_pk, KEY_BYTES);
	memcpy(k->sign_pk, from->sign_pk, KEY_BYTES);
	memcpy(k->head, from->head, KEY_BYTES);
	if (derive_realm(from, realm, k->realm_key, err)) {
		key_free(k);
		return NULL;
	}
	return k;
}

void
key_encode(const struct key *k, struct buf *b, uint8_t *ret_kind)
{
	*ret_kind = k->full ? KIND_FULL : KIND_PUT_ONLY;
	if (k->full) {
		put_bytes(b, k->master, KEY_BYTES);
		return;
	}
	put_u32(b, k->realm);
	put_bytes(b, k->realm_key, KEY_BYTES);
	put_bytes(b, k->read_pk, KEY_BYTES);
	put_bytes(b, k->sign_pk, KEY_BYTES);
	put_bytes(b, k->head, KEY_BYTES);
}

static void
take_put_only(struct take *t, struct key *k)
{
	k->realm = take_u32(t);
	take_bytes(t, k->realm_key, KEY_BYTES);
	take_bytes(t, k->read_pk, KEY_BYTES);
	take_bytes(t, k->sign_pk, KEY_BYTES);
	take_bytes(t, k->head, KEY_BYTES);
	if (k->realm == 0 || k->realm == REALM_NONE)
		take_refuse(t, "no put-only key has its realm");
}

struct key *
key_decode(const uint8_t repo_id[REPO_ID], uint8_t kind, const uint8_t *p,
	   size_t len, size_t *ret_used, struct err *err)
{
	struct take t = take_from(p, len);
	struct key *k = NULL;

	if (kind == KIND_FULL) {
		const uint8_t *master = take_skip(&t, KEY_BYTES);

		if (master)
			k = key_new(repo_id, master, err);
	} else if (kind == KIND_PUT_ONLY) {
		k = key_alloc(repo_id, err);
		if (k)
			take_put_only(&t, k);
	} else {
		take_refuse(&t, "no kind of key has its number");
	}
	if (t.wrong) {
		err_set(err, ERR_CORRUPT, 0, "a key: %s", t.wrong);
		key_free(k);
		return NULL;
	}
	if (k)
		*ret_used = len - t.left;
	return k;
}

int
key_derive(const struct key *k, const uint8_t from[KEY_BYTES],
	   const char *label, const void *context, size_t context_len,
	   uint8_t *ret, size_t len, struct err *err)
{
	static const char program[] = "xensnap 1 ";
	uint8_t info[INFO_MAX];
	size_t at = sizeof(program) - 1, label_len = strlen(label) + 1;

	if (at + label_len + context_len > sizeof(info))
		return err_set(err, ERR_IO, 0, "the label %s is too long",
			       label);
	memcpy(info, program, at);
	memcpy(info + at, label, label_len); /* with its NUL */
	at += label_len;
	if (context_len)
		memcpy(info + at, context, context_len);
	return hkdf_sha256(from, KEY_BYTES, k->repo_id, REPO_ID, info,
			   at + context_len, ret, len, err);
}

int
key_of_realm(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	     struct err *err)
{
	if (realm == REALM_NONE || (!k->full && realm != k->realm))
		return err_set(err, ERR_DENIED, 0,
			       "this key is not one of realm %u", realm);
	if (realm != k->realm)
		return derive_realm(k, realm, ret, err);
	memcpy(ret, k->realm_key, KEY_BYTES);
	return 0;
}

static int
of_realm(const struct key *k, uint32_t realm, const char *label,
	 uint8_t ret[KEY_BYTES], struct err *err)
{
	uint8_t realm_key[KEY_BYTES];
	int rc = key_of_realm(k, realm, realm_key, err);

	if (rc == 0)
		rc = key_derive(k, realm_key, label, NULL, 0, ret, KEY_BYTES,
				err);
	sodium_memzero(realm_key, sizeof(realm_key));
	return rc;
}

int
key_name(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	 struct err *err)
{
	return of_realm(k, realm, "name", ret, err);
}

int
key_meta(const struct key *k, uint32_t realm, uint8_t ret[KEY_BYTES],
	 struct err *err)
{
	return of_realm(k, realm, "meta", ret, err);
}

int
key_mac_config(const struct key *k, const void *p, size_t len,
	       uint8_t ret[KEY_BYTES], struct err *err)
{
	uint8_t mac_key[crypto_auth_hmacsha256_KEYBYTES];
	int rc = key_derive(k, k->head, "config", NULL, 0, mac_key,
			    sizeof(mac_key), err);

	if (rc == 0)
		crypto_auth_hmacsha256(ret, p, len, mac_key);
	sodium_memzero(mac_key, sizeof(mac_key));
	return rc;
}

/* What is signed: of this repository, of this object, this body. */
static void
put_signed(const struct key *k, const char *name, const void *body, size_t len,
	   struct buf *b)
{
	static const char program[] = "xensnap 1 signed";

	put_bytes(b, program, sizeof(program) - 1);
	put_bytes(b, k->repo_id, REPO_ID);
	put_bytes(b, name, strlen(name) + 1); /* with its NUL */
	put_bytes(b, body, len);
}

int
key_sign(const struct key *k, const char *name, const void *body, size_t len,
	 uint8_t ret[SIGNATURE], struct err *err)
{
	struct buf b = BUF_INIT;
	int rc = -1;

	if (!k->full)
		return err_set(err, ERR_DENIED, 0,
			       "a put-only key cannot sign");
	put_signed(k, name, body, len, &b);
	if (buf_check(&b, err))
		goto out;
	if (crypto_sign_detached(ret, NULL, b.data, b.len, k->sign_sk)) {
		err_set(err, ERR_IO, 0, "libsodium cannot sign");
		goto out;
	}
	rc = 0;
out:
	buf_done(&b);
	return rc;
}

bool
key_signed(const struct key *k, const char *name, const void *body, size_t len,
	   const uint8_t signature[SIGNATURE])
{
	struct buf b = BUF_INIT;
	bool yes;

	put_signed(k, name, body, len, &b);
	yes = !b.no_room && crypto_sign_verify_detached(signature, b.data,
							b.len, k->sign_pk) == 0;
	buf_done(&b);
	return yes;
}

void
key_free(struct key *k)
{
	sodium_free(k); /* wipes; NULL is allowed */
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record.c - see record.h. */
#include "record.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "aead.h"
#include "rand.h"
#include "sha256.h"
#include "take.h"

#define MAGIC "xsnaprec"
#define VERSION 1
#define SALT 32
#define COMMIT 32
#define AT_COMMIT 64
#define NAME_MAX_LEN 128

/* Each record has its own key, so that this is used once with each. */
static const uint8_t nonce_0[AEAD_NONCE];

/* What is authenticated beside the body. */
struct aad {
	uint8_t bytes[AT_COMMIT + NAME_MAX_LEN];
	size_t len;
};

static bool
is_signed(enum record_kind kind)
{
	return kind == RECORD_HEAD || kind == RECORD_FORGET;
}

/* The header up to the commit, and the name as far as it can be known. */
static int
aad_make(struct aad *a, const uint8_t *header, enum record_kind kind,
	 const char *name, struct err *err)
{
	size_t len;

	if (kind == RECORD_INDEX)
		name = "index/";
	len = strlen(name);
	if (len > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID, 0,
			       "the name of a record is too long");
	memcpy(a->bytes, header, AT_COMMIT);
	memcpy(a->bytes + AT_COMMIT, name, len);
	a->len = AT_COMMIT + len;
	return 0;
}

/* key | commit of the record whose header is @header. */
static int
derive(const struct key *k, uint32_t realm, const uint8_t *salt,
       uint8_t ret[AEAD_KEY + COMMIT], struct err *err)
{
	uint8_t from[KEY_BYTES];
	int rc = 0;

	if (realm == REALM_NONE)
		memcpy(from, k->head, KEY_BYTES);
	else
		rc = key_meta(k, realm, from, err);
	if (rc == 0)
		rc = key_derive(k, from, "record", salt, SALT, ret,
				AEAD_KEY + COMMIT, err);
	sodium_memzero(from, sizeof(from));
	return rc;
}

static int
put_header(const struct key *k, enum record_kind kind, uint32_t realm,
	   struct buf *b, uint8_t key[AEAD_KEY + COMMIT], struct err *err)
{
	uint8_t salt[SALT];

	if (rand_bytes(salt, sizeof(salt), err) ||
	    derive(k, realm, salt, key, err))
		return -1;
	put_bytes(b, MAGIC, 8);
	put_u16(b, VERSION);
	put_u8(b, (uint8_t)kind);
	put_u8(b, (uint8_t)aead_best());
	put_u32(b, realm);
	put_bytes(b, k->repo_id, REPO_ID);
	put_bytes(b, salt, SALT);
	put_bytes(b, key + AEAD_KEY, COMMIT);
	return 0;
}

/* The body and, if there has to be one, its signature. */
static int
put_body(const struct key *k, enum record_kind kind, const char *name,
	 const void *body, size_t len, struct buf *b, struct err *err)
{
	uint8_t signature[SIGNATURE];

	put_bytes(b, body, len);
	if (!is_signed(kind))
		return 0;
	if (key_sign(k, name, body, len, signature, err))
		return -1;
	put_bytes(b, signature, SIGNATURE);
	return 0;
}

/* Encrypt, where it is, what stands behind the header at @begin. */
static int
seal(struct buf *b, size_t begin, enum record_kind kind, const char *name,
     const uint8_t *key, struct err *err)
{
	size_t len = b->len - begin - RECORD_HEADER;
	struct aead *a = NULL;
	uint8_t *body;
	struct aad aad;
	int rc = -1;

	buf_more(b, AEAD_TAG);
	if (buf_check(b, err) ||
	    aad_make(&aad, b->data + begin, kind, name, err))
		return -1;
	a = aead_new(aad.bytes[11], key, err);
	body = b->data + begin + RECORD_HEADER;
	if (a)
		rc = aead_seal(a, nonce_0, aad.bytes, aad.len, body, len, body,
			       err);
	aead_free(a);
	return rc;
}

int
record_seal(const struct key *k, enum record_kind kind, uint32_t realm,
	    const char *name, const void *body, size_t len, struct buf *b,
	    struct err *err)
{
	uint8_t key[AEAD_KEY + COMMIT];
	size_t begin = b->len;
	int rc = -1;

	if (is_signed(kind))
		realm = REALM_NONE;
	else if (realm == REALM_NONE)
		return err_set(err, ERR_DENIED, 0,
			       "a record like that has to be of a realm");
	if (put_header(k, kind, realm, b, key, err) ||
	    put_body(k, kind, name, body, len, b, err) ||
	    seal(b, begin, kind, name, key, err))
		goto out;
	rc = 0;
out:
	sodium_memzero(key, sizeof(key));
	if (rc && b->data) {
		/* Maybe not yet encrypted. */
		sodium_memzero(b->data + begin, b->len - begin);
		b->len = begin;
	}
	return rc;
}

/* An index part is called by its sum. */
static int
check_sum(const char *name, const uint8_t *p, size_t len, struct err *err)
{
	uint8_t sum[SHA256_BYTES];
	char is[sizeof("index/") + SHA256_HEX_LEN] = "index/";

	if (sha256_of(p, len, sum))
		return err_set(err, ERR_IO, 0, "SHA-256 fails");
	sodium_bin2hex(is + 6, SHA256_HEX_LEN + 1, sum, sizeof(sum));
	if (strcmp(is, name) != 0)
		return err_set(err, ERR_CORRUPT, 0, "its sum is another one");
	return 0;
}

/* Whether the header at @p can be one of such a record; its realm. */
static int
check_header(const struct key *k, enum record_kind kind, const uint8_t *p,
	     size_t len, uint32_t *ret_realm, struct err *err)
{
	uint16_t version;

	if (len < 10 || memcmp(p, MAGIC, 8) != 0)
		return err_set(err, ERR_CORRUPT, 0, "it is no record");
	version = le16_at(p + 8);
	if (version > VERSION)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "version %u of a record is not known here",
			       version);
	if (version != VERSION)
		return err_set(err, ERR_CORRUPT, 0, "it has no version");
	if (len < RECORD_EXTRA)
		return err_set(err, ERR_CORRUPT, 0, "it is too short");
	if (p[10] != kind)
		return err_set(err, ERR_CORRUPT, 0,
			       "it is of kind %u instead of %u", p[10],
			       (unsigned int)kind);
	if (memcmp(p + 16, k->repo_id, REPO_ID) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "it is of another repository");
	*ret_realm = le32_at(p + 12);
	if (is_signed(kind) != (*ret_realm == REALM_NONE))
		return err_set(err, ERR_CORRUPT, 0,
			       "it is of a realm of which it cannot be");
	return 0;
}

/* Decrypt, where it is, what stands behind the header at @p. */
static int
unseal(const struct key *k, enum record_kind kind, const char *name, uint8_t *p,
       size_t len, struct err *err)
{
	uint8_t key[AEAD_KEY + COMMIT];
	struct aead *a = NULL;
	struct aad aad;
	int rc = -1;

	if (aad_make(&aad, p, kind, name, err) ||
	    derive(k, le32_at(p + 12), p + 32, key, err))
		goto out;
	a = aead_new(p[11], key, err);
	if (!a)
		goto out;
	if (sodium_memcmp(key + AEAD_KEY, p + AT_COMMIT, COMMIT) != 0) {
		err_set(err, ERR_CORRUPT, 0, "its header is damaged");
		goto out;
	}
	p += RECORD_HEADER;
	rc = aead_open(a, nonce_0, aad.bytes, aad.len, p, len - RECORD_HEADER,
		       p, err);
out:
	aead_free(a);
	sodium_memzero(key, sizeof(key));
	return rc;
}

static int
check_signature(const struct key *k, const char *name, const uint8_t *body,
		size_t *len, struct err *err)
{
	if (*len < SIGNATURE)
		return err_set(err, ERR_CORRUPT, 0, "it has no signature");
	*len -= SIGNATURE;
	if (!key_signed(k, name, body, *len, body + *len))
		return err_set(err, ERR_CORRUPT, 0,
			       "its signature is not one of a full key");
	return 0;
}

int
record_open(const struct key *k, enum record_kind kind, const char *name,
	    uint8_t *p, size_t len, const uint8_t **ret, size_t *ret_len,
	    uint32_t *ret_realm, struct err *err)
{
	const uint8_t *body;
	size_t body_len;
	uint32_t realm = 0;

	if (check_header(k, kind, p, len, &realm, err) ||
	    (kind == RECORD_INDEX && check_sum(name, p, len, err)) ||
	    unseal(k, kind, name, p, len, err))
		return err_add(err, "%s", name);
	body = p + RECORD_HEADER;
	body_len = len - RECORD_EXTRA;
	if (is_signed(kind) && check_signature(k, name, body, &body_len, err))
		return err_add(err, "%s", name);
	*ret = body;
	*ret_len = body_len;
	*ret_realm = realm;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* box.c - see box.h. */
#include "box.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "buf.h"
#include "rand.h"

#define MAGIC "xsnappck"
#define VERSION 1
#define COMMIT 32

/* Where things are in the header. */
#define AT_VERSION 8
#define AT_SUITE 10
#define AT_RESERVED 11
#define AT_REALM 12
#define AT_REPO_ID 16
#define AT_SALT 32
#define AT_EPH_PK 64
#define AT_COMMIT 96

struct box {
	struct aead *aead;
	bool fresh;                  /* made here: may seal */
	uint64_t end;                /* of what was sealed last */
	uint8_t aad[BOX_HEADER + 8]; /* the header, an offset */
};

/* Realms in which this key may write. */
static bool
writes_in(const struct key *k, uint32_t realm)
{
	return realm != REALM_NONE && (k->full || realm == k->realm);
}

/* key | commit of what X25519 gives for @sk and @pk, and of the header. */
static int
derive(const struct key *k, const uint8_t *header, const uint8_t *sk,
       const uint8_t *pk, uint8_t ret[AEAD_KEY + COMMIT], struct err *err)
{
	static const char label[] = "xensnap 1 pack"; /* with its NUL */
	uint8_t info[sizeof(label) + 16 + 1 + 4 + 32 + 32], *to = info;
	uint8_t shared[crypto_scalarmult_BYTES];
	int rc = -1;

	/* Fails for a point that makes all secrets the same: zeros. */
	if (crypto_scalarmult(shared, sk, pk)) {
		err_set(err, ERR_CORRUPT, 0,
			"a public key is one that hides nothing");
		goto out;
	}
	to = mempcpy(to, label, sizeof(label));
	to = mempcpy(to, header + AT_REPO_ID, REPO_ID);
	*to++ = header[AT_SUITE];
	to = mempcpy(to, header + AT_REALM, 4);
	to = mempcpy(to, header + AT_EPH_PK, 32);
	memcpy(to, k->read_pk, 32);
	rc = hkdf_sha256(shared, sizeof(shared), header + AT_SALT, 32, info,
			 sizeof(info), ret, AEAD_KEY + COMMIT, err);
out:
	sodium_memzero(shared, sizeof(shared));
	return rc;
}

static struct box *
box_make(const uint8_t *header, const uint8_t *key, bool fresh, struct err *err)
{
	struct box *b = calloc(1, sizeof(*b));

	if (!b) {
		err_set(err, ERR_NOMEM, 0, "out of memory for a pack");
		return NULL;
	}
	b->fresh = fresh;
	b->end = BOX_HEADER;
	memcpy(b->aad, header, BOX_HEADER);
	b->aead = aead_new(header[AT_SUITE], key, err);
	if (!b->aead) {
		box_free(b);
		return NULL;
	}
	return b;
}

/* All of a new header but its commit, and the secret half of its pair. */
static int
make_header(const struct key *k, unsigned int suite, uint32_t realm,
	    uint8_t *ret, uint8_t eph_sk[32], struct err *err)
{
	memset(ret, 0, BOX_HEADER);
	memcpy(ret, MAGIC, 8);
	ret[AT_VERSION] = VERSION;
	ret[AT_SUITE] = (uint8_t)suite;
	le32_to(ret + AT_REALM, realm);
	memcpy(ret + AT_REPO_ID, k->repo_id, REPO_ID);
	if (rand_bytes(ret + AT_SALT, 32, err) || rand_bytes(eph_sk, 32, err))
		return -1;
	if (crypto_scalarmult_base(ret + AT_EPH_PK, eph_sk))
		return err_set(err, ERR_IO, 0,
			       "libsodium cannot make a pair of keys");
	return 0;
}

struct box *
box_new(const struct key *k, unsigned int suite, uint32_t realm,
	uint8_t ret_header[BOX_HEADER], struct err *err)
{
	uint8_t eph_sk[32], key[AEAD_KEY + COMMIT];
	struct box *b = NULL;

	if (!writes_in(k, realm)) {
		err_set(err, ERR_DENIED, 0,
			"this key writes no packs of realm %u", realm);
		return NULL;
	}
	if (suite > UINT8_MAX) {
		err_set(err, ERR_UNSUPPORTED, 0, "no suite is number %u",
			suite);
		return NULL;
	}
	if (make_header(k, suite, realm, ret_header, eph_sk, err) ||
	    derive(k, ret_header, eph_sk, k->read_pk, key, err))
		goto out;
	memcpy(ret_header + AT_COMMIT, key + AEAD_KEY, COMMIT);
	b = box_make(ret_header, key, true, err);
out:
	sodium_memzero(eph_sk, sizeof(eph_sk));
	sodium_memzero(key, sizeof(key));
	return b;
}

static int
check_header(const struct key *k, const uint8_t *p, struct err *err)
{
	uint16_t version = le16_at(p + AT_VERSION);

	if (memcmp(p, MAGIC, 8) != 0)
		return err_set(err, ERR_CORRUPT, 0, "it is no pack");
	if (version > VERSION)
		return err_set(err, ERR_UNSUPPORTED, 0,
			       "version %u of a pack is not known here",
			       version);
	if (version != VERSION)
		return err_set(err, ERR_CORRUPT, 0, "it has no version");
	if (p[AT_RESERVED])
		return err_set(err, ERR_CORRUPT, 0, "reserved bytes are set");
	if (le32_at(p + AT_REALM) == REALM_NONE)
		return err_set(err, ERR_CORRUPT, 0, "it is of no realm");
	if (memcmp(p + AT_REPO_ID, k->repo_id, REPO_ID) != 0)
		return err_set(err, ERR_CORRUPT, 0,
			       "it is of another repository");
	if (!k->full)
		return err_set(err, ERR_DENIED, 0,
			       "a put-only key cannot read packs");
	return 0;
}

struct box *
box_open(const struct key *k, const uint8_t header[BOX_HEADER],
	 uint32_t *ret_realm, struct err *err)
{
	uint8_t key[AEAD_KEY + COMMIT];
	struct box *b = NULL;

	if (check_header(k, header, err) ||
	    derive(k, header, k->read_sk, header + AT_EPH_PK, key, err))
		goto out;
	b = box_make(header, key, false, err);
	if (!b)
		goto out;
	if (sodium_memcmp(key + AEAD_KEY, header + AT_COMMIT, COMMIT) != 0) {
		err_set(err, ERR_CORRUPT, 0, "its header is damaged");
		box_free(b);
		b = NULL;
		goto out;
	}
	*ret_realm = le32_at(header + AT_REALM);
out:
	sodium_memzero(key, sizeof(key));
	return b;
}

/* Nonce, and what is authenticated beside, of the blob at @offset. */
static void
set_offset(struct box *b, uint64_t offset, uint8_t nonce[AEAD_NONCE])
{
	memset(nonce, 0, AEAD_NONCE);
	le64_to(nonce, offset);
	le64_to(b->aad + BOX_HEADER, offset);
}

int
box_seal(struct box *b, uint64_t offset, const void *plain, size_t len,
	 uint8_t *ret, struct err *err)
{
	uint8_t nonce[AEAD_NONCE];

	if (!b->fresh)
		return err_set(err, ERR_INVALID, 0,
			       "nothing is added to a pack that is there");
	if (offset < b->end)
		return err_set(err, ERR_INVALID, 0,
			       "there is something at this place of the pack");
	/* Used up, whether it succeeds or not. */
	b->end = offset + len + BOX_EXTRA;
	set_offset(b, offset, nonce);
	return aead_seal(b->aead, nonce, b->aad, sizeof(b->aad), plain, len,
			 ret, err);
}

int
box_unseal(struct box *b, uint64_t offset, const uint8_t *sealed, size_t len,
	   void *ret, struct err *err)
{
	uint8_t nonce[AEAD_NONCE];

	set_offset(b, offset, nonce);
	return aead_open(b->aead, nonce, b->aad, sizeof(b->aad), sealed, len,
			 ret, err);
}

void
box_free(struct box *b)
{
	if (!b)
		return;
	aead_free(b->aead);
	free(b);
}

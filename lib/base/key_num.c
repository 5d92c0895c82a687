/* base/key_num.c - do the numbers of a private key belong together? Owns all arithmetic on keys (libcrypto's BN and EC).
 * Cheap on purpose: no primality tests, so a key costs microseconds to a few milliseconds. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "base/cleanup.h"
#include "base/key_forms.h"

#define RSA_BYTES_MIN (384 / 8)	      /* of the modulus: less was never a key, but an exercise */
#define RSA_BYTES_MAX (16384 / 8 + 1) /* libcrypto itself refuses larger moduli */
#define DSA_BYTES_MAX (4096 / 8 + 1)  /* bounds the one exponentiation; the standard ends at 3072 bits */
#define EC_BYTES_MAX 160	      /* an uncompressed point of the largest curve, and some */

CW_DEFINE_CLEANUP(BN_CTX, BN_CTX_free) /* clears every number taken from it */
CW_DEFINE_CLEANUP(EC_GROUP, EC_GROUP_free)
CW_DEFINE_CLEANUP(EC_POINT, EC_POINT_clear_free)
CW_DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
CW_DEFINE_CLEANUP(ASN1_OBJECT, ASN1_OBJECT_free)

static bool load(BN_CTX *ctx, const struct cw_key_int *in, BIGNUM **ret)
{
	*ret = BN_CTX_get(ctx);
	return *ret && BN_bin2bn(in->p, (int)in->len, *ret);
}

/* 0 or CW_E_NOMEM: libcrypto says no either because the values are wrong or because memory is gone, which may stand anywhere in
 * its queue. */
static int why_not(void)
{
	unsigned long e;
	int rc = 0;

	while ((e = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
			rc = CW_E_NOMEM;
	}
	return rc;
}

/* One prime's share: e * d = 1 mod (prime - 1), and d mod (prime - 1) is what the key says (when it does). */
static int check_exponent(BN_CTX *ctx, const BIGNUM *e, const BIGNUM *d, const BIGNUM *prime,
			  const struct cw_key_int *reduced)
{
	BIGNUM *less = BN_CTX_get(ctx), *t = BN_CTX_get(ctx), *want;

	if (!t || !BN_copy(less, prime) || !BN_sub_word(less, 1))
		return CW_E_NOMEM;
	if (BN_is_zero(less) || BN_is_one(less))
		return 0;
	if (!BN_mod_mul(t, e, d, less, ctx))
		return CW_E_NOMEM;
	if (!BN_is_one(t))
		return 0;
	if (reduced->len == 0)
		return 1;
	if (!load(ctx, reduced, &want) || !BN_nnmod(t, d, less, ctx))
		return CW_E_NOMEM;
	return BN_cmp(t, want) == 0;
}

static int check_primes(BN_CTX *ctx, const struct cw_key_rsa *k, const BIGNUM *n, const BIGNUM *p, const BIGNUM *q)
{
	BIGNUM *t = BN_CTX_get(ctx), *rest = BN_CTX_get(ctx), *qinv;

	if (!rest || !BN_mul(t, p, q, ctx))
		return CW_E_NOMEM;
	if (BN_is_zero(t))
		return 0;
	if (!BN_nnmod(rest, n, t, ctx))
		return CW_E_NOMEM;
	if (!BN_is_zero(rest) || (!k->multi && BN_cmp(t, n) != 0))
		return 0;
	if (k->qinv.len == 0)
		return 1;
	if (!load(ctx, &k->qinv, &qinv) || !BN_mod_mul(t, q, qinv, p, ctx))
		return CW_E_NOMEM;
	return BN_is_one(t);
}

int cw_key_check_rsa(const struct cw_key_rsa *k)
{
	const struct cw_key_int *all[] = {&k->n, &k->e, &k->d, &k->p, &k->q, &k->dp, &k->dq, &k->qinv};
	BIGNUM *n, *e, *d, *p, *q;
	int ok;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->len > RSA_BYTES_MAX || (i < 5 && all[i]->len == 0))
			return 0;
	}
	if (k->n.len < RSA_BYTES_MIN)
		return 0;
	CW_CLEANUP(BN_CTX_free_p) BN_CTX *ctx = BN_CTX_new();
	if (!ctx)
		return CW_E_NOMEM;
	BN_CTX_start(ctx);
	if (!load(ctx, &k->n, &n) || !load(ctx, &k->e, &e) || !load(ctx, &k->d, &d) || !load(ctx, &k->p, &p) ||
	    !load(ctx, &k->q, &q))
		ok = CW_E_NOMEM;
	else
		ok = BN_is_zero(n) ? 0 : check_primes(ctx, k, n, p, q);
	if (ok == 1)
		ok = check_exponent(ctx, e, d, p, &k->dp);
	if (ok == 1)
		ok = check_exponent(ctx, e, d, q, &k->dq);
	BN_CTX_end(ctx);
	return ok;
}

/* y = g^x mod p with 0 < x < q, and q divides p - 1. Without y (PKCS#8): g^q = 1 mod p. */
static int check_dsa_numbers(BN_CTX *ctx, const struct cw_key_dsa *k)
{
	BIGNUM *p, *q, *g, *y, *x, *t = BN_CTX_get(ctx);

	if (!t || !load(ctx, &k->p, &p) || !load(ctx, &k->q, &q) || !load(ctx, &k->g, &g) || !load(ctx, &k->y, &y) ||
	    !load(ctx, &k->x, &x))
		return CW_E_NOMEM;
	if (!BN_is_odd(p) || BN_is_zero(q) || BN_is_zero(x) || BN_cmp(x, q) >= 0 || BN_cmp(y, p) >= 0 ||
	    BN_cmp(g, p) >= 0)
		return 0;
	if (!BN_nnmod(t, p, q, ctx))
		return CW_E_NOMEM;
	if (!BN_is_one(t))
		return 0;
	BN_set_flags(x, BN_FLG_CONSTTIME);
	if (!BN_mod_exp(t, g, k->y.len > 0 ? x : q, p, ctx))
		return why_not();
	return k->y.len > 0 ? BN_cmp(t, y) == 0 : BN_is_one(t);
}

int cw_key_check_dsa(const struct cw_key_dsa *k)
{
	const struct cw_key_int *all[] = {&k->p, &k->q, &k->g, &k->x, &k->y};
	int ok;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if ((i < 4 && all[i]->len == 0) || all[i]->len > DSA_BYTES_MAX)
			return 0;
	}
	CW_CLEANUP(BN_CTX_free_p) BN_CTX *ctx = BN_CTX_new();
	if (!ctx)
		return CW_E_NOMEM;
	BN_CTX_start(ctx);
	ok = check_dsa_numbers(ctx, k);
	BN_CTX_end(ctx);
	return ok;
}

/* 0 < d < order; the public point, when given, is on the curve and equals d * G. */
static int check_ec(const EC_GROUP *group, BN_CTX *ctx, const struct cw_key_int *pub, const struct cw_key_int *d_in)
{
	BIGNUM *d;

	if (!load(ctx, d_in, &d))
		return CW_E_NOMEM;
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
		return 0;
	if (pub->len == 0)
		return 1;
	CW_CLEANUP(EC_POINT_clear_free_p) EC_POINT *point = EC_POINT_new(group);
	CW_CLEANUP(EC_POINT_clear_free_p) EC_POINT *want = EC_POINT_new(group);
	if (!point || !want)
		return CW_E_NOMEM;
	if (!EC_POINT_oct2point(group, point, pub->p, pub->len, ctx))
		return why_not();
	if (!EC_POINT_mul(group, want, d, NULL, NULL, ctx))
		return CW_E_NOMEM; /* nothing else can go wrong with a number below the order */
	return EC_POINT_cmp(group, point, want, ctx) == 0;
}

static int check_ec_nid(int nid, const struct cw_key_int *pub, const struct cw_key_int *d)
{
	int ok;

	if (d->len == 0 || d->len > EC_BYTES_MAX || pub->len > EC_BYTES_MAX)
		return 0;
	CW_CLEANUP(EC_GROUP_free_p) EC_GROUP *group = nid != NID_undef ? EC_GROUP_new_by_curve_name(nid) : NULL;
	if (!group)
		return nid != NID_undef ? why_not() : 0;
	CW_CLEANUP(BN_CTX_free_p) BN_CTX *ctx = BN_CTX_new();
	if (!ctx)
		return CW_E_NOMEM;
	BN_CTX_start(ctx);
	ok = check_ec(group, ctx, pub, d);
	BN_CTX_end(ctx);
	return ok;
}

int cw_key_check_ec_oid(const uint8_t *oid, size_t oid_len, const struct cw_key_int *pub, const struct cw_key_int *d)
{
	uint8_t der[2 + 64] = {0x06, (uint8_t)oid_len};
	const unsigned char *at = der;

	if (oid_len == 0 || oid_len > 64)
		return 0;
	memcpy(der + 2, oid, oid_len);
	CW_CLEANUP(ASN1_OBJECT_free_p) ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, (long)oid_len + 2);
	if (!object)
		return why_not();
	return check_ec_nid(OBJ_obj2nid(object), pub, d);
}

int cw_key_check_ec_ssh(const struct cw_key_wire *curve, const struct cw_key_int *pub, const struct cw_key_int *d)
{
	int nid = NID_undef;

	if (cw_key_wire_is(curve, "nistp256"))
		nid = NID_X9_62_prime256v1;
	else if (cw_key_wire_is(curve, "nistp384"))
		nid = NID_secp384r1;
	else if (cw_key_wire_is(curve, "nistp521"))
		nid = NID_secp521r1;
	return check_ec_nid(nid, pub, d);
}

int cw_key_check_ed25519(const uint8_t seed[32], const uint8_t pub[32])
{
	CW_CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	uint8_t own[32];
	size_t len = sizeof(own);

	if (!key || EVP_PKEY_get_raw_public_key(key, own, &len) != 1)
		return why_not() ? CW_E_NOMEM : 1; /* a libcrypto without this curve cannot refute the key */
	return len == sizeof(own) && memcmp(own, pub, sizeof(own)) == 0;
}

/* base/key_der.c - private keys in DER: which form it is, and whether its numbers belong together.
 * Sources: RFC 8017 (PKCS#1), RFC 5915 (SEC1), RFC 5208 and 5958 (PKCS#8), RFC 7292 (PKCS#12), RFC 8410 (Ed25519 and kin).
 * Element headers are read by libcrypto; nothing is allocated for them, so nothing is left to wipe. */
#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>

#include "base/key_forms.h"

enum tag { /* first byte of an element */
	   TAG_INT = 0x02,
	   TAG_BITS = 0x03,
	   TAG_OCTETS = 0x04,
	   TAG_OID = 0x06,
	   TAG_SEQ = 0x30,
	   TAG_ARG0 = 0xa0,
	   TAG_ARG1 = 0xa1,
};

struct der { /* what is still to be read */
	const uint8_t *p;
	size_t len;
};

static bool next_is(const struct der *in, enum tag tag)
{
	return in->len > 0 && in->p[0] == tag;
}

/* Take the next element, which must carry TAG and a definite length, and give its contents. */
static bool take(struct der *in, enum tag tag, struct der *ret)
{
	const unsigned char *at = in->p;
	long len;
	int number, cls, flags;

	if (!next_is(in, tag) || in->len > LONG_MAX)
		return false;
	flags = ASN1_get_object(&at, &len, &number, &cls, (long)in->len);
	if ((flags & 0x80) || (flags & 0x01))
		return false;
	*ret = (struct der){.p = at, .len = (size_t)len};
	in->len -= (size_t)(at - in->p) + (size_t)len;
	in->p = at + len;
	return true;
}

/* A number that is not negative, as its magnitude without leading zero bytes. */
static bool take_int(struct der *in, struct cw_key_int *ret)
{
	struct der body;

	if (!take(in, TAG_INT, &body) || body.len == 0 || (body.p[0] & 0x80))
		return false;
	while (body.len > 0 && body.p[0] == 0) {
		body.p++;
		body.len--;
	}
	*ret = (struct cw_key_int){.p = body.p, .len = body.len};
	return true;
}

/* One-digit version number; -1 when the number is larger. */
static int small(const struct cw_key_int *n)
{
	return n->len == 0 ? 0 : n->len == 1 && n->p[0] < 10 ? n->p[0] : -1;
}

static int settle(int check, enum cw_key_state good, enum cw_key_state *ret)
{
	if (check < 0)
		return check;
	*ret = check ? good : CW_KEY_BROKEN;
	return 0;
}

/* RSAPrivateKey and the old DSA form: a version and then only numbers. */
static int numbers_form(struct der rest, int version, enum cw_key_state *ret)
{
	struct cw_key_int v[9];
	size_t count = 0;

	while (count < 9 && next_is(&rest, TAG_INT)) {
		if (!take_int(&rest, &v[count++]))
			return 0;
	}
	if (count == 8 && (rest.len == 0 || (version == 1 && next_is(&rest, TAG_SEQ)))) {
		struct cw_key_rsa rsa = {.n = v[0],
					 .e = v[1],
					 .d = v[2],
					 .p = v[3],
					 .q = v[4],
					 .dp = v[5],
					 .dq = v[6],
					 .qinv = v[7],
					 .multi = rest.len > 0};
		return settle(cw_key_check_rsa(&rsa), CW_KEY_PLAIN, ret);
	}
	if (count == 5 && rest.len == 0 && version == 0) {
		struct cw_key_dsa dsa = {.p = v[0], .q = v[1], .g = v[2], .y = v[3], .x = v[4]};
		return settle(cw_key_check_dsa(&dsa), CW_KEY_PLAIN, ret);
	}
	return 0;
}

/* ECPrivateKey behind its version. CURVE is the algorithm's parameters when they stand outside (PKCS#8), else empty. */
static int sec1_form(struct der rest, struct der curve, enum cw_key_state *ret)
{
	struct der key, arg, bits = {NULL, 0};
	struct cw_key_int pub = {NULL, 0}, d;

	if (!take(&rest, TAG_OCTETS, &key) || key.len == 0)
		return 0;
	if (next_is(&rest, TAG_ARG0) && !take(&rest, TAG_ARG0, &curve))
		return 0;
	if (next_is(&rest, TAG_ARG1)) {
		if (!take(&rest, TAG_ARG1, &arg) || !take(&arg, TAG_BITS, &bits) || bits.len < 2 || bits.p[0] != 0)
			return 0;
		pub = (struct cw_key_int){.p = bits.p + 1, .len = bits.len - 1};
	}
	if (rest.len != 0)
		return 0;
	d = (struct cw_key_int){.p = key.p, .len = key.len};
	if (next_is(&curve, TAG_SEQ)) { /* the curve is spelt out: nothing to compare with */
		*ret = CW_KEY_PLAIN;
		return 0;
	}
	struct der oid;
	if (!take(&curve, TAG_OID, &oid) || curve.len != 0)
		return 0;
	return settle(cw_key_check_ec_oid(oid.p, oid.len, &pub, &d), CW_KEY_PLAIN, ret);
}

/* CurvePrivateKey of RFC 8410: an octet string inside the octet string. Any content of the right length is a key. */
static int raw_form(struct der key, size_t want, enum cw_key_state *ret)
{
	struct der seed;

	if (!take(&key, TAG_OCTETS, &seed) || key.len != 0 || seed.len != want)
		return 0;
	*ret = CW_KEY_PLAIN;
	return 0;
}

static bool is_oid(const struct der *oid, const char *bytes, size_t len)
{
	return oid->len == len && memcmp(oid->p, bytes, len) == 0;
}
#define IS_OID(oid, bytes) is_oid(oid, bytes, sizeof(bytes) - 1)

static int dsa_pkcs8(struct der params, struct der key, enum cw_key_state *ret)
{
	struct cw_key_dsa dsa = {.y = {NULL, 0}};
	struct der seq;

	if (!take(&params, TAG_SEQ, &seq) || !take_int(&seq, &dsa.p) || !take_int(&seq, &dsa.q) ||
	    !take_int(&seq, &dsa.g) || !take_int(&key, &dsa.x) || key.len != 0)
		return 0;
	return settle(cw_key_check_dsa(&dsa), CW_KEY_PLAIN, ret);
}

static int rsa_pkcs8(struct der key, enum cw_key_state *ret, struct cw_buf *canon)
{
	struct der whole = key, seq;
	struct cw_key_int version;

	if (!take(&key, TAG_SEQ, &seq) || key.len != 0 || !take_int(&seq, &version) || small(&version) < 0 ||
	    small(&version) > 1)
		return 0;
	/* The same key has the same canonical form with and without its PKCS#8 wrapping. */
	cw_buf_clear(canon);
	cw_buf_add(canon, whole.p, whole.len);
	return numbers_form(seq, small(&version), ret);
}

static int pkcs8_form(struct der rest, enum cw_key_state *ret, struct cw_buf *canon)
{
	struct der alg, oid, key, seq, arg;
	struct cw_key_int version;

	if (!take(&rest, TAG_SEQ, &alg) || !take(&alg, TAG_OID, &oid) || !take(&rest, TAG_OCTETS, &key) || key.len == 0)
		return 0;
	if (next_is(&rest, TAG_ARG0) && !take(&rest, TAG_ARG0, &arg))
		return 0;
	/* [1] holds the public key (RFC 5958): constructed or primitive, of no use here. */
	if (rest.len != 0 && rest.p[0] != TAG_ARG1 && rest.p[0] != 0x81)
		return 0;
	if (IS_OID(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") ||
	    IS_OID(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"))
		return rsa_pkcs8(key, ret, canon);
	if (IS_OID(&oid, "\x2a\x86\x48\xce\x3d\x02\x01")) {
		if (!take(&key, TAG_SEQ, &seq) || key.len != 0 || !take_int(&seq, &version) || small(&version) != 1)
			return 0;
		return sec1_form(seq, alg, ret);
	}
	if (IS_OID(&oid, "\x2a\x86\x48\xce\x38\x04\x01"))
		return dsa_pkcs8(alg, key, ret);
	if (IS_OID(&oid, "\x2b\x65\x70") || IS_OID(&oid, "\x2b\x65\x6e")) /* Ed25519, X25519 */
		return raw_form(key, 32, ret);
	if (IS_OID(&oid, "\x2b\x65\x71")) /* Ed448 */
		return raw_form(key, 57, ret);
	if (IS_OID(&oid, "\x2b\x65\x6f")) /* X448 */
		return raw_form(key, 56, ret);
	*ret = CW_KEY_PLAIN; /* another algorithm: the wrapping alone says that it is a private key */
	return 0;
}

/* PFX: version 3, then a ContentInfo of type data or signedData. Its keys are behind a pass phrase (even if it is empty). */
static int pkcs12_form(struct der rest, enum cw_key_state *ret)
{
	struct der info, oid, body, mac;

	if (!take(&rest, TAG_SEQ, &info) || !take(&info, TAG_OID, &oid) || !take(&info, TAG_ARG0, &body) ||
	    body.len == 0 || (rest.len != 0 && !take(&rest, TAG_SEQ, &mac)) || rest.len != 0)
		return 0;
	if (IS_OID(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01") ||
	    IS_OID(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"))
		*ret = CW_KEY_ENCRYPTED;
	return 0;
}

/* A sequence that starts with a sequence: EncryptedPrivateKeyInfo, SubjectPublicKeyInfo, certificate or request. */
static void sequence_form(struct der rest, enum cw_key_state *ret)
{
	struct der first, body, oid;

	if (!take(&rest, TAG_SEQ, &first))
		return;
	if (take(&rest, TAG_OCTETS, &body)) {
		if (rest.len == 0 && body.len >= 8 && take(&first, TAG_OID, &oid) && next_is(&first, TAG_SEQ))
			*ret = CW_KEY_ENCRYPTED;
		return;
	}
	if (next_is(&rest, TAG_SEQ) && !take(&rest, TAG_SEQ, &oid))
		return;
	if (take(&rest, TAG_BITS, &body) && rest.len == 0 && body.len > 1)
		*ret = CW_KEY_PUBLIC;
}

int cw_key_from_der(const uint8_t *p, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon)
{
	struct der whole = {.p = p, .len = len}, seq;
	struct cw_key_int first, second;

	*ret_state = CW_KEY_BROKEN;
	cw_buf_add(canon, p, len);
	if (!take(&whole, TAG_SEQ, &seq) || whole.len != 0)
		return 0;
	if (!next_is(&seq, TAG_INT)) {
		sequence_form(seq, ret_state);
		return 0;
	}
	if (!take_int(&seq, &first))
		return 0;
	int version = small(&first);
	if ((version == 0 || version == 1) && next_is(&seq, TAG_SEQ))
		return pkcs8_form(seq, ret_state, canon);
	if (version == 1 && next_is(&seq, TAG_OCTETS))
		return sec1_form(seq, (struct der){NULL, 0}, ret_state);
	if ((version == 0 || version == 1) && next_is(&seq, TAG_INT))
		return numbers_form(seq, version, ret_state);
	if (version == 3 && next_is(&seq, TAG_SEQ))
		return pkcs12_form(seq, ret_state);
	if (first.len >= 32 && take_int(&seq, &second) && second.len > 0 && seq.len == 0)
		*ret_state = CW_KEY_PUBLIC; /* RSAPublicKey, or Diffie-Hellman parameters */
	return 0;
}

/* base/key_openssh.c - openssh-key-v1 (OpenSSH's PROTOCOL.key), and the SSH wire format (RFC 4251 section 5). */
#include <string.h>

#include "base/key_forms.h"

#define KDF_ROUNDS_MAX (1U << 24)

static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */

bool cw_key_wire_u32(struct cw_key_wire *w, uint32_t *ret)
{
	if (w->len < 4)
		return false;
	*ret = (uint32_t)w->p[0] << 24 | (uint32_t)w->p[1] << 16 | (uint32_t)w->p[2] << 8 | w->p[3];
	w->p += 4;
	w->len -= 4;
	return true;
}

bool cw_key_wire_string(struct cw_key_wire *w, struct cw_key_wire *ret)
{
	struct cw_key_wire at = *w;
	uint32_t len;

	if (!cw_key_wire_u32(&at, &len) || len > at.len)
		return false;
	*ret = (struct cw_key_wire){.p = at.p, .len = len};
	w->p = at.p + len;
	w->len = at.len - len;
	return true;
}

bool cw_key_wire_is(const struct cw_key_wire *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->p, text, w->len) == 0;
}

static bool wire_int(struct cw_key_wire *w, struct cw_key_int *ret)
{
	struct cw_key_wire s;

	if (!cw_key_wire_string(w, &s))
		return false;
	*ret = (struct cw_key_int){.p = s.p, .len = s.len};
	return true;
}

/* The checks below return 1, 0 or CW_E_NOMEM and move W behind the key's fields. */
static bool same(const struct cw_key_int *a, const struct cw_key_int *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* PUB stands behind its type. The public numbers come in another order there. */
static int check_rsa(struct cw_key_wire *w, struct cw_key_wire pub)
{
	struct cw_key_rsa k = {.multi = false};
	struct cw_key_int n, e;

	if (!wire_int(w, &k.n) || !wire_int(w, &k.e) || !wire_int(w, &k.d) || !wire_int(w, &k.qinv) ||
	    !wire_int(w, &k.p) || !wire_int(w, &k.q) || !wire_int(&pub, &e) || !wire_int(&pub, &n) || !same(&n, &k.n) ||
	    !same(&e, &k.e))
		return 0;
	return cw_key_check_rsa(&k);
}

static int check_dsa(struct cw_key_wire *w)
{
	struct cw_key_dsa k;

	if (!wire_int(w, &k.p) || !wire_int(w, &k.q) || !wire_int(w, &k.g) || !wire_int(w, &k.y) || !wire_int(w, &k.x))
		return 0;
	return cw_key_check_dsa(&k);
}

static int check_ecdsa(struct cw_key_wire *w)
{
	struct cw_key_wire curve;
	struct cw_key_int pub, d;

	if (!cw_key_wire_string(w, &curve) || !wire_int(w, &pub) || pub.len == 0 || !wire_int(w, &d))
		return 0;
	return cw_key_check_ec_ssh(&curve, &pub, &d);
}

static int check_ed25519(struct cw_key_wire *w)
{
	struct cw_key_wire pub, pair;

	if (!cw_key_wire_string(w, &pub) || pub.len != 32 || !cw_key_wire_string(w, &pair) || pair.len != 64 ||
	    memcmp(pair.p + 32, pub.p, 32) != 0)
		return 0;
	return cw_key_check_ed25519(pair.p, pub.p);
}

/* The key of the decrypted section: its fields start with those of PUB, the public half. *RET_KNOWN: it was checked. */
static int check_one(struct cw_key_wire *w, struct cw_key_wire pub, bool *ret_known)
{
	struct cw_key_wire type, pub_type, start = *w;

	if (!cw_key_wire_string(w, &type) || type.len == 0)
		return 0;
	*ret_known = true;
	if (cw_key_wire_is(&type, "ssh-rsa"))
		return cw_key_wire_string(&pub, &pub_type) && cw_key_wire_is(&pub_type, "ssh-rsa") ? check_rsa(w, pub)
												   : 0;
	if (start.len < pub.len || memcmp(start.p, pub.p, pub.len) != 0)
		return 0;
	if (cw_key_wire_is(&type, "ssh-dss"))
		return check_dsa(w);
	if (cw_key_wire_is(&type, "ssh-ed25519"))
		return check_ed25519(w);
	if (type.len > 11 && memcmp(type.p, "ecdsa-sha2-", 11) == 0 && !memchr(type.p, '@', type.len))
		return check_ecdsa(w);
	*ret_known = false;
	return 1;
}

/* Comment and padding 1, 2, 3 ... behind the last key. */
static bool tail_ok(struct cw_key_wire w)
{
	for (size_t i = 0; i < w.len; i++) {
		if (w.p[i] != (uint8_t)(i + 1))
			return false;
	}
	return w.len < 256;
}

static int plain_section(struct cw_key_wire w, struct cw_key_wire pub, enum cw_key_state *ret, struct cw_buf *canon)
{
	struct cw_key_wire comment, fields;
	uint32_t check1, check2;
	bool known;
	int ok;

	if (!cw_key_wire_u32(&w, &check1) || !cw_key_wire_u32(&w, &check2) || check1 != check2)
		return 0;
	fields = w;
	ok = check_one(&w, pub, &known);
	if (ok <= 0)
		return ok;
	cw_buf_clear(canon); /* the fields alone: neither the random check numbers nor the comment */
	cw_buf_add(canon, fields.p, known ? (size_t)(w.p - fields.p) : fields.len);
	if (known && (!cw_key_wire_string(&w, &comment) || !tail_ok(w)))
		return 0;
	/* A security key's private half never leaves the token: the file alone opens nothing. */
	*ret = !known && memmem(fields.p, fields.len < 8 ? fields.len : 8, "sk-", 3) ? CW_KEY_ENCRYPTED : CW_KEY_PLAIN;
	return 0;
}

/* bcrypt's options: salt and rounds. */
static bool kdf_ok(struct cw_key_wire kdf, struct cw_key_wire options)
{
	struct cw_key_wire salt;
	uint32_t rounds;

	if (!cw_key_wire_is(&kdf, "bcrypt"))
		return false;
	return cw_key_wire_string(&options, &salt) && salt.len > 0 && cw_key_wire_u32(&options, &rounds) &&
	       rounds > 0 && rounds <= KDF_ROUNDS_MAX && options.len == 0;
}

int cw_key_from_openssh(const uint8_t *p, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon)
{
	struct cw_key_wire w = {.p = p, .len = len}, cipher, kdf, options, pub, type, secret;
	uint32_t count;

	*ret_state = CW_KEY_BROKEN;
	cw_buf_add(canon, p, len);
	if (len < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
		return 0;
	w.p += sizeof(magic);
	w.len -= sizeof(magic);
	if (!cw_key_wire_string(&w, &cipher) || !cw_key_wire_string(&w, &kdf) || !cw_key_wire_string(&w, &options) ||
	    !cw_key_wire_u32(&w, &count) || count != 1) /* OpenSSH reads and writes one key a file */
		return 0;
	if (!cw_key_wire_string(&w, &pub))
		return 0;
	struct cw_key_wire pub_type = pub;
	if (!cw_key_wire_string(&pub_type, &type) || type.len == 0)
		return 0;
	if (!cw_key_wire_string(&w, &secret) || secret.len < 8 || secret.len % 8 != 0)
		return 0;
	if (cw_key_wire_is(&cipher, "none")) {
		if (!cw_key_wire_is(&kdf, "none") || options.len != 0 || w.len != 0)
			return 0;
		return plain_section(secret, pub, ret_state, canon);
	}
	/* Behind the section there may be an authentication tag. */
	if (cipher.len > 0 && cipher.len < 64 && w.len <= 64 && kdf_ok(kdf, options))
		*ret_state = CW_KEY_ENCRYPTED;
	return 0;
}

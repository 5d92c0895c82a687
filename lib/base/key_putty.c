/* base/key_putty.c - PuTTY's .ppk files, versions 2 and 3 (PuTTY manual, appendix C). The MAC is not checked. */
#include <string.h>

#include "base/encode.h"
#include "base/cleanup.h"
#include "base/key_forms.h"
#include "base/num.h"

#define LINES_MAX 4096

struct ppk {
	struct cw_key_text type, encryption;
	struct cw_buf pub, secret;
	size_t mac_len; /* hexadecimal digits */
	bool v3, kdf;
};

static void ppk_release(struct ppk *k)
{
	cw_buf_release(&k->pub);
	cw_buf_release(&k->secret);
}

static bool text_is(const struct cw_key_text *t, const char *s)
{
	return t->len == strlen(s) && memcmp(t->s, s, t->len) == 0;
}

/* "Name: value" with this name. */
static bool header(const struct cw_key_text *line, const char *name, struct cw_key_text *ret)
{
	size_t len = strlen(name);

	if (!cw_key_starts(line, name) || line->len < len + 1 || line->s[len] != ':')
		return false;
	*ret = (struct cw_key_text){.s = line->s + len + 1, .len = line->len - len - 1};
	while (ret->len > 0 && *ret->s == ' ') {
		ret->s++;
		ret->len--;
	}
	return true;
}

/* The base64 lines behind a "...-Lines: COUNT" header. 1, 0 or CW_E_NOMEM. */
static int body_lines(struct cw_key_text *rest, const struct cw_key_text *count_text, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct cw_key_text line;
	uint64_t count;

	if (out->len > 0 || cw_num_u64(count_text->s, count_text->len, 1, LINES_MAX, "lines", &count, NULL))
		return 0;
	for (uint64_t i = 0; i < count; i++) {
		if (!cw_key_line(rest, &line))
			return 0;
		cw_buf_add(&text, line.s, line.len);
	}
	if (text.fail)
		return CW_E_NOMEM;
	if (cw_base64_decode(text.data, text.len, out))
		return out->len > 0;
	return out->fail ? CW_E_NOMEM : 0;
}

static int read_headers(struct cw_key_text rest, struct ppk *k)
{
	struct cw_key_text line, value;
	int ok = 1;

	if (!cw_key_line(&rest, &line))
		return 0;
	k->v3 = header(&line, "PuTTY-User-Key-File-3", &k->type);
	if (!k->v3 && !header(&line, "PuTTY-User-Key-File-2", &k->type))
		return 0;
	while (ok == 1 && k->mac_len == 0 && cw_key_line(&rest, &line)) {
		if (header(&line, "Encryption", &value))
			k->encryption = value;
		else if (header(&line, "Key-Derivation", &value))
			k->kdf = cw_key_starts(&value, "Argon2");
		else if (header(&line, "Public-Lines", &value))
			ok = body_lines(&rest, &value, &k->pub);
		else if (header(&line, "Private-Lines", &value))
			ok = body_lines(&rest, &value, &k->secret);
		else if (header(&line, "Private-MAC", &value))
			k->mac_len = value.len;
	}
	return ok;
}

static bool next_int(struct cw_key_wire *w, struct cw_key_int *ret)
{
	struct cw_key_wire s;

	if (!cw_key_wire_string(w, &s))
		return false;
	*ret = (struct cw_key_int){.p = s.p, .len = s.len};
	return true;
}

/* Whether the unencrypted private half belongs to the public one. PUB stands behind the type. */
static int check_plain(struct cw_key_wire type, struct cw_key_wire pub, struct cw_key_wire secret)
{
	struct cw_key_rsa rsa = {.multi = false};
	struct cw_key_dsa dsa;
	struct cw_key_wire curve;
	struct cw_key_int point, d;

	if (cw_key_wire_is(&type, "ssh-rsa")) {
		if (!next_int(&pub, &rsa.e) || !next_int(&pub, &rsa.n) || !next_int(&secret, &rsa.d) ||
		    !next_int(&secret, &rsa.p) || !next_int(&secret, &rsa.q) || !next_int(&secret, &rsa.qinv))
			return 0;
		return cw_key_check_rsa(&rsa);
	}
	if (cw_key_wire_is(&type, "ssh-dss")) {
		if (!next_int(&pub, &dsa.p) || !next_int(&pub, &dsa.q) || !next_int(&pub, &dsa.g) ||
		    !next_int(&pub, &dsa.y) || !next_int(&secret, &dsa.x))
			return 0;
		return cw_key_check_dsa(&dsa);
	}
	if (!next_int(&secret, &d) || d.len == 0)
		return 0;
	if (type.len > 11 && memcmp(type.p, "ecdsa-sha2-", 11) == 0)
		return cw_key_wire_string(&pub, &curve) && next_int(&pub, &point) && point.len > 0
			       ? cw_key_check_ec_ssh(&curve, &point, &d)
			       : 0;
	return 1; /* Ed25519 stores its private half as a number or as bytes; other types are not known */
}

static int judge(const struct ppk *k, enum cw_key_state *ret)
{
	struct cw_key_wire pub = {.p = (const uint8_t *)k->pub.data, .len = k->pub.len}, type;
	struct cw_key_wire secret = {.p = (const uint8_t *)k->secret.data, .len = k->secret.len};
	int ok;

	if (k->mac_len != (k->v3 ? 64 : 40) || !cw_key_wire_string(&pub, &type) || type.len != k->type.len ||
	    memcmp(type.p, k->type.s, type.len) != 0 || secret.len == 0)
		return 0;
	if (!text_is(&k->encryption, "none")) {
		if (text_is(&k->encryption, "aes256-cbc") && secret.len % 16 == 0 && k->v3 == k->kdf)
			*ret = CW_KEY_ENCRYPTED;
		return 0;
	}
	ok = check_plain(type, pub, secret);
	if (ok < 0)
		return ok;
	if (ok)
		*ret = CW_KEY_PLAIN;
	return 0;
}

int cw_key_from_putty(const char *s, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon)
{
	CW_CLEANUP(ppk_release) struct ppk k = {.pub = CW_BUF_INIT_SECRET, .secret = CW_BUF_INIT_SECRET};
	int ok = read_headers((struct cw_key_text){.s = s, .len = len}, &k);

	*ret_state = CW_KEY_BROKEN;
	if (ok < 0)
		return ok;
	cw_buf_add(canon, k.secret.data, k.secret.len);
	return ok ? judge(&k, ret_state) : 0;
}

/* base/key.c - which form of private key stands in the input, and what it is; see crypto.h.
 * The forms themselves are parsed in key_*.c. Nothing here ever asks for a pass phrase or tries one. */
#include <string.h>

#include <openssl/err.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/key_forms.h"

#define KEY_BYTES_MAX ((size_t)1 << 20)

static const char openssh_magic[] = "openssh-key-v1";

struct block { /* one BEGIN ... END block */
	struct cw_key_text label, body;
};

static const char *find(const char *s, size_t len, const char *needle)
{
	return memmem(s, len, needle, strlen(needle));
}

/* The next block of TEXT, which is moved behind it. False: none, or its END line is missing or has another label. */
static bool next_block(struct cw_key_text *text, struct block *ret)
{
	const char *at = find(text->s, text->len, "-----BEGIN "), *end = text->s + text->len, *dashes, *stop;

	if (!at)
		return false;
	at += strlen("-----BEGIN ");
	dashes = find(at, (size_t)(end - at), "-----");
	if (!dashes || dashes - at > 64)
		return false;
	ret->label = (struct cw_key_text){.s = at, .len = (size_t)(dashes - at)};
	at = dashes + 5;
	stop = find(at, (size_t)(end - at), "-----END ");
	if (!stop)
		return false;
	ret->body = (struct cw_key_text){.s = at, .len = (size_t)(stop - at)};
	stop += strlen("-----END ");
	if ((size_t)(end - stop) < ret->label.len + 5 || memcmp(stop, ret->label.s, ret->label.len) != 0 ||
	    memcmp(stop + ret->label.len, "-----", 5) != 0)
		return false;
	text->s = stop + ret->label.len + 5;
	text->len = (size_t)(end - text->s);
	return true;
}

/* The base64 of a PEM body into OUT. Of the headers of RFC 1421 only the two that say "encrypted" matter; when all stands
 * in one line, the body goes on behind DEK-Info's value. */
static void pem_text(struct cw_key_text rest, struct cw_buf *out, bool *ret_encrypted)
{
	struct cw_key_text line;

	while (cw_key_line(&rest, &line)) {
		const char *end = line.s + line.len, *dek = find(line.s, line.len, "DEK-Info:");
		if (cw_key_starts(&line, "Proc-Type:") && find(line.s, line.len, "ENCRYPTED"))
			*ret_encrypted = true;
		if (dek) {
			dek += strlen("DEK-Info:");
			while (dek < end && *dek == ' ')
				dek++;
			while (dek < end && *dek != ' ')
				dek++;
			cw_key_add_packed(out, dek, (size_t)(end - dek));
		} else if (!memchr(line.s, ':', line.len)) {
			cw_key_add_packed(out, line.s, line.len);
		}
	}
}

static int parse_binary(const void *data, size_t len, enum cw_key_state *ret, struct cw_buf *canon)
{
	if (len >= sizeof(openssh_magic) && memcmp(data, openssh_magic, sizeof(openssh_magic)) == 0)
		return cw_key_from_openssh(data, len, ret, canon);
	return cw_key_from_der(data, len, ret, canon);
}

static int parse_pem(struct cw_key_text body, enum cw_key_state *ret, struct cw_buf *canon)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET, raw = CW_BUF_INIT_SECRET;
	bool encrypted = false;

	*ret = CW_KEY_BROKEN;
	pem_text(body, &text, &encrypted);
	if (text.fail)
		return CW_E_NOMEM;
	if (!cw_base64_decode(text.data, text.len, &raw))
		return raw.fail ? CW_E_NOMEM : 0;
	if (!encrypted)
		return parse_binary(raw.data, raw.len, ret, canon);
	cw_buf_add(canon, raw.data, raw.len);
	if (raw.len >= 32 && raw.len % 8 == 0) /* whole cipher blocks */
		*ret = CW_KEY_ENCRYPTED;
	return 0;
}

static int parse_block(const struct block *b, enum cw_key_state *ret, struct cw_buf *canon)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	int rc = cw_key_clean(b->body.s, b->body.len, &text);

	if (rc)
		return rc;
	if (cw_key_starts(&b->label, "PGP "))
		return cw_key_from_pgp(text.data, text.len, ret, canon);
	return parse_pem((struct cw_key_text){.s = text.data, .len = text.len}, ret, canon);
}

/* The first private block counts (parameters or certificates may stand before it), else the first block. */
static int parse_text(struct cw_key_text text, enum cw_key_state *ret, struct cw_buf *canon)
{
	struct block first, b;

	*ret = CW_KEY_BROKEN;
	if (!next_block(&text, &first))
		return 0;
	b = first;
	do {
		if (find(b.label.s, b.label.len, "PRIVATE KEY"))
			return parse_block(&b, ret, canon);
	} while (next_block(&text, &b));
	return find(text.s, text.len, "PRIVATE KEY") ? 0 : parse_block(&first, ret, canon);
}

static int parse_any(const char *data, size_t len, enum cw_key_state *ret, struct cw_buf *canon)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	const char *putty;
	int rc;

	if (len > 0 && data[0] == 0x30) /* a sequence; no text form starts with the digit 0 */
		return cw_key_from_der((const uint8_t *)data, len, ret, canon);
	if (len >= sizeof(openssh_magic) && memcmp(data, openssh_magic, sizeof(openssh_magic)) == 0)
		return cw_key_from_openssh((const uint8_t *)data, len, ret, canon);
	putty = find(data, len, "PuTTY-User-Key-File-");
	if (!putty)
		return parse_text((struct cw_key_text){.s = data, .len = len}, ret, canon);
	rc = cw_key_clean(putty, len - (size_t)(putty - data), &text);
	return rc ? rc : cw_key_from_putty(text.data, text.len, ret, canon);
}

int cw_key_parse(const void *data, size_t len, enum cw_key_state *ret_state, struct cw_buf *der_out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf canon = CW_BUF_INIT_SECRET;
	enum cw_key_state state = CW_KEY_BROKEN;
	int rc = 0;

	if (len <= KEY_BYTES_MAX) {
		ERR_clear_error();
		rc = parse_any(data, len, &state, &canon);
		ERR_clear_error();
	}
	if (der_out && !rc)
		cw_buf_add(der_out, canon.data, canon.len);
	if (rc || canon.fail || (der_out && der_out->fail))
		return cw_err_nomem(err);
	*ret_state = state;
	return 0;
}

/* base/key_forms.h - the forms of private keys behind cw_key_parse(); included by base/key*.c only.
 *
 * Every parser gets the whole of one key and answers what it is: 0 with *ret_state set (CANON, never NULL, then holds the
 * canonical form), or CW_E_NOMEM. Nothing outside [P, P+LEN) is read, whatever lengths the input claims.
 * Every check of numbers returns 1 (holds), 0 (does not) or CW_E_NOMEM. */
#ifndef CW_BASE_KEY_FORMS_H
#define CW_BASE_KEY_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"

/* key_der.c: PKCS#1, SEC1, DSA, PKCS#8, PKCS#12, public forms. */
int cw_key_from_der(const uint8_t *p, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon);
/* key_openssh.c: the binary inside "OPENSSH PRIVATE KEY". */
int cw_key_from_openssh(const uint8_t *p, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon);
/* key_pgp.c: the lines inside "PGP PRIVATE KEY BLOCK", cleaned. */
int cw_key_from_pgp(const char *s, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon);
/* key_putty.c: a whole .ppk file, cleaned. */
int cw_key_from_putty(const char *s, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon);

/* key_text.c: append the text S as plain lines ended by LF: escapes of source code undone, indentation, quotes and
 * concatenation marks removed, empty lines dropped. */
int cw_key_clean(const char *s, size_t len, struct cw_buf *out);
/* The next line of cleaned text (without its LF); false at the end. */
struct cw_key_text {
	const char *s;
	size_t len;
};
bool cw_key_line(struct cw_key_text *rest, struct cw_key_text *ret_line);
/* Append S without its blanks. */
void cw_key_add_packed(struct cw_buf *out, const char *s, size_t len);
/* Whether TEXT starts with PREFIX. */
bool cw_key_starts(const struct cw_key_text *text, const char *prefix);

/* A cursor over the SSH wire format (RFC 4251): big-endian u32 lengths. */
struct cw_key_wire {
	const uint8_t *p;
	size_t len;
};
bool cw_key_wire_u32(struct cw_key_wire *w, uint32_t *ret);
bool cw_key_wire_string(struct cw_key_wire *w, struct cw_key_wire *ret);
bool cw_key_wire_is(const struct cw_key_wire *w, const char *text);

/* key_num.c: a number as its big-endian magnitude; len 0 = not known. */
struct cw_key_int {
	const uint8_t *p;
	size_t len;
};
struct cw_key_rsa {
	struct cw_key_int n, e, d, p, q, dp, dq, qinv; /* n, e, d, p, q must be known */
	bool multi;				       /* more than two primes */
};
struct cw_key_dsa {
	struct cw_key_int p, q, g, y, x; /* y may be unknown */
};
int cw_key_check_rsa(const struct cw_key_rsa *k);
int cw_key_check_dsa(const struct cw_key_dsa *k);
/* The curve by its OID (contents octets) or by its SSH name; one that libcrypto does not know fails. PUB may be empty. */
int cw_key_check_ec_oid(const uint8_t *oid, size_t oid_len, const struct cw_key_int *pub, const struct cw_key_int *d);
int cw_key_check_ec_ssh(const struct cw_key_wire *curve, const struct cw_key_int *pub, const struct cw_key_int *d);
int cw_key_check_ed25519(const uint8_t seed[32], const uint8_t pub[32]);

#endif

/* key_make.h - fresh private keys for tests: nothing of the kind is ever stored in this repository. */
#ifndef KEY_MAKE_H
#define KEY_MAKE_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "base/crypto.h"

/* Keys are made once and live as long as the program. */
EVP_PKEY *make_rsa(void);
EVP_PKEY *make_ec(void);
EVP_PKEY *make_ed25519(void);
EVP_PKEY *make_dsa(void);

enum make_form { MAKE_PKCS8, MAKE_PKCS8_ENCRYPTED, MAKE_OLD, MAKE_OLD_ENCRYPTED, MAKE_PUBLIC };
/* Append KEY as PEM. */
void make_pem(EVP_PKEY *key, enum make_form form, struct cw_buf *out);
/* Append KEY as DER, in the form that its PEM has. */
void make_der(EVP_PKEY *key, enum make_form form, struct cw_buf *out);
/* Append "-----WHAT LABEL-----\n"; WHAT is BEGIN or END. */
void make_line(struct cw_buf *out, const char *what, const char *label);
/* Append LEN bytes as base64 lines of WIDTH letters; returns the number of lines. */
size_t make_lines(struct cw_buf *out, const void *data, size_t len, size_t width);

/* SSH wire format. */
void wire_u32(struct cw_buf *out, size_t n);
void wire_string(struct cw_buf *out, const void *data, size_t len);
void wire_text(struct cw_buf *out, const char *s);
/* The number NAME (OSSL_PKEY_PARAM_*) of KEY. */
void wire_number(struct cw_buf *out, EVP_PKEY *key, const char *name);

/* What cw_key_parse() says of LEN bytes; CANON may be NULL. */
enum cw_key_state parse(const void *data, size_t len, struct cw_buf *canon);

#endif

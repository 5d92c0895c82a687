/* policy/key.h - the fingerprint key: where it comes from and what it makes.
 * Order: $CREDWATCH_KEY_FILE, /etc/credwatch/key, $XDG_CONFIG_HOME/credwatch/key or ~/.config/credwatch/key (made on first use, 0600, 32
 * random bytes as 64 hex digits and LF). A key file that others can read or write is refused; one of root may be readable by its
 * group. A system key that the caller may not read is passed over. */
#ifndef CW_POLICY_KEY_H
#define CW_POLICY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_KEY_LEN 32		    /* bytes */
#define CW_KEY_ID_SIZE 5	    /* 4 hex digits and NUL */
#define CW_FINGERPRINT_SIZE (4 + 1 + 32 + 1) /* "<key id>:" 128 bits in hex, NUL */

struct cw_key {
	uint8_t bytes[CW_KEY_LEN];
	char id[CW_KEY_ID_SIZE]; /* first 4 hex digits of SHA-256("cwid" || key) */
};

#define CW_KEY_FILE_MAX 66 /* bytes that are read of one: more is no key */

int cw_key_load(struct cw_key *ret, struct cw_err *err);
/* The same, and append the name of the file it came from to PATH. */
int cw_key_load_from(struct cw_key *ret, struct cw_buf *path, struct cw_err *err);
/* The key that the LEN bytes at TEXT are, as cw_key_print() writes it. NAME is for the message, which tells nothing of TEXT. */
int cw_key_parse_text(const char *name, const char *text, size_t len, struct cw_key *ret, struct cw_err *err);
/* Append the key itself, as 64 hex digits and LF, to OUT, which wipes. */
int cw_key_print(const struct cw_key *k, struct cw_buf *out, struct cw_err *err);
enum cw_key_put { CW_KEY_PUT_NEW, CW_KEY_PUT_REPLACED, CW_KEY_PUT_SAME };
/* Make K the key that cw_key_load() finds: the file that CREDWATCH_KEY_FILE names, else the user's, mode 0600, written whole or not at
 * all. Another key there is CW_E_INVALID unless REPLACE; so is a system key, which would go before the user's. Appends the name of
 * the file to PATH, also when it is refused. */
int cw_key_put(const struct cw_key *k, bool replace, enum cw_key_put *ret, struct cw_buf *path, struct cw_err *err);
void cw_key_wipe(struct cw_key *k);
/* "<id>:" + first 128 bits of HMAC-SHA256(key, "cw1" || canonical) in hex. */
int cw_key_fingerprint(const struct cw_key *k, const void *canonical, size_t len, char out[CW_FINGERPRINT_SIZE],
		       struct cw_err *err);

#endif

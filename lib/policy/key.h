/* policy/key.h - the fingerprint key: where it comes from and what it makes.
 * Order: $CREDWATCH_KEY_FILE, /etc/credwatch/key, $XDG_CONFIG_HOME/credwatch/key or ~/.config/credwatch/key (made on first use, 0600, 32
 * random bytes as 64 hex digits and LF). A key file that others can read or write is refused; one of root may be readable by its
 * group. A system key that the caller may not read is passed over. */
#ifndef CW_POLICY_KEY_H
#define CW_POLICY_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CW_KEY_LEN 32		    /* bytes */
#define CW_KEY_ID_SIZE 5	    /* 4 hex digits and NUL */
#define CW_FINGERPRINT_SIZE (4 + 1 + 32 + 1) /* "<key id>:" 128 bits in hex, NUL */

struct cw_key {
	uint8_t bytes[CW_KEY_LEN];
	char id[CW_KEY_ID_SIZE]; /* first 4 hex digits of SHA-256("cwid" || key) */
};

int cw_key_load(struct cw_key *ret, struct cw_err *err);
void cw_key_wipe(struct cw_key *k);
/* "<id>:" + first 128 bits of HMAC-SHA256(key, "cw1" || canonical) in hex. */
int cw_key_fingerprint(const struct cw_key *k, const void *canonical, size_t len, char out[CW_FINGERPRINT_SIZE],
		       struct cw_err *err);

#endif

/* store/file.h - the file of one object directory: where it is, who may have written it, and its parts.
 *
 * It is a flat file and no database: it is read whole or not at all, nothing is ever looked up in it on disk, and it is replaced at
 * once. Header: magic, version, the digest of all that verdicts depend on, then offset, length and SHA-256 of each part, then the
 * SHA-256 of the header itself. A part is read alone, and only if its checksum is right. Writing goes to a temporary file that is
 * synced and renamed: whoever reads sees one finished audit or the other, and a writer that is killed leaves the old one.
 * The store is a cache: no failure here is one of the audit. Threads: one owner at a time. */
#ifndef CW_STORE_FILE_H
#define CW_STORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/err.h"

#define CW_STORE_VERSION 1	     /* of the layout, of the file and of every part */
#define CW_STORE_FILE_MAX ((size_t)1 << 30) /* bytes */

enum cw_store_part {
	CW_STORE_REPLAY,   /* store/replay.h */
	CW_STORE_VERDICTS, /* store/verdicts.h */
	CW_STORE_PARTS_
};

/* Append the path of the file for the object directory OBJECTS (a real path): in $XDG_CACHE_HOME/credwatch, else
 * ~/.cache/credwatch. CW_E_NOTFOUND: there is no place for it; CW_E_INVALID: that place lies inside OBJECTS or its repository GIT_DIR. */
int cw_store_path(const char *objects, const char *git_dir, struct cw_buf *out, struct cw_err *err);

struct cw_store;
/* Open the file at PATH. CW_E_NOTFOUND: there is none, or it was made for another DIGEST or another version: of no use, but
 * nothing is wrong. CW_E_INVALID: others could have written or read it. CW_E_CORRUPT: damaged. */
int cw_store_open(const char *path, const uint8_t digest[CW_SHA256_LEN], struct cw_store **ret, struct cw_err *err);
void cw_store_close(struct cw_store *s);
CW_DEFINE_CLEANUP(struct cw_store, cw_store_close)
/* Append one part to OUT, which has the room for it or fails with CW_E_LIMIT. CW_E_CORRUPT: not what was written. */
int cw_store_read(struct cw_store *s, enum cw_store_part part, struct cw_buf *out, struct cw_err *err);

/* Write PARTS as the file at PATH, mode 0600, in a folder that is made if need be, mode 0700, and that nobody else may write to. */
int cw_store_write(const char *path, const uint8_t digest[CW_SHA256_LEN], const struct cw_bytes parts[CW_STORE_PARTS_],
		   struct cw_err *err);

#endif

/* vcs/pack_index.h - reads pack index files (versions 1 and 2): which object stands where in a pack.
 *
 * Used for the order of reading and as a second list of objects; what an object is, libgit2 says. The bytes are foreign: all
 * sizes are checked against the file's length before anything is read. Threads: immutable after parsing. */
#ifndef CW_VCS_PACK_INDEX_H
#define CW_VCS_PACK_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vcs/oid.h"

struct cw_pack_index { /* pointers into the bytes that were parsed */
	const uint8_t *ids;   /* count ids of oid_len bytes, ascending, every id_step bytes */
	const uint8_t *off32; /* count big-endian words, every off_step bytes; in version 2 the top bit refers to off64 */
	const uint8_t *off64;
	const uint8_t *pack_sum; /* oid_len bytes: the checksum of the pack that the index was made for */
	uint32_t count, off64_count;
	uint8_t version, oid_len, id_step, off_step; /* bytes */
};

/* Parse the LEN bytes at DATA, which must outlive *ret, as an index of ids of OID_LEN bytes (20 or 32). CW_E_CORRUPT: cut
 * short, lengths or the fan-out table do not agree; CW_E_UNSUPPORTED: a newer version. The checksums are not verified. */
int cw_pack_index_parse(const void *data, size_t len, uint8_t oid_len, struct cw_pack_index *ret, struct cw_err *err);
/* Entry I (< count) of the index. CW_E_CORRUPT when its offset points outside the table of large offsets. */
int cw_pack_index_entry(const struct cw_pack_index *x, uint32_t i, struct cw_oid *ret_oid, uint64_t *ret_offset,
			struct cw_err *err);
/* Its offset alone; UINT64_MAX where that would be CW_E_CORRUPT. */
uint64_t cw_pack_index_offset(const struct cw_pack_index *x, uint32_t i);

#endif

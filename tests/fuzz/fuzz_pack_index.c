/* Fuzz target: pack index files. Whatever is accepted, every entry can be asked for without reading outside the bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vcs/pack_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_format(const uint8_t *data, size_t len, uint8_t oid_len)
{
	struct cw_pack_index x;
	struct cw_oid oid;
	uint64_t offset;

	if (cw_pack_index_parse(data, len, oid_len, &x, NULL))
		return;
	for (uint32_t i = 0; i < x.count; i++) {
		int rc = cw_pack_index_entry(&x, i, &oid, &offset, NULL);

		if (rc ? rc != CW_E_CORRUPT : oid.len != oid_len)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	try_format(data, len, 20);
	try_format(data, len, 32);
	return 0;
}

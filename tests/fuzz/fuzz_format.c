/* Fuzz target: the text of a repository's config. It ends, stays inside the bytes, and knows only these outcomes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vcs/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_format_check((const char *)data, len, &err);

	if (rc && rc != CW_E_UNSUPPORTED && rc != CW_E_CORRUPT && rc != CW_E_INVALID)
		abort();
	return 0;
}

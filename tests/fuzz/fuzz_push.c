/* Fuzz target: what git writes to a server hook. It is parsed whole or not at all, and every reference has a name. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vcs/push.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cw_vec refs = CW_VEC_INIT(struct cw_push_ref, CW_PUSH_REFS_MAX);
	int rc = cw_push_parse((const char *)data, len, &refs, NULL);

	if (rc && rc != CW_E_INVALID && rc != CW_E_UNSUPPORTED)
		abort();
	for (size_t i = 0; !rc && i < refs.len; i++)
		if (!CW_VEC_AT(&refs, struct cw_push_ref, i).name[0])
			abort();
	if (!rc && !refs.len)
		abort();
	cw_push_refs_release(&refs);
	return 0;
}

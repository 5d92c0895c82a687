/* Fuzz target: private keys in any form. The answer depends on the bytes alone, and a plain key in DER has a canonical form that is a
 * plain key again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf first = CW_BUF_INIT, second = CW_BUF_INIT;
	enum cw_key_state state, again;

	require(cw_key_parse(data, len, &state, &first, NULL) == 0);
	require(cw_key_parse(data, len, &again, &second, NULL) == 0);
	require(state == again && first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	if (state == CW_KEY_PLAIN && first.len > 0 && first.data[0] == 0x30 && data[0] == 0x30) {
		require(cw_key_parse(first.data, first.len, &again, NULL, NULL) == 0);
		require(again == CW_KEY_PLAIN);
	}
	return 0;
}

/* Fuzz target: JSON text. What is accepted must print, read back and print the same again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define TEXT_MAX ((size_t)1 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* Call every getter on V and what is below it. */
static void visit(const struct cw_json *v, int depth)
{
	const char *text = cw_json_str(v);
	int64_t n = 0;
	bool b = false;
	size_t count = 0;

	require(depth <= CW_JSON_DEPTH_MAX);
	require((text != NULL) == (cw_json_type(v) == CW_JSON_STRING));
	require(text == NULL || cw_utf8_valid(text, strlen(text)));
	require(!cw_json_int(v, &n) || (n <= CW_JSON_INT_MAX && n >= -CW_JSON_INT_MAX));
	require(cw_json_bool(v, &b) == (cw_json_type(v) == CW_JSON_BOOL));
	for (const struct cw_json *c = cw_json_first(v); c != NULL; c = cw_json_next(c)) {
		if (cw_json_type(v) == CW_JSON_OBJECT && count < 16)
			require(cw_json_get(v, cw_json_key(c)) == c);
		visit(c, depth + 1);
		count++;
	}
	require(count == cw_json_len(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL, *again = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf first = CW_BUF_INIT, second = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (cw_json_parse((const char *)data, len, TEXT_MAX, &v, &err) != 0) {
		require(err.code == CW_E_INVALID || err.code == CW_E_LIMIT);
		return 0;
	}
	visit(v, 0);
	require(cw_json_print(v, len % 2 == 0, &first, &err) == 0);
	require(cw_json_parse(first.data, first.len, 64 * TEXT_MAX, &again, &err) == 0);
	require(cw_json_print(again, len % 2 == 0, &second, &err) == 0);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	return 0;
}

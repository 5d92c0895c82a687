/* Fuzz target: judging a value. The first byte chooses model and quotes; the verdict must be one, be the same for the same bytes
 * wherever they lie, and not depend on white space around them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cw_value_spec spec = { .model = CW_MODEL_NONE };
	enum cw_value_verdict first;
	char *copy;
	bool quoted;

	if (len < 1)
		return 0;
	spec.model = data[0] & 1 ? CW_MODEL_TOKEN : CW_MODEL_PASSWORD;
	quoted = data[0] & 2;
	first = cw_value_judge(&spec, (const char *)data + 1, len - 1, quoted);
	require(strlen(cw_value_verdict_name(first)) > 0);
	require(cw_value_entropy((const char *)data + 1, len - 1) <= 8.0);
	require(cw_value_rarity((const char *)data + 1, len - 1) >= 0);
	if (len > 4000)
		return 0;
	copy = malloc(len + 2); /* exactly as large as the value, so that a sanitizer sees every byte too many */
	require(copy != NULL);
	copy[0] = ' ';
	memcpy(copy + 1, data + 1, len - 1);
	copy[len] = '\n';
	copy[len + 1] = ' ';
	require(cw_value_judge(&spec, copy, len + 2, quoted) == first);
	memmove(copy, data + 1, len - 1);
	copy = realloc(copy, len > 1 ? len - 1 : 1);
	require(copy != NULL);
	require(cw_value_judge(&spec, copy, len - 1, quoted) == first);
	free(copy);
	return 0;
}

/* Fuzz target: reports that credwatch explain reads. What it tells of them holds no control byte and does not depend on the run. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"

#define FINGERPRINT "abcd:00112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void tell(const struct cw_reported *r, const struct cw_set *set, struct cw_buf *out)
{
	struct cw_told told = CW_TOLD_INIT;

	for (size_t i = 0; i < r->findings.len; i++) {
		const struct cw_finding *f = &CW_VEC_AT(&r->findings, struct cw_finding, i);
		struct cw_tale t = {.places = &f, .len = 1, .told = &told, .untold = "not told", .source = "the report", .set = set};

		cw_explain_text(&t, out);
	}
	cw_story_release(&told.story);
	require(out->fail == 0);
}

static bool explain(const struct cw_set *set, const char *text, size_t len, struct cw_buf *out)
{
	CW_CLEANUP(cw_reported_release) struct cw_reported r;
	struct cw_err err = CW_ERR_INIT;

	cw_reported_init(&r);
	if (cw_reported_read(text, len, FINGERPRINT, set, &r, &err) != 0) {
		require(err.code == CW_E_INVALID || err.code == CW_E_LIMIT);
		require(err.msg[0] != '\0');
		return false;
	}
	tell(&r, set, out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cw_set *set;
	CW_CLEANUP(cw_buf_release) struct cw_buf once = CW_BUF_INIT, twice = CW_BUF_INIT;
	const char *text = (const char *)data;

	if (!set)
		require(cw_set_default(&set, NULL) == 0);
	cw_reported_is(text, len);
	if (!explain(set, text, len, &once))
		return 0;
	require(explain(set, text, len, &twice));
	require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	for (size_t i = 0; i < once.len; i++)
		require((unsigned char)once.data[i] >= 0x20 || once.data[i] == '\n');
	return 0;
}

/* Fuzz target: any bytes through the whole matcher with the default rules. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_hits(const struct cw_result *res, const struct cw_set *set, size_t len)
{
	uint64_t last = 0;

	for (size_t i = 0; i < res->hits.len; i++) {
		const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, i);

		require(h->rule < cw_set_len(set) && h->start >= last && h->start < h->end && h->end <= len);
		require(h->at <= h->start && h->end <= h->at_end && h->at_end <= len);
		require(h->secret_len > 0 && h->secret_off <= res->secrets.len);
		require(h->secret_len <= res->secrets.len - h->secret_off);
		require(h->canon_len > 0 && h->canon_off <= res->secrets.len);
		require(h->canon_len <= res->secrets.len - h->canon_off);
		require(h->also_off <= res->also.len && h->also_len <= res->also.len - h->also_off);
		require(!h->cut || h->proof <= CW_PROOF_PATTERN);
		last = h->end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cw_set *set;
	static struct cw_matcher *matcher;
	static struct cw_result res;
	struct cw_err err = CW_ERR_INIT;

	if (!matcher) {
		require(cw_set_default(&set, &err) == 0 && cw_matcher_new(set, &matcher, &err) == 0);
		cw_result_init(&res);
	}
	require(cw_match_blob(matcher, data, len, &res, &err) == 0);
	check_hits(&res, set, len);
	for (size_t i = 0; i < res.unscannable.len; i++)
		require(CW_VEC_AT(&res.unscannable, struct cw_unscannable, i).end <= len);
	return 0;
}

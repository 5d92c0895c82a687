/* Fuzz target: the parts of a verdict store. What is read stays within what is there, and is read again from what is written of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/replay.h"
#include "store/verdicts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_sights(const struct cw_sight_list *l)
{
	size_t numbers = 0;

	for (size_t i = 0; i < l->items.len; i++) {
		const struct cw_stored_sight *s = &CW_VEC_AT(&l->items, struct cw_stored_sight, i);

		numbers += s->also_len + s->values_len;
		require(s->redacted != NULL);
	}
	require(numbers == l->numbers.len);
}

static void fuzz_verdicts(const uint8_t *data, size_t len)
{
	struct cw_verdicts v = CW_VERDICTS_INIT, again = CW_VERDICTS_INIT;

	cw_buf_add(&v.text, data, len);
	if (cw_verdicts_read(&v, NULL) == 0) {
		check_sights(&v.sights);
		for (size_t i = 0; i < v.objects.len; i++) {
			const struct cw_stored_object *o = &CW_VEC_AT(&v.objects, struct cw_stored_object, i);

			require(o->first + o->count <= v.hits.len && cw_verdicts_find(&v, &o->id) == o);
		}
		for (size_t i = 0; i < v.hits.len; i++)
			require(CW_VEC_AT(&v.hits, struct cw_stored_hit, i).sight < v.sights.items.len);
		require(cw_verdicts_write(&v, &again.text, NULL) == 0);
		require(cw_verdicts_read(&again, NULL) == 0 && again.hits.len == v.hits.len && again.packs.len == v.packs.len);
	}
	cw_verdicts_release(&v);
	cw_verdicts_release(&again);
}

static void fuzz_replay(const uint8_t *data, size_t len)
{
	struct cw_replay r = CW_REPLAY_INIT;
	uint8_t state[CW_SHA256_LEN] = {0};

	memcpy(state, data, len < sizeof(state) ? len : sizeof(state));
	cw_buf_add(&r.text, data, len);
	if (cw_replay_read(&r, state, NULL) == 0) {
		check_sights(&r.sights);
		for (size_t i = 0; i < r.places.len; i++)
			require(CW_VEC_AT(&r.places, struct cw_stored_place, i).sight < r.sights.items.len);
	}
	cw_replay_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] & 1)
		fuzz_verdicts(data + 1, len - 1);
	else
		fuzz_replay(data + 1, len - 1);
	return 0;
}

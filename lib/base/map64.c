/* base/map64.c - open addressing with linear probing, at most three quarters full. */
#include "base/map64.h"

#include <stdlib.h>

#define CAP_MIN ((size_t)64)

void cw_map64_release(struct cw_map64 *m)
{
	free(m->keys);
	free(m->values);
	*m = (struct cw_map64)CW_MAP64_INIT(m->max);
}

static size_t slot_of(const struct cw_map64 *m, uint64_t key)
{
	uint64_t h = key;
	size_t i;

	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	for (i = (size_t)h & (m->cap - 1); m->keys[i] && m->keys[i] != key + 1;)
		i = (i + 1) & (m->cap - 1);
	return i;
}

uint32_t *cw_map64_get(const struct cw_map64 *m, uint64_t key)
{
	size_t i;

	if (!m->cap)
		return NULL;
	i = slot_of(m, key);
	return m->keys[i] ? &m->values[i] : NULL;
}

static int grow(struct cw_map64 *m, struct cw_err *err)
{
	struct cw_map64 bigger = { .cap = m->cap ? 2 * m->cap : CAP_MIN };

	bigger.keys = calloc(bigger.cap, sizeof(*bigger.keys));
	bigger.values = calloc(bigger.cap, sizeof(*bigger.values));
	if (!bigger.keys || !bigger.values) {
		cw_map64_release(&bigger);
		return cw_err_nomem(err);
	}
	for (size_t i = 0; i < m->cap; i++) {
		size_t to;

		if (!m->keys[i])
			continue;
		to = slot_of(&bigger, m->keys[i] - 1);
		bigger.keys[to] = m->keys[i];
		bigger.values[to] = m->values[i];
	}
	free(m->keys);
	free(m->values);
	m->keys = bigger.keys;
	m->values = bigger.values;
	m->cap = bigger.cap;
	return 0;
}

int cw_map64_put(struct cw_map64 *m, uint64_t key, uint32_t value, uint32_t **ret, bool *ret_new, struct cw_err *err)
{
	uint32_t *found = cw_map64_get(m, key);
	size_t i;

	if (ret_new)
		*ret_new = !found;
	if (!found) {
		if (m->len >= m->max)
			return cw_err_set(err, CW_E_LIMIT, "more than %zu entries", m->max);
		if (4 * (m->len + 1) > 3 * m->cap && grow(m, err))
			return CW_E_NOMEM;
		i = slot_of(m, key);
		m->keys[i] = key + 1;
		m->values[i] = value;
		m->len++;
		found = &m->values[i];
	}
	if (ret)
		*ret = found;
	return 0;
}

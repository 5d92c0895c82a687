/* scan/names.c - see names.h. The table is cut into shards with a lock each. The hash is keyed with random bytes: whoever wrote the
 * trees cannot aim at its chains, and names are compared byte by byte. */
#include "scan/names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/vec.h"
#include "scan/kept.h"

#define SHARDS 64u
#define CAP_MIN ((size_t)64)
#define NAMES_MAX ((size_t)1 << 25) /* of one shard */

struct name {
	size_t text; /* offset in the shard's bytes */
	uint32_t len;
	uint32_t holder;
	uint64_t hash;
};

struct shard {
	pthread_mutex_t lock;
	struct cw_vec names; /* struct name */
	struct cw_buf bytes;
	uint32_t *table; /* index + 1 of a name; 0: free */
	size_t cap;
} __attribute__((aligned(64)));

struct cw_names {
	uint64_t seed[2];
	unsigned locks; /* initialised */
	struct shard shards[SHARDS];
};

int cw_names_new(size_t max, struct cw_names **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = aligned_alloc(_Alignof(struct cw_names), sizeof(*n));
	int rc;

	if (!n)
		return cw_err_nomem(err);
	memset(n, 0, sizeof(*n));
	for (unsigned i = 0; i < SHARDS; i++) {
		n->shards[i].names = (struct cw_vec)CW_VEC_INIT(struct name, NAMES_MAX);
		n->shards[i].bytes = (struct cw_buf)CW_BUF_INIT_MAX(max / SHARDS);
		if (pthread_mutex_init(&n->shards[i].lock, NULL))
			return cw_err_nomem(err);
		n->locks++;
	}
	rc = cw_random(n->seed, sizeof(n->seed), err);
	if (rc)
		return rc;
	*ret = cw_steal(&n);
	return 0;
}

void cw_names_free(struct cw_names *n)
{
	if (!n)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		cw_vec_release(&n->shards[i].names);
		cw_buf_release(&n->shards[i].bytes);
		free(n->shards[i].table);
		if (i < n->locks)
			pthread_mutex_destroy(&n->shards[i].lock);
	}
	free(n);
}

static uint64_t mix(uint64_t h, uint64_t odd)
{
	h *= odd;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	return h ^ h >> 29;
}

static uint64_t hash_of(const struct cw_names *n, const char *name, size_t len)
{
	uint64_t h = n->seed[0] ^ len;

	while (len >= 8) {
		uint64_t word;

		memcpy(&word, name, 8);
		h = mix(h ^ word, n->seed[1] | 1);
		name += 8;
		len -= 8;
	}
	if (len) {
		uint64_t word = 0;

		memcpy(&word, name, len);
		h = mix(h ^ word, n->seed[1] | 1);
	}
	return mix(h, 0x9e3779b97f4a7c15ULL);
}

/* Where NAME is or would be in the table. */
static uint32_t *slot_of(const struct shard *s, uint64_t hash, const char *name, size_t len)
{
	for (size_t i = hash / SHARDS;; i++) {
		uint32_t *slot = &s->table[i & (s->cap - 1)];
		const struct name *have;

		if (!*slot)
			return slot;
		have = &CW_VEC_AT(&s->names, struct name, *slot - 1);
		if (have->hash == hash && have->len == len && !memcmp(s->bytes.data + have->text, name, len))
			return slot;
	}
}

static bool grow(struct shard *s)
{
	size_t cap = s->cap ? 2 * s->cap : CAP_MIN;
	uint32_t *table = calloc(cap, sizeof(*table));

	if (!table)
		return false;
	free(s->table);
	s->table = table;
	s->cap = cap;
	for (size_t i = 0; i < s->names.len; i++) {
		const struct name *have = &CW_VEC_AT(&s->names, struct name, i);

		for (size_t k = have->hash / SHARDS;; k++) {
			if (s->table[k & (cap - 1)])
				continue;
			s->table[k & (cap - 1)] = (uint32_t)i + 1;
			break;
		}
	}
	return true;
}

/* Keep NAME in the shard; *ret stays CW_NAME_NONE when it is full. */
static int keep(struct shard *s, uint64_t hash, const char *name, size_t len, uint32_t holder, uint32_t *ret,
		struct cw_err *err)
{
	size_t offset = s->bytes.len;
	struct name *slot;

	if (len >= s->bytes.max - offset || s->names.len >= s->names.max)
		return 0;
	if (4 * (s->names.len + 1) > 3 * s->cap && !grow(s))
		return cw_err_nomem(err);
	cw_buf_add(&s->bytes, name, len);
	cw_buf_addc(&s->bytes, '\0');
	slot = s->bytes.fail ? NULL : cw_vec_push(&s->names);
	if (!slot)
		return cw_err_nomem(err);
	*slot = (struct name){ .text = offset, .len = (uint32_t)len, .holder = holder, .hash = hash };
	*ret = (uint32_t)(s->names.len - 1);
	*slot_of(s, hash, name, len) = *ret + 1;
	return 0;
}

/* Under the shard's lock, so that no name is looked at twice. */
static int add_locked(struct shard *s, uint64_t hash, const char *name, size_t len, cw_name_fn look, void *payload,
		      uint32_t *ret_index, uint32_t *ret_holder, struct cw_err *err)
{
	uint32_t *slot = s->cap ? slot_of(s, hash, name, len) : NULL;
	int rc;

	if (slot && *slot) {
		*ret_index = *slot - 1;
		*ret_holder = CW_VEC_AT(&s->names, struct name, *slot - 1).holder;
		return 0;
	}
	*ret_holder = CW_HOLDER_NONE;
	rc = look(payload, name, len, ret_holder, err);
	return rc ? rc : keep(s, hash, name, len, *ret_holder, ret_index, err);
}

int cw_names_add(struct cw_names *n, const char *name, size_t len, cw_name_fn look, void *payload, uint32_t *ret_name,
		 uint32_t *ret_holder, struct cw_err *err)
{
	uint64_t hash = hash_of(n, name, len);
	struct shard *s = &n->shards[hash % SHARDS];
	uint32_t index = CW_NAME_NONE;
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = add_locked(s, hash, name, len, look, payload, &index, ret_holder, err);
	pthread_mutex_unlock(&s->lock);
	*ret_name = index == CW_NAME_NONE ? CW_NAME_NONE : index * SHARDS + (uint32_t)(hash % SHARDS);
	return rc;
}

const char *cw_names_text(const struct cw_names *n, uint32_t name)
{
	const struct shard *s = &n->shards[name % SHARDS];

	return s->bytes.data + CW_VEC_AT(&s->names, struct name, name / SHARDS).text;
}

uint32_t cw_names_end(const struct cw_names *n)
{
	size_t most = 0;

	for (unsigned i = 0; i < SHARDS; i++)
		most = n->shards[i].names.len > most ? n->shards[i].names.len : most;
	return (uint32_t)most * SHARDS;
}

/* scan/judge.c - see judge.h. */
#include "scan/judge.h"

#include <stdlib.h>
#include <string.h>

#define AFTER_MAX ((size_t)1 << 24)
#define SECRETS_MAX ((size_t)1 << 26)

struct asked { /* one secret of the change */
	uint8_t secret[CW_SECRET_ID_LEN];
	bool old;
};

void cw_judge_init(struct cw_judge *j, struct cw_lookup *lookup)
{
	*j = (struct cw_judge){ .lookup = lookup, .after = CW_VEC_INIT(struct cw_judged, AFTER_MAX),
				.secrets = CW_VEC_INIT(struct asked, SECRETS_MAX), .paths = CW_BUF_INIT };
}

void cw_judge_release(struct cw_judge *j)
{
	cw_vec_release(&j->after);
	cw_vec_release(&j->secrets);
	cw_buf_release(&j->paths);
}

void cw_judge_clear(struct cw_judge *j)
{
	cw_vec_clear(&j->after);
	cw_vec_clear(&j->secrets);
	cw_buf_clear(&j->paths);
	j->open = 0;
	j->sorted = false;
}

int cw_judge_after(struct cw_judge *j, const char *path, uint32_t holder, const struct cw_oid *object, bool is_name,
		   struct cw_err *err)
{
	uint32_t len;
	const struct cw_kept_hit *hits = cw_lookup_hits(j->lookup, holder, &len);
	struct cw_judged *slot = cw_vec_push(&j->after);

	if (!slot)
		return cw_vec_fail(&j->after, "changes with secrets", err);
	*slot = (struct cw_judged){ .path = j->paths.len, .holder = holder, .object = *object, .is_name = is_name };
	cw_buf_add(&j->paths, path, strlen(path) + 1);
	for (uint32_t i = 0; i < len; i++) {
		struct asked *asked = cw_vec_push(&j->secrets);

		if (!asked)
			return cw_vec_fail(&j->secrets, "secrets of a change", err);
		memcpy(asked->secret, cw_kept_fact(&j->lookup->kept, hits[i].fact)->secret, sizeof(asked->secret));
	}
	j->open += len;
	j->sorted = false;
	return cw_buf_fail(&j->paths, "paths", err);
}

static int by_secret(const void *a, const void *b)
{
	return memcmp(a, b, CW_SECRET_ID_LEN);
}

/* Each secret once, sorted. */
static void settle(struct cw_judge *j)
{
	struct asked *all = j->secrets.items;
	size_t kept = 0;

	if (j->sorted)
		return;
	if (j->secrets.len)
		qsort(all, j->secrets.len, sizeof(*all), by_secret);
	for (size_t i = 0; i < j->secrets.len; i++)
		if (!kept || by_secret(&all[i], &all[kept - 1]))
			all[kept++] = all[i];
	j->open = j->secrets.len = kept;
	j->sorted = true;
}

static struct asked *find(struct cw_judge *j, uint32_t fact)
{
	settle(j);
	if (!j->secrets.len)
		return NULL;
	return bsearch(cw_kept_fact(&j->lookup->kept, fact)->secret, j->secrets.items, j->secrets.len, sizeof(struct asked),
		       by_secret);
}

bool cw_judge_wants(const struct cw_judge *j)
{
	return j->open > 0;
}

void cw_judge_before(struct cw_judge *j, uint32_t holder)
{
	uint32_t len;
	const struct cw_kept_hit *hits = cw_lookup_hits(j->lookup, holder, &len);

	for (uint32_t i = 0; i < len; i++) {
		struct asked *asked = find(j, hits[i].fact);

		if (asked && !asked->old) {
			asked->old = true;
			j->open--;
		}
	}
}

bool cw_judge_is_new(struct cw_judge *j, uint32_t fact)
{
	const struct asked *asked = find(j, fact);

	return asked && !asked->old;
}

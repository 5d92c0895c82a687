/* store/replay.c - see replay.h. */
#include "store/replay.h"

#include <string.h>

void cw_replay_release(struct cw_replay *r)
{
	cw_sight_list_release(&r->sights);
	cw_vec_release(&r->places);
	cw_buf_release(&r->text);
}

void cw_put_place(struct cw_buf *out, const struct cw_stored_place *p)
{
	cw_put_number(out, p->sight);
	cw_put_text(out, p->path);
	cw_put_id(out, &p->object);
	cw_put_number(out, p->type);
	cw_put_at(out, &p->at);
	cw_put_number(out, p->objects);
	cw_put_number(out, p->unlisted);
	cw_put_number(out, p->state);
	cw_put_id(out, &p->commit);
	cw_put_text(out, p->author);
	cw_put_number(out, (uint64_t)p->date);
	cw_put_number(out, p->introductions);
	cw_put_text(out, p->tip_ref);
	cw_put_id(out, &p->tip_blob);
	cw_put_number(out, p->tip_line);
}

static int take_place(struct cw_take *t, struct cw_replay *r, struct cw_err *err)
{
	struct cw_stored_place *p = cw_vec_push(&r->places);

	if (!p)
		return cw_vec_fail(&r->places, "verdict store", err);
	p->sight = (uint32_t)cw_take_number(t, CW_STORED_SIGHTS_MAX);
	p->path = cw_take_text(t);
	p->object = cw_take_id(t);
	p->type = (uint8_t)cw_take_number(t, UINT8_MAX);
	p->at = cw_take_at(t);
	p->objects = cw_take_number(t, UINT64_MAX);
	p->unlisted = cw_take_number(t, UINT64_MAX);
	p->state = (uint8_t)cw_take_number(t, UINT8_MAX);
	p->commit = cw_take_id(t);
	p->author = cw_take_text(t);
	p->date = (int64_t)cw_take_number(t, UINT64_MAX);
	p->introductions = cw_take_number(t, UINT64_MAX);
	p->tip_ref = cw_take_text(t);
	p->tip_blob = cw_take_id(t);
	p->tip_line = cw_take_number(t, UINT64_MAX);
	t->bad = t->bad || p->sight >= r->sights.items.len;
	return 0;
}

int cw_replay_write(const struct cw_replay *r, uint64_t n, const struct cw_buf *places, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_add(out, r->state, sizeof(r->state));
	cw_put_number(out, r->counts.expected);
	cw_put_number(out, r->counts.submodules);
	cw_put_number(out, r->counts.lfs_pointers);
	cw_put_number(out, r->counts.malformed_trees);
	cw_put_sights(out, &r->sights);
	cw_put_number(out, n);
	cw_buf_add(out, places->data, places->len);
	return cw_buf_fail(out, "verdict store", err);
}

int cw_replay_read(struct cw_replay *r, const uint8_t state[CW_SHA256_LEN], struct cw_err *err)
{
	struct cw_take t = { .at = (const uint8_t *)r->text.data, .end = (const uint8_t *)r->text.data + r->text.len };
	const void *stored = r->text.len ? cw_take_bytes(&t, sizeof(r->state)) : NULL;
	uint64_t n;
	int rc;

	if (!stored || memcmp(stored, state, sizeof(r->state)))
		return cw_err_set(err, CW_E_NOTFOUND, "the repository has changed since it was audited");
	memcpy(r->state, stored, sizeof(r->state));
	r->counts.expected = cw_take_number(&t, UINT64_MAX);
	r->counts.submodules = cw_take_number(&t, UINT64_MAX);
	r->counts.lfs_pointers = cw_take_number(&t, UINT64_MAX);
	r->counts.malformed_trees = cw_take_number(&t, UINT64_MAX);
	rc = cw_take_sights(&t, &r->sights, err);
	n = cw_take_number(&t, CW_STORED_PLACES_MAX);
	for (uint64_t i = 0; !rc && !t.bad && i < n; i++)
		rc = take_place(&t, r, err);
	if (rc)
		return rc;
	return cw_take_done(&t) ? 0 : cw_err_set(err, CW_E_CORRUPT, "the verdict store is damaged: a replay cannot be read");
}

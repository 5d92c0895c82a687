/* scan/known_replay.c - says again what the last audit said, and takes down what this one says. See known.h. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "scan/known_int.h"

/* ---- saying it again ---- */

static bool is_valid(const struct cw_known *k, const struct cw_replay *r)
{
	if (!cw_known_sights_valid(k, &r->sights))
		return false;
	for (size_t i = 0; i < r->places.len; i++) {
		const struct cw_stored_place *p = &CW_VEC_AT(&r->places, struct cw_stored_place, i);

		if (!cw_known_at_valid(&p->at) || p->state > CW_STATE_UNREACHABLE || p->type < CW_OBJ_COMMIT || p->type > CW_OBJ_TAG)
			return false;
	}
	return true;
}

static int restore_sights(const struct cw_known *k, const struct cw_replay *r, struct cw_kept *handles, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < r->sights.items.len; i++) {
		const struct cw_stored_sight *s = &CW_VEC_AT(&r->sights.items, struct cw_stored_sight, i);

		rc = k->opts.sink->restore(k->opts.sink->payload, s, cw_set_rule(k->opts.set, s->rule), &handles[i], err);
	}
	return rc;
}

static int say_place(const struct cw_known *k, const struct cw_stored_place *p, const struct cw_kept *handle, struct cw_err *err)
{
	const struct cw_origin origin = { .state = (enum cw_place_state)p->state, .commit = cw_known_oid(&p->commit),
					  .author = p->author, .date = p->date, .introductions = p->introductions,
					  .tip_ref = p->tip_ref, .tip_blob = cw_known_oid(&p->tip_blob), .tip_line = p->tip_line };
	const struct cw_scan_place place = { .handle = handle->handle, .path = p->path, .object = cw_known_oid(&p->object),
					     .type = (enum cw_object_type)p->type, .line = p->at.line, .column = p->at.column,
					     .end_line = p->at.end_line, .end_column = p->at.end_column, .more = p->at.more,
					     .mark = cw_known_mark_name(p->at.mark), .objects = p->objects,
					     .unlisted = p->unlisted, .origin = &origin };

	return k->opts.sink->place(k->opts.sink->payload, &place, err);
}

static int say_all(const struct cw_known *k, const struct cw_replay *r, struct cw_coverage *coverage, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_kept *handles = calloc(r->sights.items.len + 1, sizeof(*handles));
	int rc = handles ? restore_sights(k, r, handles, err) : cw_err_nomem(err);

	for (size_t i = 0; !rc && i < r->places.len; i++) {
		const struct cw_stored_place *p = &CW_VEC_AT(&r->places, struct cw_stored_place, i);

		rc = say_place(k, p, &handles[p->sight], err);
	}
	coverage->expected = coverage->cached = r->counts.expected;
	coverage->submodules = r->counts.submodules;
	coverage->lfs_pointers = r->counts.lfs_pointers;
	coverage->malformed_trees = r->counts.malformed_trees;
	return rc;
}

int cw_known_replay(struct cw_known *k, struct cw_coverage *coverage, bool *ret_done, struct cw_err *err)
{
	CW_CLEANUP(cw_replay_release) struct cw_replay r = CW_REPLAY_INIT;
	struct cw_err why = CW_ERR_INIT;
	int rc;

	*ret_done = false;
	if (!k || !k->store)
		return 0;
	rc = cw_store_read(k->store, CW_STORE_REPLAY, &r.text, &why);
	rc = rc ? rc : cw_replay_read(&r, k->before.all, &why);
	if (rc == CW_E_NOTFOUND)
		return 0;
	if (!rc && !is_valid(k, &r))
		rc = cw_err_set(&why, CW_E_CORRUPT, "'%s' is damaged: it names what does not exist", k->path.data);
	if (rc)
		return cw_known_give_up(k, rc, &why, err);
	*ret_done = true;
	return say_all(k, &r, coverage, err);
}

/* ---- taking it down ---- */

/* Whether nothing in TEXT looks like a secret: a path or a name may hold one, as any other text may. */
static int is_harmless(struct cw_known *k, const char *text, bool *ret, struct cw_err *err)
{
	char *copy;

	*ret = true;
	if (!text || tfind(text, &k->texts, (int (*)(const void *, const void *))strcmp))
		return 0;
	if (cw_match_blob(k->matcher, text, strlen(text), &k->result, NULL) || k->result.hits.len || k->result.unscannable.len) {
		*ret = false;
		return 0;
	}
	copy = strdup(text);
	if (copy && tsearch(copy, &k->texts, (int (*)(const void *, const void *))strcmp))
		return 0;
	free(copy);
	return cw_err_nomem(err);
}

static int take_place(struct cw_known *k, const struct cw_scan_place *place, struct cw_err *err)
{
	const struct cw_origin *o = place->origin;
	struct cw_stored_place p = { .path = place->path, .object = cw_known_id(&place->object), .type = (uint8_t)place->type,
				     .at = { .line = place->line, .column = place->column, .end_line = place->end_line,
					     .end_column = place->end_column, .more = place->more,
					     .mark = cw_known_mark_number(place->mark) },
				     .objects = place->objects, .unlisted = place->unlisted, .state = (uint8_t)o->state,
				     .commit = cw_known_id(&o->commit), .author = o->author, .date = o->date,
				     .introductions = o->introductions, .tip_ref = o->tip_ref,
				     .tip_blob = cw_known_id(&o->tip_blob), .tip_line = o->tip_line };
	bool path = true, author = true, ref = true;
	int rc = is_harmless(k, p.path, &path, err);

	rc = rc ? rc : is_harmless(k, p.author, &author, err);
	rc = rc ? rc : is_harmless(k, p.tip_ref, &ref, err);
	rc = rc ? rc : cw_known_sight(k, &k->place_sights, place->handle, &p.sight, err);
	if (rc)
		return rc;
	cw_put_place(&k->places, &p);
	k->places_len++;
	k->unrepeatable = !path || !author || !ref || k->places.fail == CW_E_LIMIT;
	return k->places.fail == CW_E_NOMEM ? cw_err_nomem(err) : 0;
}

static int on_place(void *payload, const struct cw_scan_place *place, struct cw_err *err)
{
	struct cw_known *k = payload;
	int rc = k->unrepeatable ? 0 : take_place(k, place, err);

	return rc ? rc : k->own.place(k->own.payload, place, err);
}

static int on_keep(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err)
{
	struct cw_known *k = payload;

	return k->own.keep(k->own.payload, worker, hit, ret, err);
}

const struct cw_sink *cw_known_sink(struct cw_known *k, struct cw_matcher *matcher, const struct cw_sink *own)
{
	if (!k)
		return own;
	k->matcher = matcher;
	k->own = *own;
	k->sink = (struct cw_sink){ .keep = on_keep, .place = on_place, .payload = k };
	return &k->sink;
}

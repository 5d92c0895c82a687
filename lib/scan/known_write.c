/* scan/known_write.c - writes down what this audit has found. See known.h. */
#include <stdlib.h>
#include <string.h>

#include "scan/known_int.h"
#include "vcs/oid_map.h"

/* ---- verdicts ---- */

static int add_packs(struct cw_known *k, struct cw_err *err)
{
	int rc = cw_known_list_packs(k, err);

	for (size_t i = 0; !rc && i < k->before.packs.len; i++) {
		struct cw_stored_pack *slot = cw_vec_push(&k->now.packs);

		if (!slot)
			return cw_vec_fail(&k->now.packs, "verdict store", err);
		rc = cw_known_digest_pack(k, i, err);
		*slot = k->packs[i].stored;
	}
	return rc;
}

static int add_loose(struct cw_known *k, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < k->before.loose.len; i++) {
		struct cw_stored_stamp *slot = cw_vec_push(&k->now.loose);

		if (!slot)
			return cw_vec_fail(&k->now.loose, "verdict store", err);
		rc = cw_known_loose_stamp(k, &CW_VEC_AT(&k->before.loose, struct cw_snapshot_loose, i), slot, err);
	}
	return rc;
}

static int add_id(struct cw_vec *out, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_stored_id *slot = cw_vec_push(out);

	if (!slot)
		return cw_vec_fail(out, "verdict store", err);
	*slot = cw_known_id(oid);
	return 0;
}

static int add_hit(struct cw_known *k, const struct cw_kept_hit *hit, struct cw_err *err)
{
	struct cw_stored_hit *slot = cw_vec_push(&k->now.hits);

	if (!slot)
		return cw_vec_fail(&k->now.hits, "verdict store", err);
	slot->at = (struct cw_stored_at){ .line = hit->line, .column = hit->column, .end_line = hit->end_line,
					  .end_column = hit->end_column, .more = hit->more,
					  .mark = cw_known_mark_number(hit->mark) };
	return cw_known_sight(k, &k->sights, hit->handle, &slot->sight, err);
}

/* An object of which there is something to say: the hits of HOLDER, or that it is a pointer. */
static int add_object(struct cw_known *k, const struct cw_kept_table *kept, const struct cw_oid *oid, uint32_t holder, bool pointer,
		      struct cw_err *err)
{
	struct cw_stored_object *o;
	const struct cw_kept_hit *hits = NULL;
	uint32_t len = 0;
	int rc = 0;

	if (holder == CW_OID_NONE && !pointer)
		return 0;
	o = cw_vec_push(&k->now.objects);
	if (!o)
		return cw_vec_fail(&k->now.objects, "verdict store", err);
	if (holder != CW_OID_NONE)
		hits = cw_kept_hits(kept, holder, &len);
	*o = (struct cw_stored_object){ .id = cw_known_id(oid), .pointer = pointer, .first = k->now.hits.len, .count = len,
					.type = (uint8_t)(hits ? cw_kept_holder(kept, holder)->type : CW_OBJ_BLOB) };
	for (uint32_t i = 0; !rc && i < len; i++)
		rc = add_hit(k, &hits[i], err);
	return rc;
}

static int take_object(struct cw_known *k, const struct cw_object_ref *ref, const struct cw_oid_map *holders,
		       const struct cw_kept_table *kept, struct cw_err *err)
{
	const struct cw_stored_id id = cw_known_id(&ref->oid);
	const struct cw_stored_object *old;
	bool pointer = ref->mark == CW_MARK_POINTER;
	int rc;

	if (ref->mark == CW_MARK_TREE)
		return 0;
	if (ref->mark != CW_MARK_SOUND && ref->mark != CW_MARK_CACHED && !pointer)
		return add_id(&k->now.doubtful, &ref->oid, err);
	old = ref->mark == CW_MARK_CACHED ? cw_verdicts_find(&k->old, &id) : NULL;
	rc = ref->shared ? add_id(&k->now.shared, &ref->oid, err) : 0;
	return rc ? rc : add_object(k, kept, &ref->oid, cw_oid_map_get(holders, &ref->oid), pointer || (old && old->pointer), err);
}

static int map_holders(const struct cw_kept_table *kept, struct cw_oid_map *out, struct cw_err *err)
{
	int rc = 0;

	cw_oid_map_init(out, CW_HOLDERS_MAX);
	for (uint32_t i = 0; !rc && i < kept->holders.len; i++)
		rc = cw_oid_map_add(out, &cw_kept_holder(kept, i)->oid, i, err);
	return rc ? rc : cw_oid_map_sort(out, err);
}

int cw_known_take(struct cw_known *k, const struct cw_vec *objects, const struct cw_kept_table *kept, struct cw_err *err)
{
	struct cw_oid_map holders;
	int rc;

	if (!k)
		return 0;
	rc = map_holders(kept, &holders, err);
	rc = rc ? rc : add_loose(k, err);
	for (size_t i = 0; !rc && i < objects->len; i++)
		rc = take_object(k, &CW_VEC_AT(objects, struct cw_object_ref, i), &holders, kept, err);
	cw_oid_map_release(&holders);
	k->taken = !rc;
	return rc;
}

/* ---- the file ---- */

/* The part of what can be said again; empty when it cannot. */
static int write_replay(const struct cw_known *k, const struct cw_coverage *c, struct cw_buf *out, struct cw_err *err)
{
	struct cw_replay r = { .sights = k->place_sights.list,
			       .counts = { .expected = c->expected, .submodules = c->submodules,
					   .lfs_pointers = c->lfs_pointers, .malformed_trees = c->malformed_trees } };

	memcpy(r.state, k->before.all, sizeof(r.state));
	return cw_replay_write(&r, k->places_len, &k->places, out, err);
}

static int write_store(const struct cw_known *k, const struct cw_coverage *coverage, bool repeatable, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf verdicts = CW_BUF_INIT_MAX(CW_STORE_FILE_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf replay = CW_BUF_INIT_MAX(CW_STORE_FILE_MAX);
	struct cw_bytes parts[CW_STORE_PARTS_];
	struct cw_verdicts now = k->now;
	int rc;

	now.sights = k->sights.list;
	rc = cw_verdicts_write(&now, &verdicts, err);
	if (!rc && repeatable)
		rc = write_replay(k, coverage, &replay, err);
	parts[CW_STORE_VERDICTS] = (struct cw_bytes){ verdicts.data, verdicts.len };
	parts[CW_STORE_REPLAY] = (struct cw_bytes){ replay.data, replay.len };
	return rc ? rc : cw_store_write(k->path.data, k->digest, parts, err);
}

/* Whether the repository is as it was when the audit began: its files, and with its references all of it. */
static int compare(const struct cw_known *k, bool *ret_files, bool *ret_all, struct cw_err *err)
{
	CW_CLEANUP(cw_snapshot_release) struct cw_snapshot after = CW_SNAPSHOT_INIT;
	int rc = cw_snapshot_take(k->opts.path, &after, err);

	*ret_files = !rc && !after.faults.len && !memcmp(after.files, k->before.files, sizeof(after.files));
	*ret_all = *ret_files && !memcmp(after.all, k->before.all, sizeof(after.all));
	return rc == CW_E_NOMEM ? rc : 0;
}

int cw_known_save(struct cw_known *k, const struct cw_coverage *coverage, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	bool repeatable, files, all;
	int rc;

	if (!k || !k->taken)
		return 0;
	repeatable = !k->unrepeatable && cw_coverage_complete(coverage);
	if (!repeatable && k->marked && coverage->scanned == 0)
		return 0; /* nothing new to say */
	rc = add_packs(k, &why);
	/* Only now: what was digested is what was scanned. */
	rc = rc ? rc : compare(k, &files, &all, &why);
	if (!rc && !files)
		return 0;
	cw_verdicts_sort(&k->now);
	rc = rc ? rc : write_store(k, coverage, repeatable && all, &why);
	return rc ? cw_known_give_up(k, rc, &why, err) : 0;
}

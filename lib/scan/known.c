/* scan/known.c - opens the store, and says which objects need not be scanned. See known.h. */
#include "scan/known.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "match/decode.h"
#include "match/stage1.h"
#include "rules/hsdb.h"
#include "scan/known_int.h"
#include "scan/marks.h"

static void table_release(struct cw_sight_table *t)
{
	cw_sight_list_release(&t->list);
	cw_map64_release(&t->numbers);
}

void cw_known_free(struct cw_known *k)
{
	if (!k)
		return;
	cw_snapshot_release(&k->before);
	free(k->packs);
	cw_buf_release(&k->path);
	cw_store_close(k->store);
	cw_verdicts_release(&k->old);
	cw_verdicts_release(&k->now);
	table_release(&k->sights);
	table_release(&k->place_sights);
	cw_result_release(&k->result);
	tdestroy(k->texts, free);
	cw_buf_release(&k->places);
	free(k);
}

/* ---- small conversions ---- */

struct cw_stored_id cw_known_id(const struct cw_oid *oid)
{
	struct cw_stored_id id = { .len = oid->len };

	_Static_assert(CW_OID_MAX == CW_STORED_ID_MAX, "ids of the same size");
	memcpy(id.id, oid->id, sizeof(id.id));
	return id;
}

struct cw_oid cw_known_oid(const struct cw_stored_id *id)
{
	struct cw_oid oid = { .len = id->len };

	memcpy(oid.id, id->id, sizeof(oid.id));
	return oid;
}

uint32_t cw_known_mark_number(const char *mark)
{
	uint32_t n = 0;

	while (mark && cw_mark_name(n) && cw_mark_name(n) != mark)
		n++;
	return mark ? n + 1 : 0;
}

const char *cw_known_mark_name(uint32_t number)
{
	return number ? cw_mark_name(number - 1) : NULL;
}

int cw_known_sight(struct cw_known *k, struct cw_sight_table *t, const void *handle, uint32_t *ret, struct cw_err *err)
{
	const struct cw_rule *rule, *first = cw_set_rule(k->opts.set, 0);
	struct cw_stored_sight *slot;
	uint32_t *number;
	bool is_new;
	int rc = cw_map64_put(&t->numbers, (uint64_t)(uintptr_t)handle, (uint32_t)t->list.items.len, &number, &is_new, err);

	if (rc)
		return rc;
	*ret = *number;
	if (!is_new)
		return 0;
	slot = cw_vec_push(&t->list.items);
	if (!slot)
		return cw_vec_fail(&t->list.items, "verdict store", err);
	k->opts.sink->save(k->opts.sink->payload, handle, slot, &rule);
	slot->rule = (uint32_t)(rule - first);
	return 0;
}

bool cw_known_at_valid(const struct cw_stored_at *at)
{
	return at->mark == 0 || cw_known_mark_name(at->mark);
}

bool cw_known_sights_valid(const struct cw_known *k, const struct cw_sight_list *l)
{
	size_t rules = cw_set_len(k->opts.set);

	for (size_t i = 0; i < l->items.len; i++) {
		const struct cw_stored_sight *s = &CW_VEC_AT(&l->items, struct cw_stored_sight, i);

		if (s->rule >= rules || s->proof > CW_PROOF_CHECKSUM)
			return false;
		for (size_t n = 0; n < s->also_len; n++) {
			if (s->also[n] >= rules)
				return false;
		}
	}
	return true;
}

/* The digest of a file's PATH and of the LEN bytes that say what state it is in. */
static int make_stamp(const char *path, const void *state, size_t len, struct cw_stored_stamp *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT;
	int rc;

	cw_buf_add(&all, path, strlen(path) + 1);
	cw_buf_add(&all, state, len);
	rc = cw_buf_fail(&all, "verdict store", err);
	return rc ? rc : cw_sha256(all.data, all.len, ret->bytes, err);
}

/* All of a pack's state but the times, and these apart. */
static int describe_pack(const struct cw_snapshot_pack *p, struct cw_stored_pack *ret, struct cw_err *err)
{
	struct cw_pack_state lasting = p->state;

	ret->times[0] = lasting.index.modified;
	ret->times[1] = lasting.index.changed;
	ret->times[2] = lasting.pack.modified;
	ret->times[3] = lasting.pack.changed;
	lasting.index.modified = lasting.index.changed = lasting.pack.modified = lasting.pack.changed = 0;
	return make_stamp(p->index, &lasting, sizeof(lasting), &ret->file, err);
}

int cw_known_list_packs(struct cw_known *k, struct cw_err *err)
{
	int rc = 0;

	if (k->packs)
		return 0;
	k->packs = calloc(k->before.packs.len + 1, sizeof(*k->packs));
	if (!k->packs)
		return cw_err_nomem(err);
	for (size_t i = 0; !rc && i < k->before.packs.len; i++)
		rc = describe_pack(&CW_VEC_AT(&k->before.packs, struct cw_snapshot_pack, i), &k->packs[i].stored, err);
	return rc;
}

int cw_known_digest_pack(struct cw_known *k, size_t i, struct cw_err *err)
{
	struct cw_known_pack *p = &k->packs[i];
	const char *path = CW_VEC_AT(&k->before.packs, struct cw_snapshot_pack, i).index;
	int rc = p->complete ? 0 : cw_snapshot_pack_digest(path, p->stored.content, err);

	p->complete = !rc;
	return rc;
}

int cw_known_loose_stamp(const struct cw_known *k, const struct cw_snapshot_loose *l, struct cw_stored_stamp *ret, struct cw_err *err)
{
	struct {
		uint8_t id[CW_OID_MAX];
		struct cw_file_state state;
	} file = { .state = l->state };

	memcpy(file.id, l->oid.id, sizeof(file.id));
	return make_stamp(CW_VEC_AT(&k->before.stores, char *, l->store), &file, sizeof(file), ret, err);
}

/* ---- opening ---- */

int cw_known_give_up(struct cw_known *k, int rc, const struct cw_err *why, struct cw_err *err)
{
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (rc && rc != CW_E_NOTFOUND && k->opts.note && !k->opts.note->code)
		*k->opts.note = *why;
	cw_store_close(cw_steal(&k->store));
	return 0;
}

/* All that verdicts depend on beside the bytes. */
static int make_digest(struct cw_known *k, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT;
	uint8_t sink[CW_SHA256_LEN];
	int rc = k->opts.sink->digest(k->opts.sink->payload, sink, err);

	if (rc)
		return rc;
	cw_buf_addf(&all, "engine %d %s hyperscan %s rules ", CW_ENGINE_VERSION, cw_engine_id, cw_hsdb_version());
	cw_hex_encode(cw_set_digest(k->opts.set), CW_SHA256_LEN, &all);
	cw_buf_adds(&all, " sink ");
	cw_hex_encode(sink, sizeof(sink), &all);
	cw_buf_addf(&all, " limits: object %llu hits %d back %d decoded run %zu depth %d", (unsigned long long)k->opts.object_max,
		    CW_HITS_PER_RULE_MAX, CW_STAGE1_BACK, CW_DECODE_RUN_MAX, CW_DECODE_DEPTH_MAX);
	rc = cw_buf_fail(&all, "digest", err);
	return rc ? rc : cw_sha256(all.data, all.len, k->digest, err);
}

static int open_store(struct cw_known *k, bool *ret_usable, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_snapshot_take(k->opts.path, &k->before, &why);

	*ret_usable = false;
	if (rc) /* the audit itself will say what is wrong */
		return rc == CW_E_NOMEM ? cw_err_nomem(err) : 0;
	if (k->before.faults.len)
		return 0;
	rc = cw_store_path(k->before.objects, k->before.common_dir, &k->path, &why);
	if (rc)
		return cw_known_give_up(k, rc, &why, err);
	rc = make_digest(k, err);
	if (rc)
		return rc;
	*ret_usable = true;
	rc = cw_store_open(k->path.data, k->digest, &k->store, &why);
	return rc ? cw_known_give_up(k, rc, &why, err) : 0;
}

int cw_known_open(const struct cw_known_opts *opts, struct cw_known **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_known_free_p) struct cw_known *k = NULL;
	bool usable;
	int rc;

	*ret = NULL;
	if (!opts->sink->digest || !opts->sink->save || !opts->sink->restore)
		return 0;
	k = calloc(1, sizeof(*k));
	if (!k)
		return cw_err_nomem(err);
	k->opts = *opts;
	k->path = k->places = (struct cw_buf)CW_BUF_INIT;
	k->old = k->now = (struct cw_verdicts)CW_VERDICTS_INIT;
	k->sights = k->place_sights = (struct cw_sight_table){ .list = CW_SIGHT_LIST_INIT,
							       .numbers = CW_MAP64_INIT(CW_STORED_SIGHTS_MAX) };
	cw_result_init(&k->result);
	rc = open_store(k, &usable, err);
	if (!rc && usable)
		*ret = cw_steal(&k);
	return rc;
}

/* ---- what is known ---- */

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

static int push_oid(struct cw_vec *out, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_oid *slot = cw_vec_push(out);

	if (!slot)
		return cw_vec_fail(out, "objects", err);
	*slot = *oid;
	return 0;
}

static int push_ids(struct cw_vec *out, const struct cw_vec *ids, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < ids->len; i++) {
		struct cw_oid oid = cw_known_oid(&CW_VEC_AT(ids, struct cw_stored_id, i));

		rc = push_oid(out, &oid, err);
	}
	return rc;
}

/* Whether pack I has been scanned as it is. */
static int is_known_pack(struct cw_known *k, size_t i, bool *ret, struct cw_err *err)
{
	struct cw_known_pack *p = &k->packs[i];
	const struct cw_stored_pack *old = cw_verdicts_pack(&k->old, &p->stored.file);
	int rc;

	*ret = false;
	if (!old)
		return 0;
	if (!memcmp(old->times, p->stored.times, sizeof(old->times))) {
		memcpy(p->stored.content, old->content, sizeof(old->content));
		*ret = p->complete = true;
		return 0;
	}
	rc = cw_known_digest_pack(k, i, err);
	*ret = !rc && !memcmp(old->content, p->stored.content, sizeof(old->content));
	return rc;
}

/* All ids that stand in a file nobody has scanned. *ret_same: how many files were scanned and are still there. */
static int list_new(struct cw_known *k, struct cw_vec *out, size_t *ret_same, struct cw_err *err)
{
	struct cw_stored_stamp stamp;
	int rc = cw_known_list_packs(k, err);

	*ret_same = 0;
	for (size_t i = 0; !rc && i < k->before.packs.len; i++) {
		bool known;

		rc = is_known_pack(k, i, &known, err);
		if (!rc && known)
			++*ret_same;
		else if (!rc)
			rc = cw_snapshot_pack_ids(CW_VEC_AT(&k->before.packs, struct cw_snapshot_pack, i).index, out, err);
	}
	for (size_t i = 0; !rc && i < k->before.loose.len; i++) {
		const struct cw_snapshot_loose *l = &CW_VEC_AT(&k->before.loose, struct cw_snapshot_loose, i);

		rc = cw_known_loose_stamp(k, l, &stamp, err);
		if (!rc && cw_verdicts_has_loose(&k->old, &stamp))
			++*ret_same;
		else if (!rc)
			rc = push_oid(out, &l->oid, err);
	}
	return rc;
}

/* Likewise all ids that are to be scanned. */
static int list_unknown(struct cw_known *k, struct cw_vec *out, struct cw_err *err)
{
	size_t same;
	int rc = list_new(k, out, &same, err);

	rc = rc ? rc : push_ids(out, &k->old.doubtful, err);
	/* Of several copies one was scanned, and perhaps that one is gone. */
	if (!rc && same < k->old.packs.len + k->old.loose.len)
		rc = push_ids(out, &k->old.shared, err);
	if (!rc && out->len)
		qsort(out->items, out->len, out->item_size, by_oid);
	return rc;
}

static int read_verdicts(struct cw_known *k, struct cw_err *err)
{
	bool valid;
	int rc = cw_store_read(k->store, CW_STORE_VERDICTS, &k->old.text, err);

	rc = rc ? rc : cw_verdicts_read(&k->old, err);
	if (rc)
		return rc;
	valid = cw_known_sights_valid(k, &k->old.sights);
	for (size_t i = 0; valid && i < k->old.hits.len; i++)
		valid = cw_known_at_valid(&CW_VEC_AT(&k->old.hits, struct cw_stored_hit, i).at);
	return valid ? 0 : cw_err_set(err, CW_E_CORRUPT, "'%s' is damaged: it names what does not exist", k->path.data);
}

/* Whether the files are still those of the beginning, so that the list of objects made in between is theirs. */
static int is_unchanged(const struct cw_known *k, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_snapshot_release) struct cw_snapshot now = CW_SNAPSHOT_INIT;
	int rc = cw_snapshot_take(k->opts.path, &now, err);

	*ret = !rc && !now.faults.len && !memcmp(now.files, k->before.files, sizeof(now.files));
	return rc == CW_E_NOMEM ? rc : 0;
}

/* ---- what is in known objects ---- */

static int stage_hit(const struct cw_known *k, const struct cw_stored_hit *hit, struct cw_kept *kept, struct cw_stage *stage,
		     struct cw_err *err)
{
	const struct cw_stored_sight *s = &CW_VEC_AT(&k->old.sights.items, struct cw_stored_sight, hit->sight);
	struct cw_scan_hit h = { .rule = cw_set_rule(k->opts.set, s->rule), .proof = s->proof, .cut = s->cut,
				 .line = hit->at.line, .column = hit->at.column, .end_line = hit->at.end_line,
				 .end_column = hit->at.end_column, .more = hit->at.more,
				 .mark = cw_known_mark_name(hit->at.mark) };
	int rc = kept->handle ? 0 : k->opts.sink->restore(k->opts.sink->payload, s, h.rule, kept, err);

	return rc ? rc : cw_stage_add(stage, &h, kept, err);
}

static int restore_object(const struct cw_known *k, const struct cw_oid *oid, const struct cw_stored_object *o, struct cw_kept *handles,
			  struct cw_stage *stage, struct cw_kept_table *kept, struct cw_err *err)
{
	uint32_t holder;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < o->count; i++) {
		const struct cw_stored_hit *hit = &CW_VEC_AT(&k->old.hits, struct cw_stored_hit, o->first + i);

		rc = stage_hit(k, hit, &handles[hit->sight], stage, err);
	}
	return rc ? rc : cw_kept_add(kept, stage, oid, o->type, &holder, err);
}

static int restore_all(const struct cw_known *k, const struct cw_vec *objects, struct cw_kept_table *kept,
		       struct cw_coverage *coverage, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_kept *handles = calloc(k->old.sights.items.len + 1, sizeof(*handles));
	CW_CLEANUP(cw_stage_release) struct cw_stage stage = CW_STAGE_INIT;
	int rc = handles ? 0 : cw_err_nomem(err);

	for (size_t i = 0; !rc && k->old.objects.len && i < objects->len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(objects, struct cw_object_ref, i);
		const struct cw_stored_id id = cw_known_id(&ref->oid);
		const struct cw_stored_object *o = ref->mark == CW_MARK_KNOWN ? cw_verdicts_find(&k->old, &id) : NULL;

		if (!o)
			continue;
		coverage->lfs_pointers += o->pointer;
		rc = restore_object(k, &ref->oid, o, handles, &stage, kept, err);
	}
	return rc;
}

int cw_known_mark(struct cw_known *k, struct cw_vec *objects, struct cw_kept_table *kept, struct cw_coverage *coverage,
		  struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec unknown = CW_VEC_INIT(struct cw_oid, CW_OBJECTS_MAX);
	struct cw_err why = CW_ERR_INIT;
	bool same = false;
	int rc = k && k->store ? read_verdicts(k, &why) : CW_E_NOTFOUND;

	rc = rc ? rc : is_unchanged(k, &same, &why);
	rc = rc || !same ? rc : list_unknown(k, &unknown, &why);
	if (rc || !same)
		return k ? cw_known_give_up(k, rc, &why, err) : 0;
	k->marked = true;
	for (size_t i = 0; i < objects->len; i++) {
		struct cw_object_ref *ref = &CW_VEC_AT(objects, struct cw_object_ref, i);

		if (!unknown.len || !bsearch(&ref->oid, unknown.items, unknown.len, unknown.item_size, by_oid))
			ref->mark = CW_MARK_KNOWN;
	}
	return restore_all(k, objects, kept, coverage, err);
}

/* scan/lookup.c - see lookup.h. */
#include "scan/lookup.h"

#include <string.h>

static int stage_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_lookup *f = payload;
	struct cw_kept kept;
	int rc = f->sink->keep(f->sink->payload, worker, hit, &kept, err);

	return rc ? rc : cw_stage_add(&f->stage, hit, &kept, err);
}

static int init_tables(struct cw_lookup *f, const struct cw_sink *sink, struct cw_repo *repo, uint64_t object_max, struct cw_err *err)
{
	*f = (struct cw_lookup){ .repo = repo, .sink = sink, .object_max = object_max, .stage = CW_STAGE_INIT,
				.known = CW_OID_HASH_INIT };
	f->stage_sink = (struct cw_sink){ .hit = stage_hit, .payload = f };
	return cw_kept_init(&f->kept, err);
}

int cw_lookup_init(struct cw_lookup *f, const struct cw_set *set, const struct cw_sink *sink, struct cw_progress *progress,
		  struct cw_repo *repo, uint64_t object_max, struct cw_err *err)
{
	int rc = init_tables(f, sink, repo, object_max, err);

	if (rc)
		return rc;
	rc = cw_scanner_init(&f->scanner, set, &f->stage_sink, progress, 0, NULL, err);
	if (rc)
		cw_kept_release(&f->kept);
	return rc;
}

int cw_lookup_init_asking(struct cw_lookup *f, const struct cw_asker *asker, struct cw_progress *progress, struct cw_repo *repo,
			 uint64_t object_max, struct cw_err *err)
{
	int rc = init_tables(f, NULL, repo, object_max, err);

	if (!rc)
		cw_scanner_init_asking(&f->scanner, asker, progress);
	return rc;
}

void cw_lookup_release(struct cw_lookup *f, struct cw_coverage *into)
{
	cw_scanner_finish(&f->scanner, into);
	cw_kept_release(&f->kept);
	cw_stage_release(&f->stage);
	cw_oid_hash_release(&f->known);
}

bool cw_lookup_known(const struct cw_lookup *f, const struct cw_oid *oid)
{
	return cw_oid_hash_get(&f->known, oid) != NULL;
}

static int scan_object(struct cw_lookup *f, const struct cw_object_ref *ref, const struct cw_object *o, const char *hex,
		       uint32_t *ret, struct cw_err *err)
{
	struct cw_scanned s = { .data = o->data, .len = o->len, .name = hex, .object = ref->oid, .type = o->type };
	struct cw_coverage *coverage = &f->scanner.coverage;
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (o->type == CW_OBJ_TREE) {
		*ret = CW_HOLDER_TREE;
		return 0;
	}
	rc = cw_scanner_scan(&f->scanner, &s, err);
	/* A report names the object, which must then be the one of that id. */
	if (!rc && f->scanner.res.hits.len && cw_object_verify(o, &ref->oid, &why))
		cw_coverage_unscanned(coverage, false, hex, cw_err_msg(&why));
	return rc ? rc : cw_kept_add(&f->kept, &f->stage, &ref->oid, o->type, ret, err);
}

int cw_lookup_of_object(struct cw_lookup *f, const struct cw_object_ref *ref, const struct cw_object *o, uint32_t *ret,
		       struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];
	int rc;

	*ret = CW_HOLDER_NONE;
	cw_oid_hex(&ref->oid, hex);
	rc = scan_object(f, ref, o, hex, ret, err);
	return rc ? rc : cw_oid_hash_put(&f->known, &ref->oid, *ret, NULL, NULL, err);
}

static int read_and_scan(struct cw_lookup *f, const struct cw_object_ref *ref, uint32_t *ret, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	enum cw_object_type type;
	char hex[CW_OID_HEX_SIZE];
	struct cw_object o;
	uint64_t size;
	int rc = cw_repo_header(f->repo, &ref->oid, &type, &size, &why);

	cw_oid_hex(&ref->oid, hex);
	if (!rc && size > f->object_max) {
		cw_scanner_too_large(&f->scanner, hex, size, f->object_max);
		return 0;
	}
	rc = rc ? rc : cw_repo_read_ref(f->repo, ref, &o, &why);
	if (rc) {
		cw_coverage_unscanned(&f->scanner.coverage, true, hex, cw_err_msg(&why));
		return 0;
	}
	rc = scan_object(f, ref, &o, hex, ret, err);
	cw_object_release(&o);
	return rc;
}

/* The same beside the count; *ret_sure says whether the object was scanned. */
static int read_aside(struct cw_lookup *f, const struct cw_object_ref *ref, uint32_t *ret, bool *ret_sure, struct cw_err *err)
{
	struct cw_coverage counted = f->scanner.coverage;
	int rc;

	cw_coverage_init(&f->scanner.coverage);
	rc = read_and_scan(f, ref, ret, err);
	*ret_sure = !f->scanner.coverage.unscanned;
	cw_coverage_release(&f->scanner.coverage);
	f->scanner.coverage = counted;
	return rc;
}

int cw_lookup_of(struct cw_lookup *f, const struct cw_object_ref *ref, bool pre_image, uint32_t *ret, struct cw_err *err)
{
	const uint32_t *known = cw_oid_hash_get(&f->known, &ref->oid);
	bool sure = true;
	int rc;

	*ret = CW_HOLDER_NONE;
	if (known) {
		*ret = *known;
		return 0;
	}
	rc = pre_image ? read_aside(f, ref, ret, &sure, err) : read_and_scan(f, ref, ret, err);
	/* What a pre-image could not tell is asked, and counted, again when it is an object of the push. */
	return rc || !sure ? rc : cw_oid_hash_put(&f->known, &ref->oid, *ret, NULL, NULL, err);
}

int cw_lookup_learn(struct cw_lookup *f, const struct cw_oid *oid, uint32_t holder, struct cw_err *err)
{
	return cw_oid_hash_put(&f->known, oid, holder, NULL, NULL, err);
}

int cw_lookup_of_text(struct cw_lookup *f, const char *text, size_t len, const char *what, uint32_t *ret, struct cw_err *err)
{
	struct cw_scanned s = { .data = text, .len = len, .name = what, .type = CW_OBJ_TREE, .beside = true };
	const struct cw_oid none = { .len = 0 };
	int rc = cw_scanner_scan(&f->scanner, &s, err);

	*ret = CW_HOLDER_NONE;
	return rc ? rc : cw_kept_add(&f->kept, &f->stage, &none, CW_OBJ_TREE, ret, err);
}

const struct cw_kept_hit *cw_lookup_hits(const struct cw_lookup *f, uint32_t holder, uint32_t *ret_len)
{
	*ret_len = 0;
	return !cw_lookup_holds(holder) ? NULL : cw_kept_hits(&f->kept, holder, ret_len);
}

/* rules/hsdb.c - see hsdb.h. */
#include "rules/hsdb.h"

#include <hs_compile.h>
#include <hs_runtime.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/anchor.h"
#include "rules/hslib.h"
#include "rules/rule.h"

#define ANCHOR_FLAGS HS_FLAG_MULTILINE

static const hs_platform_info_t baseline = {.tune = HS_TUNE_FAMILY_GENERIC, .cpu_features = 0};

static int compile_error(const struct cw_hslib *hs, hs_compile_error_t *e, struct cw_err *err)
{
	int rc;

	if (!e || !e->message || strstr(e->message, "allocate memory"))
		rc = cw_err_nomem(err);
	else
		rc = cw_err_set(err, CW_E_RULE, "anchor does not compile: %s", e->message);
	hs->free_compile_error(e);
	return rc;
}

int cw_anchor_width(const char *text, uint32_t *ret_width, struct cw_err *err)
{
	hs_compile_error_t *e = NULL;
	hs_expr_info_t *info = NULL;
	const struct cw_hslib *hs;
	uint32_t width, min;
	int rc = cw_hslib(&hs, err);

	if (rc < 0)
		return rc;
	if (hs->expression_info(text, ANCHOR_FLAGS, &info, &e) != HS_SUCCESS)
		return compile_error(hs, e, err);
	width = info->max_width;
	min = info->min_width;
	free(info);
	if (min == 0)
		return cw_err_set(err, CW_E_RULE, "anchor: matches the empty string");
	if (width > CW_ANCHOR_MAX)
		return cw_err_set(err, CW_E_RULE, "anchor: may match more than %d bytes; bound its repeats", CW_ANCHOR_MAX);
	*ret_width = width;
	return 0;
}

int cw_hsdb_compile(const char *const *anchors, const unsigned *ids, size_t count, struct hs_database **ret, size_t *ret_bad,
		    struct cw_err *err)
{
	unsigned *flags = malloc(count * sizeof(*flags) + 1);
	hs_compile_error_t *e = NULL;
	const struct cw_hslib *hs;
	int rc = cw_hslib(&hs, err);

	*ret_bad = count;
	for (size_t i = 0; flags && i < count; i++)
		flags[i] = ANCHOR_FLAGS;
	if (rc == 0 && !flags) {
		rc = cw_err_nomem(err);
	} else if (rc == 0 && hs->compile_multi(anchors, flags, ids, (unsigned)count, HS_MODE_BLOCK, &baseline, ret, &e) !=
				      HS_SUCCESS) {
		if (e && e->expression >= 0)
			*ret_bad = (size_t)e->expression;
		rc = compile_error(hs, e, err);
	}
	free(flags);
	return rc;
}

void cw_hsdb_free(struct hs_database *db)
{
	if (db)
		hs_free_database(db);
}

int cw_hsdb_save(const struct hs_database *db, struct cw_buf *out, struct cw_err *err)
{
	char *bytes = NULL;
	size_t len = 0;
	hs_error_t e = hs_serialize_database(db, &bytes, &len);

	if (e == HS_NOMEM)
		return cw_err_nomem(err);
	if (e != HS_SUCCESS)
		return cw_err_set(err, CW_E_INTERNAL, "cannot serialise the rule database (%d)", e);
	cw_buf_add(out, bytes, len);
	free(bytes);
	return cw_buf_fail(out, "rule database", err);
}

int cw_hsdb_load(const char *data, size_t len, struct hs_database **ret, struct cw_err *err)
{
	hs_error_t e = hs_deserialize_database(data, len, ret);

	if (e == HS_NOMEM)
		return cw_err_nomem(err);
	if (e != HS_SUCCESS)
		return cw_err_set(err, CW_E_CORRUPT, "the rule database cannot be used by this Hyperscan (%d)", e);
	return 0;
}

/* Deserialised to the right address, a database is one piece of memory in which no address is kept. */
int cw_hsdb_save_raw(const struct hs_database *db, struct cw_buf *out, struct cw_err *err)
{
	char *bytes = NULL;
	size_t len = 0, size = 0;
	void *raw = NULL;
	hs_error_t e = hs_serialize_database(db, &bytes, &len);
	int rc = 0;

	if (e == HS_SUCCESS)
		e = hs_serialized_database_size(bytes, len, &size);
	size = (size + CW_HSDB_ALIGN - 1) / CW_HSDB_ALIGN * CW_HSDB_ALIGN;
	if (e == HS_SUCCESS)
		raw = aligned_alloc(CW_HSDB_ALIGN, size);
	if (raw) {
		memset(raw, 0, size);
		e = hs_deserialize_database_at(bytes, len, raw);
	}
	if (e == HS_NOMEM || (e == HS_SUCCESS && !raw))
		rc = cw_err_nomem(err);
	else if (e != HS_SUCCESS)
		rc = cw_err_set(err, CW_E_INTERNAL, "cannot write the rule database (%d)", e);
	else
		cw_buf_add(out, raw, size);
	free(raw);
	free(bytes);
	return rc < 0 ? rc : cw_buf_fail(out, "rule database", err);
}

int cw_hsdb_at(const void *bytes, size_t len, const struct hs_database **ret, struct cw_err *err)
{
	const struct hs_database *db = bytes;
	size_t size = 0;

	if ((uintptr_t)bytes % CW_HSDB_ALIGN != 0 || hs_database_size(db, &size) != HS_SUCCESS || size > len)
		return cw_err_set(err, CW_E_CORRUPT, "the rule database cannot be used by this Hyperscan");
	*ret = db;
	return 0;
}

struct cw_hsdb_probe {
	const struct hs_database *db;
	hs_scratch_t *scratch;
	unsigned id;
	size_t end; /* 0: no match yet */
};

int cw_hsdb_probe_new(const struct hs_database *db, struct cw_hsdb_probe **ret, struct cw_err *err)
{
	struct cw_hsdb_probe *p = calloc(1, sizeof(*p));
	hs_error_t e = p ? hs_alloc_scratch(db, &p->scratch) : HS_NOMEM;

	if (e != HS_SUCCESS) {
		free(p);
		return e == HS_NOMEM ? cw_err_nomem(err) : cw_err_set(err, CW_E_INTERNAL, "cannot prepare the matcher (%d)", e);
	}
	p->db = db;
	*ret = p;
	return 0;
}

static int on_found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *payload)
{
	struct cw_hsdb_probe *p = payload;

	(void)from;
	(void)flags;
	if (id == p->id && (p->end == 0 || to < p->end))
		p->end = (size_t)to;
	return 0;
}

int cw_hsdb_find(struct cw_hsdb_probe *p, unsigned id, const char *text, size_t len, size_t *ret_end, struct cw_err *err)
{
	hs_error_t e;

	p->id = id;
	p->end = 0;
	e = hs_scan(p->db, text, (unsigned)len, 0, p->scratch, on_found, p);
	if (e != HS_SUCCESS)
		return cw_err_set(err, CW_E_INTERNAL, "the matcher failed on an example (%d)", e);
	if (p->end > 0)
		*ret_end = p->end;
	return 0;
}

void cw_hsdb_probe_free(struct cw_hsdb_probe *p)
{
	if (!p)
		return;
	hs_free_scratch(p->scratch);
	free(p);
}

static int ignore(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *payload)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	(void)payload;
	return 0;
}

int cw_hsdb_cost(const char *anchor, const char *text, size_t len, double *ret_ns_kib, struct cw_err *err)
{
	struct hs_database *db = NULL;
	hs_scratch_t *scratch = NULL;
	unsigned id = 0;
	double best = 0;
	size_t bad;
	int rc = cw_hsdb_compile(&anchor, &id, 1, &db, &bad, err);

	if (rc == 0 && hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		rc = cw_err_nomem(err);
	for (int i = 0; rc == 0 && i < 5; i++) {
		struct timespec a, b;
		double ns;

		clock_gettime(CLOCK_MONOTONIC, &a);
		if (hs_scan(db, text, (unsigned)len, 0, scratch, ignore, NULL) != HS_SUCCESS)
			rc = cw_err_set(err, CW_E_INTERNAL, "the matcher failed on an anchor");
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
		best = i == 0 || ns < best ? ns : best;
	}
	hs_free_scratch(scratch);
	cw_hsdb_free(db);
	if (rc == 0)
		*ret_ns_kib = best / ((double)len / 1024);
	return rc;
}

const char *cw_hsdb_version(void)
{
	return hs_version();
}

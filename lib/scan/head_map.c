/* scan/head_map.c - see head_map.h. */
#include "scan/head_map.h"

#include <stdlib.h>
#include <string.h>

#define MODE_TYPE 0170000u
#define MODE_GITLINK 0160000u
#define PATH_BYTES_MAX ((size_t)512 << 20) /* of all paths together */

struct entry {
	struct cw_oid oid;
	size_t path; /* offset in text */
};

struct cw_head_map {
	struct cw_vec entries; /* struct entry, sorted by id and path */
	struct cw_buf text;    /* NUL-terminated paths */
	const char **paths;    /* one per entry */
	uint64_t submodules;
};

void cw_head_map_free(struct cw_head_map *m)
{
	if (!m)
		return;
	cw_vec_release(&m->entries);
	cw_buf_release(&m->text);
	free(m->paths);
	free(m);
}

static int on_path(const struct cw_oid *blob, const char *path, uint32_t mode, void *payload)
{
	struct cw_head_map *m = payload;
	struct entry *e;

	if ((mode & MODE_TYPE) == MODE_GITLINK) {
		m->submodules++;
		return 0;
	}
	e = cw_vec_push(&m->entries);
	if (!e)
		return m->entries.fail;
	e->oid = *blob;
	e->path = m->text.len;
	cw_buf_add(&m->text, path, strlen(path) + 1);
	if (m->text.fail)
		m->entries.len--;
	return m->text.fail;
}

static int by_oid_and_path(const void *a, const void *b, void *text)
{
	const struct entry *x = a, *y = b;
	int c = cw_oid_cmp(&x->oid, &y->oid);

	return c ? c : strcmp((char *)text + x->path, (char *)text + y->path);
}

static int sort_paths(struct cw_head_map *m, struct cw_err *err)
{
	size_t n = m->entries.len;

	if (!n)
		return 0;
	qsort_r(m->entries.items, n, sizeof(struct entry), by_oid_and_path, m->text.data);
	m->paths = calloc(n, sizeof(*m->paths));
	if (!m->paths)
		return cw_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		m->paths[i] = m->text.data + CW_VEC_AT(&m->entries, struct entry, i).path;
	return 0;
}

/* A blob of HEAD that the store lacks (a partial clone, a damaged store) is content that nobody looked at. */
static void report_missing(const struct cw_head_map *m, struct cw_repo *r, struct cw_coverage *coverage)
{
	const struct cw_oid *last = NULL;

	for (size_t i = 0; i < m->entries.len; i++) {
		const struct cw_oid *oid = &CW_VEC_AT(&m->entries, struct entry, i).oid;
		char hex[CW_OID_HEX_SIZE];

		if (last && !cw_oid_cmp(last, oid))
			continue;
		last = oid;
		if (cw_repo_has(r, oid))
			continue;
		cw_oid_hex(oid, hex);
		cw_coverage_unscanned(coverage, true, hex, "named by HEAD, but not in the object store");
	}
}

int cw_head_map_new(struct cw_repo *r, struct cw_coverage *coverage, struct cw_head_map **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_head_map_free_p) struct cw_head_map *m = calloc(1, sizeof(*m));
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (!m)
		return cw_err_nomem(err);
	m->entries = (struct cw_vec)CW_VEC_INIT(struct entry, CW_TREE_ENTRIES_MAX);
	m->text = (struct cw_buf)CW_BUF_INIT_MAX(PATH_BYTES_MAX);
	rc = cw_repo_head_paths(r, on_path, m, &why);
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (rc)
		cw_coverage_unscanned(coverage, false, "HEAD", cw_err_msg(&why));
	rc = sort_paths(m, err);
	if (rc)
		return rc;
	report_missing(m, r, coverage);
	coverage->submodules += m->submodules;
	*ret = cw_steal(&m);
	return 0;
}

const char *const *cw_head_map_paths(const struct cw_head_map *m, const struct cw_oid *blob, size_t *ret_len)
{
	const struct entry *e = m->entries.items;
	size_t low = 0, high = m->entries.len, first;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cw_oid_cmp(&e[mid].oid, blob) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	first = low;
	while (low < m->entries.len && !cw_oid_cmp(&e[low].oid, blob))
		low++;
	*ret_len = low - first;
	return low > first ? m->paths + first : NULL;
}

/* hooks/outgoing.c - see outgoing.h. */
#include "hooks/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "scan/push.h"
#include "vcs/parse.h"
#include "vcs/push.h"
#include "vcs/refs.h"

#define FAULTS_MAX 10000

void cw_outgoing_init(struct cw_outgoing *o)
{
	*o = (struct cw_outgoing){.refs = CW_VEC_INIT(struct cw_push_ref, CW_PUSH_REFS_MAX),
				  .known = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX)};
	cw_range_init(&o->range);
}

void cw_outgoing_release(struct cw_outgoing *o)
{
	cw_push_refs_release(&o->refs);
	cw_refs_release(&o->known);
	cw_range_release(&o->range);
}

static int add_known(struct cw_outgoing *o, const char *name, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_ref *slot = cw_vec_push(&o->known);

	if (!slot)
		return cw_vec_fail(&o->known, "references", err);
	*slot = (struct cw_ref){.name = strdup(name), .oid = *oid};
	return slot->name ? 0 : cw_err_nomem(err);
}

static int list_refs(struct cw_client *c, struct cw_vec *refs, struct cw_err *err)
{
	CW_CLEANUP(cw_store_faults_release) struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, FAULTS_MAX);

	/* A reference that cannot be read is one less that is known: more is scanned then. */
	return cw_repo_refs(c->repo, refs, &faults, err);
}

/* What REMOTE had when it was last fetched from or pushed to. */
static int add_tracked(struct cw_outgoing *o, struct cw_client *c, const char *remote, struct cw_err *err)
{
	CW_CLEANUP(cw_refs_release) struct cw_vec refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf prefix = CW_BUF_INIT;
	int rc = list_refs(c, &refs, err);

	cw_buf_addf(&prefix, "refs/remotes/%s/", remote);
	if (rc == 0)
		rc = cw_buf_fail(&prefix, "the remote's name", err);
	for (size_t i = 0; rc == 0 && i < refs.len; i++) {
		const struct cw_ref *ref = &CW_VEC_AT(&refs, struct cw_ref, i);

		if (strncmp(ref->name, prefix.data, prefix.len) == 0)
			rc = add_known(o, ref->name, &ref->oid, err);
	}
	return rc;
}

/* Append the line of LEN bytes as a server's hook would get it. It is read from its end: a local reference may hold blanks
 * ("main@{1 day ago}"). */
static int turn_line(const char *line, size_t len, struct cw_buf *out, struct cw_err *err)
{
	const char *part[3], *end = line + len;
	size_t part_len[3];

	for (int i = 2; i >= 0; i--) {
		const char *space = memrchr(line, ' ', (size_t)(end - line));

		if (!space)
			return cw_err_set(err, CW_E_INVALID, "standard input: not 'LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID'");
		part[i] = space + 1;
		part_len[i] = (size_t)(end - part[i]);
		end = space;
	}
	cw_buf_add(out, part[2], part_len[2]);
	cw_buf_addc(out, ' ');
	cw_buf_add(out, part[0], part_len[0]);
	cw_buf_addc(out, ' ');
	cw_buf_add(out, part[1], part_len[1]);
	cw_buf_addc(out, '\n');
	return cw_buf_fail(out, "references", err);
}

int cw_outgoing_read(struct cw_outgoing *o, struct cw_client *c, const char *remote, const char *data, size_t len,
		     struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf turned = CW_BUF_INIT_MAX(CW_PUSH_INPUT_MAX);
	int rc = 0;

	for (size_t pos = 0; rc == 0 && pos < len;) {
		const char *eol = memchr(data + pos, '\n', len - pos);

		if (!eol)
			return cw_err_set(err, CW_E_INVALID, "standard input: its last line has no end");
		rc = turn_line(data + pos, (size_t)(eol - (data + pos)), &turned, err);
		pos = (size_t)(eol - data) + 1;
	}
	if (rc == 0)
		rc = cw_push_parse(turned.data, turned.len, &o->refs, err);
	if (rc == 0)
		rc = add_tracked(o, c, remote, err);
	for (size_t i = 0; rc == 0 && i < o->refs.len; i++) {
		const struct cw_push_ref *ref = &CW_VEC_AT(&o->refs, struct cw_push_ref, i);

		if (ref->old_oid.len > 0)
			rc = add_known(o, ref->name, &ref->old_oid, err);
	}
	return rc;
}

/* ---- the pre-commit framework ---- */

/* The commit that NAME means: an id, or a reference by any of its names. */
static int resolve(const struct cw_vec *refs, const char *name, struct cw_oid *ret, struct cw_err *err)
{
	static const char *const before[] = {"", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"};

	if (cw_oid_parse(name, strlen(name), ret))
		return 0;
	for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
		size_t len = strlen(before[k]);

		for (size_t i = 0; i < refs->len; i++) {
			const struct cw_ref *ref = &CW_VEC_AT(refs, struct cw_ref, i);

			if (strncmp(ref->name, before[k], len) != 0 || strcmp(ref->name + len, name) != 0)
				continue;
			*ret = ref->oid;
			return 0;
		}
	}
	return cw_err_set(err, CW_E_USAGE, "the range's end '%s' is neither an id nor a reference here", name);
}

int cw_outgoing_of_framework(struct cw_outgoing *o, struct cw_client *c, const char *remote, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_refs_release) struct cw_vec refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	const char *from = getenv("PRE_COMMIT_FROM_REF"), *to = getenv("PRE_COMMIT_TO_REF");
	const char *branch = getenv("PRE_COMMIT_REMOTE_BRANCH");
	struct cw_push_ref *slot;
	struct cw_oid oid;
	int rc;

	*ret = from && *from && to && *to;
	if (!*ret)
		return 0;
	rc = list_refs(c, &refs, err);
	if (rc == 0)
		rc = resolve(&refs, from, &oid, err);
	if (rc == 0)
		rc = add_known(o, branch && *branch ? branch : "HEAD", &oid, err);
	if (rc == 0)
		rc = resolve(&refs, to, &oid, err);
	if (rc == 0 && remote)
		rc = add_tracked(o, c, remote, err);
	if (rc != 0)
		return rc;
	slot = cw_vec_push(&o->refs);
	if (!slot)
		return cw_vec_fail(&o->refs, "references", err);
	*slot = (struct cw_push_ref){.new_oid = oid, .name = strdup(branch && *branch ? branch : "HEAD")};
	return slot->name ? 0 : cw_err_nomem(err);
}

/* ---- the scan ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cw_ref *)a)->name, ((const struct cw_ref *)b)->name);
}

int cw_outgoing_scan(struct cw_outgoing *o, struct cw_client *c, struct cw_err *err)
{
	struct cw_gate *g = &c->gate;
	const struct cw_push_opts opts = {.quarantine = &c->where, .refs = &o->refs, .object_max = g->conf->object_max,
					  .judge_all = g->conf->hooks_judge == CW_JUDGE_ALL, .known = &o->known,
					  .range = &o->range};
	struct cw_sink sink = cw_findings_sink(g->findings);
	int rc;

	if (o->known.len > 0)
		qsort(o->known.items, o->known.len, o->known.item_size, by_name);
	rc = cw_push_scan(g->set, &opts, &sink, &g->progress, &g->coverage, err);
	return rc == 0 ? cw_gate_decide(g, NULL, NULL, err) : rc;
}

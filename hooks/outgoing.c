/* hooks/outgoing.c - see outgoing.h. */
#include "hooks/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hooks/git.h"
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

/* What REMOTE had when it was last fetched from or pushed to; NULL: what any remote had. */
static int add_tracked(struct cw_outgoing *o, struct cw_client *c, const char *remote, struct cw_err *err)
{
	CW_CLEANUP(cw_refs_release) struct cw_vec refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf prefix = CW_BUF_INIT;
	int rc = list_refs(c, &refs, err);

	cw_buf_adds(&prefix, "refs/remotes/");
	if (remote)
		cw_buf_addf(&prefix, "%s/", remote);
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

/* The object that NAME means: an id, or whatever else git understands. */
static int resolve(const char *name, struct cw_oid *ret, struct cw_err *err)
{
	const char *const ask[] = {"rev-parse", "--verify", "--quiet", "--end-of-options", name, NULL};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc;

	if (cw_oid_parse(name, strlen(name), ret))
		return 0;
	rc = cw_git_ask(NULL, ask, &text, err);
	if (rc == CW_E_NOTFOUND || (rc == 0 && !cw_oid_parse(text.data, text.len, ret)))
		return cw_err_set(err, CW_E_USAGE, "git knows nothing by the name of '%s', an end of the range", name);
	return rc;
}

static const char *value_of(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

/* One reference that is sent: TO, as the other side will call it. */
static int add_sent(struct cw_outgoing *o, const char *to, struct cw_err *err)
{
	const char *name = value_of("PRE_COMMIT_REMOTE_BRANCH");
	struct cw_push_ref *slot;
	struct cw_oid oid;
	int rc = resolve(to, &oid, err);

	if (rc != 0)
		return rc;
	slot = cw_vec_push(&o->refs);
	if (!slot)
		return cw_vec_fail(&o->refs, "references", err);
	*slot = (struct cw_push_ref){.new_oid = oid, .name = strdup(name ? name : "HEAD")};
	return slot->name ? 0 : cw_err_nomem(err);
}

int cw_outgoing_of_range(struct cw_outgoing *o, bool *ret, struct cw_err *err)
{
	const char *from = value_of("PRE_COMMIT_FROM_REF"), *to = value_of("PRE_COMMIT_TO_REF");
	const char *branch = value_of("PRE_COMMIT_REMOTE_BRANCH");
	struct cw_oid oid;
	int rc;

	*ret = from && to;
	if (!*ret)
		return 0;
	rc = resolve(from, &oid, err);
	if (rc == 0)
		rc = add_known(o, branch ? branch : "HEAD", &oid, err);
	return rc == 0 ? add_sent(o, to, err) : rc;
}

int cw_outgoing_of_framework(struct cw_outgoing *o, struct cw_client *c, const char *remote, bool *ret, struct cw_err *err)
{
	const char *local = value_of("PRE_COMMIT_LOCAL_BRANCH");
	int rc;

	*ret = value_of("PRE_COMMIT") != NULL;
	if (!*ret)
		return 0;
	rc = cw_outgoing_of_range(o, ret, err);
	/* It names no range for a branch that begins with a first commit, nor when it is run by hand. */
	if (rc == 0 && !*ret) {
		*ret = true;
		rc = add_sent(o, local ? local : "HEAD", err);
	}
	return rc == 0 ? add_tracked(o, c, remote, err) : rc;
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

	if (o->known.len > 0)
		qsort(o->known.items, o->known.len, o->known.item_size, by_name);
	return cw_push_scan(g->set, &opts, &sink, &g->progress, &g->coverage, err);
}

/* rules/answer.c - see answer.h. */
#include "rules/answer.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "rules/hsdb.h"

#define GAP "\n\n" /* between two texts: no anchor reaches over it by more than the byte that \b and $ look at */

struct maker {
	struct cw_hsdb_probe *probe;
	struct cw_buf piece; /* with the gap around it */
	struct cw_err *err;
};

/* Whether the anchor of rule ID fires in the LEN bytes at TEXT when they stand among others; a code when that cannot be found out. */
static int fires_alone(struct maker *m, unsigned id, const char *text, size_t len)
{
	size_t end = 0;
	int rc;

	cw_buf_clear(&m->piece);
	cw_buf_adds(&m->piece, GAP);
	cw_buf_add(&m->piece, text, len);
	cw_buf_adds(&m->piece, GAP);
	rc = cw_buf_fail(&m->piece, "the known-answer test", m->err);
	if (rc == 0)
		rc = cw_hsdb_find(m->probe, id, m->piece.data, m->piece.len, &end, m->err);
	return rc < 0 ? rc : end > 0;
}

/* The bytes of rule R's first example in which its anchor fires. */
static int shorten(struct maker *m, const struct cw_rule *r, const char **ret, size_t *ret_len)
{
	const struct cw_example *e = &r->examples[0];
	size_t start = 0, end = 0, stop;
	int rc = cw_hsdb_find(m->probe, r->index, e->text, e->len, &end, m->err);

	*ret = e->text;
	*ret_len = e->len;
	if (rc < 0 || end == 0)
		return rc;
	start = end > r->width + 1u ? end - r->width - 1u : 0;
	stop = e->len - end > 2 ? end + 2 : e->len;
	rc = fires_alone(m, r->index, e->text + start, stop - start);
	if (rc <= 0)
		return rc;
	while (start + 1 < stop && (rc = fires_alone(m, r->index, e->text + start + 1, stop - start - 1)) == 1)
		start++;
	while (rc >= 0 && stop - 1 > start && (rc = fires_alone(m, r->index, e->text + start, stop - 1 - start)) == 1)
		stop--;
	*ret = e->text + start;
	*ret_len = stop - start;
	return rc < 0 ? rc : 0;
}

static int make(struct maker *m, const struct cw_rule *rules, size_t len, bool dense, struct cw_buf *out)
{
	int rc = 0;

	cw_buf_adds(out, GAP);
	for (size_t i = 0; rc == 0 && i < len; i++) {
		const char *text;
		size_t n;

		if (rules[i].dense != dense || rules[i].examples_len == 0)
			continue;
		rc = shorten(m, &rules[i], &text, &n);
		if (rc < 0)
			return rc;
		cw_buf_add(out, text, n);
		cw_buf_adds(out, GAP);
		rc = cw_buf_fail(out, "the known-answer test", m->err);
	}
	return rc;
}

int cw_answers_make(const struct hs_database *db, const struct cw_rule *rules, size_t len, bool dense, struct cw_buf *out,
		    struct cw_err *err)
{
	struct maker m = {.piece = CW_BUF_INIT, .err = err};
	int rc = cw_hsdb_probe_new(db, &m.probe, err);

	if (rc == 0)
		rc = make(&m, rules, len, dense, out);
	cw_hsdb_probe_free(m.probe);
	cw_buf_release(&m.piece);
	return rc;
}

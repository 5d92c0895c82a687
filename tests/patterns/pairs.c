/* tests/patterns/pairs.c - the pair of stages, without Hyperscan: every match of a rule's pattern must hold an end of its anchor,
 * or stage 1 would never lead stage 2 to it. Anchors are matched by PCRE2 here.
 * Usage: pairs [FILE|FOLDER...]: all rules' examples, then every file named. Prints a line for each fault (no content). */
#include <fts.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "rules/pattern.h"
#include "rules/set.h"

#define FILE_MAX ((size_t)8 << 20)
#define PIECE ((size_t)64 << 10) /* longer texts are looked at in pieces, to bound what one search may cost */

struct rule_pair {
	const struct cw_rule *rule;
	const struct cw_pattern *pattern;
	struct cw_pattern *anchor;
};

static struct cw_pattern_state *state;
static unsigned long matches, faults, limits;

/* Whether some match of the anchor ends in (START, END]. Each start position is tried, since matches may overlap. */
static bool anchor_inside(const struct rule_pair *p, const char *data, size_t len, size_t start, size_t end)
{
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t n, from = start > CW_ANCHOR_MAX ? start - CW_ANCHOR_MAX : 0;

	while (from <= end && cw_pattern_match(p->anchor, state, data, len, from, false, false, spans, &n, NULL) == 1) {
		if (spans[0].start > end)
			return false;
		if (spans[0].end > start && spans[0].end <= end)
			return true;
		from = spans[0].start + 1;
	}
	return false;
}

static void check_piece(const struct rule_pair *p, const char *name, const char *data, size_t len, size_t offset)
{
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t n;

	for (size_t from = 0; from <= len;) {
		int rc = cw_pattern_match(p->pattern, state, data, len, from, offset > 0, true, spans, &n, NULL);

		if (rc == CW_E_LIMIT)
			limits++;
		if (rc != 1)
			return;
		matches++;
		if (spans[0].end > spans[0].start && !anchor_inside(p, data, len, spans[0].start, spans[0].end)) {
			printf("%s: a match of %s at byte %zu holds no end of its anchor\n", name, p->rule->id,
			       offset + spans[0].start);
			faults++;
		}
		from = spans[0].end > from ? spans[0].end : from + 1;
	}
}

static void check_text(const struct rule_pair *pairs, size_t n, const char *name, const char *data, size_t len)
{
	for (size_t off = 0; off < len; off += PIECE) {
		for (size_t i = 0; i < n; i++)
			check_piece(&pairs[i], name, data + off, len - off < PIECE ? len - off : PIECE, off);
	}
}

static void check_examples(const struct rule_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < pairs[i].rule->examples_len; k++)
			check_text(pairs, n, pairs[i].rule->id, pairs[i].rule->examples[k].text, pairs[i].rule->examples[k].len);
	}
}

static int check_paths(const struct rule_pair *pairs, size_t n, char **paths)
{
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!fts)
		return -1;
	while ((e = fts_read(fts))) {
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(FILE_MAX);

		if (e->fts_info == FTS_D && (strcmp(e->fts_name, ".git") == 0 || strncmp(e->fts_name, "build", 5) == 0))
			fts_set(fts, e, FTS_SKIP);
		if (e->fts_info == FTS_F && cw_io_read_file(e->fts_accpath, FILE_MAX, 0, &text, NULL) == 0)
			check_text(pairs, n, e->fts_path, text.data, text.len);
	}
	fts_close(fts);
	return 0;
}

int main(int argc, char **argv)
{
	static struct rule_pair pairs[CW_RULES_MAX];
	struct cw_err err = CW_ERR_INIT;
	struct cw_set *set;
	size_t n;

	if (cw_set_default(&set, &err) < 0 || cw_pattern_state_new(&state, &err) < 0) {
		fprintf(stderr, "pairs: %s\n", cw_err_msg(&err));
		return 1;
	}
	n = cw_set_len(set);
	for (size_t i = 0; i < n; i++) {
		pairs[i].rule = cw_set_rule(set, i);
		if (cw_set_pattern(set, i, -1, &pairs[i].pattern, &err) < 0 ||
		    cw_pattern_compile(pairs[i].rule->anchor, &pairs[i].anchor, &err) < 0) {
			fprintf(stderr, "pairs: %s: %s\n", pairs[i].rule->id, cw_err_msg(&err));
			return 1;
		}
	}
	check_examples(pairs, n);
	if (argc > 1 && check_paths(pairs, n, argv + 1) < 0)
		return 1;
	printf("%zu rules, %lu matches, %lu without an anchor, %lu undecided\n", n, matches, faults, limits);
	for (size_t i = 0; i < n; i++)
		cw_pattern_free(pairs[i].anchor);
	cw_pattern_state_free(state);
	cw_set_unref(set);
	return faults > 0 || matches == 0;
}

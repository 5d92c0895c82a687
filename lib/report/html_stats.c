/* report/html_stats.c - the numbers of the html report, counted over all places that count. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/html.h"

#define AUTHORS_MAX ((size_t)1 << 24)

static void count(struct cw_html_count *c, const struct cw_finding *f)
{
	c->by_severity[f->severity]++;
	c->total++;
}

void cw_html_date(const struct cw_origin *o, char out[CW_HTML_DATE_SIZE])
{
	char iso[CW_CLOCK_ISO_SIZE] = "";

	if (o && o->commit.len > 0)
		cw_clock_iso(o->date, iso);
	memcpy(out, iso, CW_HTML_DATE_SIZE - 1);
	out[CW_HTML_DATE_SIZE - 1] = '\0';
}

/* Index into months, or -1. */
static int month_of(const struct cw_origin *o)
{
	char date[CW_HTML_DATE_SIZE];
	int year = 0;

	cw_html_date(o, date);
	if (!date[0])
		return -1;
	for (int i = 0; i < 4; i++)
		year = year * 10 + (date[i] - '0');
	if (year < CW_HTML_YEAR_MIN || year > CW_HTML_YEAR_MAX)
		return -1;
	return (year - CW_HTML_YEAR_MIN) * 12 + (date[5] - '0') * 10 + (date[6] - '0') - 1;
}

static int author_cmp(const void *va, const void *vb)
{
	const struct cw_html_rank *a = va, *b = vb;

	return strcmp(a->author, b->author);
}

static int count_author(void **tree, const struct cw_finding *f, struct cw_err *err)
{
	struct cw_html_rank wanted = {.author = f->origin->author}, **found = tfind(&wanted, tree, author_cmp);
	struct cw_html_rank *rank = found ? *found : calloc(1, sizeof(*rank));

	if (!rank)
		return cw_err_nomem(err);
	rank->author = wanted.author;
	if (!found && !tsearch(rank, tree, author_cmp)) {
		free(rank);
		return cw_err_nomem(err);
	}
	count(&rank->count, f);
	return 0;
}

static int count_origin(struct cw_html_stats *s, void **authors, const struct cw_finding *f, struct cw_err *err)
{
	int month;

	s->attributed++;
	s->live += f->origin->state == CW_STATE_TIP;
	s->history += f->origin->state == CW_STATE_HISTORY;
	s->unreachable += f->origin->state == CW_STATE_UNREACHABLE;
	if (f->origin->commit.len == 0)
		return 0;
	month = month_of(f->origin);
	if (month >= 0)
		count(&s->months[month], f);
	else
		s->undated++;
	return f->origin->author ? count_author(authors, f, err) : 0;
}

static int rank_cmp(const void *va, const void *vb)
{
	const struct cw_html_rank *a = va, *b = vb;

	if (a->count.total != b->count.total)
		return a->count.total < b->count.total ? 1 : -1;
	return a->rule ? strcmp(a->rule->id, b->rule->id) : strcmp(a->author, b->author);
}

/* Keep the rules that are needed, in order. */
static void rank_rules(struct cw_html_stats *s, size_t rules)
{
	for (size_t i = 0; i < rules; i++) {
		if (!s->rules[i].rule)
			continue;
		s->rules_counting += s->rules[i].count.total > 0;
		s->rules[s->rules_len++] = s->rules[i];
	}
	if (s->rules_len > 1)
		qsort(s->rules, s->rules_len, sizeof(*s->rules), rank_cmp);
}

static void take_author(const void *node, VISIT visit, void *list)
{
	if (visit == postorder || visit == leaf) {
		struct cw_html_rank *slot = cw_vec_push(list);

		if (slot)
			*slot = **(struct cw_html_rank *const *)node;
	}
}

static int rank_authors(struct cw_html_stats *s, void *tree, struct cw_err *err)
{
	twalk_r(tree, take_author, &s->authors);
	if (s->authors.len > 1)
		qsort(s->authors.items, s->authors.len, s->authors.item_size, rank_cmp);
	return cw_vec_fail(&s->authors, "report", err);
}

int cw_html_count(const struct cw_report_input *in, struct cw_html_stats *ret, struct cw_err *err)
{
	size_t rules = cw_set_len(in->set);
	void *authors = NULL;
	int rc = 0;

	*ret = (struct cw_html_stats){.authors = CW_VEC_INIT(struct cw_html_rank, AUTHORS_MAX)};
	ret->months = calloc(CW_HTML_MONTHS, sizeof(*ret->months));
	ret->rules = calloc(rules + 1, sizeof(*ret->rules));
	if (!ret->months || !ret->rules)
		return cw_err_nomem(err);
	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++) {
		const struct cw_finding *f = cw_findings_at(in->findings, i);

		ret->rules[f->rule->index].rule = f->rule;
		if (f->suppressed)
			continue;
		count(&ret->all, f);
		count(&ret->rules[f->rule->index].count, f);
		if (f->origin)
			rc = count_origin(ret, &authors, f, err);
	}
	if (rc == 0) {
		rank_rules(ret, rules);
		rc = rank_authors(ret, authors, err);
	}
	tdestroy(authors, free);
	return rc;
}

void cw_html_stats_release(struct cw_html_stats *s)
{
	free(s->months);
	free(s->rules);
	cw_vec_release(&s->authors);
	*s = (struct cw_html_stats){.authors = CW_VEC_INIT(struct cw_html_rank, AUTHORS_MAX)};
}

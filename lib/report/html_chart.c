/* report/html_chart.c - numbers as pictures: the timeline of introductions and the bars of rules and authors, as inline SVG that
 * needs no script. The policy of the page forbids style attributes, so all geometry is in SVG attributes. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"

#define RANKS_SHOWN 12
#define BARS_MAX 120 /* months; a longer time is shown in years */
#define WIDTH 1180
#define HEIGHT 180
#define LEFT 38	  /* of the first bar: room for the scale */
#define TOP 10
#define BOTTOM 24 /* room for the labels below */

void cw_html_add_text(struct cw_buf *b, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shown = CW_BUF_INIT_SECRET;

	cw_escape(&shown, text, strlen(text));
	if (shown.fail != 0)
		b->fail = shown.fail;
	cw_report_add_markup(b, shown.data, shown.len);
}

struct axis {
	int first, last; /* months */
	int step;	 /* months a bar: 1 or 12 */
	int bars;
	uint64_t top; /* the highest bar */
};

static struct cw_html_count sum(const struct cw_html_stats *s, int month, int step)
{
	struct cw_html_count c = {0};

	for (int m = month; m < month + step && m < CW_HTML_MONTHS; m++) {
		for (int k = 0; k < 4; k++)
			c.by_severity[k] += s->months[m].by_severity[k];
		c.total += s->months[m].total;
	}
	return c;
}

/* False when there is nothing to show. */
static bool find_axis(const struct cw_html_stats *s, struct axis *a)
{
	*a = (struct axis){.first = -1, .step = 1};
	for (int m = 0; m < CW_HTML_MONTHS; m++) {
		if (s->months[m].total == 0)
			continue;
		if (a->first < 0)
			a->first = m;
		a->last = m;
	}
	if (a->first < 0)
		return false;
	if (a->last - a->first >= BARS_MAX) {
		a->step = 12;
		a->first -= a->first % 12;
	}
	a->bars = (a->last - a->first) / a->step + 1;
	for (int i = 0; i < a->bars; i++) {
		uint64_t n = sum(s, a->first + i * a->step, a->step).total;

		if (n > a->top)
			a->top = n;
	}
	return true;
}

/* "2024-05", or "2024" for a bar of a year. */
static void add_month(struct cw_buf *b, int month, int step)
{
	cw_buf_addf(b, "%d", CW_HTML_YEAR_MIN + month / 12);
	if (step == 1)
		cw_buf_addf(b, "-%02d", month % 12 + 1);
}

static void add_bar(struct cw_buf *b, const struct cw_html_stats *s, const struct axis *a, int i)
{
	int month = a->first + i * a->step;
	struct cw_html_count c = sum(s, month, a->step);
	double slot = (double)(WIDTH - LEFT) / a->bars, width = slot > 40 ? 32 : slot * 0.78, y = HEIGHT - BOTTOM;
	double x = LEFT + slot * i;

	if (c.total == 0)
		return;
	cw_buf_adds(b, "<g class=\"month\" data-filter=\"month\" data-value=\"");
	add_month(b, month, a->step);
	cw_buf_adds(b, "\"><title>");
	add_month(b, month, a->step);
	cw_buf_addf(b, ": %" PRIu64 "</title><rect class=\"hit\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", c.total, x,
		    TOP, slot, HEIGHT - BOTTOM - TOP);
	for (int k = 3; k >= 0; k--) {
		double height = (double)c.by_severity[k] / (double)a->top * (HEIGHT - BOTTOM - TOP);

		if (c.by_severity[k] == 0)
			continue;
		y -= height;
		cw_buf_addf(b, "<rect class=\"s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", k,
			    x + (slot - width) / 2, y, width, height);
	}
	cw_buf_adds(b, "</g>\n");
}

/* A label below at each January, or at years so far apart that they do not touch. */
static void add_labels(struct cw_buf *b, const struct axis *a)
{
	double slot = (double)(WIDTH - LEFT) / a->bars;
	double next = 0;

	for (int i = 0; i < a->bars; i++) {
		int month = a->first + i * a->step;
		bool year = month % 12 == 0 || (i == 0 && a->bars < 24 && month % 12 < 10);
		double x = LEFT + slot * (i + 0.5);

		if (!year || x < next || x > WIDTH - 20)
			continue;
		cw_buf_addf(b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x, HEIGHT - 6,
			    CW_HTML_YEAR_MIN + month / 12);
		next = x + 44;
	}
}

static void add_scale(struct cw_buf *b, const struct axis *a)
{
	for (int i = 0; i <= 2; i++) {
		uint64_t n = i == 2 ? a->top : a->top / 2 * (uint64_t)i;
		double y = HEIGHT - BOTTOM - (double)n / (double)a->top * (HEIGHT - BOTTOM - TOP);

		if (i == 1 && n == 0)
			continue;
		cw_buf_addf(b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			       "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%" PRIu64 "</text>\n",
			    LEFT, WIDTH, y, y, LEFT - 8, y + 4, n);
	}
}

void cw_html_add_timeline(struct cw_buf *b, const struct cw_html_stats *s)
{
	struct axis a;

	if (find_axis(s, &a)) {
		cw_buf_addf(b, "<svg class=\"timeline\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Places introduced a %s\">\n",
			    WIDTH, HEIGHT, a.step == 1 ? "month" : "year");
		add_scale(b, &a);
		for (int i = 0; i < a.bars; i++)
			add_bar(b, s, &a, i);
		add_labels(b, &a);
		cw_buf_adds(b, "</svg>\n<p class=\"legend\"><span><span class=\"dot s3\"></span>critical</span>"
			       "<span><span class=\"dot s2\"></span>high</span><span><span class=\"dot s1\"></span>medium</span>"
			       "<span><span class=\"dot s0\"></span>low</span></p>\n");
	}
	if (s->undated > 0) {
		cw_buf_adds(b, "<p class=\"soft\">Not shown: ");
		cw_report_add_number(b, s->undated, "place", "places");
		cw_buf_addf(b, " introduced at a date before %d or after %d.</p>\n", CW_HTML_YEAR_MIN, CW_HTML_YEAR_MAX);
	}
}

static void add_rank_bar(struct cw_buf *b, const struct cw_html_count *c, uint64_t top)
{
	double x = 0;

	cw_buf_adds(b, "<td><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
	for (int k = 3; k >= 0; k--) {
		double width = (double)c->by_severity[k] / (double)top * 100;

		if (c->by_severity[k] == 0)
			continue;
		cw_buf_addf(b, "<rect class=\"s%d\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"10\"/>", k, x, width);
		x += width;
	}
	cw_buf_addf(b, "</svg></td><td class=\"count\">%" PRIu64 "</td></tr>\n", c->total);
}

static void add_ranks(struct cw_buf *b, const struct cw_html_rank *ranks, size_t len, const char *filter, const char *what)
{
	cw_buf_adds(b, "<table class=\"ranks\"><tbody>\n");
	for (size_t i = 0; i < len && i < RANKS_SHOWN; i++) {
		const char *value = ranks[i].rule ? ranks[i].rule->id : ranks[i].author;

		cw_buf_addf(b, "<tr><td class=\"name\"><button class=\"pick\" data-filter=\"%s\" data-value=\"", filter);
		cw_html_add_text(b, value);
		cw_buf_adds(b, "\">");
		cw_html_add_text(b, ranks[i].rule ? ranks[i].rule->title : value);
		if (ranks[i].rule) {
			cw_buf_adds(b, "<span class=\"sub mono\">");
			cw_html_add_text(b, value);
			cw_buf_adds(b, "</span>");
		}
		cw_buf_adds(b, "</button></td>");
		add_rank_bar(b, &ranks[i].count, ranks[0].count.total);
	}
	cw_buf_adds(b, "</tbody></table>\n");
	if (len > RANKS_SHOWN)
		cw_buf_addf(b, "<p class=\"soft\">and %zu more %s</p>\n", len - RANKS_SHOWN, what);
}

void cw_html_add_rules(struct cw_buf *b, const struct cw_html_stats *s)
{
	add_ranks(b, s->rules, s->rules_counting, "rule", "rules");
}

void cw_html_add_authors(struct cw_buf *b, const struct cw_html_stats *s)
{
	add_ranks(b, s->authors.items, s->authors.len, "author", "authors");
}

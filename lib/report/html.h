/* report/html.h - the parts of the html report: numbers (html_stats.c), pictures of them (html_chart.c), the data of the list
 * (html_list.c) and the document around them (html.c); style and script are files in page/. */
#ifndef CW_REPORT_HTML_H
#define CW_REPORT_HTML_H

#include "base/cleanup.h"
#include "report/format.h"
#include "rules/set.h"

#define CW_HTML_ROWS_MAX 50000 /* places in the list: what a browser can hold; the numbers are of all */
#define CW_HTML_YEAR_MIN 1990  /* introductions outside are counted apart: a commit may claim any date */
#define CW_HTML_YEAR_MAX 2099
#define CW_HTML_MONTHS ((CW_HTML_YEAR_MAX - CW_HTML_YEAR_MIN + 1) * 12)
#define CW_HTML_DATE_SIZE 11 /* "YYYY-MM-DD" */

struct cw_html_count {
	uint64_t by_severity[4], total; /* places */
};

struct cw_html_rank { /* one bar */
	const struct cw_rule *rule; /* of a bar of rules */
	const char *author;	    /* of a bar of authors; borrowed from the findings */
	struct cw_html_count count;
};

struct cw_html_stats { /* of the places that count */
	struct cw_html_count all;
	uint64_t live, history, unreachable, attributed; /* places */
	uint64_t undated; /* introduced at a date outside the years above */
	struct cw_html_count *months; /* CW_HTML_MONTHS of them */
	struct cw_html_rank *rules;   /* rules with listed places, the most that count first */
	size_t rules_len, rules_counting; /* all of them; those with places that count */
	struct cw_vec authors; /* struct cw_html_rank, likewise */
};

/* Count. The result is released with cw_html_stats_release(), after a failure too; it borrows from IN. */
int cw_html_count(const struct cw_report_input *in, struct cw_html_stats *ret, struct cw_err *err);
void cw_html_stats_release(struct cw_html_stats *s);
/* The date of an introduction, or "" when there is none. */
void cw_html_date(const struct cw_origin *o, char out[CW_HTML_DATE_SIZE]);

/* Append cw_escape()d TEXT as markup: what people see, the same as in the list's data. */
void cw_html_add_text(struct cw_buf *b, const char *text);
void cw_html_add_timeline(struct cw_buf *b, const struct cw_html_stats *s);
void cw_html_add_rules(struct cw_buf *b, const struct cw_html_stats *s);
void cw_html_add_authors(struct cw_buf *b, const struct cw_html_stats *s);

/* Write the JSON that the script reads, fit to stand inside a script element. */
int cw_html_write_data(const struct cw_report_input *in, const struct cw_html_stats *s, FILE *out, struct cw_err *err);

/* Made from page/ by the build. */
extern const char cw_page_css[], cw_page_js[];
extern const size_t cw_page_css_len, cw_page_js_len;

#endif

/* report/html.c - one file for a browser, that loads nothing: summary, coverage, timeline, bars, and a list with filter and search.
 *
 * Its content security policy allows exactly the style and the script of this file, by their digests: even text that got past every
 * escape could neither run nor load anything. Without scripts all but the list is readable. */
#include <inttypes.h>
#include <string.h>

#include "base/encode.h"
#include "report/html.h"

#define UNSCANNED_SHOWN 1000

/* 'sha256-...' of a style or script. */
static int add_source(struct cw_buf *b, const char *text, size_t len, struct cw_err *err)
{
	uint8_t digest[CW_SHA256_LEN];
	int rc = cw_sha256(text, len, digest, err);

	if (rc != 0)
		return rc;
	cw_buf_adds(b, "'sha256-");
	cw_base64_encode(digest, sizeof(digest), false, b);
	cw_buf_addc(b, '\'');
	return 0;
}

static int add_policy(struct cw_buf *b, struct cw_err *err)
{
	int rc;

	cw_buf_adds(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; "
		       "style-src ");
	rc = add_source(b, cw_page_css, cw_page_css_len, err);
	cw_buf_adds(b, "; script-src ");
	if (rc == 0)
		rc = add_source(b, cw_page_js, cw_page_js_len, err);
	cw_buf_adds(b, "\">\n");
	return rc;
}

static void add_title(struct cw_buf *b, const struct cw_report_input *in)
{
	cw_buf_adds(b, strcmp(in->command, "audit") == 0 ? "Secrets in the history of " : "Secrets in ");
	cw_html_add_text(b, in->target);
}

static int write_head(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	int rc;

	cw_buf_adds(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	rc = add_policy(&b, err);
	if (rc != 0)
		return rc;
	cw_buf_adds(&b, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			"<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	add_title(&b, in);
	cw_buf_adds(&b, "</title>\n<style>");
	cw_buf_add(&b, cw_page_css, cw_page_css_len);
	cw_buf_adds(&b, "</style>\n</head>\n<body>\n<header><div>\n<h1>");
	add_title(&b, in);
	cw_buf_adds(&b, "</h1>\n<p>credwatch ");
	cw_html_add_text(&b, in->version);
	cw_buf_adds(&b, ", ");
	cw_report_add_number(&b, cw_set_len(in->set), "rule", "rules");
	cw_buf_adds(&b, " (digest <span class=\"mono\">");
	cw_hex_encode(cw_set_digest(in->set), 8, &b);
	cw_buf_addf(&b, "</span>)%s</p>\n</div></header>\n<main>\n",
		    in->show_secrets ? ". <b class=\"bad\">This report shows the secrets themselves.</b>" : "");
	return cw_report_flush(&b, out, err);
}

static void add_card(struct cw_buf *b, const char *class, uint64_t n, const char *what)
{
	cw_buf_addf(b, "<div class=\"card%s%s\"><b>%" PRIu64 "</b><span>%s</span></div>\n", *class ? " " : "", class, n, what);
}

static void add_cards(struct cw_buf *b, const struct cw_report_input *in, const struct cw_html_stats *s)
{
	static const char *const classes[] = {"s0", "s1", "s2", "s3"};
	uint64_t secrets = cw_findings_secrets(in->findings);

	cw_buf_adds(b, "<section class=\"cards\" aria-label=\"Summary\">\n");
	add_card(b, "", secrets, secrets == 1 ? "secret" : "secrets");
	add_card(b, "", s->all.total, s->all.total == 1 ? "place" : "places");
	if (s->attributed > 0)
		add_card(b, "", s->live, "live at a branch");
	for (int k = CW_SEVERITY_CRITICAL; k >= CW_SEVERITY_LOW; k--)
		add_card(b, classes[k], s->all.by_severity[k], cw_severity_name((enum cw_severity)k));
	if (cw_report_suppressed_places(in) > 0)
		add_card(b, "", cw_report_suppressed_places(in), "suppressed");
	cw_buf_adds(b, "</section>\n");
}

static void add_unscanned(struct cw_buf *b, const struct cw_coverage *c)
{
	size_t shown = c->list.len < UNSCANNED_SHOWN ? c->list.len : UNSCANNED_SHOWN;

	if (c->unscanned == 0)
		return;
	cw_buf_addf(b, "<details%s><summary>What was not scanned, and why</summary>\n<table class=\"unscanned\"><tbody>\n",
		    shown <= 20 ? " open" : "");
	for (size_t i = 0; i < shown; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);

		cw_buf_adds(b, "<tr><td class=\"mono\">");
		cw_html_add_text(b, u->object ? u->object : "");
		cw_buf_adds(b, "</td><td>");
		cw_html_add_text(b, u->reason ? u->reason : "");
		cw_buf_adds(b, "</td></tr>\n");
	}
	cw_buf_adds(b, "</tbody></table>\n");
	if (c->unscanned > shown)
		cw_buf_addf(b, "<p class=\"soft\">and %" PRIu64 " more</p>\n", c->unscanned - shown);
	cw_buf_adds(b, "</details>\n");
}

static void add_note(struct cw_buf *b, uint64_t n, const char *one, const char *many)
{
	if (n == 0)
		return;
	cw_buf_adds(b, "<p class=\"soft\">");
	cw_report_add_number(b, n, one, many);
	cw_buf_adds(b, "</p>\n");
}

static void add_coverage(struct cw_buf *b, const struct cw_report_input *in)
{
	const struct cw_coverage *c = in->coverage;
	bool complete = cw_report_complete(in);

	cw_buf_addf(b, "<section class=\"panel%s\" id=\"coverage\">\n<h2>Coverage</h2>\n<p><b class=\"%s\">%s</b> ",
		    complete ? "" : " incomplete", complete ? "good" : "bad", complete ? "Complete." : "Incomplete.");
	if (in->interrupted)
		cw_buf_adds(b, "The scan was interrupted. ");
	cw_buf_addf(b, "%" PRIu64 " of %" PRIu64 " %s scanned, %" PRIu64 " not scanned.</p>\n", c->scanned + c->cached,
		    c->expected, strcmp(in->command, "audit") == 0 ? "objects" : "files", c->unscanned);
	add_note(b, c->skipped, "symbolic link or special file was passed over", "symbolic links and special files were passed over");
	add_note(b, c->repositories, "git repository: its history is left to credwatch audit",
		 "git repositories: their history is left to credwatch audit");
	add_note(b, c->submodules, "submodule is not part of this repository", "submodules are not part of this repository");
	add_note(b, c->lfs_pointers, "LFS pointer: its content is not stored here", "LFS pointers: their content is not stored here");
	add_unscanned(b, c);
	cw_buf_adds(b, "</section>\n");
}

static void add_charts(struct cw_buf *b, const struct cw_html_stats *s)
{
	if (s->authors.len > 0) {
		cw_buf_adds(b, "<section class=\"panel\" id=\"timeline\">\n<h2>Introductions over time</h2>\n");
		cw_html_add_timeline(b, s);
		cw_buf_adds(b, "</section>\n");
	}
	cw_buf_adds(b, "<div class=\"two\">\n<section class=\"panel\" id=\"rules\">\n<h2>By rule</h2>\n");
	cw_html_add_rules(b, s);
	cw_buf_adds(b, "</section>\n");
	if (s->authors.len > 0) {
		cw_buf_adds(b, "<section class=\"panel\" id=\"authors\">\n<h2>By author of the first commit</h2>\n");
		cw_html_add_authors(b, s);
		cw_buf_adds(b, "</section>\n");
	}
	cw_buf_adds(b, "</div>\n");
}

static const char list_html[] =
	"<div id=\"scripted\" hidden>\n<div class=\"filters\" role=\"search\">\n"
	"<input type=\"search\" id=\"f-q\" placeholder=\"Search paths, rules, authors, commits\" aria-label=\"Search\">\n"
	"<select id=\"f-sev\" aria-label=\"Severity\"><option value=\"\">Any severity</option></select>\n"
	"<select id=\"f-proof\" aria-label=\"Proof\"><option value=\"\">Any proof</option></select>\n"
	"<select id=\"f-state\" aria-label=\"State\"><option value=\"\">Any state</option></select>\n"
	"<select id=\"f-rule\" aria-label=\"Rule\"><option value=\"\">Any rule</option></select>\n"
	"<select id=\"f-policy\" aria-label=\"Policy\"><option value=\"\">Counting or not</option></select>\n"
	"<select id=\"f-author\" aria-label=\"Author\"><option value=\"\">Any author</option></select>\n"
	"<button type=\"button\" id=\"f-clear\">Clear</button>\n</div>\n"
	"<p class=\"soft\" id=\"count\" aria-live=\"polite\"></p>\n"
	"<table id=\"list\"><thead><tr>"
	"<th class=\"w-sev\" data-sort=\"severity\"><button type=\"button\">Severity</button></th>"
	"<th class=\"w-what\" data-sort=\"secret\"><button type=\"button\">Secret</button></th>"
	"<th data-sort=\"place\"><button type=\"button\">Place</button></th>"
	"<th class=\"w-when\" data-sort=\"when\"><button type=\"button\">Introduced</button></th>"
	"</tr></thead><tbody id=\"rows\"></tbody></table>\n"
	"<p><button type=\"button\" class=\"more\" id=\"more\" hidden>Show more</button></p>\n</div>\n"
	"<noscript><p>The list needs scripts, which are switched off. The formats text and csv show the same without.</p></noscript>\n";

static void add_suppressed(struct cw_buf *b, const struct cw_report_input *in)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf words = CW_BUF_INIT;

	if (!cw_report_suppressed_text(&words, in))
		return;
	cw_buf_adds(b, "<p class=\"soft\">");
	cw_report_add_markup(b, words.data, strcspn(words.data, "\n"));
	cw_buf_adds(b, "</p>\n");
	if (words.fail != 0)
		b->fail = words.fail;
}

static int write_body(const struct cw_report_input *in, const struct cw_html_stats *s, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	size_t listed = cw_findings_len(in->findings);

	add_cards(&b, in, s);
	add_coverage(&b, in);
	if (s->all.total > 0)
		add_charts(&b, s);
	cw_buf_adds(&b, "<section class=\"panel\" id=\"places\">\n<h2>Places</h2>\n");
	if (s->all.total == 0)
		cw_buf_addf(&b, "<p>No %ssecrets found%s.</p>\n", cw_report_suppressed_places(in) > 0 ? "other " : "",
			    cw_report_complete(in) ? "" : " in what was scanned");
	add_suppressed(&b, in);
	if (listed > CW_HTML_ROWS_MAX)
		cw_buf_addf(&b, "<p class=\"bad\">Only the %d most severe of %zu places are listed here; all numbers above are of "
				"all of them. The formats json and csv list every place.</p>\n",
			    CW_HTML_ROWS_MAX, listed);
	if (listed > 0)
		cw_buf_adds(&b, list_html);
	cw_buf_addf(&b, "</section>\n<p class=\"foot\">%s A report "
			"of findings is confidential all the same.</p>\n</main>\n",
		    in->show_secrets ? "" : "Secrets are shown in a redacted form; the fingerprint tells them apart.");
	return cw_report_flush(&b, out, err);
}

static int write_script(const struct cw_report_input *in, const struct cw_html_stats *s, FILE *out, struct cw_err *err)
{
	int rc = cw_report_puts("<script type=\"application/json\" id=\"data\">", out, err);

	if (rc == 0)
		rc = cw_html_write_data(in, s, out, err);
	if (rc == 0)
		rc = cw_report_puts("</script>\n<script>", out, err);
	if (rc == 0)
		rc = cw_report_puts(cw_page_js, out, err);
	return rc == 0 ? cw_report_puts("</script>\n", out, err) : rc;
}

int cw_report_write_html(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_html_stats_release) struct cw_html_stats s = {0};
	int rc = cw_html_count(in, &s, err);

	if (rc == 0)
		rc = write_head(in, out, err);
	if (rc == 0)
		rc = write_body(in, &s, out, err);
	if (rc == 0 && cw_findings_len(in->findings) > 0)
		rc = write_script(in, &s, out, err);
	return rc == 0 ? cw_report_puts("</body>\n</html>\n", out, err) : rc;
}

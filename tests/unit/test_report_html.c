/* unit/test_report_html.c - the numbers, the timeline and the limits of the html report. That a browser shows it is tested in
 * integration/test_reports.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_case.h"

#include "report/html.h"

#define DAY 86400

static struct cw_origin at(const char *author, int64_t date)
{
	struct cw_origin o = {.state = CW_STATE_HISTORY, .author = author, .date = date, .introductions = 1};

	o.commit.len = 20;
	o.commit.id[0] = 1;
	return o;
}

/* Findings of acme.one at f0000, f0001, ..., with ORIGINS (borrowed; the last one for all that are left). */
static void plant(struct report_case *f, const struct cw_origin *origins, size_t origins_len, size_t n)
{
	char path[16] = "";

	for (size_t i = 0; i < n; i++) {
		struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, path);

		snprintf(path, sizeof(path), "f%05zu", i);
		report_send(f, &hit);
	}
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	for (size_t i = 0; origins_len > 0 && i < n; i++)
		((struct cw_finding *)cw_findings_at(f->findings, i))->origin =
			&origins[i < origins_len ? i : origins_len - 1];
	f->coverage.expected = f->coverage.scanned = 1;
}

static size_t occurrences(const struct report_case *f, const char *word)
{
	size_t n = 0;

	for (const char *p = f->text; (p = strstr(p, word)); p++)
		n++;
	return n;
}

static void test_months(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[] = {at("A", 1700000000), at("B", 1700000000 + DAY), at("A", 1700000000 + 70 * DAY)};

	/* one bar a month that has introductions, with its number and a filter */
	plant(f, origins, 3, 3);
	report_write(f, "html");
	assert_int_equal(occurrences(f, "<g class=\"month\""), 2);
	report_has(f, "data-filter=\"month\" data-value=\"2023-11\"><title>2023-11: 2</title>");
	report_has(f, "data-value=\"2024-01\"><title>2024-01: 1</title>");
	/* the author with the most places first */
	assert_true(strstr(f->text, "data-filter=\"author\" data-value=\"A\"") <
		    strstr(f->text, "data-filter=\"author\" data-value=\"B\""));
	report_has_not(f, "introduced at a date before");
}

static void test_years(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[] = {at("A", 1000000000), at("A", 1700000000), at("A", 1700000000 + 70 * DAY)};

	/* more than ten years: a bar a year */
	plant(f, origins, 3, 3);
	report_write(f, "html");
	assert_int_equal(occurrences(f, "<g class=\"month\""), 3);
	report_has(f, "data-value=\"2001\"><title>2001: 1</title>");
	report_has(f, "data-value=\"2023\"><title>2023: 1</title>");
	report_has(f, "data-value=\"2024\"><title>2024: 1</title>");
}

static void test_odd_dates(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[] = {at("A", 0), at("A", INT64_MAX), at("A", INT64_MIN), at("A", -1), at("A", 253402300799)};

	/* a commit may claim any date: counted apart, never drawn, never a crash */
	plant(f, origins, 5, 5);
	report_write(f, "html");
	assert_int_equal(occurrences(f, "<g class=\"month\""), 0);
	report_has(f, "5 places introduced at a date before 1990 or after 2099.");
}

static void test_all_months(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[] = {at("A", 631152000), at("A", 4102444799)};

	/* the first and the last moment that are drawn */
	plant(f, origins, 2, 2);
	report_write(f, "html");
	report_has(f, "<title>1990: 1</title>");
	report_has(f, "<title>2099: 1</title>");
}

static void test_hostile_author(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[] = {at("\"><script>x\033\xff\\", 1700000000)};

	/* an author is text in every part of the page, and the same text in the bar and in the list */
	plant(f, origins, 1, 1);
	report_write(f, "html");
	report_has(f, "data-value=\"&quot;&gt;&lt;script&gt;x\\x1b\\xff\\\\\"");
	report_has(f, "\"\\\"\\u003e\\u003cscript\\u003ex\\\\x1b\\\\xff\\\\\\\\\"");
	assert_int_equal(occurrences(f, "<script"), 2);
}

static void test_many_ranks(void **state)
{
	struct report_case *f = *state;
	struct cw_origin origins[20];
	char names[20][8];

	/* the bars that are not shown are counted */
	for (size_t i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "A%02zu", i);
		origins[i] = at(names[i], 1700000000);
	}
	plant(f, origins, 20, 20);
	report_write(f, "html");
	report_has(f, "and 8 more authors");
	assert_int_equal(occurrences(f, "data-filter=\"author\""), 12);
}

static void test_no_origins(void **state)
{
	struct report_case *f = *state;

	/* outside git: no empty timeline, no authors */
	plant(f, NULL, 0, 1);
	report_write(f, "html");
	report_has_not(f, "id=\"timeline\"");
	report_has_not(f, "id=\"authors\"");
	report_has_not(f, "live at a branch</span>");
	report_has(f, "data-filter=\"rule\" data-value=\"acme.one\"");
}

static void test_limit(void **state)
{
	struct report_case *f = *state;

	/* one place more than a page lists: said, with the number of all */
	plant(f, NULL, 0, CW_HTML_ROWS_MAX + 1);
	report_write(f, "html");
	report_has(f, "Only the 50000 most severe of 50001 places are listed here");
	assert_int_equal(occurrences(f, "\n[2,0,"), CW_HTML_ROWS_MAX);
	report_has(f, "<b>50001</b><span>places</span>");
}

static void test_secret(void **state)
{
	struct report_case *f = *state;

	/* shown on request only, and then the page says so at its top */
	plant(f, NULL, 0, 1);
	report_write(f, "html");
	report_has_not(f, SECRET_A);
	report_has(f, "redacted form");
	f->in.show_secrets = true;
	report_write(f, "html");
	report_has(f, SECRET_A);
	report_has(f, "This report shows the secrets themselves.");
	report_has_not(f, "redacted form");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_months),	   CASE(test_years),	  CASE(test_odd_dates),	 CASE(test_all_months),
		CASE(test_hostile_author), CASE(test_many_ranks), CASE(test_no_origins), CASE(test_limit),
		CASE(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

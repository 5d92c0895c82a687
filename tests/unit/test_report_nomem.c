/* unit/test_report_nomem.c - each allocation of each format fails in turn, alone and with all that follow: the report is the right
 * one, or the call says that memory was short. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_case.h"

#include "fail_alloc.h"

#define REPORT_MAX (1 << 20)
#define ALLOCATIONS_MAX 100000 /* more than any format makes here */

static char wanted[REPORT_MAX], got[REPORT_MAX];

static int write_into(struct report_case *f, const struct cw_report_format *format, char *text, unsigned long n,
		      enum cw_fail_alloc_mode mode, unsigned long *ret_count)
{
	FILE *out = fmemopen(text, REPORT_MAX, "w");
	int rc;

	assert_non_null(out);
	memset(text, 0, REPORT_MAX);
	cw_fail_alloc_mode(n, mode);
	rc = format->write(&f->in, out, NULL);
	*ret_count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	fclose(out);
	return rc;
}

/* Where to begin to see how the report differs. */
static size_t difference(void)
{
	size_t i = 0;

	while (wanted[i] && wanted[i] == got[i])
		i++;
	return i > 60 ? i - 60 : 0;
}

/* Whether failing allocation N costs memory however often it happens. libcrypto keeps the texts of its last errors, so the first
 * times say nothing. */
static bool leaks(struct report_case *f, const struct cw_report_format *format, unsigned long n, enum cw_fail_alloc_mode mode)
{
	unsigned long count;
	long live = 0;

	for (int i = 0; i < 40; i++) {
		live = cw_fail_alloc_live();
		write_into(f, format, got, n, mode, &count);
		if (cw_fail_alloc_live() == live)
			return false;
	}
	return true;
}

static void every_failure(struct report_case *f, const struct cw_report_format *format, enum cw_fail_alloc_mode mode)
{
	unsigned long count, n = 1;

	assert_int_equal(write_into(f, format, wanted, 0, mode, &count), 0);
	for (;; n++) {
		int rc = write_into(f, format, got, n, mode, &count);

		if (count < n)
			break;
		if (rc != CW_E_NOMEM && rc != CW_E_INTERNAL && (rc != 0 || strcmp(got, wanted) != 0))
			fail_msg("%s, allocation %lu: result %d, then: %.200s", format->name, n, rc, got + difference());
		if (leaks(f, format, n, mode))
			fail_msg("%s, allocation %lu: blocks are lost", format->name, n);
		assert_true(n < ALLOCATIONS_MAX);
	}
	assert_true(n > 1);
	assert_string_equal(got, wanted);
}

static void test_every_format(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_origin origin = {.state = CW_STATE_TIP, .author = "A <a@example.org>", .date = 1700000000, .tip_ref = "refs/heads/x"};
	uint32_t also = 1;

	/* places with and without an origin and a path, an object that was not scanned */
	hit.also = &also;
	hit.also_len = 1;
	report_send(f, &hit);
	hit.path = NULL;
	hit.object.len = 20;
	report_send(f, &hit);
	cw_coverage_unscanned(&f->coverage, true, "x", "too large");
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	origin.commit.len = 20;
	((struct cw_finding *)cw_findings_at(f->findings, 0))->origin = &origin;
	for (const struct cw_report_format *format = cw_report_formats; format->name; format++) {
		every_failure(f, format, CW_FAIL_ALLOC_ONCE);
		every_failure(f, format, CW_FAIL_ALLOC_FROM);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(test_every_format)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit/test_report_many.c - 100,000 places in every format: the memory that writing takes does not follow the size of the report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "report_case.h"

#define PLACES 100000
#define MEMORY (12 << 20) /* bytes that writing may add; the smallest of these reports has 15 MB */

/* Bytes of private data, as RLIMIT_DATA counts them. */
static size_t data_size(void)
{
	unsigned long pages[6] = {0};
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu %lu %lu %lu %lu", pages, pages + 1, pages + 2, pages + 3, pages + 4, pages + 5), 6);
	fclose(f);
	return pages[5] * 4096;
}

static void plant(struct report_case *f)
{
	char secret[64], path[64];

	for (int i = 0; i < PLACES; i++) {
		struct cw_scan_hit hit = report_hit(f, i % 2 ? "acme.one" : "acme.two", secret, path);

		/* A thousand secrets, names that every format must escape. */
		snprintf(secret, sizeof(secret), "the secret number %d", i % 1000);
		snprintf(path, sizeof(path), "dir/%d/<\"&\033\xff,=%d", i % 100, i);
		hit.secret_len = hit.canonical_len = strlen(secret);
		report_send(f, &hit);
	}
	f->coverage.expected = f->coverage.scanned = PLACES;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
}

static void write_away(struct report_case *f, const struct cw_report_format *format)
{
	FILE *out = fopen("/dev/null", "w");
	struct cw_err err = CW_ERR_INIT;

	assert_non_null(out);
	if (format->write(&f->in, out, &err) != 0)
		fail_msg("%s: %s", format->name, err.msg);
	fclose(out);
}

static void test_many(void **state)
{
	struct report_case *f = *state;
	struct rlimit old, limit;

	/* with a limit just above what the findings themselves take, every format is written to its end */
	plant(f);
	assert_int_equal(getrlimit(RLIMIT_DATA, &old), 0);
	limit = old;
	limit.rlim_cur = data_size() + MEMORY;
	assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
	for (const struct cw_report_format *format = cw_report_formats; format->name; format++)
		write_away(f, format);
	assert_int_equal(setrlimit(RLIMIT_DATA, &old), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

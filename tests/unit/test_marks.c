/* tests/unit/test_marks.c - inline marks: where they count and where they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/marks.h"

/* The mark for the word SECRET in TEXT. */
static const char *mark_in(const char *text)
{
	const char *at = strstr(text, "SECRET");

	assert_non_null(at);
	return cw_mark_find(text, strlen(text), (uint64_t)(at - text), (uint64_t)(at - text) + 6);
}

static void expect(const char *text, const char *mark)
{
	const char *found = mark_in(text);

	if (mark)
		assert_string_equal(found ? found : "none", mark);
	else
		assert_string_equal(found ? found : "none", "none");
}

static void test_same_line(void **state)
{
	/* each mark behind the finding, before it, on a last line without LF, and with CRLF */
	expect("a\nk = SECRET # credwatch:allow\nb\n", "credwatch:allow");
	expect("k = SECRET # gitleaks:allow", "gitleaks:allow");
	expect("k = SECRET # pragma: allowlist secret\r\nb", "pragma: allowlist secret");
	expect("/* trufflehog:ignore */ k = SECRET", "trufflehog:ignore");
	expect("k = SECRET // kingfisher:ignore because\n", "kingfisher:ignore");
	expect("k = SECRET  # nosec\n", "nosec");
	expect("k = SECRET  -- nosec B105\n", "nosec");
	expect("--gitleaks:allow SECRET\n", "gitleaks:allow");
	/* no mark at all */
	expect("k = SECRET\n", NULL);
}

static void test_other_line(void **state)
{
	/* the line before and the line after do not count */
	expect("# credwatch:allow\nk = SECRET\n# credwatch:allow\n", NULL);
	/* a finding that ends with its line's LF does not reach the next line */
	assert_null(cw_mark_find("SECRET\n# nosec", 14, 0, 7));
}

static void test_next_line(void **state)
{
	/* marks for the next line count on the line above only */
	expect("# pragma: allowlist nextline secret\nk = SECRET\n", "pragma: allowlist nextline secret");
	expect("x\n// credwatch:allow-next-line\r\nk = SECRET", "credwatch:allow-next-line");
	expect("k = SECRET # pragma: allowlist nextline secret\n", NULL);
	expect("# credwatch:allow-next-line\n\nk = SECRET\n", NULL);
	expect("k = SECRET\n# credwatch:allow-next-line\n", NULL);
}

static void test_whole_words(void **state)
{
	/* part of a longer word is no mark */
	expect("k = SECRET # xgitleaks:allow\n", NULL);
	expect("k = SECRET # gitleaks:allowed\n", NULL);
	expect("k = SECRET # credwatch:allow-nothing\n", NULL);
	/* a word as short as nosec counts only where a comment opens */
	expect("k = SECRET; nosec = 1\n", NULL);
	expect("k = SECRET # not nosec\n", NULL);
	expect("k = SECRET #nosec\n", "nosec");
	/* a wrong one is no reason not to see the right one behind it */
	expect("k = SECRET # xgitleaks:allow gitleaks:allow\n", "gitleaks:allow");
}

static void test_in_finding(void **state)
{
	static const char text[] = "the_word = \"#nosec gitleaks:allow\"\n";

	/* the finding's own bytes are no mark */
	assert_null(cw_mark_find(text, strlen(text), 12, strlen(text) - 2));
	assert_string_equal(cw_mark_find(text, strlen(text), 0, 8), "gitleaks:allow");
}

static void test_many_lines(void **state)
{
	/* a finding over several lines: its first line before it, its last line behind it, not between */
	static const char text[] = "/* gitleaks:allow */ BEGIN\nx\nEND # nosec\n";
	static const char inner[] = "BEGIN # gitleaks:allow\nx\nEND\n";

	assert_string_equal(cw_mark_find(text, strlen(text), 21, 32), "gitleaks:allow");
	assert_string_equal(cw_mark_find(text + 21, strlen(text) - 21, 0, 11), "nosec");
	assert_null(cw_mark_find(inner, strlen(inner), 0, strlen(inner) - 1));
}

static void test_long_line(void **state)
{
	/* beyond the reach nothing is seen, also not a mark for the next line */
	size_t len = 3 * CW_MARK_REACH;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "#nosec ", 7);
	memcpy(text + len - 7, " #nosec", 7);
	assert_null(cw_mark_find(text, len, len / 2, len / 2 + 6));
	assert_string_equal(cw_mark_find(text, len, 100, 200), "nosec");
	assert_string_equal(cw_mark_find(text, len, len - 200, len - 100), "nosec");
	memcpy(text, "credwatch:allow-next-line", 25);
	text[25] = '\n';
	assert_null(cw_mark_find(text, len, 27 + CW_MARK_REACH, 27 + CW_MARK_REACH + 1));
	assert_string_equal(cw_mark_find(text, len, 26 + CW_MARK_REACH, len), "credwatch:allow-next-line");
	free(text);
}

static void test_edges(void **state)
{
	/* empty data, offsets beyond the end, exact buffers */
	assert_null(cw_mark_find("", 0, 0, 0));
	assert_null(cw_mark_find("ab", 2, 7, 9));
	assert_null(cw_mark_find("\n", 1, 1, 1));
	assert_string_equal(cw_mark_find("#nosec", 6, 6, 6), "nosec");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_line), cmocka_unit_test(test_other_line), cmocka_unit_test(test_next_line),
		cmocka_unit_test(test_whole_words), cmocka_unit_test(test_in_finding), cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

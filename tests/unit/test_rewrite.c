/* unit/test_rewrite.c - lines of Python that hold a secret, rewritten; and lines whose names might be secrets themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/rewrite.h"

struct line {
	const char *before, *wanted; /* NULL: no advice */
};

static void check(const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
		bool done = cw_rewrite_python(lines[i].before, strlen(lines[i].before), &out);

		if (done != (lines[i].wanted != NULL) || strcmp(out.data, lines[i].wanted ? lines[i].wanted : "") != 0)
			fail_msg("'%s' gave '%s'", lines[i].before, out.data);
	}
}

#define CHECK(...)                                                                                                             \
	do {                                                                                                                   \
		const struct line lines[] = {__VA_ARGS__};                                                                     \
		check(lines, sizeof(lines) / sizeof(*lines));                                                                  \
	} while (0)

static void test_assignments(void **state)
{
	CHECK(/* plain */
	      {"API_KEY = '", "API_KEY = os.environ[\"API_KEY\"]"},
	      /* indented, no blanks, other names become variables */
	      {"    password=\"", "password = os.environ[\"PASSWORD\"]"}, {"apiKey = \"", "apiKey = os.environ[\"API_KEY\"]"},
	      /* an attribute, with its name alone */
	      {"self.db_password = '", "db_password = os.environ[\"DB_PASSWORD\"]"},
	      /* annotated */
	      {"token: str = \"", "token = os.environ[\"TOKEN\"]"}, {"token : str=\"", "token = os.environ[\"TOKEN\"]"},
	      /* prefixes of strings, triple quotes, a secret in the middle of its string */
	      {"key = b'", "key = os.environ[\"KEY\"]"}, {"key = rb\"", "key = os.environ[\"KEY\"]"},
	      {"key = \"\"\"", "key = os.environ[\"KEY\"]"},
	      {"DATABASE_URL = f\"postgres://u:", "DATABASE_URL = os.environ[\"DATABASE_URL\"]"});
}

static void test_arguments_and_members(void **state)
{
	CHECK(/* an argument of a call */
	      {"connect(host, password='", "password=os.environ[\"PASSWORD\"]"},
	      /* members of a dictionary, both ways */
	      {"{\"api-key\": \"", "\"api-key\": os.environ[\"API_KEY\"]"}, {"  'secret' : '", "\"secret\": os.environ[\"SECRET\"]"},
	      {"settings['SECRET_KEY'] = '", "\"SECRET_KEY\": os.environ[\"SECRET_KEY\"]"});
}

static void test_no_advice(void **state)
{
	CHECK(/* nothing, no quote, no name */
	      {"", NULL}, {"password = ", NULL}, {"\"", NULL}, {"= \"", NULL}, {"(\"", NULL}, {"print(\"", NULL},
	      /* comparisons and changes are no assignments */
	      {"if password == \"", NULL}, {"password != '", NULL}, {"password += '", NULL}, {"password := '", NULL},
	      /* a name that does not tell what it is for might be anything, a secret too */
	      {"x = \"", NULL}, {"{\"hunter2hunter2\": \"", NULL}, {"{\"A1b2C3d4E5Key\": \"", NULL}, {"keyboard = '", NULL},
	      {"monkey = '", NULL}, {"1key = '", NULL},
	      /* too long for a name */
	      {"a_very_long_name_for_a_variable_that_holds_a_key = '", NULL},
	      /* quotes that do not match */
	      {"{\"key': \"", NULL});
}

static void test_bounds(void **state)
{
	/* every beginning of every line: no byte outside is read (the sanitizers see it) */
	static const char *const lines[] = {"settings['SECRET_KEY'] = rb\"", "a.token : str = \"\"\"", "{\"api-key\" :\t'", "f(key=u'"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (size_t from = 0; from <= strlen(lines[i]); from++) {
			for (size_t len = 0; from + len <= strlen(lines[i]); len++) {
				CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
				CW_CLEANUP(cw_buf_release) struct cw_buf exact = CW_BUF_INIT;

				cw_buf_add(&exact, lines[i] + from, len);
				assert_true(cw_rewrite_python(exact.data, exact.len, &out) == (out.len > 0));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assignments),
		cmocka_unit_test(test_arguments_and_members),
		cmocka_unit_test(test_no_advice),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

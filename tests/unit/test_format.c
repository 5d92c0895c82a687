/* tests/unit/test_format.c - which repository formats are accepted, by the text of their config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vcs/format.h"

static int check(const char *config)
{
	struct cw_err err = CW_ERR_INIT;

	return cw_format_check(config, strlen(config), &err);
}

/* no config, and an everyday one with subsections, quotes, comments and values of many lines */
static void ordinary(void **state)
{
	assert_int_equal(check(""), 0);
	assert_int_equal(check("[core]\n\trepositoryformatversion = 0\n\tbare = false\n"), 0);
	assert_int_equal(check("\xef\xbb\xbf[core] bare = true ; x\n# c\n[remote \"a \\\"b\\\"\"]\n\turl = \"a;b#c\"\r\n\tfetch\n"
			       "[alias]\n\tx = !f() { \\\n [extensions] \\\n }\n"),
			 0);
}

/* version 1 with the extensions that change nothing for reading objects */
static void harmless_extensions(void **state)
{
	assert_int_equal(check("[core]\nrepositoryformatversion=1\n[extensions]\nworktreeConfig = true\n"
			       "partialClone = origin\npreciousObjects = true\nnoop = 1\nobjectFormat = sha1\nrefStorage = files\n"),
			 0);
}

/* SHA-256 and reftable: in any spelling, section split, behind other sections, even when the version says 0 */
static void refused_formats(void **state)
{
	static const char *const configs[] = {
		"[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n",
		"[extensions]\n\tobjectFormat=SHA256",
		"[EXTENSIONS] ObjectFormat = \"sha256\"\n",
		"[extensions]\nnoop = 1\n[a]\n[extensions]\nrefstorage = reftable\n",
		"[extensions]\nrefstorage = re\\\nftable\n",
		"[extensions]\nobjectformat\n",
		"[extensions]\ncompatobjectformat = sha256\n",
		"[a]\nx = y \\\\\n[extensions]\nobjectformat = sha256\n",
		"[a]\nx = y # \\\n[extensions]\nobjectformat = sha256\n",
	};

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		assert_int_equal(check(configs[i]), CW_E_UNSUPPORTED);
}

/* the message names the extension */
static void names_the_extension(void **state)
{
	static const char config[] = "[extensions]\nobjectformat = sha256\n";
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_format_check(config, strlen(config), &err), CW_E_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "extensions.objectformat"));
}

/* unknown extensions matter from version 1 on; versions above 1 are unknown as a whole */
static void unknown_extensions_and_versions(void **state)
{
	assert_int_equal(check("[extensions]\nfuture = 1\n"), 0);
	assert_int_equal(check("[core]\nrepositoryformatversion = 1\n[extensions]\nfuture = 1\n"), CW_E_UNSUPPORTED);
	assert_int_equal(check("[extensions]\nfuture = 1\n[core]\nrepositoryformatversion = 1\n"), CW_E_UNSUPPORTED);
	assert_int_equal(check("[core]\nrepositoryformatversion = 1\n[extensions \"sub\"]\nnoop = 1\n"), CW_E_UNSUPPORTED);
	assert_int_equal(check("[core]\nrepositoryformatversion = 2\n"), CW_E_UNSUPPORTED);
}

/* broken syntax is an error, not an empty config */
static void broken(void **state)
{
	static const char *const configs[] = { "[core\n", "[core]\nbare = \"open\n", "=x\n", "[core]\nbare true\n",
					       "[remote \"x\n\"]\n", "[core]\nrepositoryformatversion = none\n", "\\" };

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		assert_true(check(configs[i]) < 0);
}

/* names and values longer than anything known */
static void long_names(void **state)
{
	char config[4000] = "[";

	memset(config + 1, 'a', 1000);
	memcpy(config + 1001, "]\n", 2);
	memset(config + 1003, 'b', 1000);
	memcpy(config + 2003, "=", 1);
	memset(config + 2004, 'c', 1000);
	assert_int_equal(cw_format_check(config, 3004, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary),	       cmocka_unit_test(harmless_extensions),
		cmocka_unit_test(refused_formats),     cmocka_unit_test(names_the_extension),
		cmocka_unit_test(unknown_extensions_and_versions),
		cmocka_unit_test(broken),	       cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit/test_glob.c - path globs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/glob.h"

static void yes(const char *glob, const char *path)
{
	if (!cw_glob_match(glob, path))
		fail_msg("'%s' should match '%s'", glob, path);
}

static void no(const char *glob, const char *path)
{
	if (cw_glob_match(glob, path))
		fail_msg("'%s' should not match '%s'", glob, path);
}

static void test_plain(void **state)
{
	/* a glob with a slash names the whole path */
	yes("a/b.c", "a/b.c");
	no("a/b.c", "x/a/b.c");
	no("a/b.c", "a/b.cc");
	no("a/b.c", "a/b");
	/* a leading "./" is no part of a path */
	yes("a/b.c", "./a/b.c");
	yes("a/b.c", "././a/b.c");
	/* upper and lower case differ */
	no("a/b.c", "A/b.c");
	/* the empty glob matches nothing */
	no("", "a");
}

static void test_base_name(void **state)
{
	/* a glob without a slash is matched against the base name at any depth */
	yes("*.md", "x.md");
	yes("*.md", "docs/deep/x.md");
	yes(".env", "app/.env");
	no("docs", "docs/x.md");
}

static void test_star(void **state)
{
	/* a star stays inside one folder */
	yes("src/*.c", "src/main.c");
	yes("src/*", "src/main.c");
	no("src/*.c", "src/lib/main.c");
	no("*/x", "x");
	/* several stars in one name need going back */
	yes("src/*a*b", "src/xaybab");
	yes("src/*ab", "src/aaab");
	no("src/*a*b", "src/xaybac");
	/* two stars inside a name are one */
	yes("src/a**b", "src/axxb");
	no("src/a**b", "src/a/b");
	/* the question mark is one byte, never a slash */
	yes("a/?", "a/b");
	no("a?b", "a/b");
	no("x/a?b", "x/a/b");
}

static void test_deep(void **state)
{
	/* any number of folders, none included */
	yes("**/test/**", "test/x");
	yes("**/test/**", "a/b/test/c/d");
	yes("**/test/**", "/abs/test/c");
	no("**/test/**", "a/testing/x");
	no("**/test/**", "a/test");
	yes("a/**/z", "a/z");
	yes("a/**/z", "a/b/c/z");
	no("a/**/z", "b/z");
	yes("**/*.pem", "x.pem");
	yes("**/*.pem", "a/b/x.pem");
	no("**/*.pem", "a/b.pem/x");
	/* at the end everything below, not the folder itself */
	yes("a/**", "a/b/c");
	no("a/**", "a");
	yes("**", "anything/at/all");
	/* the second "**" must not forget what the first left open */
	yes("**/a/**/b", "a/x/a/y/b");
	no("**/a/**/b", "b/x/a/y/c");
	/* a star behind "**" starts anew in each folder */
	yes("**/x*y/z", "xay/q/xby/z");
}

static void test_class(void **state)
{
	yes("f/[abc]", "f/b");
	no("f/[abc]", "f/d");
	yes("f/[a-c]x", "f/bx");
	no("f/[a-c]x", "f/dx");
	/* negation, in both spellings, never takes a slash */
	yes("f/[!a]", "f/b");
	yes("f/[^a]", "f/b");
	no("f/[!a]", "f/a");
	no("f[!a]g", "f/g");
	/* a bracket first in the class, and a hyphen last, are themselves */
	yes("f/[]]", "f/]");
	yes("f/[a-]", "f/-");
	/* an escaped bracket inside a class */
	yes("f/[\\]]", "f/]");
	/* an unclosed class is literal */
	yes("f/[a", "f/[a");
	no("f/[a", "f/a");
	/* bytes above 127 */
	yes("f/[\x80-\xff]", "f/\xe4");
}

static void test_escape(void **state)
{
	yes("f/\\*", "f/*");
	no("f/\\*", "f/x");
	/* a backslash at the end is itself */
	yes("f/\\", "f/\\");
}

static void test_no_explosion(void **state)
{
	char path[4001], glob[] = "**/a*a*a*a*a*a*a*a*a*a/**/a*a*a*a*a*a*a*a*a*a*b";

	/* a path made to make a recursive matcher explode */
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 40 == 39 ? '/' : 'a';
	path[sizeof(path) - 1] = '\0';
	no(glob, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),  cmocka_unit_test(test_base_name), cmocka_unit_test(test_star),
		cmocka_unit_test(test_deep),   cmocka_unit_test(test_class),	 cmocka_unit_test(test_escape),
		cmocka_unit_test(test_no_explosion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

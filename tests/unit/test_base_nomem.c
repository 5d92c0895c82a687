/* Tests of lib/base without memory: each allocation of each scenario fails in turn. Required outcome: the error is
 * reported, or the result is right all the same; nothing leaks; nothing crashes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/vec.h"
#include "base/yaml.h"
#include "fail_alloc.h"

#define ALLOCATIONS_MAX 100000 /* more than any scenario makes */

/* Runs once; returns 0 when the result is right, a code when an error was reported, 1 when the result is wrong. */
typedef int (*scenario_fn)(void);

/* Let the N-th allocation of SCENARIO fail; whether it made that many. */
static bool fail_nth(scenario_fn scenario, unsigned long n, enum cw_fail_alloc_mode mode)
{
	long live = cw_fail_alloc_live();
	unsigned long count;
	int rc;

	cw_fail_alloc_mode(n, mode);
	rc = scenario();
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	if (cw_fail_alloc_live() != live)
		fail_msg("allocation %lu: %ld blocks leak", n, cw_fail_alloc_live() - live);
	if (rc != 0 && rc != CW_E_NOMEM)
		fail_msg("allocation %lu: result %d", n, rc);
	if (count < n && rc != 0)
		fail_msg("allocation %lu: error without a failure", n);
	return count >= n;
}

static void check_scenario(scenario_fn scenario)
{
	unsigned long n = 1;

	assert_int_equal(scenario(), 0); /* also lets the C library make what it keeps for ever */
	while (fail_nth(scenario, n, CW_FAIL_ALLOC_ONCE))
		assert_true(++n < ALLOCATIONS_MAX);
	assert_true(n > 1); /* a scenario without allocations tests nothing */
	for (n = 1; fail_nth(scenario, n, CW_FAIL_ALLOC_FROM); n++)
		assert_true(n < ALLOCATIONS_MAX);
}

/* the shim itself: the chosen allocations fail, blocks are counted */
static void test_shim(void **state)
{
	long live = cw_fail_alloc_live();
	void *volatile a, *volatile b, *volatile c;

	cw_fail_alloc_at(2);
	a = malloc(10);
	b = calloc(1, 10);
	c = malloc(10);
	assert_int_equal(cw_fail_alloc_count(), 3);
	cw_fail_alloc_mode(1, CW_FAIL_ALLOC_FROM);
	assert_null(realloc(a, 100));
	assert_null(malloc(1));
	cw_fail_alloc_at(0);
	assert_non_null(a);
	assert_null(b);
	assert_non_null(c);
	assert_int_equal(cw_fail_alloc_live(), live + 2);
	free(a);
	free(c);
	assert_int_equal(cw_fail_alloc_live(), live);
}

static int fill_buf(void)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, secret = CW_BUF_INIT_SECRET;
	struct cw_err err = CW_ERR_INIT;
	int rc;

	for (int i = 0; i < 1000; i++) {
		cw_buf_adds(&b, "text ");
		cw_buf_addf(&secret, "%05d", i);
	}
	rc = cw_buf_fail(&b, "b", &err) != 0 ? b.fail : cw_buf_fail(&secret, "secret", &err);
	if (rc != 0)
		return err.code;
	return b.len == 5000 && secret.len == 5000 && strcmp(secret.data + 4995, "00999") == 0 ? 0 : 1;
}

/* buffers, plain and wiped */
static void test_buf(void **state)
{
	check_scenario(fill_buf);
}

static int fill_vec(void)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec v = CW_VEC_INIT(int, 10000);

	for (int i = 0; i < 1000; i++) {
		int *item = cw_vec_push(&v);

		if (item == NULL)
			return cw_vec_fail(&v, "v", NULL);
		*item = i;
	}
	return CW_VEC_AT(&v, int, 999) == 999 ? 0 : 1;
}

/* vectors */
static void test_vec(void **state)
{
	check_scenario(fill_vec);
}

static int detach_buf(void)
{
	struct cw_buf b = CW_BUF_INIT;
	char *s = cw_buf_detach(&b);

	free(s);
	return s != NULL ? 0 : CW_E_NOMEM;
}

/* detaching an empty buffer */
static void test_detach(void **state)
{
	check_scenario(detach_buf);
}

static int parse_json(void)
{
	static const char text[] = "{\"a\":[1,2.5,123456789012345,\"x\\u00e9\",true,null],\"b\":{\"c\":\"d\"},"
				   "\"k1\":0,\"k2\":0,\"k3\":0,\"k4\":0,\"k5\":0,\"k6\":0,\"k7\":0,\"k8\":0,\"k9\":0,"
				   "\"l1\":0,\"l2\":0,\"l3\":0,\"l4\":0,\"l5\":0,\"l6\":0,\"l7\":0,\"l8\":0,\"l9\":0}";
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_json_parse(text, strlen(text), sizeof(text), &v, &err);

	if (rc != 0)
		return v == NULL && rc == (int)err.code ? rc : 1;
	return cw_json_len(v) == 20 ? 0 : 1;
}

/* JSON parsing, with an object that is too large for the simple search of repeated keys */
static void test_json_parse(void **state)
{
	check_scenario(parse_json);
}

static int parse_json_twice(void)
{
	static const char text[] = "{\"a\":1,\"b\":1,\"a\":2}";
	struct cw_json *v = NULL;
	int rc = cw_json_parse(text, strlen(text), sizeof(text), &v, NULL);

	cw_json_free(v);
	return rc == CW_E_INVALID ? 0 : rc == 0 ? 1 : rc;
}

/* a repeated key never passes for want of memory */
static void test_json_duplicate(void **state)
{
	check_scenario(parse_json_twice);
}

static int build_json(void)
{
	static const char expected[] =
		"{\"s\":\"x\xef\xbf\xbd\",\"n\":0.5,\"i\":9007199254740991,\"a\":[true,null,{\"k\":"
		"\"\\u009b\"}],\"\xef\xbf\xbd\":1}";
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct cw_json *arr;
	int rc;

	cw_json_add_strn(root, "s", "x\xff", 2);
	cw_json_add_num(root, "n", 0.5);
	cw_json_add_int(root, "i", CW_JSON_INT_MAX);
	arr = cw_json_add_array(root, "a");
	cw_json_add_bool(arr, NULL, true);
	cw_json_add_null(arr, NULL);
	cw_json_add_str(cw_json_add_object(arr, NULL), "k", "\xc2\x9b");
	cw_json_add_int(root, "\xff", 1);
	rc = cw_json_print(root, false, &out, &err);
	if (rc != 0)
		return rc == (int)err.code ? rc : 1;
	return strcmp(out.data, expected) == 0 ? 0 : 1;
}

/* JSON building and printing: a lost addition never prints as a smaller object */
static void test_json_build(void **state)
{
	check_scenario(build_json);
}

static int parse_yaml(void)
{
	static const char text[] =
		"provider: acme\nrules:\n  - id: a\n    words: [x, 'y', \"z\"]\n    text: |\n      one\n"
		"      two\n  - {id: b, reach: {before: 1, after: 2}}\n";
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_yaml_parse("f", text, strlen(text), sizeof(text), &doc, &err);

	if (rc != 0)
		return doc == NULL && rc == (int)err.code ? rc : 1;
	return cw_yaml_get(cw_yaml_root(doc), "rules")->len == 2 ? 0 : 1;
}

/* YAML parsing */
static void test_yaml_parse(void **state)
{
	check_scenario(parse_yaml);
}

static int parse_yaml_twice(void)
{
	struct cw_yaml *doc = NULL;
	int rc = cw_yaml_parse("f", "a: 1\na: 2\n", 10, 10, &doc, NULL);

	cw_yaml_free(doc);
	return rc == CW_E_INVALID ? 0 : rc == 0 ? 1 : rc;
}

/* a repeated key never passes for want of memory */
static void test_yaml_duplicate(void **state)
{
	check_scenario(parse_yaml_twice);
}

static int enter_directory(void **state)
{
	const char *parent = getenv("TMPDIR");
	char *dir = NULL;

	if (asprintf(&dir, "%s/cw-test-nomem-XXXXXX", parent != NULL ? parent : "/tmp") < 0 || mkdtemp(dir) == NULL)
		return -1;
	*state = dir;
	return chdir(dir);
}

static int leave_directory(void **state)
{
	int rc = unlink("file") == 0 ? chdir("/") : -1;

	if (rc == 0)
		rc = rmdir(*state); /* fails when a temporary file was left */
	free(*state);
	return rc;
}

/* Replace "file" by the other one of two contents and look at what is there afterwards. */
static int replace_file(void)
{
	static const char *const contents[] = {"first content", "second"};
	static int current;
	CW_CLEANUP(cw_closep) int fd = -1;
	const char *wanted = contents[1 - current];
	struct cw_err err = CW_ERR_INIT;
	char found[64] = "";
	size_t n = 0;
	int rc;

	rc = cw_io_replace_file("file", wanted, strlen(wanted), 0600, &err);
	if (rc == 0)
		current = 1 - current;
	fd = open("file", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || cw_io_read_full(fd, found, sizeof(found) - 1, &n, NULL) != 0)
		return 1;
	return strcmp(found, contents[current]) == 0 ? rc : 1;
}

/* atomic replacement: the old or the new content, nothing between, and no temporary file */
static void test_replace(void **state)
{
	check_scenario(replace_file);
}

static int read_trusted(void)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_io_read_file("file", 100, CW_IO_TRUSTED, &b, &err);

	if (rc != 0)
		return b.len == 0 ? rc : 1;
	return strcmp(b.data, "content") == 0 ? 0 : 1;
}

/* reading a trusted file */
static void test_read(void **state)
{
	assert_int_equal(cw_io_replace_file("file", "content", 7, 0600, NULL), 0);
	check_scenario(read_trusted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shim),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_json_parse),
		cmocka_unit_test(test_json_duplicate),
		cmocka_unit_test(test_json_build),
		cmocka_unit_test(test_yaml_parse),
		cmocka_unit_test(test_yaml_duplicate),
		cmocka_unit_test_setup_teardown(test_replace, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_read, enter_directory, leave_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

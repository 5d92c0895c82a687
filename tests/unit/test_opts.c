/* unit/test_opts.c - option tables: parsing, messages, help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/opts.h"

struct values {
	bool flag, other;
	const char *text;
	uint64_t number, size;
	int choice;
	struct cw_vec list;
};

static const char *const choices[] = {"auto", "always", "never", NULL};
static const struct cw_opt table[] = {
	{.kind = CW_OPT_FLAG, .letter = 'q', .name = "quiet", .offset = offsetof(struct values, flag), .help = "be quiet"},
	{.kind = CW_OPT_FLAG, .letter = 'v', .name = "other", .offset = offsetof(struct values, other),
	 .help = "a text that is long enough to be wrapped at the right edge of the help, which is eighty columns wide"},
	{.kind = CW_OPT_STRING, .letter = 't', .name = "text", .arg = "TEXT", .offset = offsetof(struct values, text),
	 .help = "some text"},
	{.kind = CW_OPT_NUMBER, .letter = 'j', .name = "jobs", .arg = "N", .offset = offsetof(struct values, number),
	 .min = 1, .max = 64, .help = "threads"},
	{.kind = CW_OPT_SIZE, .name = "size", .arg = "SIZE", .offset = offsetof(struct values, size), .min = 1,
	 .max = (uint64_t)1 << 40, .help = "bytes"},
	{.kind = CW_OPT_CHOICE, .name = "colour", .arg = "WHEN", .offset = offsetof(struct values, choice),
	 .choices = choices, .help = "when"},
	{.kind = CW_OPT_CHOICE, .name = "color", .arg = "WHEN", .offset = offsetof(struct values, choice),
	 .choices = choices},
	{.kind = CW_OPT_LIST, .name = "a-rather-long-name-of-an-option", .arg = "PATH",
	 .offset = offsetof(struct values, list), .help = "a list"},
	{.kind = CW_OPT_END},
};
static const struct cw_usage usage = {
	.command = "test", .synopsis = "[OPTION]... FILE...", .about = "Tests.", .opts = table, .tail = "The end.\n"};

#define VALUES_INIT { .list = CW_VEC_INIT(const char *, 10) }

static int parse(struct values *v, struct cw_vec *args, struct cw_err *err, int argc, const char *const *argv)
{
	return cw_opts_parse(&usage, argc, (char **)argv, v, args, err);
}

#define PARSE(v, args, err, ...)                                                                                       \
	parse(v, args, err, (int)(sizeof((const char *const[]){"test", __VA_ARGS__}) / sizeof(char *)),                 \
	      (const char *const[]){"test", __VA_ARGS__})

static void test_values(void **state)
{
	struct values v = VALUES_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, 10);
	struct cw_err err = CW_ERR_INIT;

	/* every kind, in both spellings, mixed with arguments */
	assert_int_equal(PARSE(&v, &args, &err, "one", "--quiet", "--text=a=b", "--jobs", "4", "-", "--size=2K", "--colour",
			       "never", "--a-rather-long-name-of-an-option=x", "--a-rather-long-name-of-an-option", "y", "two"),
			 0);
	assert_true(v.flag);
	assert_false(v.other);
	assert_string_equal(v.text, "a=b");
	assert_int_equal(v.number, 4);
	assert_int_equal(v.size, 2048);
	assert_int_equal(v.choice, 2);
	assert_int_equal(v.list.len, 2);
	assert_string_equal(CW_VEC_AT(&v.list, const char *, 1), "y");
	assert_int_equal(args.len, 3);
	/* "-" alone is an argument */
	assert_string_equal(CW_VEC_AT(&args, const char *, 1), "-");
	cw_vec_release(&v.list);
}

static void test_letters(void **state)
{
	struct values v = VALUES_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, 10);

	/* joined flags; the first that takes a value takes the rest */
	assert_int_equal(PARSE(&v, &args, NULL, "-qvj8", "-t", "-x"), 0);
	assert_true(v.flag && v.other);
	assert_int_equal(v.number, 8);
	assert_string_equal(v.text, "-x");
}

static void test_end_of_options(void **state)
{
	struct values v = VALUES_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, 10);

	/* behind "--" everything is an argument, a second "--" too */
	assert_int_equal(PARSE(&v, &args, NULL, "--", "--quiet", "--"), 0);
	assert_false(v.flag);
	assert_int_equal(args.len, 2);
	assert_string_equal(CW_VEC_AT(&args, const char *, 1), "--");
}

static void wrong(const char *word, int argc, const char *const *argv)
{
	struct values v = VALUES_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, 10);
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(parse(&v, &args, &err, argc, argv), CW_E_USAGE);
	if (!strstr(err.msg, word))
		fail_msg("'%s' is not in '%s'", word, err.msg);
	/* one line, and never the value that was typed */
	assert_null(strchr(err.msg, '\n'));
	assert_null(strstr(err.msg, "hunter"));
}

#define WRONG(word, ...)                                                                                               \
	wrong(word, (int)(sizeof((const char *const[]){"test", __VA_ARGS__}) / sizeof(char *)),                         \
	      (const char *const[]){"test", __VA_ARGS__})

static void test_wrong(void **state)
{
	/* unknown options are named, their values are not */
	WRONG("unknown option '--nope'", "--nope");
	WRONG("unknown option '--nope'", "--nope=hunter2");
	WRONG("unknown option '-x'", "-x");
	/* what cannot be an option's name is not repeated */
	WRONG("unknown option: see", "--hunter2!");
	WRONG("unknown option: see", "-xhunter2");
	/* names are not abbreviated */
	WRONG("unknown option '--qui'", "--qui");
	/* values missing, superfluous, out of range, not numbers */
	WRONG("'--text' needs a value", "--text");
	WRONG("'-t' needs a value", "-t");
	WRONG("'--quiet' takes no value", "--quiet=hunter");
	WRONG("'--jobs' must be a number from 1 to 64", "--jobs=0");
	WRONG("'--jobs' must be a number from 1 to 64", "--jobs", "65");
	WRONG("'--jobs' must be a number from 1 to 64", "--jobs=hunter");
	WRONG("'--jobs' must be a number from 1 to 64", "--jobs=-1");
	WRONG("'--size' must be a size", "--size=4X");
	WRONG("'--colour' must be auto, always or never", "--colour=hunter");
}

static void test_help_asked(void **state)
{
	struct values v = VALUES_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, 10);

	assert_int_equal(PARSE(&v, &args, NULL, "x", "--help", "--nope"), CW_OPTS_HELP);
	assert_int_equal(PARSE(&v, &args, NULL, "-h"), CW_OPTS_HELP);
}

static void test_help_text(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	cw_opts_help(&usage, &out);
	assert_int_equal(out.fail, 0);
	/* every line fits 80 columns */
	for (const char *p = out.data; *p;) {
		size_t len = strcspn(p, "\n");

		assert_in_range(len, 0, 80);
		p += len + (p[len] == '\n');
	}
	assert_non_null(strstr(out.data, "Usage: credwatch test [OPTION]... FILE..."));
	assert_non_null(strstr(out.data, "  -q, --quiet             be quiet\n"));
	assert_non_null(strstr(out.data, "      --size SIZE         bytes\n"));
	/* a long name stands on a line of its own */
	assert_non_null(strstr(out.data, "--a-rather-long-name-of-an-option PATH\n                          a list\n"));
	/* hidden options are not shown, --help is */
	assert_null(strstr(out.data, "--color "));
	assert_non_null(strstr(out.data, "  -h, --help"));
	assert_non_null(strstr(out.data, "\nThe end.\n"));
}

static void add_words(struct cw_buf *out)
{
	cw_buf_adds(out, "one\ntwo\n");
}

static void test_table(void **state)
{
	static const struct cw_opt words[] = {
		{.kind = CW_OPT_STRING, .name = "word", .arg = "WORD", .help = "a word", .add_values = add_words},
		{.kind = CW_OPT_END},
	};
	const struct cw_usage other = {.command = "test it", .synopsis = "FILE", .about = "Tests.", .opts = words};
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	/* what each option takes; hidden ones are left out, --help is there */
	cw_opts_table(&usage, &out);
	assert_int_equal(out.fail, 0);
	assert_ptr_equal(strstr(out.data, "usage\ttest\t[OPTION]... FILE...\noption\ttest\tq\tquiet\t\t\tbe quiet\n"), out.data);
	assert_non_null(strstr(out.data, "\noption\ttest\t\tcolour\tWHEN\tauto always never\twhen\n"));
	assert_null(strstr(out.data, "\tcolor\t"));
	assert_non_null(strstr(out.data, "\noption\ttest\th\thelp\t\t\tshow this text\n"));
	/* values that only the program knows */
	cw_buf_clear(&out);
	cw_opts_table(&other, &out);
	assert_non_null(strstr(out.data, "usage\ttest it\tFILE\noption\ttest it\t\tword\tWORD\tone two\ta word\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_letters),   cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_wrong),	   cmocka_unit_test(test_help_asked), cmocka_unit_test(test_help_text),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

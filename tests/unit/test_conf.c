/* unit/test_conf.c - configuration: values and lists, trust of the levels, errors with file:line, what a dump reads back as. */
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

#include "policy/conf.h"
#include "policy/date.h"

#define PRINT "3fa1:00112233445566778899aabbccddeeff"

static struct cw_conf *conf(void)
{
	struct cw_conf *c = NULL;

	assert_int_equal(cw_conf_new(&c, NULL), 0);
	return c;
}

static void add(struct cw_conf *c, enum cw_conf_level level, const char *name, const char *text)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_conf_add(c, level, name, text, strlen(text), &err) != 0)
		fail_msg("%s", err.msg);
}

/* TEXT as LEVEL's configuration must fail with MESSAGE in the text. */
static void refuse_at(enum cw_conf_level level, const char *text, const char *message)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_conf_add(c, level, "f.yaml", text, strlen(text), &err);

	if (rc != CW_E_INVALID || !strstr(err.msg, message))
		fail_msg("'%s': %d, '%s' lacks '%s'", text, rc, err.msg, message);
}

static void refuse(const char *text, const char *message)
{
	refuse_at(CW_LEVEL_USER, text, message);
}

static const struct cw_conf_entry *allow(const struct cw_conf *c, size_t i)
{
	assert_true(i < c->allow.len);
	return &CW_VEC_AT(&c->allow, struct cw_conf_entry, i);
}

static void test_defaults(void **state)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();

	assert_int_equal(c->object_max, (uint64_t)1 << 30);
	assert_int_equal(c->jobs, 0);
	assert_string_equal(c->format, "text");
	assert_int_equal(c->fail_on, CW_SEVERITY_LOW);
	assert_int_equal(c->repository_policy, CW_REPOSITORY_APPLY);
	assert_true(c->inline_marks);
	assert_int_equal(c->allow.len + c->exclude.len + c->disable.len + c->baselines.len + c->rule_files.len, 0);
	/* an empty file, and one of comments, change nothing */
	add(c, CW_LEVEL_USER, "f", "");
	add(c, CW_LEVEL_USER, "f", "# nothing\n");
	assert_int_equal(c->from[CW_CONF_JOBS].level, CW_LEVEL_DEFAULT);
	cw_conf_free(NULL);
}

static void test_values(void **state)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();

	/* every kind of value, with who set it and where */
	add(c, CW_LEVEL_USER, "/u/config.yaml",
	    "object_max: 20M\njobs: 3\nformat: jsonl\nfail_on: high\ninline_marks: false\nrepository_policy: ignore\n"
	    "baseline: known\nrules:\n  files: [a.yaml, /b.yaml]\n  disable:\n  - {id: a.b, reason: r}\n  - {provider: p, "
	    "reason: r}\nexclude:\n- path: 'vendor/**'\n  reason: not ours\n");
	assert_int_equal(c->object_max, 20 << 20);
	assert_int_equal(c->jobs, 3);
	assert_string_equal(c->format, "jsonl");
	assert_int_equal(c->fail_on, CW_SEVERITY_HIGH);
	assert_int_equal(c->repository_policy, CW_REPOSITORY_IGNORE);
	assert_false(c->inline_marks);
	assert_int_equal(c->from[CW_CONF_FAIL_ON].line, 4);
	assert_string_equal(c->from[CW_CONF_FAIL_ON].file, "/u/config.yaml");
	assert_int_equal(c->from[CW_CONF_FAIL_ON].level, CW_LEVEL_USER);
	/* relative paths belong to the folder of the file */
	assert_string_equal(CW_VEC_AT(&c->baselines, struct cw_conf_path, 0).path, "/u/known");
	assert_string_equal(CW_VEC_AT(&c->rule_files, struct cw_conf_path, 0).path, "/u/a.yaml");
	assert_string_equal(CW_VEC_AT(&c->rule_files, struct cw_conf_path, 1).path, "/b.yaml");
	assert_string_equal(CW_VEC_AT(&c->disable, struct cw_conf_entry, 0).rule, "a.b");
	assert_string_equal(CW_VEC_AT(&c->disable, struct cw_conf_entry, 1).provider, "p");
	assert_string_equal(CW_VEC_AT(&c->exclude, struct cw_conf_entry, 0).path, "vendor/**");
	/* a list, or a section, that is empty or null */
	add(c, CW_LEVEL_USER, "f", "allow: []\nexclude:\nrules:\nbaseline: ~\n");
}

static void test_allow(void **state)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();
	int64_t day = 0;

	add(c, CW_LEVEL_REPOSITORY, ".credwatch.yaml",
	    "allow:\n- fingerprint: " PRINT "\n  reason: revoked\n  expires: 2030-02-28\n- rule: a.b\n  path: 'test/**'\n"
	    "  value: '^dummy'\n  reason: |\n    two\n    lines\n");
	assert_int_equal(c->allow.len, 2);
	assert_string_equal(allow(c, 0)->fingerprint, PRINT);
	assert_string_equal(allow(c, 0)->reason, "revoked");
	assert_true(cw_date_parse("2030-02-28", &day));
	assert_int_equal(allow(c, 0)->expires, day);
	assert_int_equal(allow(c, 0)->from.line, 2);
	assert_null(allow(c, 0)->rule);
	assert_string_equal(allow(c, 1)->value, "^dummy");
	assert_int_equal(allow(c, 1)->expires, CW_CONF_NEVER);
	assert_int_equal(allow(c, 1)->from.line, 5);
}

static void test_trust(void **state)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();

	/* a more trusted level wins, whatever the order of loading; what only one says stands; lists are joined */
	add(c, CW_LEVEL_SYSTEM, "s", "fail_on: medium\nallow: [{rule: s.s, reason: s}]\n");
	add(c, CW_LEVEL_USER, "u", "fail_on: high\nobject_max: 5K\nallow: [{rule: u.u, reason: u}]\n");
	add(c, CW_LEVEL_REPOSITORY, "r", "fail_on: critical\nobject_max: 1K\ninline_marks: false\nallow: [{rule: r.r, reason: r}]\n");
	assert_int_equal(c->fail_on, CW_SEVERITY_MEDIUM);
	assert_int_equal(c->object_max, 5 << 10);
	assert_false(c->inline_marks);
	assert_int_equal(c->allow.len, 3);
	assert_int_equal(allow(c, 2)->from.level, CW_LEVEL_REPOSITORY);
	/* what is only for those who run the program a repository may not say */
	refuse_at(CW_LEVEL_REPOSITORY, "a\n", "map");
	refuse_at(CW_LEVEL_REPOSITORY, "\nrepository_policy: apply\n", "f.yaml:2: 'repository_policy' cannot be set");
	refuse_at(CW_LEVEL_REPOSITORY, "jobs: 1\n", "cannot be set by a repository");
	refuse_at(CW_LEVEL_REPOSITORY, "format: csv\n", "cannot be set by a repository");
}

static void test_errors(void **state)
{
	/* unknown keys, at each depth, with file:line; a key that may be a secret is not repeated */
	refuse("jobs: 1\nalow: []\n", "f.yaml:2: unknown key 'alow'");
	refuse("rules:\n  file: x\n", "f.yaml:2: unknown key 'file' in 'rules'");
	refuse("rules.files: x\n", "unknown key 'rules.files'");
	refuse("allow:\n- rule: a\n  reasn: x\n", "f.yaml:3: unknown key 'reasn' in 'allow'");
	refuse("AKIAsomething: 1\n", "f.yaml:1: unknown key: see");
	/* values of the wrong type or out of range; the value is not repeated */
	refuse("jobs: many\n", "f.yaml:1: 'jobs' must be a number from 0 to 256");
	refuse("jobs: 257\n", "'jobs' must be a number");
	refuse("jobs: '3'\n", "'jobs' must be a number");
	refuse("object_max: 0\n", "'object_max' must be a size");
	refuse("inline_marks: yes\n", "'inline_marks' must be true or false");
	refuse("fail_on: severe\n", "'fail_on' must be one of low, medium, high, critical");
	refuse("format: []\n", "'format' must be a text");
	refuse("baseline: {a: b}\n", "'baseline' must be a path, or a list of them");
	refuse("baseline: [[a]]\n", "'baseline' must be a text");
	refuse("rules: x\n", "'rules' must be a map");
	refuse("allow: x\n", "'allow' must be a list");
	refuse("allow: [x]\n", "an entry of 'allow' must be a map");
	/* entries that say nothing, have no reason, or mean everything */
	refuse("allow:\n- reason: x\n", "f.yaml:2: an entry of 'allow' says nothing");
	refuse("allow:\n- rule: a.b\n", "f.yaml:2: an entry of 'allow' needs a reason");
	refuse("allow: [{rule: a.b, reason: '  '}]\n", "'reason' must say why");
	refuse("allow: [{rule: A.b, reason: x}]\n", "'rule' must be lower-case");
	refuse("allow: [{path: /a, reason: x}]\n", "'path' is relative");
	refuse("allow: [{fingerprint: abc, reason: x}]\n", "must be a fingerprint");
	refuse("allow: [{value: 'a(', reason: x}]\n", "'value': ");
	refuse("allow: [{value: 'a*', reason: x}]\n", "matches the empty text");
	refuse("allow: [{rule: a, reason: x, expires: 2030-02-30}]\n", "'expires' must be a day");
	refuse("rules: {disable: [{id: a, provider: b, reason: x}]}\n", "either an id or a provider");
	/* no map at all, and no YAML */
	refuse("- a\n", "f.yaml:1: a configuration is a map");
	refuse("jobs: 1\njobs: 2\n", "f.yaml:2: this key stands here twice");
	refuse("a: [\n", "f.yaml:");
}

static void test_dump(void **state)
{
	static const char *const texts[] = {
		"",
		"object_max: 5000\njobs: 4\nfail_on: critical\ninline_marks: false\nrepository_policy: default-branch\nformat: json\n",
		"allow:\n- {value: \"it's\", reason: \"tab\\there\", expires: 2031-01-01}\n- {path: 'a b', rule: x.y, reason: ok}\n",
		"rules: {files: [/a, /b], disable: [{provider: x, reason: y}]}\nexclude: [{path: z, reason: \"\\u00e9\\uFFFF\"}]\n",
		"daemon: {roots: [/srv/git], metrics: '', scan: '@git', workers: 2}\nwatch: {notify: [/bin/x, '', \"a'b\"]}\n",
	};

	/* a dump reads back as the same dump, but for who set what */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CW_CLEANUP(cw_conf_free_p) struct cw_conf *a = conf(), *b = conf(), *d = conf();
		CW_CLEANUP(cw_buf_release) struct cw_buf first = CW_BUF_INIT, second = CW_BUF_INIT, third = CW_BUF_INIT;

		add(a, CW_LEVEL_USER, "/c", texts[i]);
		assert_int_equal(cw_conf_dump(a, &first, NULL), 0);
		add(b, CW_LEVEL_USER, "/c", first.data);
		assert_int_equal(cw_conf_dump(b, &second, NULL), 0);
		add(d, CW_LEVEL_USER, "/c", second.data);
		assert_int_equal(cw_conf_dump(d, &third, NULL), 0);
		assert_string_equal(second.data, third.data);
		assert_int_equal(a->allow.len, b->allow.len);
		assert_int_equal(a->object_max, b->object_max);
		assert_int_equal(a->repository_policy, b->repository_policy);
		for (size_t k = 0; k < a->allow.len; k++) {
			assert_string_equal(allow(a, k)->reason, allow(b, k)->reason);
			assert_int_equal(allow(a, k)->expires, allow(b, k)->expires);
		}
	}
}

static void test_texts(void **state)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf();

	/* a list of texts that nobody set */
	assert_int_equal(c->watch_notify.len, 0);
	assert_string_equal(c->daemon_metrics, "");
	/* the more trusted level's list counts alone, whatever comes first */
	add(c, CW_LEVEL_SYSTEM, "/s", "watch: {notify: [/bin/a, '', x]}\n");
	add(c, CW_LEVEL_USER, "/u", "watch: {notify: [/bin/b]}\n");
	assert_int_equal(c->watch_notify.len, 3);
	assert_string_equal(CW_VEC_AT(&c->watch_notify, const char *, 0), "/bin/a");
	assert_string_equal(CW_VEC_AT(&c->watch_notify, const char *, 1), "");
	assert_int_equal(c->from[CW_CONF_WATCH_NOTIFY].level, CW_LEVEL_SYSTEM);
	/* an empty list takes it back; an empty text may stand where the default is one, and not elsewhere */
	add(c, CW_LEVEL_SYSTEM, "/s", "watch: {notify: []}\ndaemon: {metrics: ''}\n");
	assert_int_equal(c->watch_notify.len, 0);
	refuse("daemon: {socket: ''}\n", "'daemon.socket' must be a text");
	refuse("watch: {notify: ['']}\n", "'watch.notify' must be a text");
	refuse("watch: {notify: /bin/a}\n", "'watch.notify' must be a list of texts");
}

static void test_keys(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	/* the list of keys names types, ranges, defaults, levels and fields */
	assert_int_equal(cw_conf_keys(&out, NULL), 0);
	assert_non_null(strstr(out.data, "object_max: a size from 1 to 1024G (default 1G); set by repository, user, system\n"));
	assert_non_null(strstr(out.data, "jobs: a number from 0 to 256 (default 0); set by user, system\n"));
	assert_non_null(strstr(out.data, "fail_on: low, medium, high or critical (default low)"));
	assert_non_null(strstr(out.data, "    expires: last day"));
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t day;
	} days[] = {{"1970-01-01", 0}, {"1970-12-31", 364}, {"2000-02-29", 11016}, {"2024-12-31", 20088},
		    {"9999-12-31", 2932896}};
	static const char *const wrong[] = {"", "2024-1-01", "2024-13-01", "2024-00-01", "2023-02-29", "2100-02-29", "1969-12-31",
					    "2024-04-31", "2024/01/01", "2024-01-01 ", "20240101"};
	char text[CW_DATE_SIZE];
	int64_t day = 0;

	/* there and back; days that do not exist */
	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		assert_true(cw_date_parse(days[i].text, &day));
		assert_int_equal(day, days[i].day);
		cw_date_format(day, text);
		assert_string_equal(text, days[i].text);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(cw_date_parse(wrong[i], &day));
	cw_date_format(INT64_MAX, text);
	assert_string_equal(text, "");
}

/* A folder with the file NAME, both removed by the caller. */
static void make_folder(char *folder, const char *name, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	FILE *file;

	assert_non_null(mkdtemp(folder));
	cw_buf_addf(&path, "%s/%s", folder, name);
	file = fopen(path.data, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void remove_folder(const char *folder, const char *const *names)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	for (; *names; names++)
		assert_int_equal(unlinkat(fd, *names, 0), 0);
	close(fd);
	assert_int_equal(rmdir(folder), 0);
}

static void test_repository(void **state)
{
	char folder[] = "/tmp/cw-conf.XXXXXX";
	struct cw_source source = cw_source_folder(folder);
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = conf(), *forbidden = conf();

	make_folder(folder, CW_CONF_FILE, "fail_on: high\n");
	/* it is read, unless a higher level forbids it */
	assert_int_equal(cw_conf_load_repository(c, &source, NULL), 0);
	assert_int_equal(c->fail_on, CW_SEVERITY_HIGH);
	add(forbidden, CW_LEVEL_SYSTEM, "s", "repository_policy: ignore\n");
	assert_int_equal(cw_conf_load_repository(forbidden, &source, NULL), 0);
	assert_int_equal(forbidden->fail_on, CW_SEVERITY_LOW);
	remove_folder(folder, (const char *const[]){CW_CONF_FILE, NULL});
	/* none is no failure */
	assert_non_null(mkdtemp(memcpy(folder, "/tmp/cw-conf.XXXXXX", sizeof(folder))));
	assert_int_equal(cw_conf_load_repository(c, &source, NULL), 0);
	remove_folder(folder, (const char *const[]){NULL});
}

static void expect_read(const struct cw_source *source, const char *path, int rc)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_source_read(source, path, 4, &out, &err), rc);
	assert_true(rc == 0 || err.msg[0]);
}

static void test_source(void **state)
{
	static const char *const outside[] = {"/etc/passwd", "../x", "a/../f", "./f", "a//f", "", "f/", ".."};
	char folder[] = "/tmp/cw-conf.XXXXXX";
	struct cw_source source = cw_source_folder(folder);
	int fd;

	make_folder(folder, "f", "1234");
	expect_read(&source, "f", 0);
	expect_read(&source, "none", CW_E_NOTFOUND);
	expect_read(&source, "none/f", CW_E_NOTFOUND);
	expect_read(&source, "f/f", CW_E_NOTFOUND);
	/* nothing outside of the folder */
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		expect_read(&source, outside[i], CW_E_INVALID);
	/* links, also of folders, FIFOs, and what is too large */
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(symlinkat("f", fd, "link"), 0);
	assert_int_equal(symlinkat(".", fd, "here"), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	expect_read(&source, "link", CW_E_INVALID);
	expect_read(&source, "here/f", CW_E_NOTFOUND);
	expect_read(&source, "fifo", CW_E_INVALID);
	close(fd);
	remove_folder(folder, (const char *const[]){"f", "link", "here", "fifo", NULL});
	assert_non_null(mkdtemp(memcpy(folder, "/tmp/cw-conf.XXXXXX", sizeof(folder))));
	remove_folder(folder, (const char *const[]){NULL});
	memcpy(folder, "/tmp/cw-conf.XXXXXX", sizeof(folder));
	make_folder(folder, "f", "12345");
	expect_read(&source, "f", CW_E_LIMIT);
	remove_folder(folder, (const char *const[]){"f", NULL});
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {{"plain", "'plain'"}, {"it's", "'it''s'"}, {"a\nb", "\"a\\U0000000Ab\""}, {"\"\\\x01", "\"\\\"\\\\\\U00000001\""},
		     {"\xff", "\"\\U0000FFFD\""}, {"\xc3\xa9", "'\xc3\xa9'"}, {"", "''"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

		cw_conf_quote(cases[i].text, &out);
		assert_string_equal(out.data, cases[i].quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),	    cmocka_unit_test(test_allow),
		cmocka_unit_test(test_trust),	 cmocka_unit_test(test_errors),	    cmocka_unit_test(test_dump), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_keys),	 cmocka_unit_test(test_dates),	    cmocka_unit_test(test_repository),
		cmocka_unit_test(test_source),	 cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit/test_push.c - what git tells a server hook: lines on standard input, object directories in its environment. */
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

#include "vcs/push.h"
#include "vcs/quarantine.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "abcdefabcdefabcdefabcdefabcdefabcdefabcd"
#define UPPER "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD"
#define NONE "0000000000000000000000000000000000000000"
#define LINE OLD " " NEW " refs/heads/main\n"

static int parse(const char *text, size_t len, struct cw_vec *out, struct cw_err *err)
{
	*out = (struct cw_vec)CW_VEC_INIT(struct cw_push_ref, CW_PUSH_REFS_MAX);
	return cw_push_parse(text, len, out, err);
}

static void refuse(const char *text, size_t len, int code, const char *message)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_vec refs;
	int rc = parse(text, len, &refs, &err);

	if (rc != code || !strstr(err.msg, message))
		fail_msg("'%s': %d, '%s' lacks '%s'", text, rc, err.msg, message);
	cw_push_refs_release(&refs);
}

static void test_lines(void **state)
{
	static const char text[] = LINE NONE " " NEW " refs/heads/new\n" OLD " " NONE " refs/x \tname of bytes \xff\n";
	char hex[CW_OID_HEX_SIZE];
	struct cw_vec refs;

	/* update, creation, deletion; a name is all behind the second blank */
	assert_int_equal(parse(text, sizeof(text) - 1, &refs, NULL), 0);
	assert_int_equal(refs.len, 3);
	cw_oid_hex(&CW_VEC_AT(&refs, struct cw_push_ref, 0).old_oid, hex);
	assert_string_equal(hex, OLD);
	cw_oid_hex(&CW_VEC_AT(&refs, struct cw_push_ref, 0).new_oid, hex);
	assert_string_equal(hex, NEW);
	assert_string_equal(CW_VEC_AT(&refs, struct cw_push_ref, 0).name, "refs/heads/main");
	assert_int_equal(CW_VEC_AT(&refs, struct cw_push_ref, 1).old_oid.len, 0);
	assert_int_equal(CW_VEC_AT(&refs, struct cw_push_ref, 2).new_oid.len, 0);
	assert_string_equal(CW_VEC_AT(&refs, struct cw_push_ref, 2).name, "refs/x \tname of bytes \xff");
	cw_push_refs_release(&refs);
}

static void test_long_line(void **state)
{
	/* a name has no limit of its own */
	size_t len = (size_t)1 << 20, head = strlen(OLD " " NEW " ");
	char *text = malloc(head + len + 1);
	struct cw_vec refs;

	assert_non_null(text);
	memcpy(text, OLD " " NEW " ", head);
	memset(text + head, 'r', len);
	text[head + len] = '\n';
	assert_int_equal(parse(text, head + len + 1, &refs, NULL), 0);
	assert_int_equal(strlen(CW_VEC_AT(&refs, struct cw_push_ref, 0).name), len);
	cw_push_refs_release(&refs);
	free(text);
}

static void test_malformed(void **state)
{
	static const char nul[] = OLD " " NEW " refs/\0x\n";

	refuse("", 0, CW_E_INVALID, "empty");
	refuse(LINE, strlen(LINE) - 1, CW_E_INVALID, "line 1: it has no end");
	refuse(LINE "\n", strlen(LINE) + 1, CW_E_INVALID, "line 2");
	refuse(OLD " " NEW "\n", strlen(OLD " " NEW "\n"), CW_E_INVALID, "not 'OLD NEW REFERENCE'");
	refuse(OLD " " NEW " \n", strlen(OLD " " NEW " \n"), CW_E_INVALID, "not 'OLD NEW REFERENCE'");
	refuse(nul, sizeof(nul) - 1, CW_E_INVALID, "not 'OLD NEW REFERENCE'");
	refuse("1" LINE, strlen(LINE) + 1, CW_E_INVALID, "40 digits");
	refuse(UPPER " " NEW " refs/x\n", strlen(UPPER " " NEW " refs/x\n"), CW_E_INVALID, "not an object id");
}

static void test_sha256(void **state)
{
#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const char text[] = LONG " " LONG " refs/heads/main\n";

	refuse(text, sizeof(text) - 1, CW_E_UNSUPPORTED, "SHA-256");
}

/* ---- the environment ---- */

struct place {
	char *dir, *repo, *own, *pushed, *refs, *head;
};

/* "DIR/NAME" */
static char *below(const char *dir, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

static char *make(const char *dir, const char *name)
{
	char *path = below(dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

/* A git directory with nothing in it, and a quarantine. */
static void make_place(struct place *p)
{
	char template[] = "/tmp/cw-push.XXXXXX";
	FILE *head;

	assert_non_null(mkdtemp(template));
	p->dir = realpath(template, NULL);
	assert_non_null(p->dir);
	p->repo = make(p->dir, "r.git");
	p->own = make(p->repo, "objects");
	p->refs = make(p->repo, "refs");
	p->pushed = make(p->own, "incoming");
	p->head = below(p->repo, "HEAD");
	head = fopen(p->head, "w");
	assert_non_null(head);
	assert_true(fputs("ref: refs/heads/main\n", head) >= 0);
	assert_int_equal(fclose(head), 0);
}

static void remove_place(struct place *p)
{
	char *folders[] = { p->refs, p->pushed, p->own, p->repo, p->dir };

	assert_int_equal(unlink(p->head), 0);
	free(p->head);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		assert_int_equal(rmdir(folders[i]), 0);
		free(folders[i]);
	}
}

static void check_alternates(const char *list, const char *const *expected)
{
	struct cw_quarantine_env env = { .git_dir = "/", .alternates = list };
	struct cw_quarantine q = CW_QUARANTINE_INIT;
	size_t n = 0;

	assert_int_equal(cw_quarantine_find(&env, &q, NULL), 0);
	for (; expected[n]; n++) {
		assert_true(n < q.alternates.len);
		assert_string_equal(CW_VEC_AT(&q.alternates, char *, n), expected[n]);
	}
	assert_int_equal(q.alternates.len, n);
	cw_quarantine_release(&q);
}

static void test_alternates(void **state)
{
	/* several, none between two colons, a comment */
	check_alternates("/a:/b c::#/d:/e", (const char *[]){ "/a", "/b c", "/e", NULL });
	/* quoted: colon, quote, newline, a byte in octal; the next one plain */
	check_alternates("\"/a:b\\\"c\\n\\303\":/d", (const char *[]){ "/a:b\"c\n\303", "/d", NULL });
	/* badly quoted is plain, as for git */
	check_alternates("\"/a:/b", (const char *[]){ "\"/a", "/b", NULL });
	check_alternates("\"/a\\q\":/b", (const char *[]){ "\"/a\\q\"", "/b", NULL });
	check_alternates("", (const char *[]){ NULL });
}

static void test_quarantine(void **state)
{
	struct cw_quarantine q = CW_QUARANTINE_INIT;
	struct place p;
	struct cw_quarantine_env env;

	make_place(&p);
	/* either variable names it */
	env = (struct cw_quarantine_env){ .git_dir = p.repo, .quarantine = p.pushed };
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), 0);
	assert_string_equal(q.objects, p.pushed);
	cw_quarantine_release(&q);
	env = (struct cw_quarantine_env){ .git_dir = p.repo, .object_directory = p.pushed };
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), 0);
	assert_string_equal(q.objects, p.pushed);
	cw_quarantine_release(&q);
	/* the repository's own directory is none */
	env.object_directory = p.own;
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), 0);
	assert_null(q.objects);
	cw_quarantine_release(&q);
	/* two that differ, one that is not there, a common directory: nobody knows what is meant */
	env.quarantine = p.pushed;
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), CW_E_UNSUPPORTED);
	cw_quarantine_release(&q);
	env = (struct cw_quarantine_env){ .git_dir = p.repo, .quarantine = "/nowhere/at/all" };
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), CW_E_CORRUPT);
	cw_quarantine_release(&q);
	env = (struct cw_quarantine_env){ .git_dir = p.repo, .common_dir = p.repo };
	assert_int_equal(cw_quarantine_find(&env, &q, NULL), CW_E_UNSUPPORTED);
	cw_quarantine_release(&q);
	remove_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	   cmocka_unit_test(test_long_line),  cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_sha256),	   cmocka_unit_test(test_alternates), cmocka_unit_test(test_quarantine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

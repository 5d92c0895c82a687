/* Tests of daemon/worker_content: what it answers to texts, sealed memfds and objects, inside its sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "policy/key.h"
#include "proto/fdpass.h"
#include "worker_bench.h"

/* A text with a secret, put together here so that no file holds it. */
#define TOKEN "gh" "p_"
#define BODY "1234567890abcdefghij" "ABCDEFGHIJ"
static char secret_text[200];

static const struct cw_json *result(const struct worker_bench *b, const char *name)
{
	return cw_json_get(worker_bench_member(b, "result"), name);
}

static int64_t number(const struct cw_json *v)
{
	int64_t n = -1;

	assert_true(cw_json_int(v, &n));
	return n;
}

static bool truth(const struct cw_json *v)
{
	bool t = false;

	assert_true(cw_json_bool(v, &t));
	return t;
}

/* The answer to what holds nothing. */
static void assert_clean(const struct worker_bench *b)
{
	assert_true(b->ok);
	assert_int_equal(number(result(b, "hits")), 0);
	assert_true(truth(result(b, "complete")));
	assert_int_equal(cw_json_len(result(b, "findings")), 0);
	assert_int_equal(cw_json_len(result(b, "reasons")), 0);
}

/* The one finding, whose secret is in no part of the answer. */
static const struct cw_json *one_finding(const struct worker_bench *b)
{
	assert_true(b->ok);
	assert_int_equal(number(result(b, "hits")), 1);
	assert_int_equal(cw_json_len(result(b, "findings")), 1);
	assert_null(strstr(b->answer.data, BODY));
	return cw_json_at(result(b, "findings"), 0);
}

/* texts without a secret, empty ones too, one after the other */
static void test_clean(void **state)
{
	struct worker_bench b;

	worker_bench_open(&b, CONTENT_WORKER, "", "");
	worker_bench_text(&b, "int main(void)\n{\n\treturn 0;\n}\n", NULL);
	assert_clean(&b);
	worker_bench_text(&b, "", "a/b.c");
	assert_clean(&b);
	/* after one with a finding nothing of it is left */
	worker_bench_text(&b, secret_text, "x.py");
	one_finding(&b);
	worker_bench_text(&b, "nothing", "x.py");
	assert_clean(&b);
	assert_int_equal(b.died, 0);
	worker_bench_close(&b);
}

/* a finding: its rule, its place, the path; fingerprinted with the key of the settings */
static void test_finding(void **state)
{
	struct worker_bench b;
	struct cw_key key;
	char zeros[65] = "", fingerprint[CW_FINGERPRINT_SIZE];
	const struct cw_json *f;

	worker_bench_open(&b, CONTENT_WORKER, "", "");
	worker_bench_text(&b, secret_text, "src/\"quoted\".py");
	f = one_finding(&b);
	assert_string_equal(cw_json_str(cw_json_get(f, "rule")), "github.pat");
	assert_string_equal(cw_json_str(cw_json_get(f, "path")), "src/\"quoted\".py");
	assert_int_equal(number(cw_json_get(f, "line")), 2);
	memset(zeros, '0', 64);
	assert_int_equal(cw_key_parse_text("zeros", zeros, 64, &key, NULL), 0);
	assert_int_equal(cw_key_fingerprint(&key, strstr(secret_text, TOKEN), 40, fingerprint, NULL), 0);
	assert_string_equal(cw_json_str(cw_json_get(f, "fingerprint")), fingerprint);
	worker_bench_text(&b, secret_text, NULL);
	assert_int_equal(cw_json_type(cw_json_get(one_finding(&b), "path")), CW_JSON_NULL);
	worker_bench_close(&b);
}

/* a secret in the path is redacted */
static void test_path(void **state)
{
	struct worker_bench b;
	char path[100];

	worker_bench_open(&b, CONTENT_WORKER, "", "");
	snprintf(path, sizeof(path), "dir/%s", strstr(secret_text, TOKEN));
	path[44] = '\0';
	worker_bench_text(&b, secret_text, path);
	one_finding(&b);
	worker_bench_close(&b);
}

/* what the system's configuration allows is told as suppressed; a hit it remains */
static void test_policy(void **state)
{
	struct worker_bench b;
	const struct cw_json *f;

	worker_bench_open(&b, CONTENT_WORKER, "allow:\n  - rule: github.pat\n    reason: known\n", "");
	worker_bench_text(&b, secret_text, NULL);
	f = one_finding(&b);
	assert_string_equal(cw_json_str(cw_json_get(cw_json_get(f, "suppressed"), "reason")), "known");
	worker_bench_close(&b);
}

static int sealed(const void *data, size_t len)
{
	int fd = -1;

	assert_int_equal(cw_memfd_make("content", data, len, &fd, NULL), 0);
	return fd;
}

static void run_fd(struct worker_bench *b, int fd)
{
	struct cw_ipc_text head = {0};

	worker_bench_run(b, CW_IPC_FD, &head, sizeof(head), "", 0, fd);
}

/* sealed memfds: with a secret, empty, with NUL bytes, larger than the limit; one that is not sealed is refused */
static void test_fd(void **state)
{
	struct worker_bench b;
	char *large = calloc(1, 1000001);
	int open_fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_non_null(large);
	worker_bench_open(&b, CONTENT_WORKER, "", "");
	run_fd(&b, sealed(secret_text, strlen(secret_text)));
	one_finding(&b);
	run_fd(&b, sealed("", 0));
	assert_clean(&b);
	memcpy(large + 500000, secret_text, strlen(secret_text));
	run_fd(&b, sealed(large, 1000000));
	one_finding(&b);
	run_fd(&b, sealed(large, 1000001));
	assert_true(b.ok);
	assert_int_equal(number(result(&b, "hits")), 0);
	assert_false(truth(result(&b, "complete")));
	assert_int_equal(cw_json_len(result(&b, "reasons")), 1);
	assert_int_equal(ftruncate(open_fd, 10), 0);
	run_fd(&b, open_fd);
	assert_false(b.ok);
	assert_string_equal(b.answer.data, "the descriptor is not a sealed memfd");
	assert_int_equal(b.died, 0);
	worker_bench_close(&b);
	free(large);
}

static void object_id(const char *type, const char *data, size_t len, char out[41])
{
	char head[40];
	int n = snprintf(head, sizeof(head), "%s %zu", type, len);
	const struct cw_bytes pieces[] = {{head, (size_t)n + 1}, {data, len}};
	struct cw_buf hex = CW_BUF_INIT;
	uint8_t id[CW_SHA1_LEN];

	assert_int_equal(cw_sha1(pieces, 2, id, NULL), 0);
	cw_hex_encode(id, sizeof(id), &hex);
	memcpy(out, hex.data, 41);
	cw_buf_release(&hex);
}

/* objects: a clean blob, one with a secret, one whose id lies, a tree, a commit */
static void test_objects(void **state)
{
	static const char clean_text[] = "clean\n", commit[] = "tree 0\n\nmessage\n";
	static const bool want[] = {true, false, false, false, true};
	struct worker_bench b;
	struct cw_buf data = CW_BUF_INIT, parameters = CW_BUF_INIT;
	char ids[5][41];
	size_t clean_len = strlen(clean_text), secret_len = strlen(secret_text), commit_len = strlen(commit);
	const struct cw_json *clean;

	cw_buf_addf(&data, "%s%s%s", clean_text, secret_text, commit);
	object_id("blob", clean_text, clean_len, ids[0]);
	object_id("blob", secret_text, secret_len, ids[1]);
	object_id("blob", "other", 5, ids[2]);
	object_id("tree", clean_text, clean_len, ids[3]);
	object_id("commit", commit, commit_len, ids[4]);
	cw_buf_addf(&parameters,
		    "{\"objects\":[{\"oid\":\"%s\",\"type\":\"blob\",\"offset\":0,\"length\":%zu},"
		    "{\"oid\":\"%s\",\"type\":\"blob\",\"offset\":%zu,\"length\":%zu},"
		    "{\"oid\":\"%s\",\"type\":\"blob\",\"offset\":0,\"length\":%zu},"
		    "{\"oid\":\"%s\",\"type\":\"tree\",\"offset\":0,\"length\":%zu},"
		    "{\"oid\":\"%s\",\"type\":\"commit\",\"offset\":%zu,\"length\":%zu}]}",
		    ids[0], clean_len, ids[1], clean_len, secret_len, ids[2], clean_len, ids[3], clean_len, ids[4],
		    clean_len + secret_len, commit_len);
	worker_bench_open(&b, CONTENT_WORKER, "", "");
	worker_bench_run(&b, CW_IPC_OBJECTS, NULL, 0, parameters.data, 0, sealed(data.data, data.len));
	assert_true(b.ok);
	clean = worker_bench_member(&b, "clean");
	assert_int_equal(cw_json_len(clean), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(truth(cw_json_at(clean, i)), want[i]);
	assert_int_equal(cw_json_len(worker_bench_member(&b, "reasons")), 2);
	/* one that lies outside the content */
	worker_bench_run(&b, CW_IPC_OBJECTS, NULL, 0,
			 "{\"objects\":[{\"oid\":\"0\",\"type\":\"blob\",\"offset\":5,\"length\":9007199254740991}]}", 0,
			 sealed("short", 5));
	assert_false(b.ok);
	assert_string_equal(b.answer.data, "an object lies outside the content");
	assert_int_equal(b.died, 0);
	worker_bench_close(&b);
	cw_buf_release(&data);
	cw_buf_release(&parameters);
}

/* what is no text, no path, no message */
static void test_invalid(void **state)
{
	struct worker_bench b;
	struct cw_ipc_text head = {.text_len = 4, .path_len = 1};

	worker_bench_open(&b, CONTENT_WORKER, "", "");
	worker_bench_run(&b, CW_IPC_TEXT, &head, sizeof(head), "null", 0, -1);
	assert_false(b.ok);
	head.path_len = 0;
	worker_bench_run(&b, CW_IPC_TEXT, &head, sizeof(head), "null", 0, -1);
	assert_false(b.ok);
	worker_bench_run(&b, CW_IPC_TEXT, &head, 3, "", 0, -1);
	assert_false(b.ok);
	assert_int_equal(b.died, 0);
	worker_bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),  cmocka_unit_test(test_finding), cmocka_unit_test(test_path),
		cmocka_unit_test(test_policy), cmocka_unit_test(test_fd),      cmocka_unit_test(test_objects),
		cmocka_unit_test(test_invalid),
	};
	char token[41];
	char sum[7];

	/* the sum that the vendor's tokens end in */
	snprintf(token, sizeof(token), "%s", TOKEN BODY);
	if (!cw_radix_u32(cw_crc32(token + 4, 30), 62, 6, sum))
		return 1;
	snprintf(secret_text, sizeof(secret_text), "# a file\ntoken = \"%s%s\"\n", token, sum);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

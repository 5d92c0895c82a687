/* daemon/build_make.c - the process that makes the rules. It parses trusted files only, and needs no sandbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "daemon/build.h"
#include "match/blob.h"
#include "policy/cleanse.h"
#include "policy/key.h"
#include "policy/policy.h"
#include "policy/ruleset.h"
#include "proto/call.h"
#include "proto/fdpass.h"

/* Notes come from callbacks that know of nothing else. */
static struct cw_buf notes = CW_BUF_INIT;

static void add_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void add_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&notes, fmt, ap);
	va_end(ap);
	cw_buf_addc(&notes, '\n');
}

static int load_conf(const char *config_file, struct cw_conf **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL;
	int rc = cw_conf_new(&conf, err);

	if (rc == 0)
		rc = config_file ? cw_conf_load_server(conf, config_file, err) : cw_conf_load_trusted(conf, err);
	if (rc == 0)
		*ret = cw_steal(&conf);
	return rc;
}

/* Whether the policy can be made, and what its user should know. */
static int try_policy(const struct cw_conf *conf, const char *key_id, struct cw_err *err)
{
	const struct cw_policy_opts opts = {.conf = conf, .key_id = key_id, .now = cw_clock_wall()};
	CW_CLEANUP(cw_policy_free_p) struct cw_policy *policy = NULL;
	int rc = cw_policy_new(&opts, &policy, err);

	for (size_t i = 0; rc == 0 && i < cw_policy_notes(policy)->len; i++)
		add_note("%s", CW_VEC_AT(cw_policy_notes(policy), const char *, i));
	return rc;
}

/* An example in which SET finds something; making the matcher is the known-answer test. */
static int find_test(const struct cw_set *set, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *matcher = NULL;
	struct cw_result result;
	int rc = cw_matcher_new(set, &matcher, err);
	bool found = false;

	if (rc != 0)
		return rc;
	cw_result_init(&result);
	for (size_t i = 0; rc == 0 && !found && i < cw_set_len(set); i++) {
		const struct cw_rule *rule = cw_set_rule(set, i);

		if (rule->examples_len == 0)
			continue;
		rc = cw_match_blob(matcher, rule->examples[0].text, rule->examples[0].len, &result, err);
		found = rc == 0 && result.hits.len > 0;
		if (found)
			cw_call_quote(out, rule->examples[0].text, rule->examples[0].len);
	}
	cw_result_release(&result);
	if (rc == 0 && !found)
		rc = cw_err_set(err, CW_E_RULE, "no example of any rule is found: nothing would be");
	return rc != 0 ? rc : cw_buf_fail(out, "self-test", err);
}

static void add_member(struct cw_buf *out, const char *name, const char *text, size_t len)
{
	cw_buf_addf(out, "\"%s\":", name);
	cw_call_quote(out, text, len);
	cw_buf_addc(out, ',');
}

static int put_key(struct cw_buf *out, char id[CW_KEY_ID_SIZE], struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct cw_key key;
	int rc = cw_key_load(&key, err);

	if (rc != 0)
		return rc;
	cw_base64_encode(key.bytes, sizeof(key.bytes), false, &text);
	memcpy(id, key.id, CW_KEY_ID_SIZE);
	cw_key_wipe(&key);
	add_member(out, "key", text.data, text.len);
	add_member(out, "key_id", id, strlen(id));
	return cw_buf_fail(&text, "key", err);
}

static int put_set(const struct cw_set *set, struct cw_buf *out, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT, digest = CW_BUF_INIT, test = CW_BUF_INIT_SECRET;
	int rc = find_test(set, &test, err);

	if (rc == 0)
		rc = cw_set_image_shared(set, &image, err);
	if (rc != 0)
		return rc;
	cw_hex_encode(cw_set_digest(set), CW_SHA256_LEN, &digest);
	add_member(out, "digest", digest.data, digest.len);
	cw_buf_addf(out, "\"rules\":%zu,\"test\":%s,", cw_set_len(set), test.data);
	rc = cw_buf_fail(&digest, "digest", err);
	return rc == 0 ? cw_memfd_make("credwatch-rules", image.data, image.len, ret_fd, err) : rc;
}

/* The parameters of "built". */
static int make(const char *config_file, struct cw_buf *out, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf yaml = CW_BUF_INIT;
	struct cw_ruleset_opts rules = {.paths = CW_VEC_INIT(const char *, CW_RULE_PATHS_MAX), .note = add_note};
	char key_id[CW_KEY_ID_SIZE];
	int rc = load_conf(config_file, &conf, err);

	rules.conf = conf;
	if (rc == 0)
		rc = put_key(out, key_id, err);
	if (rc == 0)
		rc = try_policy(conf, key_id, err);
	if (rc == 0)
		rc = cw_conf_dump(conf, &yaml, err);
	if (rc == 0)
		rc = cw_ruleset_load(&rules, &set, err);
	if (rc == 0)
		rc = put_set(set, out, ret_fd, err);
	if (rc != 0)
		return rc;
	add_member(out, "yaml", yaml.data, yaml.len);
	cw_buf_adds(out, "\"notes\":");
	cw_call_quote(out, notes.data, notes.len);
	return cw_buf_fail(out, "rules", err);
}

/* MESSAGE without the secrets that it may quote. */
static void cleanse(const char *message, struct cw_buf *out)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_cleanser_free_p) struct cw_cleanser *cleanser = NULL;

	if (cw_set_default(&set, NULL) != 0 || cw_cleanser_new(set, &cleanser, NULL) != 0 ||
	    cw_cleanse(cleanser, message, strlen(message), out, NULL) != 0)
		cw_buf_adds(out, CW_CLEANSE_WITHHELD);
}

static void add_failure(struct cw_buf *out, const struct cw_err *why)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	cleanse(cw_err_msg(why), &text);
	cw_buf_clear(out);
	cw_buf_addf(out, "{\"method\":\"failed\",\"parameters\":{\"code\":%d,\"message\":", -(int)why->code);
	cw_call_quote(out, text.data, text.len);
	cw_buf_adds(out, "}}");
	cw_buf_addc(out, '\0');
}

int cw_build_main(const char *config_file)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT_SECRET;
	CW_CLEANUP(cw_closep) int fd = -1;
	struct cw_err err = CW_ERR_INIT;
	size_t sent = 0, n = 0;
	int rc;

	cw_buf_adds(&out, "{\"method\":\"built\",\"parameters\":{");
	rc = make(config_file, &out, &fd, &err);
	cw_buf_adds(&out, "}}");
	cw_buf_addc(&out, '\0');
	if (rc == 0)
		rc = cw_buf_fail(&out, "rules", &err);
	if (rc != 0)
		add_failure(&out, &err);
	for (; sent < out.len; sent += n)
		if (cw_fdpass_send(CW_IPC_SOCKET, out.data + sent, out.len - sent, sent == 0 && rc == 0 ? fd : -1, &n, NULL) != 0)
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

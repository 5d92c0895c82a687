/* Fuzz target: calls and replies. A call that is accepted is JSON whose tree says the same; its strings unescape to what the tree holds;
 * what is put together of its parts is accepted again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "proto/call.h"

#define TEXT_MAX ((size_t)1 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_string(struct cw_slice raw, const char *expected)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT, again = CW_BUF_INIT;

	require(cw_call_string(raw, &out, NULL) == 0);
	require(out.len == strlen(expected) && memcmp(out.data, expected, out.len) == 0);
	cw_call_quote(&again, out.data, out.len);
	cw_buf_clear(&out);
	require(cw_call_string((struct cw_slice){again.data, again.len}, &out, NULL) == 0);
	require(strcmp(out.data, expected) == 0);
}

static void check_members(const struct cw_call *c, const struct cw_json *parameters)
{
	const struct cw_json *v = cw_json_first(parameters);

	require(cw_json_len(parameters) == c->members_len);
	for (size_t i = 0; i < c->members_len; i++, v = cw_json_next(v)) {
		const struct cw_call_member *m = &c->members[i];
		CW_CLEANUP(cw_json_free_p) struct cw_json *value = NULL;
		struct cw_slice found;

		require(cw_slice_is(m->key, cw_json_key(v)));
		found = cw_call_member(c->parameters, cw_json_key(v));
		require(found.data == m->value.data && found.len == m->value.len);
		require(cw_json_parse(m->value.data, m->value.len, TEXT_MAX, &value, NULL) == 0);
		require(cw_json_type(value) == cw_json_type(v));
		if (cw_json_str(v) != NULL)
			check_string(m->value, cw_json_str(v));
		else
			require(cw_call_string(m->value, NULL, NULL) == CW_E_INVALID);
	}
}

static void check_flag(const struct cw_json *tree, const char *key, bool expected)
{
	bool b = false;

	cw_json_bool(cw_json_get(tree, key), &b);
	require(b == expected);
}

static void check_call(const char *text, size_t len, const struct cw_call *c)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *tree = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_call again;

	/* What the tree's parser refuses besides is a repeated key further down. */
	if (cw_json_parse(text, len, TEXT_MAX, &tree, NULL) != 0)
		return;
	require(cw_slice_is(c->method, cw_json_str(cw_json_get(tree, "method"))));
	check_flag(tree, "more", c->more);
	check_flag(tree, "oneway", c->oneway);
	check_flag(tree, "upgrade", c->upgrade);
	check_members(c, cw_json_get(tree, "parameters"));
	require(cw_call_add(&out, cw_json_str(cw_json_get(tree, "method")), c->parameters.data, c->parameters.len, c->more, NULL) == 0);
	require(cw_call_parse(out.data, out.len - 1, &again, NULL) == 0);
	require(again.members_len == c->members_len && again.more == c->more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct cw_err err = CW_ERR_INIT;
	struct cw_reply reply;
	struct cw_call call;

	if (len > TEXT_MAX)
		return 0;
	if (cw_call_parse(text, len, &call, &err) == 0)
		check_call(text, len, &call);
	else
		require(err.code == CW_E_INVALID || err.code == CW_E_LIMIT);
	if (cw_reply_parse(text, len, &reply, &err) == 0)
		require(reply.parameters.data == NULL || reply.parameters.data[0] == '{');
	return 0;
}

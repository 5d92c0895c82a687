/* Fuzz target: configurations, baselines, and entries added to configurations. What is read as a configuration is dumped, and reads back as the same dump. The
 * first byte picks the reader. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/baseline.h"
#include "policy/conf.h"
#include "policy/conf_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void require_refusal(const struct cw_err *err)
{
	require(err->code == CW_E_INVALID || err->code == CW_E_LIMIT);
	require(err->msg[0] != '\0');
}

/* TEXT as a configuration, dumped to OUT; false when it is refused. */
static bool dump_of(const char *text, size_t len, struct cw_buf *out)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = NULL;
	struct cw_err err = CW_ERR_INIT;

	require(cw_conf_new(&c, NULL) == 0);
	if (cw_conf_add(c, CW_LEVEL_USER, "f", text, len, &err) != 0) {
		require_refusal(&err);
		return false;
	}
	for (size_t i = 0; i < c->allow.len; i++)
		require(CW_VEC_AT(&c->allow, struct cw_conf_entry, i).reason != NULL);
	require(cw_conf_dump(c, out, NULL) == 0);
	return true;
}

static void try_conf(const char *text, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf first = CW_BUF_INIT, second = CW_BUF_INIT, third = CW_BUF_INIT;

	/* the first dump tells other lines than the second */
	if (!dump_of(text, len, &first))
		return;
	require(dump_of(first.data, first.len, &second));
	require(dump_of(second.data, second.len, &third));
	require(strcmp(second.data, third.data) == 0);
}

/* An entry is added to a configuration so that the whole still is one, or not at all. */
static void try_edit(const char *text, size_t len)
{
	static const struct cw_conf_entry entry = {.rule = "a.b", .reason = "r", .expires = CW_CONF_NEVER};
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT, dump = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int line = 0, rc = cw_conf_edit_allow(CW_LEVEL_USER, "f", text, len, &entry, &out, &line, &err);

	if (rc != 0) {
		require(rc == CW_E_UNSUPPORTED || rc == CW_E_INVALID || rc == CW_E_LIMIT);
		require(out.len == 0);
		return;
	}
	require(line > 0 && out.len > len);
	require(dump_of(out.data, out.len, &dump));
	require(strstr(dump.data, "rule: 'a.b'") != NULL);
}

static void try_baseline(const char *text, size_t len)
{
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;
	struct cw_err err = CW_ERR_INIT;

	cw_baseline_init(&b);
	if (cw_baseline_parse(&b, "f", text, len, &err) != 0) {
		require_refusal(&err);
		return;
	}
	for (size_t i = 0; i < b.entries.len; i++) {
		const struct cw_baseline_entry *e = &CW_VEC_AT(&b.entries, struct cw_baseline_entry, i);

		require(cw_baseline_has(&b, e->fingerprint));
		require(i == 0 || strcmp(e[-1].fingerprint, e->fingerprint) < 0);
	}
	require(cw_baseline_foreign(&b, "abcd") <= b.entries.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] == 'b')
		try_baseline((const char *)data + 1, len - 1);
	else
		try_conf((const char *)data + 1, len - 1);
	if (data[0] == 'e')
		try_edit((const char *)data + 1, len - 1);
	return 0;
}

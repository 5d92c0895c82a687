/* hooks/ask.c - see ask.h. */
#include "hooks/ask.h"

#include <errno.h>
#include <unistd.h>

#include "base/json.h"
#include "base/num.h"
#include "proto/client.h"
#include "proto/fdpass.h"
#include "rules/set.h"
#include "scan/known.h"

const char *const cw_ask_uses[] = {"configured", "auto", "never", "require", NULL};

static int add(void *payload, const void *data, size_t len, struct cw_err *err)
{
	struct cw_ask *a = payload;
	size_t *slot;

	if (len == 0)
		return 0;
	slot = cw_vec_push(&a->lens);
	if (!slot)
		return cw_vec_fail(&a->lens, "what is staged", err);
	*slot = len;
	cw_buf_add(&a->data, data, len);
	return cw_buf_fail(&a->data, "what is staged", err);
}

void cw_ask_init(struct cw_ask *a)
{
	*a = (struct cw_ask){.asker = {.add = add, .payload = a},
			     .data = {.data = cw_buf_empty, .max = CW_ASK_BYTES_MAX, .wipe = true},
			     .lens = CW_VEC_INIT(size_t, CW_ASK_PIECES_MAX)};
}

void cw_ask_release(struct cw_ask *a)
{
	cw_buf_release(&a->data);
	cw_vec_release(&a->lens);
}

/* Where nobody has run a daemon, nothing needs to be gathered for it. */
static bool is_absent(const char *socket)
{
	return access(socket, F_OK) != 0 && errno == ENOENT;
}

int cw_ask_possible(const struct cw_conf *conf, bool *ret, struct cw_err *err)
{
	bool own_rules = conf->rule_files.len > 0 || conf->disable.len > 0;

	if (own_rules && conf->daemon_use == CW_DAEMON_REQUIRE)
		return cw_err_set(err, CW_E_UNSUPPORTED, "a daemon is required, but does not know the rules that this configuration "
				  "adds or disables: use --daemon=auto");
	*ret = !own_rules && conf->daemon_use != CW_DAEMON_NEVER &&
	       (conf->daemon_use == CW_DAEMON_REQUIRE || !is_absent(conf->daemon_socket));
	return 0;
}

static struct cw_json *parameters_of(const struct cw_ask *a)
{
	struct cw_json *root = cw_json_object(), *objects = cw_json_add_array(root, "objects");
	char digest[CW_SET_DIGEST_HEX_SIZE];
	size_t offset = 0;

	for (size_t i = 0; i < a->lens.len; i++) {
		size_t len = CW_VEC_AT(&a->lens, size_t, i);
		struct cw_json *o = cw_json_add_object(objects, NULL);

		cw_json_add_str(o, "oid", "");
		cw_json_add_str(o, "type", "blob");
		cw_json_add_int(o, "offset", (int64_t)offset);
		cw_json_add_int(o, "length", (int64_t)len);
		offset += len;
	}
	cw_set_default_digest(digest);
	cw_json_add_str(root, "engine", cw_engine_id);
	cw_json_add_str(root, "digest", digest);
	return root;
}

/* Every piece, and each is clean. */
static bool all_clean(const struct cw_ask *a, const struct cw_json *reply)
{
	const struct cw_json *clean = cw_json_get(reply, "clean");
	size_t n = 0;
	bool yes;

	if (!clean || cw_json_type(clean) != CW_JSON_ARRAY)
		return false;
	for (const struct cw_json *v = cw_json_first(clean); v; v = cw_json_next(v), n++)
		if (!cw_json_bool(v, &yes) || !yes)
			return false;
	return n == a->lens.len;
}

static int call(const struct cw_ask *a, struct cw_remote *r, bool *ret_clean, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = parameters_of(a), *reply = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_closep) int fd = -1;
	int rc = cw_json_print(parameters, false, &text, err);

	if (rc == 0)
		rc = cw_memfd_make("credwatch-staged", a->data.data, a->data.len, &fd, err);
	if (rc == 0)
		rc = cw_remote_send(r, "io.credwatch.ScanObjects", text.data, text.len, fd, false, err);
	if (rc == 0)
		rc = cw_remote_receive(r, &reply, NULL, err);
	if (rc == 0)
		*ret_clean = all_clean(a, reply);
	return rc;
}

int cw_ask_clean(struct cw_ask *a, const struct cw_conf *conf, bool *ret_clean, struct cw_err *err)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	struct cw_remote_opts opts = {.socket = conf->daemon_socket, .uid = -1, .user = conf->daemon_user,
				      .timeout_ms = CW_ASK_TIMEOUT_MS};
	int rc = 0;

	if (a->lens.len == 0) {
		*ret_clean = true;
		return 0;
	}
	rc = cw_remote_open(&opts, &r, err);
	return rc == 0 ? call(a, r, ret_clean, err) : rc;
}

int cw_ask_settle(struct cw_ask *a, const struct cw_conf *conf, bool *ret_clean, struct cw_buf *note, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	bool clean = false;
	int rc = cw_ask_clean(a, conf, &clean, &why);

	if (rc != 0 && conf->daemon_use == CW_DAEMON_REQUIRE)
		return cw_err_set(err, rc, "a daemon is required, but could not be asked: %s", cw_err_msg(&why));
	if (rc != 0 && rc != CW_E_NOTFOUND && note)
		cw_buf_addf(note, "the daemon could not be asked, so this was scanned without it: %s", cw_err_msg(&why));
	*ret_clean = rc == 0 && clean;
	return 0;
}

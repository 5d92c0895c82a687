/* daemon/worker_objects.c - see worker_objects.h. Nothing that a client says of an object is believed: its id is computed. */
#include "daemon/worker_objects.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "daemon/ipc.h"

#define REASONS_MAX 100 /* listed */

struct object {
	enum cw_object_type type;
	const char *oid; /* hex, borrowed */
	const char *data;
	size_t len;
};

struct reasons {
	struct cw_json *list;
	size_t n;
};

static bool type_of(const char *name, enum cw_object_type *ret)
{
	for (int t = CW_OBJ_COMMIT; name && t <= CW_OBJ_TAG; t++) {
		if (strcmp(cw_object_type_name((enum cw_object_type)t), name) != 0)
			continue;
		*ret = (enum cw_object_type)t;
		return true;
	}
	return false;
}

/* An object as the parameters describe it, inside the content. */
static int describe(const struct cw_objects *o, const struct cw_json *item, struct object *ret, struct cw_err *err)
{
	int64_t offset, len;

	ret->oid = cw_json_str(cw_json_get(item, "oid"));
	if (!ret->oid || !type_of(cw_json_str(cw_json_get(item, "type")), &ret->type) ||
	    !cw_json_int(cw_json_get(item, "offset"), &offset) || !cw_json_int(cw_json_get(item, "length"), &len))
		return cw_err_set(err, CW_E_INVALID, "an object needs oid, type, offset and length");
	if (offset < 0 || len < 0 || (uint64_t)offset > o->len || (uint64_t)len > o->len - (uint64_t)offset)
		return cw_err_set(err, CW_E_INVALID, "an object lies outside the content");
	ret->data = o->content ? o->content + offset : "";
	ret->len = (size_t)len;
	return 0;
}

/* The id of OBJECT, in the hash whose ids are as long as the one that it claims; false: there is no such hash. */
static int compute(const struct object *object, struct cw_oid *ret, bool *ret_known, struct cw_err *err)
{
	char head[64];
	size_t head_len = (size_t)snprintf(head, sizeof(head), "%s %zu", cw_object_type_name(object->type), object->len) + 1;
	const struct cw_bytes pieces[] = {{head, head_len}, {object->data, object->len}};
	struct cw_sha256_ctx *sha = NULL;
	int rc;

	*ret_known = true;
	*ret = (struct cw_oid){.len = CW_SHA1_LEN};
	if (strlen(object->oid) == 2 * (size_t)CW_SHA1_LEN)
		return cw_sha1(pieces, 2, ret->id, err);
	ret->len = CW_SHA256_LEN;
	*ret_known = strlen(object->oid) == 2 * (size_t)CW_SHA256_LEN;
	if (!*ret_known)
		return 0;
	rc = cw_sha256_new(&sha, err);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = cw_sha256_add(sha, pieces[i].data, pieces[i].len, err);
	if (rc == 0)
		rc = cw_sha256_end(sha, ret->id, err);
	cw_sha256_free(sha);
	return rc;
}

static void add_reason(struct reasons *r, size_t i, const char *text)
{
	char line[200];

	if (r->n++ >= REASONS_MAX)
		return;
	snprintf(line, sizeof(line), "object %zu: %s", i, text);
	cw_json_add_str(r->list, NULL, line);
}

/* Whether OBJECT has the id that it claims; without one it claims none. */
static int check_id(const struct object *object, size_t i, struct reasons *r, bool *ret, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];
	struct cw_oid oid;
	bool known;
	int rc;

	*ret = object->oid[0] == '\0';
	if (*ret)
		return 0;
	rc = compute(object, &oid, &known, err);
	if (rc < 0)
		return rc;
	cw_oid_hex(&oid, hex);
	*ret = known && strcmp(hex, object->oid) == 0;
	if (!*ret)
		add_reason(r, i, known ? "its bytes have another id" : "its id has an unknown form");
	return 0;
}

static int judge(const struct cw_objects *o, const struct object *object, size_t i, struct reasons *r, bool *ret_clean,
		 struct cw_err *err)
{
	bool is_itself = false;
	int rc = check_id(object, i, r, &is_itself, err);

	*ret_clean = false;
	if (rc < 0 || !is_itself)
		return rc;
	/* What a tree holds is names: whoever lists it scans those. */
	if (object->type == CW_OBJ_TREE) {
		add_reason(r, i, "trees are not scanned here");
		return 0;
	}
	return o->scan(o->payload, object->data, object->len, object->type, ret_clean, err);
}

int cw_objects_run(const struct cw_objects *o, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *in = NULL, *root = cw_json_object();
	struct cw_json *parameters = cw_json_add_object(root, "parameters");
	struct cw_json *clean = cw_json_add_array(parameters, "clean");
	struct reasons reasons = {.list = cw_json_add_array(parameters, "reasons")};
	const struct cw_json *list;
	size_t i = 0;
	int rc = cw_json_parse(o->parameters, o->parameters_len, CW_IPC_MAX, &in, err);

	if (rc < 0)
		return rc;
	list = cw_json_get(in, "objects");
	if (cw_json_type(list) != CW_JSON_ARRAY)
		return cw_err_set(err, CW_E_INVALID, "there is no list of objects");
	for (const struct cw_json *item = cw_json_first(list); rc == 0 && item; item = cw_json_next(item), i++) {
		struct object object = {.oid = NULL};
		bool is_clean = false;

		rc = describe(o, item, &object, err);
		if (rc == 0)
			rc = judge(o, &object, i, &reasons, &is_clean, err);
		cw_json_add_bool(clean, NULL, is_clean);
	}
	if (rc < 0)
		return rc;
	if (reasons.n > REASONS_MAX)
		cw_json_add_str(reasons.list, NULL, "and more");
	return cw_json_print(root, false, out, err);
}

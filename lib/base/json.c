/* base/json.c - owns: cJSON. Text is judged by json_scan.c before cJSON sees it, so cJSON only builds and prints.
 *
 * `struct cw_json` is a cJSON node by another name. A container to which something could not be added carries a mark in
 * its otherwise unused valueint; printing looks for marks. Numbers that cJSON would print inexactly are stored as raw
 * text. Strings are wiped before they are freed: requests carry file content.
 * cJSON_ParseWithLengthOpts() writes a static variable (for cJSON_GetErrorPtr()), which nothing here reads. */
#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/num.h"
#include "base/text.h"

#define MARK_FAILED 1

static const cJSON *node_of(const struct cw_json *v)
{
	return (const cJSON *)(const void *)v;
}

static cJSON *mutable_node_of(struct cw_json *v)
{
	return (cJSON *)(void *)v;
}

static struct cw_json *value_of(cJSON *node)
{
	return (struct cw_json *)(void *)node;
}

static const struct cw_json *const_value_of(const cJSON *node)
{
	return (const struct cw_json *)(const void *)node;
}

static bool is_container(const cJSON *node)
{
	return cJSON_IsObject(node) || cJSON_IsArray(node);
}

/* ---- parsing ---- */

static size_t count_children(const cJSON *node)
{
	size_t n = 0;

	for (const cJSON *c = node->child; c != NULL; c = c->next)
		n++;
	return n;
}

/* Look for a repeated key in OBJ alone. 0, 1 with the member's index, or CW_E_NOMEM. */
static int find_duplicate_key(const cJSON *obj, size_t *ret_index)
{
	CW_CLEANUP(cw_freep) const char **keys = NULL;
	size_t n = count_children(obj), i = 0;

	if (n < 2)
		return 0;
	keys = calloc(n, sizeof(*keys));
	if (keys == NULL)
		return CW_E_NOMEM;
	for (const cJSON *c = obj->child; c != NULL; c = c->next)
		keys[i++] = c->string;
	return cw_text_find_duplicate(keys, n, ret_index);
}

/* Look for repeated keys at NODE and below. *KEYS counts the keys passed in document order, so that a text position can be
 * found for the message; on 1 it is the number of the repeated key. Recursion is bounded by CW_JSON_DEPTH_MAX. */
static int find_duplicates(const cJSON *node, size_t *keys)
{
	size_t twice = SIZE_MAX, i = 0;

	if (!is_container(node))
		return 0;
	if (cJSON_IsObject(node) && find_duplicate_key(node, &twice) < 0)
		return CW_E_NOMEM;
	for (const cJSON *c = node->child; c != NULL; c = c->next, i++) {
		int rc;

		if (i == twice)
			return 1;
		*keys += cJSON_IsObject(node);
		rc = find_duplicates(c, keys);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* N as text that reads back as the same number: whole numbers as integers, but not those beyond CW_JSON_INT_MAX, which
 * would be refused as integers. */
static void number_text(double n, char out[CW_NUM_FORMAT_SIZE])
{
	if (fabs(n) <= (double)CW_JSON_INT_MAX && n == trunc(n)) {
		snprintf(out, CW_NUM_FORMAT_SIZE, "%" PRId64, (int64_t)n);
		return;
	}
	cw_num_format(n, out);
	if (strpbrk(out, ".e") == NULL)
		memcpy(out + strlen(out), ".0", 3);
}

/* Turn the numbers at NODE and below that cJSON would print inexactly into raw text. */
static int fix_numbers(cJSON *node)
{
	int rc = 0;

	if (cJSON_IsNumber(node) && node->valuedouble != (double)node->valueint) {
		char text[CW_NUM_FORMAT_SIZE];

		number_text(node->valuedouble, text);
		node->valuestring = strdup(text);
		if (node->valuestring == NULL)
			return CW_E_NOMEM;
		node->type = cJSON_Raw;
	}
	for (cJSON *c = node->child; c != NULL && rc == 0; c = c->next)
		rc = fix_numbers(c);
	return rc;
}

int cw_json_parse(const char *data, size_t len, size_t max_len, struct cw_json **ret_root, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = NULL;
	size_t keys = 0;
	int rc;

	if (len > max_len)
		return cw_err_set(err, CW_E_LIMIT, "JSON text is longer than %zu bytes", max_len);
	rc = cw_json_scan(data, len, SIZE_MAX, err);
	if (rc != 0)
		return rc;
	/* The scan has accepted the whole text: what can still fail is memory. */
	root = value_of(cJSON_ParseWithLengthOpts(data, len, NULL, 0));
	if (root == NULL)
		return cw_err_nomem(err);
	rc = find_duplicates(node_of(root), &keys);
	if (rc < 0)
		return cw_err_nomem(err);
	if (rc > 0)
		return cw_json_scan(data, len, keys, err);
	if (fix_numbers(mutable_node_of(root)) != 0)
		return cw_err_nomem(err);
	*ret_root = cw_steal(&root);
	return 0;
}

static void wipe_strings(cJSON *node)
{
	for (cJSON *c = node->child; c != NULL; c = c->next)
		wipe_strings(c);
	if (node->valuestring != NULL)
		explicit_bzero(node->valuestring, strlen(node->valuestring));
}

void cw_json_free(struct cw_json *root)
{
	if (root == NULL)
		return;
	wipe_strings(mutable_node_of(root));
	cJSON_Delete(mutable_node_of(root));
}

/* ---- reading ---- */

enum cw_json_type cw_json_type(const struct cw_json *v)
{
	const cJSON *node = node_of(v);

	if (cJSON_IsObject(node))
		return CW_JSON_OBJECT;
	if (cJSON_IsArray(node))
		return CW_JSON_ARRAY;
	if (cJSON_IsString(node))
		return CW_JSON_STRING;
	if (cJSON_IsNumber(node) || cJSON_IsRaw(node))
		return CW_JSON_NUMBER;
	return cJSON_IsBool(node) ? CW_JSON_BOOL : CW_JSON_NULL;
}

const struct cw_json *cw_json_get(const struct cw_json *obj, const char *key)
{
	if (obj == NULL || !cJSON_IsObject(node_of(obj)))
		return NULL;
	for (const cJSON *c = node_of(obj)->child; c != NULL; c = c->next) {
		if (strcmp(c->string, key) == 0)
			return const_value_of(c);
	}
	return NULL;
}

const struct cw_json *cw_json_first(const struct cw_json *v)
{
	return v != NULL && is_container(node_of(v)) ? const_value_of(node_of(v)->child) : NULL;
}

const struct cw_json *cw_json_next(const struct cw_json *item)
{
	return const_value_of(node_of(item)->next);
}

const struct cw_json *cw_json_at(const struct cw_json *arr, size_t i)
{
	const struct cw_json *item;

	if (arr == NULL || !cJSON_IsArray(node_of(arr)))
		return NULL;
	item = cw_json_first(arr);
	while (item != NULL && i-- > 0)
		item = cw_json_next(item);
	return item;
}

size_t cw_json_len(const struct cw_json *v)
{
	return v != NULL && is_container(node_of(v)) ? count_children(node_of(v)) : 0;
}

const char *cw_json_key(const struct cw_json *member)
{
	return node_of(member)->string;
}

const char *cw_json_str(const struct cw_json *v)
{
	return v != NULL && cJSON_IsString(node_of(v)) ? node_of(v)->valuestring : NULL;
}

bool cw_json_int(const struct cw_json *v, int64_t *ret)
{
	double n;

	if (v == NULL || cw_json_type(v) != CW_JSON_NUMBER)
		return false;
	n = node_of(v)->valuedouble;
	if (fabs(n) > (double)CW_JSON_INT_MAX || n != trunc(n))
		return false;
	*ret = (int64_t)n;
	return true;
}

bool cw_json_bool(const struct cw_json *v, bool *ret)
{
	if (v == NULL || !cJSON_IsBool(node_of(v)))
		return false;
	*ret = cJSON_IsTrue(node_of(v));
	return true;
}

/* ---- building ---- */

struct cw_json *cw_json_object(void)
{
	return value_of(cJSON_CreateObject());
}

struct cw_json *cw_json_array(void)
{
	return value_of(cJSON_CreateArray());
}

/* Append S to OUT with what JSON strings here may not hold replaced. */
static void add_clean(struct cw_buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t valid = cw_utf8_span(s + i, len - i);
		const char *nul = memchr(s + i, '\0', valid);

		if (nul != NULL)
			valid = (size_t)(nul - (s + i));
		cw_buf_add(out, s + i, valid);
		i += valid;
		if (nul != NULL)
			cw_buf_adds(out, "\\x00");
		else if (i < len)
			cw_buf_adds(out, "\xef\xbf\xbd");
		i += i < len;
	}
}

/* The string in an allocation of its own that cJSON can free (it uses the C library's allocator), or NULL. */
static char *clean_copy(const char *s, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT_SECRET;

	if (cw_buf_reserve(&out, len) == 0)
		add_clean(&out, s, len);
	return cw_buf_detach(&out);
}

/* Hand ITEM (NULL after a failed allocation) to PARENT; returns it, or NULL with PARENT marked. */
static cJSON *attach(struct cw_json *parent, const char *key, cJSON *item)
{
	CW_CLEANUP(cw_freep) char *name = NULL;
	cJSON *container = mutable_node_of(parent);
	bool ok;

	if (container == NULL) {
		cw_json_free(value_of(item));
		return NULL;
	}
	assert(key != NULL ? cJSON_IsObject(container) : cJSON_IsArray(container));
	if (key != NULL && !cw_utf8_valid(key, strlen(key)))
		key = name = clean_copy(key, strlen(key));
	if (item == NULL || container->valueint == MARK_FAILED)
		ok = false;
	else if (cJSON_IsObject(container))
		ok = key != NULL && cJSON_AddItemToObject(container, key, item);
	else
		ok = cJSON_AddItemToArray(container, item);
	if (!ok) {
		container->valueint = MARK_FAILED;
		cw_json_free(value_of(item));
		return NULL;
	}
	return item;
}

void cw_json_add_strn(struct cw_json *parent, const char *key, const char *s, size_t len)
{
	cJSON *item = cJSON_CreateNull();

	if (item != NULL) {
		item->type = cJSON_String;
		item->valuestring = clean_copy(s, len);
		if (item->valuestring == NULL) {
			cJSON_Delete(item);
			item = NULL;
		}
	}
	attach(parent, key, item);
}

void cw_json_add_str(struct cw_json *parent, const char *key, const char *s)
{
	cw_json_add_strn(parent, key, s, strlen(s));
}

static void add_number(struct cw_json *parent, const char *key, double n)
{
	char text[CW_NUM_FORMAT_SIZE];
	cJSON *item;

	number_text(n, text);
	item = cJSON_CreateRaw(text);
	if (item != NULL)
		item->valuedouble = n;
	attach(parent, key, item);
}

void cw_json_add_int(struct cw_json *parent, const char *key, int64_t n)
{
	char text[32];

	if (n <= CW_JSON_INT_MAX && n >= -CW_JSON_INT_MAX) {
		add_number(parent, key, (double)n);
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64, n);
	cw_json_add_str(parent, key, text);
}

void cw_json_add_num(struct cw_json *parent, const char *key, double n)
{
	if (isfinite(n))
		add_number(parent, key, n);
	else
		cw_json_add_null(parent, key);
}

void cw_json_add_bool(struct cw_json *parent, const char *key, bool b)
{
	attach(parent, key, cJSON_CreateBool(b));
}

void cw_json_add_null(struct cw_json *parent, const char *key)
{
	attach(parent, key, cJSON_CreateNull());
}

struct cw_json *cw_json_add_object(struct cw_json *parent, const char *key)
{
	return value_of(attach(parent, key, cJSON_CreateObject()));
}

struct cw_json *cw_json_add_array(struct cw_json *parent, const char *key)
{
	return value_of(attach(parent, key, cJSON_CreateArray()));
}

/* ---- printing ---- */

/* What the text of a tree needs. */
struct measure {
	size_t bytes;  /* upper bound of what cJSON writes */
	bool failed;   /* an addition was lost */
	bool controls; /* a string holds characters that a terminal must not see, which cJSON passes through */
};

static void measure_string(struct measure *m, const char *s)
{
	size_t len = strlen(s);

	m->bytes += 2;
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(s + i, len - i, &cp);

		n = n > 0 ? n : 1;
		m->bytes += cp < 0x20 ? 6 : cp == '"' || cp == '\\' ? 2 : n;
		m->controls = m->controls || (cp >= 0x7f && cw_text_is_control(cp));
		i += n;
	}
}

static void measure_node(struct measure *m, const cJSON *node, size_t depth)
{
	m->bytes += 8 + 2 * depth; /* brackets, comma, line end and indentation, also of a closing bracket */
	m->failed = m->failed || (is_container(node) && node->valueint == MARK_FAILED);
	if (node->string != NULL)
		measure_string(m, node->string);
	if (cJSON_IsString(node))
		measure_string(m, node->valuestring);
	else if (cJSON_IsRaw(node))
		m->bytes += strlen(node->valuestring);
	else if (!is_container(node))
		m->bytes += 32; /* a number or a literal */
	for (const cJSON *c = node->child; c != NULL; c = c->next)
		measure_node(m, c, depth + 1);
}

/* Append the JSON text with control characters beyond ASCII written as \uXXXX; they stand in strings only. */
static void add_without_controls(struct cw_buf *out, const char *s, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(s + i, len - i, &cp);

		n = n > 0 ? n : 1;
		if (cp >= 0x7f && cw_text_is_control(cp)) {
			cw_buf_add(out, s + done, i - done);
			cw_buf_addf(out, "\\u%04x", (unsigned)cp);
			done = i + n;
		}
		i += n;
	}
	cw_buf_add(out, s + done, len - done);
}

/* Let cJSON print behind the content of OUT, which is long enough: no copy is left in memory that nobody wipes. */
static int print_into(const cJSON *node, bool pretty, size_t bytes, struct cw_buf *out, struct cw_err *err)
{
	int rc;

	cw_buf_reserve(out, bytes);
	rc = cw_buf_fail(out, "JSON text", err);
	if (rc != 0)
		return rc;
	if (bytes > INT_MAX ||
	    !cJSON_PrintPreallocated((cJSON *)(uintptr_t)node, out->data + out->len, (int)bytes, pretty)) {
		cw_buf_truncate(out, out->len);
		return cw_err_set(err, CW_E_LIMIT, "JSON text cannot be printed");
	}
	cw_buf_commit(out, strlen(out->data + out->len));
	return 0;
}

int cw_json_print(const struct cw_json *root, bool pretty, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct measure m = {.bytes = 64}; /* cJSON asks for a little more than it writes */
	int rc;

	if (root == NULL)
		return cw_err_nomem(err);
	measure_node(&m, node_of(root), 0);
	if (m.failed)
		return cw_err_nomem(err);
	if (!m.controls)
		return print_into(node_of(root), pretty, m.bytes, out, err);
	rc = print_into(node_of(root), pretty, m.bytes, &text, err);
	if (rc != 0)
		return rc;
	add_without_controls(out, text.data, text.len);
	return cw_buf_fail(out, "JSON text", err);
}

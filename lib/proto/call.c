/* proto/call.c - owns: the shape of calls and replies. See call.h. */
#include "proto/call.h"

#include <string.h>

#include "base/json_scan.h"
#include "base/text.h"

#define MEMBERS_MAX 64 /* of a call, of its parameters: the widest method has eight */
#define NAME_MAX_LEN ((size_t)255) /* bytes of a method's or an error's name */

/* ---- walking over text that cw_json_scan() has accepted ---- */

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* At the opening quote; behind the closing one. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end;) {
		p += cw_json_plain(p, (size_t)(end - p));
		if (p == end || *p == '"')
			break;
		p += *p == '\\' && end - p > 1 ? 2 : 1;
	}
	return p < end ? p + 1 : end;
}

static const char *skip_container(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && --depth == 0)
			return p + 1;
		p++;
	}
	return p;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p < end && *p == '"')
		return skip_string(p, end);
	if (p < end && (*p == '{' || *p == '['))
		return skip_container(p, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\t' && *p != '\n' && *p != '\r')
		p++;
	return p;
}

struct member {
	struct cw_slice key;   /* without quotes */
	struct cw_slice value; /* raw */
};

/* The next member of the object whose text ends at END. *P starts behind the opening brace. False: no more. */
static bool next_member(const char **p, const char *end, struct member *ret)
{
	const char *q = skip_blanks(*p, end), *from;

	if (q < end && *q == ',')
		q = skip_blanks(q + 1, end);
	if (q >= end || *q != '"')
		return false;
	from = q;
	q = skip_string(q, end);
	ret->key = (struct cw_slice){from + 1, (size_t)(q - from) - 2};
	q = skip_blanks(q, end);
	q = skip_blanks(q + (q < end), end);
	from = q;
	q = skip_value(q, end);
	ret->value = (struct cw_slice){from, (size_t)(q - from)};
	*p = q;
	return true;
}

bool cw_slice_is(struct cw_slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

/* All members of the object at TEXT, at most MEMBERS_MAX, each key once. START is where messages count bytes from. */
static int list_members(struct cw_slice text, const char *start, struct member out[MEMBERS_MAX], size_t *ret_len,
			struct cw_err *err)
{
	const char *p = text.data + 1, *end = text.data + text.len;
	struct member m;
	size_t n = 0;

	while (next_member(&p, end, &m)) {
		size_t at = (size_t)(m.key.data - start);

		if (n == MEMBERS_MAX)
			return cw_err_set(err, CW_E_LIMIT, "message, byte %zu: more than %d members", at, MEMBERS_MAX);
		if (memchr(m.key.data, '\\', m.key.len) != NULL)
			return cw_err_set(err, CW_E_INVALID, "message, byte %zu: a member's name is escaped", at);
		for (size_t i = 0; i < n; i++) {
			if (out[i].key.len == m.key.len && memcmp(out[i].key.data, m.key.data, m.key.len) == 0)
				return cw_err_set(err, CW_E_INVALID, "message, byte %zu: a member stands there twice", at);
		}
		out[n++] = m;
	}
	*ret_len = n;
	return 0;
}

/* ---- calls and replies ---- */

static int wrong(struct cw_slice value, const char *start, const char *what, struct cw_err *err)
{
	return cw_err_set(err, CW_E_INVALID, "message, byte %zu: %s", (size_t)(value.data - start), what);
}

static int take_flag(struct cw_slice value, const char *start, bool *ret, struct cw_err *err)
{
	if (!cw_slice_is(value, "true") && !cw_slice_is(value, "false"))
		return wrong(value, start, "true or false is wanted", err);
	*ret = value.data[0] == 't';
	return 0;
}

/* Names of methods and errors: letters, digits, points, hyphens. */
static int take_name(struct cw_slice value, const char *start, struct cw_slice *ret, struct cw_err *err)
{
	if (value.data[0] != '"')
		return wrong(value, start, "a string is wanted", err);
	if (value.len - 2 > NAME_MAX_LEN)
		return wrong(value, start, "the name is too long", err);
	for (size_t i = 1; i < value.len - 1; i++) {
		char c = value.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-'))
			return wrong(value, start, "this is no name", err);
	}
	*ret = (struct cw_slice){value.data + 1, value.len - 2};
	return 0;
}

static int take_object(struct cw_slice value, const char *start, struct cw_slice *ret, struct cw_err *err)
{
	struct member members[MEMBERS_MAX];
	size_t n;

	if (value.data[0] != '{')
		return wrong(value, start, "an object is wanted", err);
	*ret = value;
	return list_members(value, start, members, &n, err);
}

/* Check the message and list its members. */
static int open_message(const char *data, size_t len, struct member out[MEMBERS_MAX], size_t *ret_len, struct cw_err *err)
{
	const char *end = data + len, *p;
	int rc = cw_json_scan(data, len, SIZE_MAX, err);

	if (rc != 0)
		return rc;
	p = skip_blanks(data, end);
	if (*p != '{')
		return cw_err_set(err, CW_E_INVALID, "message, byte %zu: an object is wanted", (size_t)(p - data));
	return list_members((struct cw_slice){p, (size_t)(end - p)}, data, out, ret_len, err);
}

static int take_call_member(const struct member *m, const char *start, struct cw_call *c, struct cw_err *err)
{
	if (cw_slice_is(m->key, "method"))
		return take_name(m->value, start, &c->method, err);
	if (cw_slice_is(m->key, "parameters"))
		return take_object(m->value, start, &c->parameters, err);
	if (cw_slice_is(m->key, "more"))
		return take_flag(m->value, start, &c->more, err);
	if (cw_slice_is(m->key, "oneway"))
		return take_flag(m->value, start, &c->oneway, err);
	if (cw_slice_is(m->key, "upgrade"))
		return take_flag(m->value, start, &c->upgrade, err);
	return wrong(m->key, start, "a call has no such member", err);
}

int cw_call_parse(const char *data, size_t len, struct cw_call *ret, struct cw_err *err)
{
	struct member members[MEMBERS_MAX];
	struct cw_call c = {.parameters = {"{}", 2}};
	size_t n;
	int rc = open_message(data, len, members, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take_call_member(&members[i], data, &c, err);
	if (rc != 0)
		return rc;
	if (c.method.data == NULL)
		return cw_err_set(err, CW_E_INVALID, "message: it names no method");
	*ret = c;
	return 0;
}

int cw_reply_parse(const char *data, size_t len, struct cw_reply *ret, struct cw_err *err)
{
	struct member members[MEMBERS_MAX];
	struct cw_reply r = {.continues = false};
	size_t n;
	int rc = open_message(data, len, members, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (cw_slice_is(members[i].key, "parameters"))
			rc = take_object(members[i].value, data, &r.parameters, err);
		else if (cw_slice_is(members[i].key, "error"))
			rc = take_name(members[i].value, data, &r.error, err);
		else if (cw_slice_is(members[i].key, "continues"))
			rc = take_flag(members[i].value, data, &r.continues, err);
	}
	if (rc == 0)
		*ret = r;
	return rc;
}

struct cw_slice cw_call_member(struct cw_slice parameters, const char *key)
{
	const char *p = parameters.data + 1, *end = parameters.data + parameters.len;
	struct member m;

	while (next_member(&p, end, &m)) {
		if (cw_slice_is(m.key, key))
			return m.value;
	}
	return (struct cw_slice){NULL, 0};
}

bool cw_call_next(struct cw_slice parameters, size_t *at, struct cw_slice *ret_key, struct cw_slice *ret_value)
{
	const char *p = parameters.data + (*at > 0 ? *at : 1);
	struct member m;

	if (!next_member(&p, parameters.data + parameters.len, &m))
		return false;
	*at = (size_t)(p - parameters.data);
	*ret_key = m.key;
	*ret_value = m.value;
	return true;
}

/* ---- strings ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The \uXXXX at P; -1: there is none. */
static int32_t code_unit(const char *p, const char *end)
{
	int32_t n = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		n = n * 16 + digit;
	}
	return n;
}

static void add_code_point(struct cw_buf *out, uint32_t cp)
{
	char text[4];
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		text[i] = (char)(0x80 | (cp & 0x3f));
	text[0] = (char)(lead[n] | cp);
	cw_buf_add(out, text, n);
}

/* At a backslash; the byte behind the escape, NULL: it is none. */
static const char *add_escape(struct cw_buf *out, const char *p, const char *end)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int32_t unit, low;

	if (end - p < 2)
		return NULL;
	if (p[1] != 'u') {
		name = memchr(names, p[1], sizeof(names) - 1);
		if (name == NULL)
			return NULL;
		cw_buf_addc(out, bytes[name - names]);
		return p + 2;
	}
	unit = code_unit(p, end);
	low = code_unit(p + 6 <= end ? p + 6 : end, end);
	if (unit >= 0xd800 && unit <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
		add_code_point(out, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
		return p + 12;
	}
	if (unit <= 0 || (unit >= 0xd800 && unit <= 0xdfff))
		return NULL;
	add_code_point(out, (uint32_t)unit);
	return p + 6;
}

int cw_call_string(struct cw_slice raw, struct cw_buf *out, struct cw_err *err)
{
	const char *p, *end;

	if (raw.data == NULL || raw.len < 2 || raw.data[0] != '"' || raw.data[raw.len - 1] != '"')
		return cw_err_set(err, CW_E_INVALID, "a string is wanted");
	p = raw.data + 1;
	end = raw.data + raw.len - 1;
	cw_buf_reserve(out, raw.len);
	while (p < end) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));

		cw_buf_add(out, p, (size_t)((stop != NULL ? stop : end) - p));
		if (stop == NULL)
			break;
		p = add_escape(out, stop, end);
		if (p == NULL)
			return cw_err_set(err, CW_E_INVALID, "a string with a bad escape");
	}
	return cw_buf_fail(out, "string", err);
}

void cw_call_quote(struct cw_buf *out, const char *text, size_t len)
{
	static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";

	cw_buf_reserve(out, len + 2);
	cw_buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		size_t n = cw_json_plain(text + i, len - i);
		uint32_t cp = 0;
		const char *name;

		cw_buf_add(out, text + i, n);
		i += n;
		if (i == len)
			break;
		n = cw_utf8_next(text + i, len - i, &cp);
		name = n == 1 ? memchr(names, text[i], sizeof(names) - 1) : NULL;
		if (n == 0)
			cw_buf_adds(out, "\xef\xbf\xbd");
		else if (name != NULL)
			cw_buf_add(out, (char[]){'\\', letters[name - names]}, 2);
		else if (cp == 0)
			cw_buf_adds(out, "\\\\x00");
		else if (cp < 0x20)
			cw_buf_addf(out, "\\u%04x", (unsigned)cp);
		else
			cw_buf_add(out, text + i, n);
		i += n > 0 ? n : 1;
	}
	cw_buf_addc(out, '"');
}

/* ---- putting messages together ---- */

static int add_parameters(struct cw_buf *out, const struct cw_json *parameters, struct cw_err *err)
{
	cw_buf_adds(out, "\"parameters\":");
	if (parameters != NULL)
		return cw_json_print(parameters, false, out, err);
	cw_buf_adds(out, "{}");
	return 0;
}

/* End a message that began at START, or take it back. */
static int end_message(struct cw_buf *out, size_t start, int rc, struct cw_err *err)
{
	if (rc == 0) {
		cw_buf_addc(out, '\0');
		rc = cw_buf_fail(out, "message", err);
	}
	if (rc != 0)
		cw_buf_truncate(out, start);
	return rc;
}

int cw_reply_add(struct cw_buf *out, const struct cw_json *parameters, bool continues, struct cw_err *err)
{
	size_t start = out->len;
	int rc;

	cw_buf_addc(out, '{');
	rc = add_parameters(out, parameters, err);
	cw_buf_adds(out, continues ? ",\"continues\":true}" : "}");
	return end_message(out, start, rc, err);
}

int cw_reply_add_error(struct cw_buf *out, const char *error, const struct cw_json *parameters, struct cw_err *err)
{
	size_t start = out->len;
	int rc;

	cw_buf_addc(out, '{');
	cw_buf_adds(out, "\"error\":");
	cw_call_quote(out, error, strlen(error));
	cw_buf_addc(out, ',');
	rc = add_parameters(out, parameters, err);
	cw_buf_addc(out, '}');
	return end_message(out, start, rc, err);
}

int cw_call_add(struct cw_buf *out, const char *method, const char *parameters, size_t len, bool more, struct cw_err *err)
{
	size_t start = out->len;

	cw_buf_adds(out, "{\"method\":");
	cw_call_quote(out, method, strlen(method));
	cw_buf_adds(out, more ? ",\"more\":true,\"parameters\":" : ",\"parameters\":");
	cw_buf_add(out, parameters, len);
	cw_buf_addc(out, '}');
	return end_message(out, start, 0, err);
}

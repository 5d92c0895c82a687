/* proto/call.c - owns: the shape of calls and replies. See call.h. */
#include "proto/call.h"

#include <string.h>

#include "base/json_scan.h"
#include "base/text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* The next member of the object whose text ends at END. *P starts behind the opening brace. False: no more. */
static bool next_member(const char **p, const char *end, struct cw_call_member *ret)
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
	if (value.data[0] != '{')
		return wrong(value, start, "an object is wanted", err);
	*ret = value;
	return 0;
}

struct message { /* a message's members, and those of members that are objects */
	const char *start;
	struct cw_json_mark items[CW_CALL_MEMBERS_MAX];
	size_t len;
};

static struct cw_slice key_of(const struct cw_json_mark *m)
{
	return (struct cw_slice){m->key, m->key_len};
}

static struct cw_slice value_of(const struct cw_json_mark *m)
{
	return (struct cw_slice){m->value, m->value_len};
}

/* Two readers may understand a member that is there twice differently, or one whose name is escaped. */
static int check_names(const struct message *m, struct cw_err *err)
{
	for (size_t i = 0; i < m->len; i++) {
		const struct cw_json_mark *a = &m->items[i];

		if (memchr(a->key, '\\', a->key_len) != NULL)
			return wrong(key_of(a), m->start, "a member's name is escaped", err);
		for (size_t k = 0; k < i; k++) {
			const struct cw_json_mark *b = &m->items[k];

			if (a->inner == b->inner && a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0)
				return wrong(key_of(a), m->start, "a member stands there twice", err);
		}
	}
	return 0;
}

static int open_message(const char *data, size_t len, struct message *m, struct cw_err *err)
{
	struct cw_json_marks marks = {.items = m->items, .max = CW_CALL_MEMBERS_MAX};
	const char *end = data + len, *p = skip_blanks(data, end);
	int rc = cw_json_scan_marks(data, len, &marks, err);

	if (rc != 0)
		return rc;
	if (*p != '{')
		return cw_err_set(err, CW_E_INVALID, "message, byte %zu: an object is wanted", (size_t)(p - data));
	m->start = data;
	m->len = marks.len;
	return check_names(m, err);
}

static int take_call_member(const struct cw_json_mark *m, const char *start, struct cw_call *c, struct cw_err *err)
{
	struct cw_slice key = key_of(m), value = value_of(m);

	if (m->inner) {
		c->members[c->members_len++] = (struct cw_call_member){key, value};
		return 0;
	}
	if (cw_slice_is(key, "method"))
		return take_name(value, start, &c->method, err);
	if (cw_slice_is(key, "parameters"))
		return take_object(value, start, &c->parameters, err);
	if (cw_slice_is(key, "more"))
		return take_flag(value, start, &c->more, err);
	if (cw_slice_is(key, "oneway"))
		return take_flag(value, start, &c->oneway, err);
	if (cw_slice_is(key, "upgrade"))
		return take_flag(value, start, &c->upgrade, err);
	return wrong(key, start, "a call has no such member", err);
}

int cw_call_parse(const char *data, size_t len, struct cw_call *ret, struct cw_err *err)
{
	struct message m;
	struct cw_call c = {.parameters = {"{}", 2}};
	int rc = open_message(data, len, &m, err);

	for (size_t i = 0; rc == 0 && i < m.len; i++)
		rc = take_call_member(&m.items[i], data, &c, err);
	if (rc != 0)
		return rc;
	if (c.method.data == NULL)
		return cw_err_set(err, CW_E_INVALID, "message: it names no method");
	*ret = c;
	return 0;
}

static int take_reply_member(const struct cw_json_mark *m, const char *start, struct cw_reply *r, struct cw_err *err)
{
	if (m->inner)
		return 0;
	if (cw_slice_is(key_of(m), "parameters"))
		return take_object(value_of(m), start, &r->parameters, err);
	if (cw_slice_is(key_of(m), "error"))
		return take_name(value_of(m), start, &r->error, err);
	if (cw_slice_is(key_of(m), "continues"))
		return take_flag(value_of(m), start, &r->continues, err);
	return 0;
}

int cw_reply_parse(const char *data, size_t len, struct cw_reply *ret, struct cw_err *err)
{
	struct message m;
	struct cw_reply r = {.continues = false};
	int rc = open_message(data, len, &m, err);

	for (size_t i = 0; rc == 0 && i < m.len; i++)
		rc = take_reply_member(&m.items[i], data, &r, err);
	if (rc == 0)
		*ret = r;
	return rc;
}

struct cw_slice cw_call_member(struct cw_slice parameters, const char *key)
{
	const char *p = parameters.data + 1, *end = parameters.data + parameters.len;
	struct cw_call_member m;

	while (next_member(&p, end, &m)) {
		if (cw_slice_is(m.key, key))
			return m.value;
	}
	return (struct cw_slice){NULL, 0};
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

/* The \uXXXX at P, where END may be before it; -1: there is none. */
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

/* As UTF-8; how many bytes. */
static size_t put_code_point(char *text, uint32_t cp)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		text[i] = (char)(0x80 | (cp & 0x3f));
	text[0] = (char)(lead[n] | cp);
	return n;
}

/* What a byte behind a backslash stands for; 0: it is no escape of one character. */
static const char escaped[256] = {
	['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* At \u: write the character to *OUT; the byte behind the escape, NULL: it is none. */
static const char *unicode_escape(const char *p, const char *end, char **out)
{
	int32_t unit = code_unit(p, end), low;

	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return NULL;
	if (unit < 0xd800 || unit > 0xdfff) {
		*out += put_code_point(*out, (uint32_t)unit);
		return p + 6;
	}
	low = code_unit(p + 6, end);
	if (low < 0xdc00 || low > 0xdfff)
		return NULL;
	*out += put_code_point(*out, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
	return p + 12;
}

/* Copy from P up to a backslash or END. Whole blocks are written: there are 16 bytes of room more than are read. */
static inline size_t copy_run(char *out, const char *p, size_t len)
{
	size_t i = 0;

#if defined(__SSE2__)
	const __m128i backslash = _mm_set1_epi8('\\');

	for (; len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash));

		_mm_storeu_si128((__m128i *)(void *)(out + i), v);
		if (mask != 0)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	for (; i < len && p[i] != '\\'; i++)
		out[i] = p[i];
	return i;
}

/* The bytes from P to END, unescaped, to OUT, which never gets more than there are; where OUT ends, NULL: a bad escape. */
static char *unescape(char *out, const char *p, const char *end)
{
	while (p < end) {
		size_t n = copy_run(out, p, (size_t)(end - p));

		out += n;
		p += n;
		while (end - p >= 2 && p[0] == '\\' && escaped[(unsigned char)p[1]] != 0) {
			*out++ = escaped[(unsigned char)p[1]];
			p += 2;
		}
		if (p == end || *p != '\\')
			continue;
		p = unicode_escape(p, end, &out);
		if (p == NULL)
			return NULL;
	}
	return out;
}

int cw_call_string(struct cw_slice raw, struct cw_buf *out, struct cw_err *err)
{
	char *start, *end;

	if (raw.data == NULL || raw.len < 2 || raw.data[0] != '"' || raw.data[raw.len - 1] != '"')
		return cw_err_set(err, CW_E_INVALID, "a string is wanted");
	if (cw_buf_reserve(out, raw.len + 16) != 0)
		return cw_buf_fail(out, "string", err);
	start = out->data + out->len;
	end = unescape(start, raw.data + 1, raw.data + raw.len - 1);
	if (end == NULL) {
		cw_buf_truncate(out, out->len);
		return cw_err_set(err, CW_E_INVALID, "a string with a bad escape");
	}
	cw_buf_commit(out, (size_t)(end - start));
	return 0;
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

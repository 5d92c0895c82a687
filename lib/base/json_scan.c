/* base/json_scan.c - owns: what counts as JSON here. See json_scan.h. */
#include "base/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define NUMBER_LEN_MAX 40 /* bytes; cJSON copies a number into 64 bytes and would cut a longer one */
#define EXPONENT_MAX 308  /* 10^308 is the last power of ten in a double */
#define INT_MAX_TEXT "9007199254740991"
#define MARKS_DEPTH 2 /* members are listed in so many levels */

struct scan {
	const char *start, *p, *end;
	char open[CW_JSON_DEPTH_MAX]; /* '{' or '[' of every open container */
	size_t depth;
	size_t keys; /* passed so far */
	size_t repeated_key;
	struct cw_json_marks *marks;	 /* or NULL */
	size_t marked[MARKS_DEPTH];	 /* the mark whose value is open at each depth */
	struct cw_err *err;
};

static int fail_at(const struct scan *s, enum cw_code code, const char *p, const char *what)
{
	return cw_err_set(s->err, code, "JSON text, byte %zu: %s", (size_t)(p - s->start), what);
}

static int invalid(const struct scan *s, const char *what)
{
	return fail_at(s, CW_E_INVALID, s->p, s->p < s->end ? what : "unexpected end");
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static bool at_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* The four hex digits behind \u, or -1. */
static int32_t hex4(const struct scan *s, const char *p)
{
	int32_t n = 0;

	if (s->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			n = n * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			n = n * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return n;
}

/* At the u of \uXXXX. */
static int scan_unicode_escape(struct scan *s)
{
	int32_t unit = hex4(s, s->p + 1);
	bool high = unit >= 0xd800 && unit <= 0xdbff;

	if (unit < 0)
		return invalid(s, "bad \\u escape");
	if (unit == 0)
		return invalid(s, "\\u0000 is not allowed");
	s->p += 5;
	if (high && at(s, '\\') && s->end - s->p >= 2 && s->p[1] == 'u') {
		unit = hex4(s, s->p + 2);
		if (unit < 0xdc00 || unit > 0xdfff)
			return invalid(s, "lone surrogate");
		s->p += 6;
		return 0;
	}
	if (unit >= 0xd800 && unit <= 0xdfff)
		return fail_at(s, CW_E_INVALID, s->p, "lone surrogate");
	return 0;
}

static const bool is_simple_escape[256] = {
	['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true, ['f'] = true, ['n'] = true, ['r'] = true, ['t'] = true,
};

/* At a backslash; behind one escape, or several. */
static int scan_escapes(struct scan *s)
{
	/* Source text has many in a row: line ends, tabs, quotes. */
	while (s->end - s->p >= 2 && s->p[0] == '\\' && is_simple_escape[(unsigned char)s->p[1]])
		s->p += 2;
	if (!at(s, '\\'))
		return 0;
	s->p++;
	if (s->p == s->end)
		return invalid(s, "");
	if (*s->p == 'u')
		return scan_unicode_escape(s);
	return invalid(s, "bad escape");
}

/* A signed comparison finds control characters and what is not ASCII at once. */
static inline size_t plain_run(const char *s, size_t len)
{
	size_t i = 0;

#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' ');

	for (; len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
		__m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
					     _mm_cmplt_epi8(v, blank));
		int mask = _mm_movemask_epi8(stops);

		if (mask != 0)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	while (i < len && (signed char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

size_t cw_json_plain(const char *s, size_t len)
{
	return plain_run(s, len);
}

/* At a byte that is not ASCII, or a control character. */
static int scan_other(struct scan *s)
{
	uint32_t cp = 0;
	size_t n = cw_utf8_next(s->p, (size_t)(s->end - s->p), &cp);

	if (n == 0)
		return invalid(s, "invalid UTF-8");
	if (cp < 0x20)
		return invalid(s, "control character in a string");
	s->p += n;
	return 0;
}

static int scan_string(struct scan *s)
{
	if (!at(s, '"'))
		return invalid(s, "a string is missing");
	s->p++;
	for (;;) {
		int rc;

		s->p += plain_run(s->p, (size_t)(s->end - s->p));
		if (s->p == s->end)
			return invalid(s, "");
		if (*s->p == '"')
			break;
		rc = *s->p == '\\' ? scan_escapes(s) : scan_other(s);
		if (rc != 0)
			return rc;
	}
	s->p++;
	return 0;
}

/* Behind e or E: the exponent, in *ret_exponent and cut at +-9999. */
static int scan_exponent(struct scan *s, int *ret_exponent)
{
	bool negative = at(s, '-');
	int n = 0;

	if (negative || at(s, '+'))
		s->p++;
	if (!at_digit(s))
		return invalid(s, "bad number");
	for (; at_digit(s); s->p++)
		n = n < 1000 ? n * 10 + (*s->p - '0') : 9999;
	*ret_exponent = negative ? -n : n;
	return 0;
}

/* Whether the LEN digits at P, without leading zeros, are at most CW_JSON_INT_MAX. */
static bool fits_exactly(const char *p, size_t len)
{
	size_t max_len = strlen(INT_MAX_TEXT);

	return len < max_len || (len == max_len && memcmp(p, INT_MAX_TEXT, len) <= 0);
}

/* Digits, then what may follow them. *ret_digits counts those in front of the point. */
static int scan_number_parts(struct scan *s, size_t *ret_digits, bool *ret_integer, int *ret_exponent)
{
	const char *digits = s->p;

	if (!at_digit(s))
		return invalid(s, "bad number");
	while (at_digit(s))
		s->p++;
	*ret_digits = (size_t)(s->p - digits);
	if (*digits == '0' && *ret_digits > 1)
		return fail_at(s, CW_E_INVALID, digits, "number with a leading zero");
	*ret_integer = !at(s, '.') && !at(s, 'e') && !at(s, 'E');
	if (at(s, '.')) {
		s->p++;
		if (!at_digit(s))
			return invalid(s, "bad number");
		while (at_digit(s))
			s->p++;
	}
	if (!at(s, 'e') && !at(s, 'E'))
		return 0;
	s->p++;
	return scan_exponent(s, ret_exponent);
}

/* Whether a number with COUNT digits, the first at P, in front of its point and this exponent is below 1.7 * 10^308, so
 * that a double holds it; decided by the text alone, because strtod() follows the locale. */
static bool is_finite(const char *p, size_t count, int exponent)
{
	int magnitude = (int)count + exponent;
	const char *second = p + 1;

	if (magnitude != EXPONENT_MAX + 1)
		return magnitude <= EXPONENT_MAX;
	/* An exponent stands behind the digits, so there is a byte to look at. */
	second += *second == '.';
	return *p == '0' || (*p == '1' && (*second < '7' || *second > '9'));
}

static int scan_number(struct scan *s)
{
	const char *start = s->p, *digits;
	size_t count = 0;
	int exponent = 0, rc;
	bool integer = false;

	if (at(s, '-'))
		s->p++;
	digits = s->p;
	rc = scan_number_parts(s, &count, &integer, &exponent);
	if (rc != 0)
		return rc;
	if (integer && !fits_exactly(digits, count))
		return fail_at(s, CW_E_INVALID, start, "integer beyond 2^53-1: send it as a string");
	if (s->p - start > NUMBER_LEN_MAX || (!integer && !is_finite(digits, count, exponent)))
		return fail_at(s, CW_E_INVALID, start, "number is too long or too large");
	return 0;
}

static int scan_literal(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return invalid(s, "unexpected character");
	s->p += len;
	return 0;
}

static int scan_scalar(struct scan *s)
{
	if (s->p == s->end)
		return invalid(s, "");
	switch (*s->p) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_literal(s, "true");
	case 'f':
		return scan_literal(s, "false");
	case 'n':
		return scan_literal(s, "null");
	default:
		if (*s->p != '-' && !at_digit(s))
			return invalid(s, "unexpected character");
		return scan_number(s);
	}
}

/* Whether a value that starts or has ended here, inside `depth` containers, is one that is listed. */
static struct cw_json_mark *mark_here(const struct scan *s)
{
	if (s->marks == NULL || s->depth == 0 || s->depth > MARKS_DEPTH || s->open[s->depth - 1] != '{' || s->open[0] != '{')
		return NULL;
	/* An empty object has none. */
	if (s->marked[s->depth - 1] == SIZE_MAX)
		return NULL;
	return &s->marks->items[s->marked[s->depth - 1]];
}

/* Behind a key that starts at START. */
static int add_mark(struct scan *s, const char *start)
{
	if (s->marks == NULL || s->depth > MARKS_DEPTH || s->open[0] != '{')
		return 0;
	if (s->marks->len == s->marks->max)
		return fail_at(s, CW_E_LIMIT, start, "too many members");
	s->marked[s->depth - 1] = s->marks->len;
	s->marks->items[s->marks->len++] =
		(struct cw_json_mark){.key = start + 1, .key_len = (size_t)(s->p - start) - 2, .inner = s->depth > 1};
	return 0;
}

/* A key and its colon. */
static int scan_key(struct scan *s)
{
	const char *start;
	int rc;

	skip_blanks(s);
	if (s->keys++ == s->repeated_key)
		return fail_at(s, CW_E_INVALID, s->p, "duplicate key");
	start = s->p;
	rc = scan_string(s);
	if (rc == 0)
		rc = add_mark(s, start);
	if (rc != 0)
		return rc;
	skip_blanks(s);
	if (!at(s, ':'))
		return invalid(s, "a ':' is missing");
	s->p++;
	return 0;
}

/* Enter the container that starts here. *ret_empty: it ended at once. */
static int open_container(struct scan *s, bool *ret_empty)
{
	char c = *s->p;

	if (s->depth == CW_JSON_DEPTH_MAX)
		return fail_at(s, CW_E_LIMIT, s->p, "nested too deeply");
	if (s->depth < MARKS_DEPTH)
		s->marked[s->depth] = SIZE_MAX;
	s->open[s->depth++] = c;
	s->p++;
	skip_blanks(s);
	*ret_empty = at(s, c == '{' ? '}' : ']');
	return *ret_empty || c == '[' ? 0 : scan_key(s);
}

/* Behind a value: leave the containers that end here. *ret_more: a further value follows. */
static int close_containers(struct scan *s, bool *ret_more)
{
	*ret_more = false;
	for (;;) {
		struct cw_json_mark *mark = mark_here(s);
		char c;

		if (mark != NULL)
			mark->value_len = (size_t)(s->p - mark->value);
		skip_blanks(s);
		if (s->depth == 0)
			return 0;
		c = s->open[s->depth - 1];
		if (at(s, c == '{' ? '}' : ']')) {
			s->depth--;
			s->p++;
			continue;
		}
		if (!at(s, ','))
			return invalid(s, "a ',' or a closing bracket is missing");
		s->p++;
		*ret_more = true;
		return c == '{' ? scan_key(s) : 0;
	}
}

static int scan_value(struct scan *s, bool *ret_more)
{
	struct cw_json_mark *mark = mark_here(s);
	bool empty = true;
	int rc;

	skip_blanks(s);
	if (mark != NULL)
		mark->value = s->p;
	if (at(s, '{') || at(s, '['))
		rc = open_container(s, &empty);
	else
		rc = scan_scalar(s);
	/* Inside a container that is not empty its first value comes next. */
	return rc == 0 && empty ? close_containers(s, ret_more) : rc;
}

static int scan_all(struct scan *s)
{
	bool more = true;

	while (more) {
		int rc = scan_value(s, &more);

		if (rc != 0)
			return rc;
	}
	if (s->p != s->end)
		return invalid(s, "text behind the value");
	return 0;
}

int cw_json_scan(const char *data, size_t len, size_t repeated_key, struct cw_err *err)
{
	struct scan s = {.start = data, .p = data, .end = data + len, .repeated_key = repeated_key, .err = err};

	return scan_all(&s);
}

int cw_json_scan_marks(const char *data, size_t len, struct cw_json_marks *marks, struct cw_err *err)
{
	struct scan s = {.start = data, .p = data, .end = data + len, .repeated_key = SIZE_MAX, .marks = marks, .err = err};

	marks->len = 0;
	return scan_all(&s);
}

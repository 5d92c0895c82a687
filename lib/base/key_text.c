/* base/key_text.c - keys as they stand in text: source code around the lines of a key is peeled off.
 * Knows no key format; base64 letters, '=' and header lines ("Name: value") are what it keeps. */
#include <string.h>

#include "base/cleanup.h"
#include "base/key_forms.h"

/* What may stand between the quoted lines of a key in source text. */
static const char joiners[] = "+.,;&_()[]{}<>|";

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == '\0';
}

static bool only_joiners(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!blank(s[i]) && !strchr(joiners, s[i]))
			return false;
	}
	return true;
}

/* A letter or two right before a quote: b"...", R"...", u8"...". */
static bool string_prefix(const char *s, size_t len)
{
	if (len == 0 || len > 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr("bBrRuUfFL8", s[i]))
			return false;
	}
	return true;
}

/* A comment mark before a line: it is followed by a blank, and no base64. */
static size_t comment_mark(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && strchr("#*;/>|-", s[n]))
		n++;
	return n > 0 && n <= 3 && n < len && blank(s[n]) ? n : 0;
}

/* Append what is left of the line S; QUOTED: a quote ended it. */
static void add_line(struct cw_buf *out, const char *s, size_t len, bool quoted)
{
	size_t mark;

	while (len > 0 && (blank(*s) || *s == ',')) {
		s++;
		len--;
	}
	mark = comment_mark(s, len);
	s += mark;
	len -= mark;
	while (len > 0 && blank(*s)) {
		s++;
		len--;
	}
	while (len > 0 && (blank(s[len - 1]) || s[len - 1] == ',' || s[len - 1] == ';'))
		len--;
	if (len == 0 || only_joiners(s, len) || (quoted && string_prefix(s, len)))
		return;
	cw_buf_add(out, s, len);
	cw_buf_addc(out, '\n');
}

static int hex4(const char *s, size_t len)
{
	int v = 0;

	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *at = s[i] ? strchr(digits, s[i] | 0x20) : NULL;
		if (!at)
			return -1;
		v = v << 4 | (int)(at - digits);
	}
	return v;
}

/* One escape of source text at S (a backslash): returns the bytes it takes; *ret is what it stands for, '\0' for nothing. */
static size_t unescape(const char *s, size_t len, char *ret)
{
	size_t n = 0;
	int code;

	while (n < len && s[n] == '\\')
		n++;
	*ret = '\0';
	if (n == len)
		return n;
	if (s[n] == 'n' || s[n] == 'r' || s[n] == 't') {
		*ret = s[n] == 't' ? '\t' : '\n';
		return n + 1;
	}
	if (s[n] == 'u' && (code = hex4(s + n + 1, len - n - 1)) >= 0) {
		*ret = code < 0x80 ? (char)code : '\0';
		return n + 5;
	}
	return n; /* the character behind it stands for itself */
}

/* Whether C is a quote that ends a line. In a HEADER line ("Comment: Bob's key") only what joins lines may follow it. */
static bool splits(bool header, char c, const char *rest, size_t rest_len)
{
	size_t i = 0;

	if (c != '"' && c != '\'' && c != '`')
		return false;
	if (!header)
		return true;
	while (i < rest_len && (blank(rest[i]) || strchr(joiners, rest[i])))
		i++;
	return i == rest_len || strchr("\n\\\"'`", rest[i]);
}

int cw_key_clean(const char *s, size_t len, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT_SECRET;
	bool header = false; /* a colon stood in the line */
	size_t i = 0;

	while (i < len && !line.fail) {
		char c = s[i];
		bool quote = splits(header, c, s + i + 1, len - i - 1);
		if (c == '\\')
			i += unescape(s + i, len - i, &c);
		else
			i++;
		if (c == '\n' || quote) {
			add_line(out, line.data, line.len, quote);
			cw_buf_clear(&line);
			header = false;
		} else if (c != '\0') {
			cw_buf_addc(&line, c);
			header = header || c == ':';
		}
	}
	add_line(out, line.data, line.len, false);
	return line.fail || out->fail ? CW_E_NOMEM : 0;
}

bool cw_key_line(struct cw_key_text *rest, struct cw_key_text *ret_line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->s, '\n', rest->len);
	*ret_line = (struct cw_key_text){.s = rest->s, .len = end ? (size_t)(end - rest->s) : rest->len};
	rest->s += ret_line->len + (end ? 1 : 0);
	rest->len -= ret_line->len + (end ? 1 : 0);
	return true;
}

void cw_key_add_packed(struct cw_buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!blank(s[i]))
			cw_buf_addc(out, s[i]);
	}
}

bool cw_key_starts(const struct cw_key_text *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text->len >= len && memcmp(text->s, prefix, len) == 0;
}

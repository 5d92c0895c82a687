/* match/value_view.c - a value's characters and its parts: words and numbers. */
#include <string.h>

#include "match/model.h"
#include "match/value_checks.h"
#include "match/value_lists.h"

/* Bits a letter up to which the model takes a word that it does not know for ordinary: of Debian's word list 97 in 100
 * words of five letters and more lie below, of random letters 1 in 100. Short words say less, so they must be more ordinary. */
#define ORDINARY_BITS 4.7
#define ORDINARY_BITS_SHORT 4.0

static char fold(char c)
{
	return cw_is_upper(c) ? (char)(c | 0x20) : c;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A bare value may have caught the brackets and commas of the code around it: "nil)", "True):". */
static size_t without_tail(const char *s, size_t len)
{
	while (len > 1) {
		char c = s[len - 1], open = c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : 0;

		if (open ? memchr(s, open, len) != NULL : !strchr(",;:", c))
			break;
		len--;
	}
	return len;
}

void cw_view_init(struct cw_view *v, const char *s, size_t len, bool quoted)
{
	len = len < CW_VALUE_LOOK_MAX ? len : CW_VALUE_LOOK_MAX;
	while (len > 0 && blank(s[len - 1]))
		len--;
	if (!quoted)
		len = without_tail(s, len);
	while (len > 0 && blank(*s)) {
		s++;
		len--;
	}
	*v = (struct cw_view){ .s = s, .len = len, .quoted = quoted };
	for (size_t i = 0; i < len; i++) {
		char c = s[i], f = fold(c);

		if ((unsigned char)f < 0x80)
			v->chars[f / 64] |= (uint64_t)1 << (f % 64);
		if (cw_is_lower(c))
			v->lower++;
		else if (cw_is_upper(c))
			v->upper++;
		else if (cw_is_digit(c))
			v->digits++;
		else if (blank(c))
			v->spaces++;
		else if ((unsigned char)c >= 0x80)
			v->foreign++;
		else if (c && strchr("_-.:/,;'\\", c))
			v->joiners++;
		else
			v->signs++;
	}
}

bool cw_view_starts(const char *s, size_t len, const char *word)
{
	size_t i = 0;

	for (; word[i]; i++)
		if (i >= len || fold(s[i]) != word[i])
			return false;
	return true;
}

bool cw_view_equals(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && cw_view_starts(s, len, word);
}

bool cw_view_ends(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);

	return n <= len && cw_view_starts(s + len - n, n, word);
}

size_t cw_view_find(const char *s, size_t len, size_t from, const char *word)
{
	for (size_t i = from; i < len; i++)
		if (fold(s[i]) == *word && cw_view_starts(s + i, len - i, word))
			return i;
	return len;
}

bool cw_view_has(const struct cw_view *v, const char *word)
{
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p < 0x80 && !(v->chars[*p / 64] >> (*p % 64) & 1))
			return false;
	return cw_view_find(v->s, v->len, 0, word) < v->len;
}

bool cw_view_identifier(const char *s, size_t len)
{
	if (len == 0 || cw_is_digit(*s))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!cw_is_ident(s[i]))
			return false;
	return true;
}

/* Length of the word at S: "password", "Password", or the capitals of "HTTPServer" but the last. */
static size_t word_length(const char *s, size_t len)
{
	size_t n = 1;

	if (cw_is_upper(s[0]) && len > 1 && cw_is_upper(s[1])) {
		while (n < len && cw_is_upper(s[n]))
			n++;
		return n < len && cw_is_lower(s[n]) ? n - 1 : n;
	}
	while (n < len && cw_is_lower(s[n]))
		n++;
	return n;
}

bool cw_view_part(const struct cw_view *v, size_t *pos, struct cw_part_of_value *ret)
{
	size_t i = *pos, n = 0;

	while (i < v->len && !cw_is_letter(v->s[i]) && !cw_is_digit(v->s[i]))
		i++;
	if (i == v->len)
		return false;
	*ret = (struct cw_part_of_value){ .s = v->s + i, .joined = i > 0 && i == *pos };
	if (cw_is_letter(v->s[i])) {
		n = word_length(v->s + i, v->len - i);
	} else {
		ret->digits = true;
		while (i + n < v->len && cw_is_digit(v->s[i + n]))
			n++;
	}
	ret->len = n;
	*pos = i + n;
	return true;
}

enum cw_wordness cw_value_wordness(const char *s, size_t len)
{
	if (len <= 2)
		return CW_WORD_SHORT;
	if (cw_word_listed(s, len, CW_WORDS_SHORT_FORMS))
		return CW_WORD_COMMON;
	if (cw_model_common_word(s, len))
		return CW_WORD_COMMON;
	if (cw_model_word_bits(s, len) <= (double)len * (len < 5 ? ORDINARY_BITS_SHORT : ORDINARY_BITS))
		return CW_WORD_ORDINARY;
	return CW_WORD_RARE;
}

/* base/text.c - owns: UTF-8 decoding, escaping of text from outside, search for repeated strings. */
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* What the first byte of a sequence says: its length, the bits it carries and the smallest code point of that length. */
static size_t sequence_length(unsigned char lead, uint32_t *ret_bits, uint32_t *ret_min)
{
	if (lead >= 0xc2 && lead <= 0xdf) {
		*ret_bits = lead & 0x1f;
		*ret_min = 0x80;
		return 2;
	}
	if (lead >= 0xe0 && lead <= 0xef) {
		*ret_bits = lead & 0x0f;
		*ret_min = 0x800;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		*ret_bits = lead & 0x07;
		*ret_min = 0x10000;
		return 4;
	}
	return 0;
}

size_t cw_utf8_next(const char *s, size_t len, uint32_t *ret_cp)
{
	uint32_t cp, min;
	size_t n;

	if (len == 0)
		return 0;
	if ((unsigned char)s[0] < 0x80) {
		*ret_cp = (unsigned char)s[0];
		return 1;
	}
	n = sequence_length((unsigned char)s[0], &cp, &min);
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return n;
}

size_t cw_utf8_span(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t cp;
		size_t n = cw_utf8_next(s + i, len - i, &cp);

		if (n == 0)
			break;
		i += n;
	}
	return i;
}

bool cw_utf8_valid(const char *s, size_t len)
{
	return cw_utf8_span(s, len) == len;
}

bool cw_text_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static void escape_bytes(struct cw_buf *out, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

		cw_buf_add(out, code, sizeof(code));
	}
}

void cw_escape(struct cw_buf *out, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(s + i, len - i, &cp);

		if (n == 0) {
			n = 1;
			escape_bytes(out, s + i, 1);
		} else if (cp == '\n') {
			cw_buf_add(out, "\\n", 2);
		} else if (cp == '\t') {
			cw_buf_add(out, "\\t", 2);
		} else if (cp == '\\') {
			cw_buf_add(out, "\\\\", 2);
		} else if (cw_text_is_control(cp)) {
			escape_bytes(out, s + i, n);
		} else {
			cw_buf_add(out, s + i, n);
		}
		i += n;
	}
}

struct entry {
	const char *s;
	size_t index;
};

static int compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int order = strcmp(a->s, b->s);

	if (order != 0)
		return order;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Few strings need no memory: comparing all pairs is faster than sorting. */
static int find_duplicate_few(const char *const *strings, size_t n, size_t *ret_index)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(strings[i], strings[k]) == 0) {
				*ret_index = i;
				return 1;
			}
		}
	}
	return 0;
}

int cw_text_find_duplicate(const char *const *strings, size_t n, size_t *ret_index)
{
	CW_CLEANUP(cw_freep) struct entry *all = NULL;
	size_t first = n;

	if (n <= 16)
		return find_duplicate_few(strings, n, ret_index);
	all = calloc(n, sizeof(*all));
	if (all == NULL)
		return CW_E_NOMEM;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct entry){.s = strings[i], .index = i};
	qsort(all, n, sizeof(*all), compare_entries);
	for (size_t i = 1; i < n; i++) {
		if (all[i].index < first && strcmp(all[i - 1].s, all[i].s) == 0)
			first = all[i].index;
	}
	if (first == n)
		return 0;
	*ret_index = first;
	return 1;
}

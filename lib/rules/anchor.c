/* rules/anchor.c - see anchor.h.
 *
 * A recursive reading of the expression computes for every part: the shortest and longest match, whether it is
 * nothing but a literal, and the longest literal that every match must hold. Only the syntax that anchors may use is
 * understood; everything else is refused, which keeps anchors readable. */
#include "rules/anchor.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "rules/rule.h"

#define DEPTH_MAX 16
#define CLASS_LITERAL_MAX 8   /* a class of up to so many characters is expanded into literals by the matcher */
#define LEN_OPEN UINT32_MAX   /* no upper bound */

struct part {
	uint32_t min, max; /* bytes of a match */
	uint32_t literal;  /* bytes of the longest literal in every match */
	uint32_t before;   /* how much the distance from the start to that literal can vary */
	bool pure;	   /* a literal and nothing else (all alternatives) */
	bool open_end;	   /* ends with a repeat whose upper bound is above its lower one */
};

struct reader {
	const char *at;
	int depth;
	struct cw_err *err;
};

static int read_alternatives(struct reader *r, struct part *ret);

static int fail(struct reader *r, const char *what)
{
	return cw_err_set(r->err, CW_E_RULE, "anchor: %s", what);
}

static uint32_t add_len(uint32_t a, uint32_t b)
{
	return a == LEN_OPEN || b == LEN_OPEN || a > LEN_OPEN - 1 - b ? LEN_OPEN : a + b;
}

static uint32_t mul_len(uint32_t a, uint32_t b)
{
	uint32_t ret;

	if (a == 0 || b == 0)
		return 0;
	return a == LEN_OPEN || b == LEN_OPEN || __builtin_mul_overflow(a, b, &ret) ? LEN_OPEN : ret;
}

/* One escape sequence after the backslash: a literal character, a class or an assertion. */
static int read_escape(struct reader *r, struct part *ret, uint32_t *ret_chars)
{
	char c = *r->at;

	if (!c)
		return fail(r, "ends with a backslash");
	if (strchr("AzZGKRXC", c) || (c >= '1' && c <= '9') || strchr("gkpPuE", c) || c == 'Q')
		return fail(r, "\\A \\z \\Z \\G \\K, back-references and property classes are not allowed; use classes such "
			       "as [A-Za-z0-9]");
	if (strchr("0co", c) || (c == 'x' && r->at[1] == '{') || (c == 'N' && r->at[1] == '{'))
		return fail(r, "octal escapes, \\x{...}, \\N{...} and \\c are not allowed; write \\xNN");
	r->at++;
	if (c == 'b' || c == 'B') {
		*ret = (struct part){.pure = false};
		*ret_chars = 0;
		return 0;
	}
	*ret = (struct part){.min = 1, .max = 1};
	*ret_chars = 1;
	if (c == 'x') {
		for (int i = 0; i < 2 && *r->at && strchr("0123456789abcdefABCDEF", *r->at); i++)
			r->at++;
	} else if (strchr("dDwWsShHvVN", c)) {
		*ret_chars = 256;
	}
	return 0;
}

/* A class in brackets: how many characters it holds, roughly. */
static int read_class(struct reader *r, struct part *ret)
{
	uint32_t chars = 0, n;
	unsigned char last = 0;
	bool negated = *r->at == '^', first = true;
	struct part skip;

	if (negated)
		r->at++;
	for (; *r->at && (*r->at != ']' || first); first = false) {
		if (*r->at == '[' && r->at[1] == ':')
			return fail(r, "POSIX classes are not allowed; write the characters");
		if (*r->at == '-' && !first && r->at[1] && r->at[1] != ']') {
			unsigned char hi = (unsigned char)r->at[1];

			r->at += 2;
			if (hi == '\\' && read_escape(r, &skip, &n) < 0)
				return CW_E_RULE;
			chars += hi > last && hi != '\\' ? hi - last : 64;
			continue;
		}
		last = (unsigned char)*r->at++;
		n = 1;
		if (last == '\\' && read_escape(r, &skip, &n) < 0)
			return CW_E_RULE;
		chars += n;
	}
	if (*r->at != ']')
		return fail(r, "has a class without its closing bracket");
	r->at++;
	*ret = (struct part){.min = 1, .max = 1};
	ret->pure = !negated && chars <= CLASS_LITERAL_MAX;
	ret->literal = ret->pure ? 1 : 0;
	return 0;
}

static int read_group(struct reader *r, struct part *ret)
{
	int rc;

	if (r->at[0] == '?') {
		if (strncmp(r->at, "?:", 2) == 0)
			r->at += 2;
		else if (strncmp(r->at, "?i:", 3) == 0)
			r->at += 3;
		else
			return fail(r, "look-around, named groups and other (?...) constructs are not allowed; use (?:...)");
	}
	if (++r->depth > DEPTH_MAX)
		return fail(r, "groups are nested too deep");
	rc = read_alternatives(r, ret);
	r->depth--;
	if (rc < 0)
		return rc;
	if (*r->at != ')')
		return fail(r, "has a group without its closing parenthesis");
	r->at++;
	return 0;
}

static int read_atom(struct reader *r, struct part *ret)
{
	uint32_t chars = 1;
	char c = *r->at++;

	switch (c) {
	case '(':
		return read_group(r, ret);
	case '[':
		return read_class(r, ret);
	case '.':
		*ret = (struct part){.min = 1, .max = 1};
		return 0;
	case '^':
	case '$':
		*ret = (struct part){.min = 0, .max = 0};
		return 0;
	case '*':
	case '+':
	case '?':
		return fail(r, "has a repeat with nothing before it");
	case '{':
		return fail(r, "has a { that repeats nothing; write \\{ for the character");
	case '\\':
		if (read_escape(r, ret, &chars) < 0)
			return CW_E_RULE;
		ret->pure = chars == 1;
		ret->literal = chars == 1 ? 1 : 0;
		return 0;
	default:
		*ret = (struct part){.min = 1, .max = 1, .literal = 1, .pure = true};
		return 0;
	}
}

/* {n}, {n,m}, {n,} behind an atom. */
static int read_counts(struct reader *r, uint32_t *ret_lo, uint32_t *ret_hi)
{
	const char *end = strchr(r->at, '}'), *comma;
	uint64_t lo, hi;

	if (!end)
		return fail(r, "has a { without its }; write \\{ for the character");
	comma = memchr(r->at, ',', (size_t)(end - r->at));
	if (cw_num_u64(r->at, (size_t)((comma ? comma : end) - r->at), 0, 65535, "repeat", &lo, NULL) < 0)
		return fail(r, "has a repeat that is no number");
	hi = lo;
	if (comma && comma + 1 == end)
		hi = LEN_OPEN;
	else if (comma && cw_num_u64(comma + 1, (size_t)(end - comma - 1), lo, 65535, "repeat", &hi, NULL) < 0)
		return fail(r, "has a repeat whose upper bound is wrong");
	r->at = end + 1;
	*ret_lo = (uint32_t)lo;
	*ret_hi = (uint32_t)hi;
	return 0;
}

static int read_quantified(struct reader *r, struct part *ret)
{
	uint32_t lo = 1, hi = 1;
	int rc = read_atom(r, ret);

	if (rc < 0)
		return rc;
	switch (*r->at) {
	case '?': lo = 0; hi = 1; r->at++; break;
	case '*': lo = 0; hi = LEN_OPEN; r->at++; break;
	case '+': lo = 1; hi = LEN_OPEN; r->at++; break;
	case '{':
		r->at++;
		rc = read_counts(r, &lo, &hi);
		if (rc < 0)
			return rc;
		break;
	default: return 0;
	}
	if (*r->at == '?' || *r->at == '+')
		return fail(r, "lazy and possessive repeats mean nothing to the matcher; leave the extra sign out");
	ret->min = mul_len(ret->min, lo);
	ret->max = mul_len(ret->max, hi);
	if (lo == 0)
		ret->literal = 0;
	else if (ret->pure && lo == hi)
		ret->literal = ret->min;
	ret->pure = ret->pure && lo == hi;
	ret->open_end = hi > 0 && (lo != hi || ret->open_end);
	return 0;
}

/* A longer literal is better, unless the one so far is long enough and the longer one stands behind open-ended text. */
static bool better(const struct part *seq, uint32_t literal, uint32_t before)
{
	bool good = seq->literal >= CW_ANCHOR_LITERAL_MIN && seq->before <= CW_ANCHOR_SLACK_MAX;

	return literal > seq->literal && (!good || before <= CW_ANCHOR_SLACK_MAX);
}

/* Put NEXT behind SEQ. RUN is the length of the literal that SEQ ends with, RUN_BEFORE the slack in front of it. */
static void append(struct part *seq, const struct part *next, uint32_t *run, uint32_t *run_before)
{
	uint32_t slack = seq->max == LEN_OPEN ? LEN_OPEN : seq->max - seq->min;

	if (next->pure) {
		if (*run == 0)
			*run_before = slack;
		*run += next->min;
		if (better(seq, *run, *run_before)) {
			seq->before = *run_before;
			seq->literal = *run;
		}
	} else if (next->max > 0) {
		*run = 0;
		if (better(seq, next->literal, add_len(slack, next->before))) {
			seq->literal = next->literal;
			seq->before = add_len(slack, next->before);
		}
	}
	seq->min = add_len(seq->min, next->min);
	seq->max = add_len(seq->max, next->max);
	seq->pure = seq->pure && next->pure;
	if (next->max > 0)
		seq->open_end = next->open_end;
}

static int read_sequence(struct reader *r, struct part *ret)
{
	struct part seq = {.pure = true}, next;
	uint32_t run = 0, run_before = 0;
	int rc;

	while (*r->at && *r->at != '|' && *r->at != ')') {
		rc = read_quantified(r, &next);
		if (rc < 0)
			return rc;
		append(&seq, &next, &run, &run_before);
	}
	*ret = seq;
	return 0;
}

static int read_alternatives(struct reader *r, struct part *ret)
{
	struct part all, one;
	int rc = read_sequence(r, &all);

	if (rc < 0)
		return rc;
	while (*r->at == '|') {
		r->at++;
		rc = read_sequence(r, &one);
		if (rc < 0)
			return rc;
		all.min = one.min < all.min ? one.min : all.min;
		all.max = one.max > all.max ? one.max : all.max;
		all.literal = one.literal < all.literal ? one.literal : all.literal;
		all.before = one.before > all.before ? one.before : all.before;
		all.pure = all.pure && one.pure && one.min == all.min && one.max == all.max;
		all.open_end = all.open_end || one.open_end;
	}
	*ret = all;
	return 0;
}

int cw_anchor_lint(const char *text, struct cw_err *err)
{
	struct cw_err local = CW_ERR_INIT;
	struct reader r = {.at = text, .err = err ? err : &local};
	struct part whole;
	int rc;

	if (strlen(text) > CW_ANCHOR_TEXT_MAX)
		return fail(&r, "is longer than 4096 bytes");
	if (strncmp(r.at, "(?i)", 4) == 0)
		r.at += 4;
	rc = read_alternatives(&r, &whole);
	if (rc < 0)
		return rc;
	if (*r.at)
		return fail(&r, "has a closing parenthesis too many");
	if (whole.literal < CW_ANCHOR_LITERAL_MIN)
		return fail(&r, "no literal of 3 bytes stands in every match; put the token's prefix or a keyword into it");
	if (whole.before > CW_ANCHOR_SLACK_MAX)
		return fail(&r, "open-ended text stands before its literal; leave it to the pattern");
	if (whole.open_end)
		return fail(&r, "ends with an open repeat; end it at its minimum length, {20} and not {20,60}");
	return 0;
}

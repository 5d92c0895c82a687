/* rules/pattern.c - see pattern.h. The one home of PCRE2.
 *
 * The JIT counts the match limit differently from the interpreter and has a stack of its own, so its refusal says little about
 * the text: the retry is always by the interpreter, whose limits are exact. */
#include "rules/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define JIT_STACK_START ((size_t)32 << 10) /* bytes */
#define JIT_STACK_MAX ((size_t)512 << 10)

struct cw_pattern {
	pcre2_code *code;
	uint32_t lookbehind;
	bool jit;
};

struct cw_pattern_state {
	pcre2_match_data *data;
	pcre2_match_context *limits, *retry_limits;
	pcre2_jit_stack *stack;
};

static int compile_error(int code, size_t offset, struct cw_err *err)
{
	char text[160];

	pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return cw_err_nomem(err);
	return cw_err_set(err, CW_E_RULE, "pattern does not compile at character %zu: %s", offset + 1, text);
}

int cw_pattern_compile(const char *text, struct cw_pattern **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = calloc(1, sizeof(*p));
	PCRE2_SIZE offset = 0;
	uint32_t groups = 0;
	int code = 0;

	if (!p)
		return cw_err_nomem(err);
	/* NEVER_UTF and NEVER_UCP: a verdict may depend on the window's bytes only, not on where characters begin */
	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
					PCRE2_USE_OFFSET_LIMIT,
				&code, &offset, NULL);
	if (!p->code)
		return compile_error(code, offset, err);
	pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups >= CW_PATTERN_GROUPS_MAX)
		return cw_err_set(err, CW_E_RULE, "pattern has %u groups, at most %d are allowed", groups,
				  CW_PATTERN_GROUPS_MAX - 1);
	pcre2_pattern_info(p->code, PCRE2_INFO_MAXLOOKBEHIND, &p->lookbehind);
	p->jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
	*ret = cw_steal(&p);
	return 0;
}

void cw_pattern_free(struct cw_pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p);
}

int cw_pattern_group(const struct cw_pattern *p, const char *name)
{
	int n = pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)name);

	return n > 0 ? n : -1;
}

uint32_t cw_pattern_lookbehind(const struct cw_pattern *p)
{
	return p->lookbehind;
}

static pcre2_match_context *limits_new(uint32_t factor)
{
	pcre2_match_context *c = pcre2_match_context_create(NULL);

	if (!c)
		return NULL;
	pcre2_set_match_limit(c, CW_PATTERN_MATCH_LIMIT * factor);
	pcre2_set_depth_limit(c, CW_PATTERN_MATCH_LIMIT * factor);
	pcre2_set_heap_limit(c, CW_PATTERN_HEAP_LIMIT_KIB * factor);
	return c;
}

int cw_pattern_state_new(struct cw_pattern_state **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_pattern_state_free_p) struct cw_pattern_state *s = calloc(1, sizeof(*s));

	if (!s)
		return cw_err_nomem(err);
	s->data = pcre2_match_data_create(CW_PATTERN_GROUPS_MAX, NULL);
	s->limits = limits_new(1);
	s->retry_limits = limits_new(CW_PATTERN_RETRY_FACTOR);
	if (!s->data || !s->limits || !s->retry_limits)
		return cw_err_nomem(err);
	/* Without a stack of its own the JIT uses 32 KiB of the machine stack: less memory, more retries, same verdicts. */
	s->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (s->stack)
		pcre2_jit_stack_assign(s->limits, NULL, s->stack);
	*ret = cw_steal(&s);
	return 0;
}

void cw_pattern_state_free(struct cw_pattern_state *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	pcre2_match_context_free(s->retry_limits);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

static size_t copy_spans(const struct cw_pattern_state *s, int count, struct cw_span spans[CW_PATTERN_GROUPS_MAX])
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->data);

	for (int i = 0; i < count; i++) {
		bool set = v[2 * i] != PCRE2_UNSET && v[2 * i] <= v[2 * i + 1];

		spans[i].start = set ? v[2 * i] : SIZE_MAX;
		spans[i].end = set ? v[2 * i + 1] : SIZE_MAX;
	}
	for (int i = count; i < CW_PATTERN_GROUPS_MAX; i++)
		spans[i].start = spans[i].end = SIZE_MAX;
	return (size_t)count;
}

int cw_pattern_match_in(const struct cw_pattern *p, struct cw_pattern_state *s, const char *data, size_t len, size_t from,
			size_t last, bool not_bol, bool not_eol, struct cw_span spans[CW_PATTERN_GROUPS_MAX], size_t *ret_n,
			struct cw_err *err)
{
	uint32_t options = (not_bol ? PCRE2_NOTBOL : 0) | (not_eol ? PCRE2_NOTEOL : 0);
	int rc;

	pcre2_set_offset_limit(s->limits, last);
	pcre2_set_offset_limit(s->retry_limits, last);
	rc = pcre2_match(p->code, (PCRE2_SPTR)data, len, from, options, s->data, s->limits);
	/* NO_JIT also makes the interpreter check the subject, which is cheap for bytes. */
	if (rc < PCRE2_ERROR_PARTIAL)
		rc = pcre2_match(p->code, (PCRE2_SPTR)data, len, from, options | PCRE2_NO_JIT, s->data, s->retry_limits);
	if (rc == PCRE2_ERROR_NOMATCH || rc == PCRE2_ERROR_PARTIAL)
		return 0;
	if (rc == PCRE2_ERROR_NOMEMORY)
		return cw_err_nomem(err);
	if (rc < 0)
		return cw_err_set(err, CW_E_LIMIT, "pattern reached a match limit (%d)", rc);
	*ret_n = copy_spans(s, rc, spans);
	return 1;
}

int cw_pattern_match(const struct cw_pattern *p, struct cw_pattern_state *s, const char *data, size_t len, size_t from,
		     bool not_bol, bool not_eol, struct cw_span spans[CW_PATTERN_GROUPS_MAX], size_t *ret_n,
		     struct cw_err *err)
{
	return cw_pattern_match_in(p, s, data, len, from, len, not_bol, not_eol, spans, ret_n, err);
}

double cw_pattern_cost(const struct cw_pattern *p, const char *data, size_t len)
{
	pcre2_match_context *c = pcre2_match_context_create(NULL);
	pcre2_match_data *m = pcre2_match_data_create(1, NULL);
	double ret = 1;

	for (uint32_t limit = 128; c && m && limit < CW_PATTERN_MATCH_LIMIT; limit *= 2) {
		pcre2_set_match_limit(c, limit);
		pcre2_set_heap_limit(c, CW_PATTERN_HEAP_LIMIT_KIB);
		if (pcre2_match(p->code, (PCRE2_SPTR)data, len, 0, PCRE2_NO_JIT, m, c) >= PCRE2_ERROR_PARTIAL) {
			ret = (double)limit / CW_PATTERN_MATCH_LIMIT;
			break;
		}
	}
	pcre2_match_context_free(c);
	pcre2_match_data_free(m);
	return ret;
}

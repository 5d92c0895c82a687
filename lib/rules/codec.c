/* rules/codec.c - see codec.h. Little-endian 32-bit numbers; strings are length, bytes, NUL. Every length read is checked
 * against what is left before it is used. */
#include "rules/codec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Every start of the program reads thousands of numbers and strings. */
#define INLINE static inline __attribute__((always_inline))

struct codec {
	struct cw_buf *out; /* NULL: reading */
	const char *at, *end;
	struct cw_pool *pool;
	bool corrupt;
};

static void write_u32(struct cw_buf *out, uint32_t v)
{
	unsigned char b[4];

	for (int i = 0; i < 4; i++)
		b[i] = (unsigned char)(v >> (8 * i));
	cw_buf_add(out, b, sizeof(b));
}

INLINE void c_u32(struct codec *c, uint32_t *v)
{
	unsigned char b[4];

	if (c->out) {
		write_u32(c->out, *v);
		return;
	}
	*v = 0;
	if (c->corrupt || c->end - c->at < 4) {
		c->corrupt = true;
		return;
	}
	memcpy(b, c->at, sizeof(b));
	c->at += 4;
	*v = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* A small number with its upper bound, such as an enum. */
INLINE uint32_t c_small(struct codec *c, uint32_t v, uint32_t max)
{
	c_u32(c, &v);
	if (v > max)
		c->corrupt = true;
	return c->corrupt ? 0 : v;
}

INLINE void c_strn(struct codec *c, const char **s, size_t *len)
{
	uint32_t n = (uint32_t)*len;

	c_u32(c, &n);
	if (c->out) {
		cw_buf_add(c->out, *s, n);
		cw_buf_addc(c->out, '\0');
		return;
	}
	*s = "";
	*len = 0;
	if (c->corrupt || (size_t)(c->end - c->at) <= n || c->at[n] != '\0') {
		c->corrupt = true;
		return;
	}
	*s = c->at;
	*len = n;
	c->at += n + 1;
}

INLINE void c_str(struct codec *c, const char **s)
{
	size_t len = c->out ? strlen(*s) : 0;

	c_strn(c, s, &len);
}

static const max_align_t none; /* what an empty list points to */

/* The length of a list; when reading, *items becomes an array from the pool. Returns the number of items to go through. */
INLINE size_t c_list(struct codec *c, const void **items, size_t *len, size_t item_size)
{
	*len = c_small(c, (uint32_t)*len, CW_RULE_LIST_MAX);
	if (c->out)
		return *len;
	*items = *len == 0 ? &none : cw_pool_array(c->pool, *len, item_size);
	if (!*items)
		*len = 0;
	return *len;
}

INLINE void c_texts(struct codec *c, const char *const **texts, size_t *len)
{
	const void *items = *texts;
	size_t n = c_list(c, &items, len, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		c_str(c, &((const char **)items)[i]);
	*texts = items;
}

INLINE void c_value(struct codec *c, struct cw_value_spec *v)
{
	/* four decimals of a number up to 8 */
	uint32_t entropy = (uint32_t)(v->entropy * 10000 + 0.5);

	c_u32(c, &entropy);
	if (!c->out)
		v->entropy = entropy / 10000.0;
	v->model = (enum cw_value_model)c_small(c, (uint32_t)v->model, CW_MODEL_PASSWORD);
	c_texts(c, &v->stopwords, &v->stopwords_len);
}

INLINE void c_proofs(struct codec *c, struct cw_rule *r)
{
	const void *items = r->proofs;
	size_t n = c_list(c, &items, &r->proofs_len, sizeof(struct cw_proof_spec));

	for (size_t i = 0; i < n; i++) {
		struct cw_proof_spec *p = (struct cw_proof_spec *)items + i, copy = *p;
		const void *params = copy.params;
		size_t m;

		copy.check = (enum cw_proof_check)c_small(c, copy.check, CW_CHECK_COUNT_ - 1);
		c_str(c, &copy.of);
		copy.reject = c_small(c, copy.reject, 1);
		m = c_list(c, &params, &copy.params_len, sizeof(struct cw_param));
		for (size_t k = 0; k < m; k++) {
			c_str(c, &((struct cw_param *)params)[k].key);
			c_str(c, &((struct cw_param *)params)[k].value);
		}
		copy.params = params;
		if (!c->out)
			*p = copy;
	}
	r->proofs = items;
}

INLINE void c_parts(struct codec *c, struct cw_rule *r)
{
	const void *items = r->parts;
	size_t n = c_list(c, &items, &r->parts_len, sizeof(struct cw_part));

	for (size_t i = 0; i < n; i++) {
		struct cw_part *p = (struct cw_part *)items + i, copy = *p;

		c_str(c, &copy.name);
		c_str(c, &copy.rule);
		c_u32(c, &copy.lines);
		copy.rule_index = c_small(c, copy.rule_index, CW_RULES_MAX);
		copy.required = c_small(c, copy.required, 1);
		if (!c->out)
			*p = copy;
	}
	r->parts = items;
}

INLINE void c_labels(struct codec *c, struct cw_rule *r)
{
	const void *items = r->labels;
	size_t n = c_list(c, &items, &r->labels_len, sizeof(struct cw_label_spec));

	for (size_t i = 0; i < n; i++) {
		struct cw_label_spec copy = ((const struct cw_label_spec *)items)[i];

		c_str(c, &copy.text);
		c_str(c, &copy.label);
		if (!c->out)
			((struct cw_label_spec *)items)[i] = copy;
	}
	r->labels = items;
}

INLINE void c_examples(struct codec *c, const struct cw_example **examples, size_t *len)
{
	const void *items = *examples;
	size_t n = c_list(c, &items, len, sizeof(struct cw_example));

	for (size_t i = 0; i < n; i++) {
		struct cw_example copy = ((const struct cw_example *)items)[i];

		c_strn(c, &copy.text, &copy.len);
		c_str(c, &copy.path);
		if (!c->out)
			((struct cw_example *)items)[i] = copy;
	}
	*examples = items;
}

INLINE void c_rule(struct codec *c, struct cw_rule *r)
{
	c_str(c, &r->provider);
	c_str(c, &r->id);
	c_str(c, &r->title);
	c_str(c, &r->anchor);
	c_str(c, &r->pattern);
	c_str(c, &r->description);
	c_str(c, &r->remediation);
	c_str(c, &r->prefix);
	r->cls = (enum cw_rule_class)c_small(c, r->cls, CW_CLASS_SPECIFIC);
	r->severity = (enum cw_severity)c_small(c, r->severity, CW_SEVERITY_CRITICAL);
	r->dense = c_small(c, r->dense, 1);
	c_u32(c, &r->cwe);
	r->before = c_small(c, r->before, CW_REACH_MAX);
	r->after = c_small(c, r->after, CW_REACH_MAX);
	r->width = c_small(c, r->width, CW_ANCHOR_MAX);
	c_value(c, &r->value);
	c_proofs(c, r);
	c_parts(c, r);
	c_labels(c, r);
	c_texts(c, &r->paths_only, &r->paths_only_len);
	c_texts(c, &r->paths_lower, &r->paths_lower_len);
	c_texts(c, &r->references, &r->references_len);
	c_examples(c, &r->examples, &r->examples_len);
	c_examples(c, &r->counterexamples, &r->counterexamples_len);
}

int cw_codec_write(const struct cw_rule *rules, size_t count, struct cw_buf *out, struct cw_err *err)
{
	struct codec c = {.out = out};
	uint32_t n = (uint32_t)count;

	c_u32(&c, &n);
	for (size_t i = 0; i < count; i++) {
		struct cw_rule copy = rules[i];

		c_rule(&c, &copy);
	}
	return cw_buf_fail(out, "rules", err);
}

/* Indexes of parts must point into the set. */
static bool parts_valid(const struct cw_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < rules[i].parts_len; k++) {
			if (rules[i].parts[k].rule_index >= count)
				return false;
		}
	}
	return true;
}

int cw_codec_read(const char *data, size_t len, struct cw_pool *pool, struct cw_rule **ret, size_t *ret_count,
		  struct cw_err *err)
{
	struct codec c = {.at = data, .end = data + len, .pool = pool};
	struct cw_rule *rules;
	size_t count = c_small(&c, 0, CW_RULES_MAX);

	rules = cw_pool_array(pool, count + 1, sizeof(*rules));
	for (size_t i = 0; rules && i < count && !c.corrupt && !pool->fail; i++) {
		c_rule(&c, &rules[i]);
		rules[i].index = (uint32_t)i;
	}
	if (!rules || pool->fail)
		return cw_err_nomem(err);
	if (c.corrupt || c.at != c.end || !parts_valid(rules, count))
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rules are damaged");
	*ret = rules;
	*ret_count = count;
	return 0;
}

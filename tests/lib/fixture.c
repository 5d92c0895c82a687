/* tests/lib/fixture.c - see fixture.h. */
#include "fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Append TEXT in single quotes, on one line. */
static void quoted(struct cw_buf *out, const char *key, const char *text)
{
	cw_buf_addf(out, "    %s: '", key);
	for (; *text; text++) {
		cw_buf_addc(out, *text);
		if (*text == '\'')
			cw_buf_addc(out, '\'');
	}
	cw_buf_adds(out, "'\n");
}

static void examples(struct cw_buf *out, const char *key, const char *text)
{
	cw_buf_addf(out, "    %s:\n", key);
	for (int i = 0; i < 2; i++) {
		cw_buf_adds(out, "      - \"");
		for (const char *s = text; *s; s++)
			cw_buf_addf(out, "\\x%02x", (unsigned char)*s);
		cw_buf_adds(out, "\"\n");
	}
}

void fx_yaml(const struct fx_rule *rules, size_t n, struct cw_buf *out)
{
	cw_buf_adds(out, "provider: t\nrules:\n");
	for (size_t i = 0; i < n; i++) {
		const struct fx_rule *r = &rules[i];

		cw_buf_addf(out, "  - id: %s\n    title: T\n    class: %s\n    severity: high\n", r->id,
			    strncmp(r->id, "generic.", 8) == 0 ? "generic" : "specific");
		quoted(out, "anchor", r->anchor);
		quoted(out, "pattern", r->pattern);
		cw_buf_addf(out, "    reach: {before: %d, after: %d}\n", r->before ? r->before : 300,
			    r->before ? r->after : 64);
		cw_buf_adds(out, "    description: D\n    remediation: R\n");
		cw_buf_adds(out, r->more ? r->more : "");
		examples(out, "examples", r->example);
		examples(out, "counterexamples", "nothing");
	}
}

static void must(int rc, const struct cw_err *err)
{
	if (rc < 0) {
		fprintf(stderr, "fixture: %s\n", cw_err_msg(err));
		abort();
	}
}

struct cw_rulebook *fx_book(const struct fx_rule *rules, size_t n)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct cw_rulebook *book;

	fx_yaml(rules, n, &text);
	must(cw_buf_fail(&text, "text", &err), &err);
	must(cw_rulebook_new(&book, &err), &err);
	must(cw_rulebook_add(book, "-", text.data, text.len, &err), &err);
	must(cw_rulebook_finish(book, &err), &err);
	return book;
}

struct cw_set *fx_set(const struct fx_rule *rules, size_t n)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = fx_book(rules, n);
	struct cw_err err = CW_ERR_INIT;
	struct cw_set *set;

	must(cw_set_compile(book, &set, &err), &err);
	return set;
}

uint64_t fx_next(struct fx_rng *r)
{
	uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

size_t fx_below(struct fx_rng *r, size_t n)
{
	return (size_t)(fx_next(r) % n);
}

uint64_t fx_seed(const char *what)
{
	const char *given = getenv("CW_TEST_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
	fprintf(stderr, "%s: CW_TEST_SEED=0x%" PRIx64 "\n", what, seed);
	return seed;
}

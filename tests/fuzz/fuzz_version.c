/* Fuzz target: versions of a text. The input is the length of the first text in two bytes, the text, and instructions for the versions
 * behind it: a byte below 0x40 inserts so many bytes plus one, which follow; 0xff ends a version, the next one is made of it; any other is
 * a copy, its place and length in two bytes each, cut to what is there. Each version scanned by what changed gives what a scan of the
 * whole gives. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "match/facts.h"

#define INSERT_MAX 0x40
#define NEXT_VERSION 0xff
#define VERSION_MAX ((size_t)64 << 10) /* bytes */
#define COPIES_MAX 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fx_rule rules[] = {
	{"t.word", "\\bkey_[0-9]\\b", "\\b(?<secret>key_[0-9]+)$", "key_1", 12, 6, NULL},
	{"t.line", "^abc[0-9]$", "^(?<secret>abc[0-9])$", "abc1", 9, 2, NULL},
	{"t.inside", "\\Bxyz[0-9]\\B", "(?<!-)(?<secret>xyz[0-9]+)(?!-)", "axyz12", 9, 2, NULL},
	{"t.behind", "near", "near.{0,40}?(?<secret>[A-Za-z0-9]{12,16})", "near a1b2c3d4e5f6", 9, 60, "    dense: true\n"},
	{"t.front", "frontof", "(?<secret>[A-Za-z0-9]{12,16})[^A-Za-z0-9]{1,24}frontof", "a1b2c3d4e5f6 frontof", 60, 2, "    dense: true\n"},
	{"generic.t", "key_", "(?<![^\n=])(?<secret>key_[0-9a-z]+)(?![^\n;])", "key_1a", 9, 30, NULL},
};

static struct cw_matcher *matcher, *oracle;
static struct cw_result got, want;

struct text {
	struct cw_buf bytes;
	struct cw_facts facts;
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void start(void)
{
	struct cw_set *set = fx_set(rules, sizeof(rules) / sizeof(rules[0]));

	require(!cw_matcher_new(set, &matcher, NULL) && !cw_matcher_new(set, &oracle, NULL));
	cw_result_init(&got);
	cw_result_init(&want);
	cw_set_unref(set);
}

static bool same_hit(const struct cw_hit *g, const struct cw_hit *w)
{
	return g->rule == w->rule && g->start == w->start && g->end == w->end && g->at == w->at && g->at_end == w->at_end &&
	       g->proof == w->proof && g->cut == w->cut && g->label == w->label && g->decoded == w->decoded &&
	       g->also_len == w->also_len && g->secret_len == w->secret_len && g->canon_len == w->canon_len &&
	       !memcmp(got.secrets.data + g->secret_off, want.secrets.data + w->secret_off, g->secret_len);
}

/* Scan T, which is made of BASE by COPIES, both ways. */
static void check(struct text *t, const struct cw_facts *base, const struct cw_vec *copies)
{
	const struct cw_buf *b = &t->bytes;

	cw_facts_release(&t->facts);
	require(!cw_match_version(matcher, b->data, b->len, base, copies->items, copies->len, &got, &t->facts, NULL));
	require(!cw_match_blob(oracle, b->data, b->len, &want, NULL));
	require(got.hits.len == want.hits.len && got.more.len == want.more.len && got.unscannable.len == want.unscannable.len);
	for (size_t i = 0; i < got.hits.len; i++)
		require(same_hit(&CW_VEC_AT(&got.hits, struct cw_hit, i), &CW_VEC_AT(&want.hits, struct cw_hit, i)));
}

/* Append bytes [FROM, FROM + LEN) of BASE, as far as they are there, to OUT. Copies that continue each other are one. */
static void copy(const struct cw_buf *base, size_t from, size_t len, struct cw_buf *out, struct cw_vec *copies)
{
	struct cw_copied *last = copies->len ? &CW_VEC_AT(copies, struct cw_copied, copies->len - 1) : NULL;
	struct cw_copied *c;

	from = from < base->len ? from : base->len;
	len = len < base->len - from ? len : base->len - from;
	if (!len)
		return;
	if (last && last->at + last->len == out->len && last->from + last->len == from) {
		last->len += len;
	} else {
		c = cw_vec_push(copies);
		if (!c)
			return;
		*c = (struct cw_copied){ .at = out->len, .from = from, .len = len };
	}
	cw_buf_add(out, base->data + from, len);
}

/* Make one version of BASE; returns how many bytes of instructions it took. */
static size_t make(const uint8_t *data, size_t len, const struct cw_buf *base, struct cw_buf *out, struct cw_vec *copies)
{
	size_t at = 0;

	cw_buf_clear(out);
	cw_vec_clear(copies);
	while (at < len && data[at] != NEXT_VERSION && out->len < VERSION_MAX) {
		size_t n = (size_t)data[at] + 1;

		if (data[at++] < INSERT_MAX) {
			n = n < len - at ? n : len - at;
			cw_buf_add(out, data + at, n);
			at += n;
		} else if (len - at >= 4) {
			copy(base, (size_t)data[at] << 8 | data[at + 1], (size_t)data[at + 2] << 8 | data[at + 3], out, copies);
			at += 4;
		} else {
			at = len;
		}
	}
	return at < len ? at + 1 : len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec copies = CW_VEC_INIT(struct cw_copied, COPIES_MAX);
	struct text texts[2] = { { .bytes = CW_BUF_INIT }, { .bytes = CW_BUF_INIT } };
	size_t first = len < 2 ? 0 : (size_t)data[0] << 8 | data[1];
	int now = 0;

	if (!matcher)
		start();
	if (len < 2 || first > len - 2)
		return 0;
	cw_buf_add(&texts[0].bytes, data + 2, first);
	check(&texts[0], NULL, &copies);
	for (size_t at = 2 + first; at < len; now = !now) {
		at += make(data + at, len - at, &texts[now].bytes, &texts[!now].bytes, &copies);
		check(&texts[!now], &texts[now].facts, &copies);
	}
	for (int i = 0; i < 2; i++) {
		cw_facts_release(&texts[i].facts);
		cw_buf_release(&texts[i].bytes);
	}
	return 0;
}

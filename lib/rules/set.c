/* rules/set.c - see set.h.
 *
 * Image layout: magic, format version, engine version, Hyperscan version (text), SHA-256 of the normalised rules, lengths, SHA-256 of what
 * follows; then the rules (codec.h) and the serialised databases. All numbers little-endian. The checksum guards against
 * damage, not against an attacker: who may write a cache file is checked where files are opened. */
#include "rules/set.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "rules/book.h"
#include "rules/codec.h"
#include "rules/hsdb.h"
#include "rules/image.h"

#define IMAGE_FORMAT 2
#define IMAGE_MAX ((size_t)1 << 30)

struct image_header {
	char magic[8];
	uint32_t format, engine;
	char hs_version[48];
	uint8_t digest[CW_SHA256_LEN];
	uint64_t rules_len, db_len[2]; /* a length of 0: no such database */
	uint8_t sum[CW_SHA256_LEN]; /* of everything behind the header */
};

static const char magic[8] = "CWSET\r\n";

struct cw_set {
	atomic_uint refs;
	struct cw_pool pool;
	char *bytes; /* owned copy of the rules' bytes; NULL when they are static */
	struct cw_rule *rules;
	size_t len;
	struct hs_database *db[2]; /* of rules that are not dense, and of those that are */
	uint8_t digest[CW_SHA256_LEN];
	_Atomic(struct cw_pattern *) *patterns; /* len of rules, then of all proofs */
	uint32_t *proof_at;			/* index of a rule's first proof in patterns */
	size_t patterns_len;
};

void cw_set_unref(struct cw_set *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	for (size_t i = 0; s->patterns && i < s->patterns_len; i++)
		cw_pattern_free(atomic_load(&s->patterns[i]));
	free(s->patterns);
	free(s->proof_at);
	cw_hsdb_free(s->db[0]);
	cw_hsdb_free(s->db[1]);
	cw_pool_release(&s->pool);
	free(s->bytes);
	free(s);
}

struct cw_set *cw_set_ref(const struct cw_set *s)
{
	struct cw_set *set = (struct cw_set *)s;

	atomic_fetch_add(&set->refs, 1);
	return set;
}

static struct cw_set *set_new(void)
{
	struct cw_set *s = calloc(1, sizeof(*s));

	if (s)
		atomic_init(&s->refs, 1);
	return s;
}

static int make_patterns(struct cw_set *s, struct cw_err *err)
{
	size_t n = s->len;

	s->proof_at = calloc(s->len + 1, sizeof(*s->proof_at));
	if (!s->proof_at)
		return cw_err_nomem(err);
	for (size_t i = 0; i < s->len; i++) {
		s->proof_at[i] = (uint32_t)n;
		n += s->rules[i].proofs_len;
	}
	s->patterns = calloc(n + 1, sizeof(*s->patterns));
	if (!s->patterns)
		return cw_err_nomem(err);
	s->patterns_len = n;
	return 0;
}

/* Rules from BYTES, which stay where they are for the life of the set. */
static int set_rules(struct cw_set *s, const char *bytes, size_t len, struct cw_err *err)
{
	int rc = cw_codec_read(bytes, len, &s->pool, &s->rules, &s->len, err);

	return rc < 0 ? rc : make_patterns(s, err);
}

/* The database of the dense rules, or of all others. */
static int compile_db(struct cw_set *s, bool dense, struct cw_err *err)
{
	const char **anchors = calloc(s->len + 1, sizeof(*anchors));
	unsigned *ids = calloc(s->len + 1, sizeof(*ids));
	size_t n = 0, bad = 0;
	int rc = 0;

	for (size_t i = 0; anchors && ids && i < s->len; i++) {
		if (s->rules[i].dense != dense)
			continue;
		anchors[n] = s->rules[i].anchor;
		ids[n++] = (unsigned)i;
	}
	if (!anchors || !ids)
		rc = cw_err_nomem(err);
	else if (n > 0)
		rc = cw_hsdb_compile(anchors, ids, n, &s->db[dense], &bad, err);
	if (rc == CW_E_RULE && bad < n)
		cw_err_wrap(err, rc, "rule %s", s->rules[ids[bad]].id);
	free(anchors);
	free(ids);
	return rc;
}

int cw_set_compile(const struct cw_rulebook *book, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *s = set_new();
	CW_CLEANUP(cw_buf_release) struct cw_buf bytes = CW_BUF_INIT_MAX(IMAGE_MAX);
	size_t len;
	int rc;

	if (!s)
		return cw_err_nomem(err);
	if (!book->finished)
		return cw_err_set(err, CW_E_INTERNAL, "the rules were not finished");
	rc = cw_codec_write(book->rules.items, book->rules.len, &bytes, err);
	if (rc < 0)
		return rc;
	len = bytes.len;
	rc = cw_sha256(bytes.data, len, s->digest, err);
	if (rc < 0)
		return rc;
	s->bytes = cw_buf_detach(&bytes);
	if (!s->bytes)
		return cw_err_nomem(err);
	rc = set_rules(s, s->bytes, len, err);
	if (rc == 0)
		rc = compile_db(s, false, err);
	if (rc == 0)
		rc = compile_db(s, true, err);
	if (rc == 0)
		*ret = cw_steal(&s);
	return rc;
}

static int sum_of(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	struct cw_sha256_ctx *c = NULL;
	int rc = cw_sha256_new(&c, err);

	if (rc == 0)
		rc = cw_sha256_add(c, a, a_len, err);
	if (rc == 0)
		rc = cw_sha256_add(c, b, b_len, err);
	if (rc == 0)
		rc = cw_sha256_end(c, out, err);
	cw_sha256_free(c);
	return rc;
}

static void header_init(struct image_header *h)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, magic, sizeof(magic));
	h->format = IMAGE_FORMAT;
	h->engine = CW_ENGINE_VERSION;
	for (size_t i = 0; i + 1 < sizeof(h->hs_version) && cw_hsdb_version()[i]; i++)
		h->hs_version[i] = cw_hsdb_version()[i];
}

int cw_set_image(const struct cw_set *s, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf rules = CW_BUF_INIT_MAX(IMAGE_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf db = CW_BUF_INIT_MAX(IMAGE_MAX);
	struct image_header h;
	int rc = cw_codec_write(s->rules, s->len, &rules, err);

	header_init(&h);
	for (int i = 0; rc == 0 && i < 2; i++) {
		size_t had = db.len;

		if (s->db[i])
			rc = cw_hsdb_save(s->db[i], &db, err);
		h.db_len[i] = db.len - had;
	}
	if (rc < 0)
		return rc;
	memcpy(h.digest, s->digest, sizeof(h.digest));
	h.rules_len = rules.len;
	rc = sum_of(rules.data, rules.len, db.data, db.len, h.sum, err);
	if (rc < 0)
		return rc;
	cw_buf_add(out, &h, sizeof(h));
	cw_buf_add(out, rules.data, rules.len);
	cw_buf_add(out, db.data, db.len);
	return cw_buf_fail(out, "a compiled rule set", err);
}

static int check_header(const struct image_header *h, size_t len, struct cw_err *err)
{
	struct image_header ours;

	header_init(&ours);
	if (memcmp(h->magic, ours.magic, sizeof(h->magic)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "not a compiled rule set");
	if (h->format != ours.format || h->engine != ours.engine ||
	    memcmp(h->hs_version, ours.hs_version, sizeof(h->hs_version)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set was made by another version");
	if (h->rules_len > IMAGE_MAX || h->db_len[0] > IMAGE_MAX || h->db_len[1] > IMAGE_MAX ||
	    sizeof(*h) + h->rules_len + h->db_len[0] + h->db_len[1] != len)
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set has a wrong length");
	return 0;
}

/* What follows the header is what was written, and the digest in the header is that of the rules. */
static int check_sums(const struct image_header *h, const char *bytes, struct cw_err *err)
{
	uint8_t sum[CW_SHA256_LEN], digest[CW_SHA256_LEN];
	int rc = cw_sha256(bytes, h->rules_len + h->db_len[0] + h->db_len[1], sum, err);

	if (rc == 0)
		rc = cw_sha256(bytes, h->rules_len, digest, err);
	if (rc < 0)
		return rc;
	if (memcmp(sum, h->sum, sizeof(sum)) != 0 || memcmp(digest, h->digest, sizeof(digest)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set is damaged");
	return 0;
}

/* BYTES (header, rules, database) must outlive the set. */
static int set_load(const char *bytes, size_t len, bool check_sum, struct cw_set *s, struct cw_err *err)
{
	struct image_header h;
	int rc;

	if (len < sizeof(h))
		return cw_err_set(err, CW_E_CORRUPT, "not a compiled rule set");
	memcpy(&h, bytes, sizeof(h));
	rc = check_header(&h, len, err);
	if (rc < 0)
		return rc;
	rc = check_sum ? check_sums(&h, bytes + sizeof(h), err) : 0;
	if (rc < 0)
		return rc;
	memcpy(s->digest, h.digest, sizeof(s->digest));
	rc = set_rules(s, bytes + sizeof(h), h.rules_len, err);
	bytes += sizeof(h) + h.rules_len;
	for (int i = 0; rc == 0 && i < 2; bytes += h.db_len[i++]) {
		if (h.db_len[i] > 0)
			rc = cw_hsdb_load(bytes, h.db_len[i], &s->db[i], err);
	}
	return rc;
}

int cw_set_from_image(const void *image, size_t len, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *s = set_new();
	int rc;

	if (!s)
		return cw_err_nomem(err);
	if (len > IMAGE_MAX)
		return cw_err_set(err, CW_E_LIMIT, "the compiled rule set is too large");
	s->bytes = malloc(len + 1);
	if (!s->bytes)
		return cw_err_nomem(err);
	memcpy(s->bytes, image, len);
	rc = set_load(s->bytes, len, true, s, err);
	if (rc == 0)
		*ret = cw_steal(&s);
	return rc;
}

int cw_set_default(struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *s = set_new();
	int rc;

	if (!s)
		return cw_err_nomem(err);
	/* Part of the program: as trustworthy as the code that would check it, so the sum is left out of every start. */
	rc = set_load((const char *)cw_default_image, cw_default_image_len, false, s, err);
	if (rc < 0)
		return cw_err_wrap(err, rc, "default rules");
	*ret = cw_steal(&s);
	return 0;
}

size_t cw_set_len(const struct cw_set *s)
{
	return s->len;
}

const struct cw_rule *cw_set_rule(const struct cw_set *s, size_t i)
{
	return &s->rules[i];
}

static int by_id(const void *key, const void *rule)
{
	return strcmp(key, ((const struct cw_rule *)rule)->id);
}

const struct cw_rule *cw_set_find(const struct cw_set *s, const char *id)
{
	return s->len == 0 ? NULL : bsearch(id, s->rules, s->len, sizeof(*s->rules), by_id);
}

bool cw_set_vendor(const struct cw_set *s, const char *value, size_t len)
{
	for (size_t i = 0; i < s->len; i++) {
		size_t n = strlen(s->rules[i].prefix);

		if (n >= CW_VENDOR_PREFIX && n <= len && strncasecmp(s->rules[i].prefix, value, n) == 0)
			return true;
	}
	return false;
}

const uint8_t *cw_set_digest(const struct cw_set *s)
{
	return s->digest;
}

const struct hs_database *cw_set_db(const struct cw_set *s, bool dense)
{
	return s->db[dense];
}

int cw_set_pattern(const struct cw_set *s, size_t i, int p, const struct cw_pattern **ret, struct cw_err *err)
{
	const struct cw_rule *rule = &s->rules[i];
	size_t slot = p < 0 ? i : s->proof_at[i] + (size_t)p;
	struct cw_pattern *have = atomic_load_explicit(&s->patterns[slot], memory_order_acquire), *made = NULL;
	const char *text = p < 0 ? rule->pattern : cw_proof_param(&rule->proofs[p], "matches");
	int rc;

	if (!have) {
		if (!text)
			return cw_err_set(err, CW_E_INTERNAL, "rule %s: proof has no expression", rule->id);
		rc = cw_pattern_compile(text, &made, err);
		if (rc < 0)
			return cw_err_wrap(err, rc, "rule %s", rule->id);
		/* Two threads may compile the same one: the first to store it wins. */
		if (atomic_compare_exchange_strong(&s->patterns[slot], &have, made))
			have = made;
		else
			cw_pattern_free(made);
	}
	*ret = have;
	return 0;
}

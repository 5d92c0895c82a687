/* rules/set.c - see set.h.
 *
 * Image layout: magic, format version, engine version, Hyperscan version (text), SHA-256 of the normalised rules, lengths, SHA-256 of what
 * follows; then the rules (codec.h), the texts of the known-answer test and the databases, serialised. All numbers little-endian. The
 * checksum guards against damage, not against an attacker: who may write a cache file is checked where files are opened.
 *
 * The image that is embedded has its databases as they lie in memory, so that a start does not copy them. Hyperscan says nothing of
 * moving a database; it checks its checksum wherever it stands, and that it works there is tried by the known-answer test. */
#include "rules/set.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "rules/answer.h"
#include "rules/book.h"
#include "rules/codec.h"
#include "rules/hsdb.h"
#include "rules/image.h"

#define IMAGE_FORMAT 3
#define IMAGE_MAX ((size_t)1 << 30)

struct image_header {
	char magic[8];
	uint32_t format, engine;
	char hs_version[48];
	uint8_t digest[CW_SHA256_LEN];
	uint64_t rules_len, db_len[2]; /* a length of 0: no such database */
	uint64_t answers_len[2], raw;  /* raw: databases as they lie in memory, at multiples of CW_IMAGE_ALIGN */
	uint8_t sum[CW_SHA256_LEN]; /* of everything behind the header */
};

static const char magic[8] = "CWSET\r\n";

struct cw_set {
	atomic_uint refs;
	struct cw_pool pool;
	char *bytes; /* owned copy of the rules' bytes; NULL when they are static */
	struct cw_rule *rules;
	size_t len;
	const struct hs_database *db[2]; /* of rules that are not dense, and of those that are */
	struct hs_database *own_db[2];	 /* those of them that are not part of the program */
	struct cw_bytes answers[2];	 /* in `bytes` or `made` */
	struct cw_buf made;
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
	cw_hsdb_free(s->own_db[0]);
	cw_hsdb_free(s->own_db[1]);
	cw_buf_release(&s->made);
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

	if (s) {
		atomic_init(&s->refs, 1);
		s->made = (struct cw_buf)CW_BUF_INIT_MAX(IMAGE_MAX);
	}
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
		rc = cw_hsdb_compile(anchors, ids, n, &s->own_db[dense], &bad, err);
	if (rc == CW_E_RULE && bad < n)
		cw_err_wrap(err, rc, "rule %s", s->rules[ids[bad]].id);
	s->db[dense] = s->own_db[dense];
	free(anchors);
	free(ids);
	return rc;
}

static int make_answers(struct cw_set *s, struct cw_err *err)
{
	size_t len[2] = {0, 0};
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		size_t had = s->made.len;

		if (s->db[i])
			rc = cw_answers_make(s->db[i], s->rules, s->len, i, &s->made, err);
		len[i] = s->made.len - had;
	}
	if (rc < 0)
		return rc;
	s->answers[0] = (struct cw_bytes){s->made.data, len[0]};
	s->answers[1] = (struct cw_bytes){s->made.data + len[0], len[1]};
	return 0;
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
		rc = make_answers(s, err);
	if (rc == 0)
		*ret = cw_steal(&s);
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

/* OUT is the image from its start. */
static void pad(struct cw_buf *out)
{
	static const char zeros[CW_IMAGE_ALIGN];

	cw_buf_add(out, zeros, (CW_IMAGE_ALIGN - out->len % CW_IMAGE_ALIGN) % CW_IMAGE_ALIGN);
}

/* What follows the header, of which there is room in OUT. */
static int write_body(const struct cw_set *s, struct image_header *h, struct cw_buf *out, struct cw_err *err)
{
	int rc = cw_codec_write(s->rules, s->len, out, err);

	h->rules_len = out->len - sizeof(*h);
	for (int i = 0; i < 2; i++) {
		cw_buf_add(out, s->answers[i].data, s->answers[i].len);
		h->answers_len[i] = s->answers[i].len;
	}
	for (int i = 0; rc == 0 && i < 2; i++) {
		size_t had;

		if (h->raw)
			pad(out);
		had = out->len;
		if (s->db[i])
			rc = h->raw ? cw_hsdb_save_raw(s->db[i], out, err) : cw_hsdb_save(s->db[i], out, err);
		h->db_len[i] = out->len - had;
	}
	return rc < 0 ? rc : cw_buf_fail(out, "a compiled rule set", err);
}

static int write_image(const struct cw_set *s, bool raw, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT_MAX(IMAGE_MAX);
	struct image_header h;
	int rc;

	header_init(&h);
	h.raw = raw;
	memcpy(h.digest, s->digest, sizeof(h.digest));
	cw_buf_add(&image, &h, sizeof(h));
	rc = write_body(s, &h, &image, err);
	if (rc == 0)
		rc = cw_sha256(image.data + sizeof(h), image.len - sizeof(h), h.sum, err);
	if (rc < 0)
		return rc;
	memcpy(image.data, &h, sizeof(h));
	cw_buf_add(out, image.data, image.len);
	return cw_buf_fail(out, "a compiled rule set", err);
}

int cw_set_image(const struct cw_set *s, struct cw_buf *out, struct cw_err *err)
{
	return write_image(s, false, out, err);
}

int cw_set_image_shared(const struct cw_set *s, struct cw_buf *out, struct cw_err *err)
{
	return write_image(s, true, out, err);
}

/* Where the parts of an image are, by its header. */
struct places {
	uint64_t answers[2], db[2], end;
};

static uint64_t aligned(uint64_t at, bool raw)
{
	return raw ? (at + CW_IMAGE_ALIGN - 1) / CW_IMAGE_ALIGN * CW_IMAGE_ALIGN : at;
}

/* All lengths are at most IMAGE_MAX. */
static struct places places_of(const struct image_header *h)
{
	struct places p;

	p.answers[0] = sizeof(*h) + h->rules_len;
	p.answers[1] = p.answers[0] + h->answers_len[0];
	p.db[0] = aligned(p.answers[1] + h->answers_len[1], h->raw);
	p.db[1] = aligned(p.db[0] + h->db_len[0], h->raw);
	p.end = p.db[1] + h->db_len[1];
	return p;
}

static bool lengths_fit(const struct image_header *h, size_t len)
{
	return h->rules_len <= IMAGE_MAX && h->db_len[0] <= IMAGE_MAX && h->db_len[1] <= IMAGE_MAX &&
	       h->answers_len[0] <= IMAGE_MAX && h->answers_len[1] <= IMAGE_MAX && places_of(h).end == len;
}

static int check_header(const struct image_header *h, bool raw, size_t len, struct cw_err *err)
{
	struct image_header ours;

	header_init(&ours);
	if (memcmp(h->magic, ours.magic, sizeof(h->magic)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "not a compiled rule set");
	if (h->format != ours.format || h->engine != ours.engine ||
	    memcmp(h->hs_version, ours.hs_version, sizeof(h->hs_version)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set was made by another version");
	if (h->raw != raw || !lengths_fit(h, len))
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set has a wrong length");
	return 0;
}

/* What follows the header is what was written, and the digest in the header is that of the rules. */
static int check_sums(const struct image_header *h, const char *bytes, struct cw_err *err)
{
	uint8_t sum[CW_SHA256_LEN], digest[CW_SHA256_LEN];
	int rc = cw_sha256(bytes, places_of(h).end - sizeof(*h), sum, err);

	if (rc == 0)
		rc = cw_sha256(bytes, h->rules_len, digest, err);
	if (rc < 0)
		return rc;
	if (memcmp(sum, h->sum, sizeof(sum)) != 0 || memcmp(digest, h->digest, sizeof(digest)) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "the compiled rule set is damaged");
	return 0;
}

static int set_dbs(struct cw_set *s, const char *bytes, const struct image_header *h, struct cw_err *err)
{
	struct places at = places_of(h);
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		s->answers[i] = (struct cw_bytes){bytes + at.answers[i], h->answers_len[i]};
		if (h->db_len[i] == 0)
			continue;
		if (h->raw) {
			rc = cw_hsdb_at(bytes + at.db[i], h->db_len[i], &s->db[i], err);
		} else {
			rc = cw_hsdb_load(bytes + at.db[i], h->db_len[i], &s->own_db[i], err);
			s->db[i] = s->own_db[i];
		}
	}
	return rc;
}

/* BYTES (the whole image) must outlive the set. One that is EMBEDDED is part of the program, and as trustworthy as the code that would
 * check it: its sum is left out of every start. */
static int set_load(const char *bytes, size_t len, bool embedded, struct cw_set *s, struct cw_err *err)
{
	struct image_header h;
	int rc;

	if (len < sizeof(h))
		return cw_err_set(err, CW_E_CORRUPT, "not a compiled rule set");
	memcpy(&h, bytes, sizeof(h));
	rc = check_header(&h, embedded, len, err);
	if (rc == 0 && !embedded)
		rc = check_sums(&h, bytes + sizeof(h), err);
	if (rc < 0)
		return rc;
	memcpy(s->digest, h.digest, sizeof(s->digest));
	rc = set_rules(s, bytes + sizeof(h), h.rules_len, err);
	return rc < 0 ? rc : set_dbs(s, bytes, &h, err);
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
	rc = set_load(s->bytes, len, false, s, err);
	if (rc == 0)
		*ret = cw_steal(&s);
	return rc;
}

int cw_set_at(const void *image, size_t len, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *s = set_new();
	int rc;

	if (!s)
		return cw_err_nomem(err);
	rc = set_load(image, len, true, s, err);
	if (rc == 0)
		*ret = cw_steal(&s);
	return rc;
}

int cw_set_default(struct cw_set **ret, struct cw_err *err)
{
	int rc = cw_set_at(cw_default_image, cw_default_image_len, ret, err);

	return rc < 0 ? cw_err_wrap(err, rc, "default rules") : 0;
}

void cw_set_default_digest(char out[CW_SET_DIGEST_HEX_SIZE])
{
	CW_CLEANUP(cw_buf_release) struct cw_buf hex = CW_BUF_INIT;
	struct image_header h;

	out[0] = '\0';
	if (cw_default_image_len < sizeof(h))
		return;
	memcpy(&h, cw_default_image, sizeof(h));
	cw_hex_encode(h.digest, sizeof(h.digest), &hex);
	if (cw_buf_fail(&hex, NULL, NULL) == 0)
		memcpy(out, hex.data, hex.len + 1);
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

struct cw_bytes cw_set_answers(const struct cw_set *s, bool dense)
{
	return s->answers[dense];
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

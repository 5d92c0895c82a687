/* rules/set.h - a compiled rule set: validated rules plus their Hyperscan databases, refcounted and immutable.
 *
 * One flat file (the *image*) holds both: magic, version, key (digest of the rules, engine, Hyperscan version, CPU class),
 * SHA-256, strings and tables, the texts of the known-answer test, the databases. The default rules' image is embedded in the library; images of
 * other rules are cached (rules/cache.h). Threads: a set is immutable; ref and unref are atomic; patterns are compiled at
 * their first use, under atomics. */
#ifndef CW_RULES_SET_H
#define CW_RULES_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/err.h"
#include "rules/pattern.h"
#include "rules/rule.h"

/* Changes whenever verdicts may change for the same rules: part of every cache key. */
#define CW_ENGINE_VERSION 1

struct cw_set;
struct cw_rulebook; /* rules/load.h */
struct hs_database;

/* Compile the rules of BOOK (borrowed) into *ret. CW_E_RULE names the rule that does not compile. */
int cw_set_compile(const struct cw_rulebook *book, struct cw_set **ret, struct cw_err *err);
/* The embedded default rules. */
int cw_set_default(struct cw_set **ret, struct cw_err *err);
/* The digest of the default rules in hex, without loading them; "" when the program has none. */
#define CW_SET_DIGEST_HEX_SIZE (2 * CW_SHA256_LEN + 1)
void cw_set_default_digest(char out[CW_SET_DIGEST_HEX_SIZE]);
/* Write SET as an image to OUT; read one (copied, IMAGE may go away). CW_E_CORRUPT: not an image, damaged, or made for another
 * engine, Hyperscan or processor. */
int cw_set_image(const struct cw_set *set, struct cw_buf *out, struct cw_err *err);
int cw_set_from_image(const void *image, size_t len, struct cw_set **ret, struct cw_err *err);
/* The same for processes that share one image: its databases are used where they lie, which must be a multiple of CW_SET_ALIGN bytes.
 * cw_set_at() borrows IMAGE for the life of the set, and does not look for damage: it must come from who is trusted. Hyperscan's version
 * is checked, so that a library that was replaced meanwhile is noticed. */
#define CW_SET_ALIGN 64
int cw_set_image_shared(const struct cw_set *set, struct cw_buf *out, struct cw_err *err);
int cw_set_at(const void *image, size_t len, struct cw_set **ret, struct cw_err *err);
struct cw_set *cw_set_ref(const struct cw_set *set);
void cw_set_unref(struct cw_set *set);
CW_DEFINE_CLEANUP(struct cw_set, cw_set_unref)

size_t cw_set_len(const struct cw_set *set);
/* Rule I (0-based, < len), borrowed. Rules are sorted by id. */
const struct cw_rule *cw_set_rule(const struct cw_set *set, size_t i);
/* The rule with this id, or NULL. */
const struct cw_rule *cw_set_find(const struct cw_set *set, const char *id);
/* Whether the LEN bytes at VALUE begin, in any case, with the public prefix of some specific rule (of at least CW_VENDOR_PREFIX bytes): then
 * that rule has the say, and no generic one. */
#define CW_VENDOR_PREFIX 3
bool cw_set_vendor(const struct cw_set *set, const char *value, size_t len);
/* SHA-256 of the normalised rules. */
const uint8_t *cw_set_digest(const struct cw_set *set);
/* The Hyperscan database of the set's dense rules, or of all others (borrowed; expression ids are rule indexes); NULL when there is
 * no such rule. */
const struct hs_database *cw_set_db(const struct cw_set *set, bool dense);
/* A text in which every anchor of that database must fire whose rule has an example (borrowed); empty when there is no database. */
struct cw_bytes cw_set_answers(const struct cw_set *set, bool dense);
/* The compiled pattern of rule I; or of the `matches` parameter of its proof P when P >= 0. Compiled at first use; borrowed. */
int cw_set_pattern(const struct cw_set *set, size_t i, int p, const struct cw_pattern **ret, struct cw_err *err);

#endif

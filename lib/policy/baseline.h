/* policy/baseline.h - known secrets, by fingerprint: a text file that two people can change and git can merge.
 *
 *   # credwatch baseline 1
 *   # key 3fa1
 *   <fingerprint> <rule> <number of places> <first path, escaped, or - >
 * Sorted by fingerprint, one line a secret; rule, number and path are for the reader only. Lines that begin with '#' are comments.
 * A fingerprint says under which key it was made: under another key it can be neither matched nor dropped.
 * Threads: immutable once read. */
#ifndef CW_POLICY_BASELINE_H
#define CW_POLICY_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "policy/findings.h"
#include "policy/key.h"

#define CW_BASELINE_FILE ".credwatch.baseline"	   /* what `baseline create` writes */
#define CW_BASELINE_FILE_MAX ((size_t)256 << 20)   /* bytes */
#define CW_BASELINE_ENTRIES_MAX ((size_t)2 << 20)

struct cw_baseline_entry {
	char fingerprint[CW_FINGERPRINT_SIZE];
	uint64_t places;
	char *rule, *path; /* owned; path as written in the file */
};

struct cw_baseline {
	struct cw_vec entries; /* struct cw_baseline_entry, sorted by fingerprint, each once */
};

void cw_baseline_init(struct cw_baseline *b);
void cw_baseline_release(struct cw_baseline *b);
/* Whether TEXT is written like a fingerprint. */
bool cw_fingerprint_valid(const char *text);
/* Read the LEN bytes of a file into B, which is empty. NAME is for messages ("name:line: what is wrong"). CW_E_INVALID,
 * CW_E_LIMIT, CW_E_NOMEM. */
int cw_baseline_parse(struct cw_baseline *b, const char *name, const char *data, size_t len, struct cw_err *err);
bool cw_baseline_has(const struct cw_baseline *b, const char *fingerprint);
/* Entries that were made under another key than KEY_ID. */
size_t cw_baseline_foreign(const struct cw_baseline *b, const char *key_id);

/* How cw_baseline_update() went. */
struct cw_baseline_change {
	size_t added, kept, dropped;
	size_t missing; /* those of the kept that were not found */
	size_t foreign; /* of another key, kept as they are */
	size_t weak;	/* secrets left out, or taken out, because only their surroundings tell them from any word (proof: context) */
	size_t unsure;	/* places that the baseline cannot make known: they stand for further hits that were only counted */
};
/* Make B hold the secrets of the finished findings F, which list what is suppressed, but for those that an allow entry or a mark
 * suppresses at all their places. Entries under another key stay. Those that were not found go, unless KEEP. Secrets whose best proof is
 * `context` stay out, and are taken out, unless WITH_CONTEXT. */
int cw_baseline_update(struct cw_baseline *b, const struct cw_findings *f, const char *key_id, bool keep, bool with_context,
		       struct cw_baseline_change *ret_change, struct cw_err *err);
/* Append B as a file. */
int cw_baseline_print(const struct cw_baseline *b, const char *key_id, struct cw_buf *out, struct cw_err *err);

#endif

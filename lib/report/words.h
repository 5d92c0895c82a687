/* report/words.h - what texts for people say alike: the formats among them, and the program elsewhere. Threads: reentrant. */
#ifndef CW_REPORT_WORDS_H
#define CW_REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/findings.h"

#define CW_REPORT_SHORT_ID 12 /* digits of an object id in running text */
void cw_report_add_number(struct cw_buf *b, uint64_t n, const char *one, const char *many);
/* "checksum: the checksum inside ..." */
const char *cw_report_proof_words(enum cw_proof_level p);
/* The path, or "commit <id>" for a place without one; escaped. */
void cw_report_add_place(struct cw_buf *b, const struct cw_finding *f);
/* "first in commit ... of ... by ..., live at ..."; escaped, one line. */
void cw_report_add_origin(struct cw_buf *b, const struct cw_origin *o);
/* The line rewritten, if the place is in Python; false (nothing appended) where there is no such advice. */
bool cw_report_add_python(struct cw_buf *b, const struct cw_finding *f);
/* " (suppressed: ...)" when policy says something of the finding, else nothing. */
void cw_report_suppression_text(struct cw_buf *b, const struct cw_finding *f);

#endif

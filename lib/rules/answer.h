/* rules/answer.h - the texts of the known-answer test (match/stage1.h); private to rules/.
 *
 * The test asks at each start whether every anchor fires through the very database in use. A whole example takes the matcher far
 * longer than what it is asked for, so of each first example only the bytes are kept in which the anchor fires; they are looked for
 * once, when the set is compiled. An example in which the anchor does not fire is kept whole: then the test fails. */
#ifndef CW_RULES_ANSWER_H
#define CW_RULES_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "rules/rule.h"

struct hs_database;

/* Append to OUT the text for DB, which holds the anchors of those of the LEN rules that are DENSE, or of those that are not. */
int cw_answers_make(const struct hs_database *db, const struct cw_rule *rules, size_t len, bool dense, struct cw_buf *out,
		    struct cw_err *err);

#endif

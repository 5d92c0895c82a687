/* scan/names.h - the distinct names of all trees: each is looked at once, and those in which something was found are known.
 * Threads: cw_names_add() from several at once; cw_names_text() and the ranks after the last of them. */
#ifndef CW_SCAN_NAMES_H
#define CW_SCAN_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CW_NAME_NONE UINT32_MAX

struct cw_names;

/* At most MAX bytes of names are kept; names beyond are looked at each time they come and have no number. */
int cw_names_new(size_t max, struct cw_names **ret, struct cw_err *err);
void cw_names_free(struct cw_names *n);
CW_DEFINE_CLEANUP(struct cw_names, cw_names_free)

/* Looks at a name that was not seen before; *ret_holder is what it found (scan/kept.h), CW_HOLDER_NONE for nothing. */
typedef int (*cw_name_fn)(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err);
/* The number of NAME, or CW_NAME_NONE when there is no room for it, and what LOOK found in it. */
int cw_names_add(struct cw_names *n, const char *name, size_t len, cw_name_fn look, void *payload, uint32_t *ret_name,
		 uint32_t *ret_holder, struct cw_err *err);
/* The text of a name, NUL-terminated, borrowed. */
const char *cw_names_text(const struct cw_names *n, uint32_t name);
/* Greater than every number of a name. */
uint32_t cw_names_end(const struct cw_names *n);

#endif

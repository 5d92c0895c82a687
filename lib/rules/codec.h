/* rules/codec.h - rules as bytes and back; private to rules/. One description of the layout serves both directions. */
#ifndef CW_RULES_CODEC_H
#define CW_RULES_CODEC_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "rules/pool.h"
#include "rules/rule.h"

/* Append COUNT rules to OUT. Equal rules give equal bytes on every machine. */
int cw_codec_write(const struct cw_rule *rules, size_t count, struct cw_buf *out, struct cw_err *err);
/* Read rules written above: strings point into DATA, which must outlive them; arrays come from POOL. CW_E_CORRUPT, CW_E_NOMEM. */
int cw_codec_read(const char *data, size_t len, struct cw_pool *pool, struct cw_rule **ret, size_t *ret_count,
		  struct cw_err *err);

#endif

/* policy/conf_edit.h - adds an entry to the allow list in the text of a configuration: every byte that is there stays, order and comments
 * too. The new text is read back before it is given out: it says what the old one said, and the entry, or there is none.
 * Threads: reentrant. */
#ifndef CW_POLICY_CONF_EDIT_H
#define CW_POLICY_CONF_EDIT_H

#include "policy/conf.h"

/* Append to OUT the LEN bytes at TEXT, a configuration of LEVEL, with ENTRY (whose `from` does not count) as the last of `allow`; NAME is
 * the file's, for messages. *ret_line: where the entry begins. CW_E_INVALID: TEXT is no configuration, the entry is wrong, or one like
 * it is there that holds as long; CW_E_UNSUPPORTED: TEXT is written in a way that this function does not add to. */
int cw_conf_edit_allow(enum cw_conf_level level, const char *name, const char *text, size_t len, const struct cw_conf_entry *entry,
		       struct cw_buf *out, int *ret_line, struct cw_err *err);
/* Append the lines for ENTRY alone, with `allow:` above them, for a person to put where they belong. */
int cw_conf_print_allow(const struct cw_conf_entry *entry, struct cw_buf *out, struct cw_err *err);

#endif

/* vcs/quote.h - git's C-style quoting of paths, as alternates use it. Internal to vcs/. */
#ifndef CW_VCS_QUOTE_H
#define CW_VCS_QUOTE_H

#include <stdbool.h>

/* Undo the quoting of the text that begins with '"' at S: write what it means to OUT (NUL-terminated, never longer; may be S) and the
 * place behind the closing quote to *ret_end. False when it is not well quoted; OUT is undefined then. */
bool cw_unquote(const char *s, char *out, const char **ret_end);

#endif

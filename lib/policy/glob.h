/* policy/glob.h - path globs of rules and policies.
 *
 *   *      any bytes but '/'          ?     one byte but '/'
 *   [a-z]  one byte of a class, never '/'; [!...] or [^...] negates
 *   **     as a whole component: any number of folders, none included; at the end: everything below
 *   \x     the byte x itself
 * A glob without '/' is matched against the base name at any depth. Leading "./" of a path is ignored. Threads: reentrant. */
#ifndef CW_POLICY_GLOB_H
#define CW_POLICY_GLOB_H

#include <stdbool.h>

/* Whether GLOB matches the whole PATH (both NUL-terminated bytes). Time is polynomial in both lengths, memory constant. */
bool cw_glob_match(const char *glob, const char *path);

#endif

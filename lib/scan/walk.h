/* scan/walk.h - the regular files below what the user named. */
#ifndef CW_SCAN_WALK_H
#define CW_SCAN_WALK_H

#include <stdbool.h>
#include <stdatomic.h>

#include "scan/coverage.h"

#define CW_FILES_MAX ((size_t)1 << 26) /* files of one scan */

struct cw_file {
	char *path; /* as reported and opened; owned */
	bool named; /* by the user: a symbolic link is followed */
	bool is_stdin;
};

/* Append to OUT (struct cw_file) the file PATH, or the regular files below the folder PATH in byte order of their names. What is
 * no content is counted in COVERAGE as skipped, what cannot be read as unscanned; git repositories are counted too, and their .git
 * folders are passed over. CANCEL (not 0) ends the walk early. Fails
 * only without memory and beyond CW_FILES_MAX. */
int cw_walk(const char *path, const _Atomic int *cancel, struct cw_vec *out, struct cw_coverage *coverage,
	    struct cw_err *err);
void cw_files_release(struct cw_vec *files);

#endif

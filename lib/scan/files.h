/* scan/files.h - scan files, folders and descriptors. Symbolic links are not followed below a folder. */
#ifndef CW_SCAN_FILES_H
#define CW_SCAN_FILES_H

#include <stdbool.h>

#include "scan/asker.h"
#include "scan/coverage.h"
#include "scan/hit.h"

struct cw_files_opts {
	const char *const *paths; /* files or folders; "-" is standard input, shown as "<stdin>" */
	size_t paths_len;
	unsigned jobs;
	uint64_t object_max; /* bytes a file; larger ones are unscanned (too large) */
	/* Whether the file is not to be read, and to be counted as excluded; not asked for files that PATHS names. NULL: none. */
	bool (*excluded)(const void *payload, const char *path);
	const void *excluded_payload;
	const struct cw_asker *asker; /* takes everything, and nothing is found here: no set or sink is needed. NULL: it is scanned here */
};

/* Regular files are scanned; below a folder, `.git` directories are passed over and counted (audit is for them) and symbolic links and special
 * files are `skipped`; unreadable files are unscanned. Paths are reported as PATH/relative, in bytes. */
int cw_files_run(const struct cw_set *set, const struct cw_files_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);

#endif

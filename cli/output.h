/* cli/output.h - where a report goes: standard output, or a file that appears whole or not at all. */
#ifndef CW_CLI_OUTPUT_H
#define CW_CLI_OUTPUT_H

#include <stdio.h>

#include "base/err.h"

struct cw_output {
	FILE *file;
	char *tmp, *path; /* owned; NULL when nothing is renamed */
};

#define CW_OUTPUT_INIT { NULL, NULL, NULL }

/* Open PATH for a report (NULL: standard output). A regular or new file is written beside it under another name, readable by the
 * user alone; anything else (a pipe, a terminal, /dev/null) is written directly. */
int cw_output_open(const char *path, struct cw_output *ret, struct cw_err *err);
/* Flush, check for errors and put the file in its place. After a failure the old file is as it was. */
int cw_output_commit(struct cw_output *o, struct cw_err *err);
/* Close and remove what was not committed. */
void cw_output_release(struct cw_output *o);

#endif

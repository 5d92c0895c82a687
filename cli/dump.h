/* cli/dump.h - the hidden --dump-verdicts of audit: every hit of every object on a line of its own, sorted, before any place or
 * policy is known. A report says each secret once and so hides differences; two ways of scanning are compared by this. */
#ifndef CW_CLI_DUMP_H
#define CW_CLI_DUMP_H

#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "scan/coverage.h"
#include "scan/hit.h"

struct cw_dump {
	struct cw_sink next; /* gets every hit too */
	pthread_mutex_t lock;
	struct cw_buf lines; /* no secrets: places and names of rules */
};

void cw_dump_init(struct cw_dump *d);
void cw_dump_release(struct cw_dump *d);
/* A sink that notes hits and hands them on to NEXT. */
struct cw_sink cw_dump_sink(struct cw_dump *d, const struct cw_sink *next);
/* Write the lines, sorted, and what COVERAGE lists as unscanned. CW_E_NOMEM, CW_E_IO. */
int cw_dump_write(struct cw_dump *d, const struct cw_coverage *coverage, FILE *out, struct cw_err *err);

#endif

/* daemon/worker_objects.h - ScanObjects: many objects in one memfd, each hashed, each clean or not. Threads: one. */
#ifndef CW_DAEMON_WORKER_OBJECTS_H
#define CW_DAEMON_WORKER_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "vcs/oid.h"

struct cw_objects {
	const char *parameters; /* of the call, as text */
	size_t parameters_len;
	const char *content; /* NULL: nothing */
	size_t len;
	/* Whether the LEN bytes at DATA hold nothing. A failure ends the job. */
	int (*scan)(void *payload, const char *data, size_t len, enum cw_object_type type, bool *ret_clean, struct cw_err *err);
	void *payload;
};

/* Append the reply: clean and reasons. CW_E_INVALID: the parameters make no sense. */
int cw_objects_run(const struct cw_objects *o, struct cw_buf *out, struct cw_err *err);

#endif

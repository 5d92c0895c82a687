/* policy/source.h - where the configuration, baselines and rule files of a scanned repository are read from: the tree of its HEAD, or
 * the folder that is scanned. Nothing outside of it can be named: no absolute paths, no "..", no symbolic links.
 * Threads: one owner at a time. */
#ifndef CW_POLICY_SOURCE_H
#define CW_POLICY_SOURCE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct cw_repo;

struct cw_source {
	/* Append the file PATH, at most MAX bytes. CW_E_NOTFOUND: there is none. */
	int (*read)(void *payload, const char *path, size_t max, struct cw_buf *out, struct cw_err *err);
	void *payload; /* borrowed */
};

/* The folder PATH (borrowed). */
struct cw_source cw_source_folder(const char *path);
/* HEAD's tree of R (borrowed). */
struct cw_source cw_source_head(struct cw_repo *r);
/* Read PATH. Besides what the source says: CW_E_INVALID for a path that leads out of it. */
int cw_source_read(const struct cw_source *s, const char *path, size_t max, struct cw_buf *out, struct cw_err *err);

#endif

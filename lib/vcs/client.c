/* vcs/client.c - see client.h. */
#include "vcs/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "vcs/layout.h"
#include "vcs/parse.h"

#define MERGE_HEAD_MAX ((size_t)1 << 20) /* bytes */

int cw_repo_open_client(const struct cw_quarantine_env *env, struct cw_quarantine *where, struct cw_repo **ret,
			struct cw_err *err)
{
	CW_CLEANUP(cw_layout_release) struct cw_layout at = CW_LAYOUT_INIT;
	struct cw_quarantine_env own = *env;
	int rc = 0;

	if (!own.git_dir || !*own.git_dir) {
		rc = cw_layout_find(".", &at, err);
		own.git_dir = at.git_dir;
	}
	rc = rc ? rc : cw_quarantine_find(&own, where, err);
	return rc ? rc : cw_repo_open_pushed(where, ret, err);
}

int cw_repo_merge_heads(struct cw_repo *r, struct cw_vec *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) char *path = cw_path_join(cw_repo_git_dir(r), "MERGE_HEAD");
	int rc = path ? cw_io_read_file(path, MERGE_HEAD_MAX, 0, &text, err) : cw_err_nomem(err);

	if (rc == CW_E_NOTFOUND)
		return 0;
	for (size_t pos = 0; !rc && pos < text.len; pos++) {
		size_t len = strcspn(text.data + pos, "\n");
		struct cw_oid oid, *slot;

		if (!cw_oid_parse(text.data + pos, len, &oid))
			return cw_err_set(err, CW_E_CORRUPT, "MERGE_HEAD does not name commits");
		slot = cw_vec_push(out);
		if (!slot)
			return cw_vec_fail(out, "parents", err);
		*slot = oid;
		pos += len;
	}
	return rc;
}

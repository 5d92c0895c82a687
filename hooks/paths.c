/* hooks/paths.c - see paths.h. */
#include "hooks/paths.h"

#include <stdlib.h>
#include <string.h>

#define SAID_MAX 3

static bool is_plain(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-@%";

	return *path != '-' && path[strspn(path, plain)] == '\0';
}

/* A path that would have to be escaped to be shown cannot be typed as it is shown. */
static bool can_be_said(const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '\\' || *p == '\'')
			return false;
	return *path != '-';
}

int cw_paths_say(struct cw_gate *g, const char *command, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec paths = CW_VEC_INIT(const char *, SAID_MAX + 1);
	bool all = true;

	for (size_t i = 0; i < g->items.len && paths.len <= SAID_MAX; i++) {
		const struct cw_gate_item *item = &CW_VEC_AT(&g->items, struct cw_gate_item, i);
		const char **slot, *path = item->finding->path;
		bool known = !path || item->verdict != CW_VERDICT_BLOCK || item->finding->type == CW_OBJ_TREE;

		for (size_t k = 0; k < paths.len && !known; k++)
			known = strcmp(CW_VEC_AT(&paths, const char *, k), path) == 0;
		if (known)
			continue;
		slot = cw_vec_push(&paths);
		if (!slot)
			return cw_vec_fail(&paths, "paths", err);
		*slot = path;
		all = all && can_be_said(path);
	}
	cw_gate_say(g, "%s", command);
	if (!all || paths.len > SAID_MAX || paths.len == 0) {
		cw_gate_say(g, " ...\n");
		return 0;
	}
	for (size_t i = 0; i < paths.len; i++) {
		const char *path = CW_VEC_AT(&paths, const char *, i);

		cw_gate_say(g, is_plain(path) ? " %s" : " '%s'", path);
	}
	cw_gate_say(g, "\n");
	return 0;
}

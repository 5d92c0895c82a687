/* vcs/map.h - a regular file mapped for reading. Cut short while it is mapped, reading it is SIGBUS. Internal to vcs/. */
#ifndef CW_VCS_MAP_H
#define CW_VCS_MAP_H

#include <stddef.h>

#include "base/err.h"

struct cw_map {
	void *data;
	size_t len;
};

#define CW_MAP_INIT { .data = NULL }
/* CW_E_CORRUPT for an empty file. */
int cw_map_file(const char *path, struct cw_map *ret, struct cw_err *err);
void cw_map_release(struct cw_map *m);

#endif

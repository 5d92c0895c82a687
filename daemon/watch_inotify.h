/* daemon/watch_inotify.h - folders watched by the kernel, for many repositories with one instance. Source: inotify(7).
 *
 * A folder may belong to several repositories: each is told. What the kernel refuses (too many watches or instances, no access) makes a set `partial`:
 * its repository is then only looked at by the timer. Threads: one. */
#ifndef CW_DAEMON_WATCH_INOTIFY_H
#define CW_DAEMON_WATCH_INOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/loop.h"

#define CW_INOTIFY_FOLDERS_MAX 4096 /* of one repository: no one may take all that the kernel gives */

struct cw_inotify;

struct cw_inotify_wd {
	int wd;	   /* the kernel's number */
	bool refs; /* every name in it may be a reference */
};

struct cw_inotify_set { /* the folders of one repository; all zero at first, and at the same place until cleared */
	struct cw_inotify_wd *wds; /* ascending */
	size_t len;
	bool partial;
	void *payload; /* the owner's */
};

struct cw_inotify_fns {
	void (*changed)(void *payload, struct cw_inotify_set *set);
	void (*lost)(void *payload); /* events were lost: anything may have changed */
	void *payload;
};

int cw_inotify_new(struct cw_loop *l, const struct cw_inotify_fns *fns, struct cw_inotify **ret, struct cw_err *err);
/* All sets must have been cleared. */
void cw_inotify_free(struct cw_inotify *in);
CW_DEFINE_CLEANUP(struct cw_inotify, cw_inotify_free)

/* From now on SET is the LEN FOLDERS (absolute paths; only folders themselves, no links). *ret_new: some were not watched before, so
 * that changes made meanwhile have not been told. A folder that is not there is left out. CW_E_NOMEM: SET is as before, or partial. */
int cw_inotify_replace(struct cw_inotify *in, struct cw_inotify_set *set, const char *const *folders, size_t len, bool *ret_new,
		       struct cw_err *err);
void cw_inotify_clear(struct cw_inotify *in, struct cw_inotify_set *set);
/* Watches in use. */
size_t cw_inotify_len(const struct cw_inotify *in);

#endif

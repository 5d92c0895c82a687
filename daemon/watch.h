/* daemon/watch.h - watched repositories: inotify gives hints, the fingerprint of all refs is the truth.
 *
 * A hint (an event in a watched folder, a call, a lost event, a timer's turn) makes a repository due; after a short pause in which further hints
 * join, a repository worker tells the fingerprint. Is it another than that of the last scan, the repository is scanned, and findings,
 * fingerprint and notifications become one transaction. A fingerprint that moved during the scan makes it due again.
 * The parent itself never opens anything in a repository; it only asks the kernel to watch folders. Threads: one. */
#ifndef CW_DAEMON_WATCH_H
#define CW_DAEMON_WATCH_H

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

#define CW_WATCH_PAUSE_MS 50 /* hints within it are one */

/* Take up all repositories of D's state and check each once. */
int cw_watcher_new(struct cw_daemon *d, struct cw_watcher **ret, struct cw_err *err);
void cw_watcher_free(struct cw_watcher *w);
CW_DEFINE_CLEANUP(struct cw_watcher, cw_watcher_free)
/* PATH is absolute and below a configured root (cw_watch_path_allowed()); CW_E_INVALID when it is watched already. */
int cw_watcher_add(struct cw_watcher *w, const char *path, bool from_now, struct cw_err *err);
int cw_watcher_remove(struct cw_watcher *w, const char *path, struct cw_err *err);
/* A hint from outside: a hook reports that PATH changed. */
void cw_watcher_hint(struct cw_watcher *w, const char *path);
/* Check all, soon: after a reload, or when events were lost. */
void cw_watcher_sweep(struct cw_watcher *w);
/* There may be notifications to send. */
void cw_watcher_notify(struct cw_watcher *w);
/* Whether PATH, as it was added, is watched. */
bool cw_watcher_has(const struct cw_watcher *w, const char *path);
size_t cw_watcher_len(const struct cw_watcher *w);
/* Seconds since the repository that waits longest became due; 0: none. For metrics. */
int64_t cw_watcher_staleness(const struct cw_watcher *w);

/* Whether PATH is absolute, without "." and ".." parts, and below one of the roots of CONF. Text only: no file is looked at; the worker makes
 * sure that no link leads out. */
bool cw_watch_path_allowed(const struct cw_conf *conf, const char *path);

#endif

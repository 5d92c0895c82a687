/* daemon/daemon.h - the parent: what its parts share. Each part owns its own struct and is given this one.
 *
 *   main.c      options, protection of the process    daemon.c   start, signals, end
 *   build.c     configuration and rules               reload.c   new ones in place of the old
 *   health.c    self-test, watchdog                   server.c   sockets, accepting, limits
 *   conn.c      one connection: messages in and out   method.c   the one table of methods, roles, handlers
 *   pool.c      workers and jobs                      watch.c    watched repositories
 *   notice.c    the notification command              notify.c   systemd
 *   metrics.c   the metrics file                      audit.c    the audit log
 *   log.c       the daemon's own log                  closer.c   closes descriptors of strangers
 * Threads: one, and for moments those of closer.c, which do nothing but close. */
#ifndef CW_DAEMON_DAEMON_H
#define CW_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "daemon/loop.h"
#include "daemon/pool.h"
#include "policy/conf.h"
#include "policy/key.h"
#include "store/state.h"

struct cw_server;
struct cw_watcher;
struct cw_reloader;
struct cw_health;
struct cw_metrics;
struct cw_audit;

struct cw_daemon_rules { /* what a reload replaces as one */
	struct cw_conf *conf;
	char engine[72], digest[72]; /* hex */
	char key_id[CW_KEY_ID_SIZE];
	uint64_t rules;
};

struct cw_daemon_opts { /* the command line; NULL and -1 where it says nothing */
	const char *config_file, *socket, *state;
	int log_level; /* index into cw_conf_log_levels */
};

struct cw_daemon {
	struct cw_loop *loop;
	struct cw_pool *pool;
	struct cw_server *server;
	struct cw_watcher *watcher;
	struct cw_state *state; /* NULL when there is no state folder */
	struct cw_reloader *reloader;
	struct cw_health *health;
	struct cw_metrics *metrics; /* NULL: none are written */
	struct cw_audit *audit;
	struct cw_daemon_rules rules;
	struct cw_daemon_opts opts;
	int64_t started; /* wall clock */
	uint64_t reloads;
	char *last_reload_error; /* or NULL */
	bool draining;
};

/* Run until a signal ends it. */
int cw_daemon_run(const struct cw_daemon_opts *opts, struct cw_err *err);
/* Put what the command line says above the configuration C. */
void cw_daemon_override(struct cw_conf *c, const struct cw_daemon_opts *opts);
/* Build new rules beside the old and swap, or keep the old and say why. FN (may be NULL) is told once what came of it, from the loop and
 * never at once. A reload that is asked for while one runs is done after it: the files may have changed since. */
typedef void cw_reload_fn(void *payload, int rc, const struct cw_err *why);
int cw_daemon_reload(struct cw_daemon *d, cw_reload_fn *fn, void *payload, struct cw_err *err);
/* FN of this PAYLOAD will not be called. */
void cw_daemon_reload_forget(struct cw_daemon *d, const void *payload);
/* Accept nothing new, finish what runs, then end. */
void cw_daemon_drain(struct cw_daemon *d);
/* EVENT (owned by the caller) goes to all subscribers. */
void cw_daemon_publish(struct cw_daemon *d, const struct cw_json *event);

#endif

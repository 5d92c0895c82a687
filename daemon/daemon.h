/* daemon/daemon.h - the parent: what its parts share. Each part owns its own struct and is given this one.
 *
 *   main.c      options, checks, start and end        server.c   sockets, accepting, limits
 *   conn.c      one connection: messages in and out   method.c   the one table of methods, roles, handlers
 *   pool.c      workers and jobs                      watch.c    watched repositories
 *   notice.c    the notification command              notify.c   systemd
 *   metrics.c   the metrics file                      log.c      the daemon's own log
 * Threads: one. */
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

struct cw_daemon_rules { /* what a reload replaces as one */
	struct cw_conf *conf;
	struct cw_policy *policy;
	char engine[72], digest[72]; /* hex */
	char key_id[CW_KEY_ID_SIZE];
	uint64_t rules;
};

struct cw_daemon {
	struct cw_loop *loop;
	struct cw_pool *pool;
	struct cw_server *server;
	struct cw_watcher *watcher;
	struct cw_state *state; /* NULL when there is no state folder */
	struct cw_daemon_rules rules;
	const char *config_file; /* --config, or NULL */
	int64_t started; /* wall clock */
	uint64_t reloads;
	char *last_reload_error; /* or NULL */
	bool draining;
};

/* Build new rules beside the old and swap, or keep the old and say why. */
int cw_daemon_reload(struct cw_daemon *d, struct cw_err *err);
/* Accept nothing new, finish what runs, then end. */
void cw_daemon_drain(struct cw_daemon *d);
/* EVENT (owned by the caller) goes to all subscribers. */
void cw_daemon_publish(struct cw_daemon *d, const struct cw_json *event);

#endif

/* daemon/build.h - configuration, key and compiled rules, made by a process of their own.
 *
 * Compiling rules takes seconds and memory that would stay; in a process that ends it holds up nobody, and a fault in it is an error
 * text. That process (`credwatchd --worker=rules`) loads the configuration and the key, compiles the rules, runs the known-answer test
 * over all their examples, and sends one message: a Varlink call "built" or "failed", with the image as a sealed memfd.
 * Threads: one owner at a time. */
#ifndef CW_DAEMON_BUILD_H
#define CW_DAEMON_BUILD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

#define CW_BUILD_MS 120000 /* a process that needs longer is ended */

struct cw_built {
	struct cw_daemon_rules rules;
	int image;	     /* sealed memfd of the compiled rules; -1: none */
	struct cw_buf key;   /* base64, wiped */
	struct cw_buf yaml;  /* the configuration, for workers */
	struct cw_buf test;  /* a JSON string, quotes included: a text in which these rules find something */
	struct cw_buf notes; /* lines that the log should show */
};

#define CW_BUILT_INIT                                                                                                  \
	{ .image = -1, .key = CW_BUF_INIT_SECRET, .yaml = CW_BUF_INIT, .test = CW_BUF_INIT_SECRET, .notes = CW_BUF_INIT }

void cw_built_release(struct cw_built *b);
/* Append the SETUP message of workers (daemon/worker.h). CACHE: their folder, or NULL. */
int cw_built_setup(const struct cw_built *b, const char *cache, struct cw_buf *out, struct cw_err *err);
void cw_daemon_rules_release(struct cw_daemon_rules *r);

struct cw_build; /* a process at work */

/* CONFIG_FILE NULL: the user's and the system's. */
int cw_build_start(const char *config_file, struct cw_build **ret, struct cw_err *err);
/* Kills it if it still runs. */
void cw_build_free(struct cw_build *b);
CW_DEFINE_CLEANUP(struct cw_build, cw_build_free)
/* The descriptor to wait at, borrowed. */
int cw_build_fd(const struct cw_build *b);
/* Read what has come; never blocks. *ret_done: all of it has. */
int cw_build_read(struct cw_build *b, bool *ret_done, struct cw_err *err);
/* What came of it, after all has come. A configuration or rule that is wrong is said in ERR with its name, without secrets. */
int cw_build_take(struct cw_build *b, struct cw_built *ret, struct cw_err *err);
/* All of this, waiting for it. */
int cw_build_run(const char *config_file, struct cw_built *ret, struct cw_err *err);

/* What that process runs; its exit status. */
int cw_build_main(const char *config_file);

#endif

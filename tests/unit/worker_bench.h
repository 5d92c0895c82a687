/* Real workers under a pool, for tests of what they answer. */
#ifndef CW_TESTS_WORKER_BENCH_H
#define CW_TESTS_WORKER_BENCH_H

#include "base/json.h"
#include "daemon/pool.h"
#include "rules/set.h"

struct worker_bench {
	struct cw_loop *loop;
	struct cw_pool *pool;
	struct cw_timer *patience;
	struct cw_set *set;
	char why[200]; /* of the last worker that died */
	unsigned died;
	/* of the last job */
	bool ended, ok;
	struct cw_buf answer;
	struct cw_json *reply; /* of a good answer */
	struct cw_json *records, *refs;
};

/* Start workers: PROGRAM is the executable, SETTINGS the members of SETUP beside key, limits and configuration ("" or ",..."),
 * CONF the configuration. */
void worker_bench_open(struct worker_bench *b, const char *program, const char *conf, const char *settings);
void worker_bench_close(struct worker_bench *b);
/* Have one job done, and wait for it. FD is the pool's from then on. */
void worker_bench_run(struct worker_bench *b, enum cw_ipc_kind kind, const void *head, size_t head_len, const char *data,
		      int64_t deadline_ms, int fd);
/* The same for a text, which is made a JSON string; PATH may be NULL. */
void worker_bench_text(struct worker_bench *b, const char *text, const char *path);
/* The member NAME of the reply's parameters. */
const struct cw_json *worker_bench_member(const struct worker_bench *b, const char *name);

#endif

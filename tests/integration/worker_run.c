/* One job of a repository worker, under a real pool:
 *     worker_run ROOT[:ROOT...] CACHE PATH ACTION [KNOWN] [DEADLINE_MS]
 * CACHE may be empty. Prints lines "refs JSON", "record JSON" and "done JSON" or "failed REASON"; what happens to the worker goes to
 * standard error. The fingerprint key is 32 zero bytes, the configuration $WORKER_CONF. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "daemon/pool.h"
#include "daemon/worker.h"
#include "proto/call.h"
#include "proto/fdpass.h"
#include "rules/set.h"

static struct cw_loop *loop;

static void on_died(void *payload, const char *kind, pid_t pid, const char *why)
{
	fprintf(stderr, "died: %s: %s\n", kind, why);
}

static void on_note(void *payload, const char *kind, pid_t pid, const char *note)
{
	fprintf(stderr, "note: %s: %s\n", kind, note);
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	printf("%s %.*s\n", ok ? "done" : "failed", (int)len, data);
	cw_loop_stop(loop);
}

static void on_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	printf("%s %.*s\n", kind == CW_IPC_REFS ? "refs" : "record", (int)len, data);
}

static void add_roots(struct cw_buf *out, char *roots)
{
	char *save = NULL;

	for (char *root = strtok_r(roots, ":", &save); root; root = strtok_r(NULL, ":", &save)) {
		cw_buf_adds(out, out->data[out->len - 1] == '[' ? "" : ",");
		cw_call_quote(out, root, strlen(root));
	}
}

static int set_rules(struct cw_pool *pool, char *roots, const char *cache, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_pool_rules rules = {.memfd = -1, .setup = CW_BUF_INIT};
	const char *conf = getenv("WORKER_CONF");
	int rc = cw_set_default(&set, err);

	if (rc == 0)
		rc = cw_set_image_shared(set, &image, err);
	if (rc == 0)
		rc = cw_memfd_make("rules", image.data, image.len, &rules.memfd, err);
	if (rc < 0)
		return rc;
	cw_buf_adds(&rules.setup, "{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"object_max\":100000000,"
				  "\"memory\":300000000,\"conf\":");
	cw_call_quote(&rules.setup, conf ? conf : "", conf ? strlen(conf) : 0);
	if (*cache) {
		cw_buf_adds(&rules.setup, ",\"cache\":");
		cw_call_quote(&rules.setup, cache, strlen(cache));
	}
	cw_buf_adds(&rules.setup, ",\"roots\":[");
	add_roots(&rules.setup, roots);
	cw_buf_adds(&rules.setup, "]}");
	return cw_pool_set_rules(pool, &rules, err);
}

static int submit(struct cw_pool *pool, int argc, char **argv, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_job job = {.kind = CW_IPC_REPOSITORY, .fd = -1, .done = on_done, .record = on_record};
	uint64_t id, ms = 0;
	int rc = argc > 6 ? cw_num_u64(argv[6], strlen(argv[6]), 1, 1000000, "deadline", &ms, err) : 0;

	cw_buf_adds(&text, "{\"path\":");
	cw_call_quote(&text, argv[3], strlen(argv[3]));
	cw_buf_addf(&text, ",\"action\":\"%s\",\"findings\":true", argv[4]);
	if (argc > 5 && *argv[5])
		cw_buf_addf(&text, ",\"known\":\"%s\"", argv[5]);
	cw_buf_addc(&text, '}');
	job.data = text.data;
	job.data_len = text.len;
	job.deadline_ms = (int64_t)ms;
	return rc == 0 ? cw_pool_submit(pool, &job, &id, err) : rc;
}

int main(int argc, char **argv)
{
	struct cw_pool_opts opts = {.content_workers = 1, .repository_workers = 1, .queue_max = 10, .queue_max_uid = 10,
				    .queue_max_bytes = 1 << 20, .job_ms = 60000, .repository_ms = 240000, .text_max = 1 << 20,
				    .died = on_died, .note = on_note};
	struct cw_err err = CW_ERR_INIT;
	struct cw_pool *pool = NULL;
	int rc;

	if (argc == 2 && strcmp(argv[1], "--worker=repository") == 0)
		return cw_worker_repository_main();
	if (argc == 2 && strcmp(argv[1], "--worker=content") == 0)
		return cw_worker_content_main();
	if (argc < 5)
		return 2;
	rc = cw_loop_new(&loop, &err);
	opts.loop = loop;
	if (rc == 0)
		rc = cw_pool_new(&opts, &pool, &err);
	if (rc == 0)
		rc = set_rules(pool, argv[1], argv[2], &err);
	if (rc == 0)
		rc = submit(pool, argc, argv, &err);
	if (rc == 0)
		rc = cw_loop_run(loop, &err);
	cw_pool_free(pool);
	cw_loop_free(loop);
	if (rc < 0)
		fprintf(stderr, "worker_run: %s\n", cw_err_msg(&err));
	return rc < 0 ? 1 : 0;
}

/* daemon/health.c - the self-test through a worker, and the watchdog. */
#include "daemon/health.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/ipc.h"
#include "daemon/log.h"
#include "daemon/notify.h"

#define REPLY_MAX ((size_t)1 << 20) /* bytes */

struct cw_health {
	struct cw_daemon *d;
	struct cw_timer *timer;
	struct cw_buf test;
	int64_t interval_ms, begin;
	bool running, watchdog;
	struct cw_log_limit limit;
	struct cw_health_stats stats;
	void (*ready)(void *payload);
	void *payload;
};

/* Whether the reply tells of at least one hit. */
static bool has_hits(const char *data, size_t len)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	int64_t hits = 0;

	return cw_json_parse(data, len, REPLY_MAX, &reply, NULL) == 0 &&
	       cw_json_int(cw_json_get(cw_json_get(cw_json_get(reply, "parameters"), "result"), "hits"), &hits) && hits > 0;
}

static void failed(struct cw_health *h, const char *why)
{
	uint64_t dropped;

	h->stats.failed++;
	if (cw_log_may(&h->limit, cw_clock_ms(), &dropped))
		cw_log(CW_LOG_ERROR, "self_test_failed", "why", why, NULL);
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	struct cw_health *h = payload;

	h->running = false;
	if (!ok || !has_hits(data, len)) {
		failed(h, ok ? "nothing was found in a text that holds something" : "the scan failed");
		return;
	}
	h->stats.passed++;
	h->stats.last_ms = cw_clock_ms() - h->begin;
	if (h->watchdog && cw_pool_progresses(h->d->pool))
		cw_notify_send("WATCHDOG=1");
	if (h->ready) {
		void (*ready)(void *) = h->ready;

		h->ready = NULL;
		ready(h->payload);
	}
}

static void on_timer(void *payload)
{
	struct cw_health *h = payload;
	const struct cw_ipc_text head = {.text_len = (uint32_t)h->test.len};
	const struct cw_job job = {.kind = CW_IPC_TEXT, .uid = geteuid(), .head = &head, .head_len = sizeof(head),
				   .data = h->test.data, .data_len = h->test.len, .fd = -1, .done = on_done, .payload = h};
	struct cw_err err = CW_ERR_INIT;
	uint64_t id;

	cw_timer_set(h->timer, h->interval_ms);
	if (h->running || h->d->draining)
		return;
	h->begin = cw_clock_ms();
	h->running = cw_pool_submit(h->d->pool, &job, &id, &err) == 0;
	if (!h->running)
		failed(h, cw_err_msg(&err));
}

int cw_health_new(struct cw_daemon *d, struct cw_health **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_health_free_p) struct cw_health *h = calloc(1, sizeof(*h));
	int64_t watchdog = cw_notify_watchdog_ms();
	int rc;

	if (!h)
		return cw_err_nomem(err);
	h->d = d;
	h->test = (struct cw_buf)CW_BUF_INIT_SECRET;
	h->watchdog = watchdog > 0;
	h->interval_ms = watchdog > 0 && watchdog < CW_HEALTH_MS ? watchdog : CW_HEALTH_MS;
	h->stats.last_ms = -1;
	rc = cw_timer_new(d->loop, on_timer, h, &h->timer, err);
	if (rc == 0)
		*ret = cw_steal(&h);
	return rc;
}

void cw_health_free(struct cw_health *h)
{
	if (!h)
		return;
	cw_timer_free(h->timer);
	cw_buf_release(&h->test);
	free(h);
}

void cw_health_set_test(struct cw_health *h, struct cw_buf *test)
{
	cw_buf_release(&h->test);
	h->test = *test;
	*test = (struct cw_buf)CW_BUF_INIT_SECRET;
}

void cw_health_start(struct cw_health *h, void (*fn)(void *payload), void *payload)
{
	h->ready = fn;
	h->payload = payload;
	cw_timer_set(h->timer, 0);
}

void cw_health_stats(const struct cw_health *h, struct cw_health_stats *ret)
{
	*ret = h->stats;
}

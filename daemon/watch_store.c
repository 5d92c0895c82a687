/* daemon/watch_store.c - the findings of a scan, gathered and written to the state.
 *
 * A worker reads what strangers wrote, so its records are checked here: JSON, with the members that a finding has, without a secret. Few findings
 * wait for the end of the scan and are one transaction with it; of many, a part at a time is written, so that the loop never waits long.
 * Subscribers are told after the transaction. */
#include "daemon/watch_int.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/log.h"

#define PART_ITEMS 64		      /* findings in one transaction */
#define PART_BYTES ((size_t)1 << 20) /* or bytes */

struct item { /* offsets into `text` */
	size_t key, fingerprint, record;
	bool suppressed, placeless, is_new;
};

void cw_watch_store_init(struct cw_watch_store *s, struct cw_watcher *w, struct cw_watched *r)
{
	*s = (struct cw_watch_store){
		.watcher = w,
		.repository = r,
		.items = CW_VEC_INIT(struct item, PART_ITEMS),
		.text = CW_BUF_INIT_MAX(PART_BYTES + 4 * CW_STATE_RECORD_MAX),
	};
}

void cw_watch_store_release(struct cw_watch_store *s)
{
	if (s->paused)
		cw_state_scan_forget(s->watcher->d->state, s->repository->id);
	cw_vec_release(&s->items);
	cw_buf_release(&s->text);
}

static struct item *item_at(const struct cw_watch_store *s, size_t i)
{
	return &CW_VEC_AT(&s->items, struct item, i);
}

/* ---- to subscribers ---- */

static void publish_new(struct cw_watch_store *s, const struct item *item)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();
	CW_CLEANUP(cw_json_free_p) struct cw_json *record = NULL;
	const char *text = s->text.data + item->record, *fingerprint = s->text.data + item->fingerprint, *rule;
	bool allowed = false;

	if (cw_state_is_allowed(s->watcher->d->state, fingerprint, cw_clock_wall() / 86400, &allowed, NULL) < 0 || allowed)
		return;
	if (cw_json_parse(text, strlen(text), CW_STATE_RECORD_MAX, &record, NULL) < 0)
		return;
	rule = cw_json_str(cw_json_get(record, "rule"));
	cw_json_add_str(event, "event", "finding");
	cw_json_add_str(event, "repository", s->repository->path);
	cw_json_add_str(event, "fingerprint", fingerprint);
	cw_json_add_str(event, "rule", rule != NULL ? rule : "");
	if (cw_json_str(cw_json_get(record, "path")) != NULL)
		cw_json_add_str(event, "path", cw_json_str(cw_json_get(record, "path")));
	cw_daemon_publish(s->watcher->d, event);
}

static void committed(struct cw_watch_store *s)
{
	size_t i;

	for (i = 0; i < s->items.len; i++) {
		if (!item_at(s, i)->is_new)
			continue;
		s->added++;
		if (!item_at(s, i)->suppressed)
			publish_new(s, item_at(s, i));
	}
	cw_vec_clear(&s->items);
	cw_buf_clear(&s->text);
	cw_notices_kick(s->watcher->notices);
}

/* ---- to the state ---- */

/* Begin a transaction with all that was gathered. */
static int write_items(struct cw_watch_store *s, struct cw_err *err)
{
	struct cw_state *state = s->watcher->d->state;
	struct item *item;
	size_t i;
	int rc = cw_state_scan_begin(state, s->repository->id, cw_clock_wall(), err);

	if (rc < 0)
		return rc;
	for (i = 0; i < s->items.len; i++) {
		item = item_at(s, i);
		rc = cw_state_scan_finding(state,
					   &(struct cw_state_found){ .key = s->text.data + item->key,
								     .fingerprint = s->text.data + item->fingerprint,
								     .record = s->text.data + item->record,
								     .suppressed = item->suppressed,
								     .placeless = item->placeless },
					   &item->is_new, err);
		if (rc < 0) {
			cw_state_scan_abort(state);
			return rc;
		}
	}
	return 0;
}

static int write_part(struct cw_watch_store *s, struct cw_err *err)
{
	int rc = write_items(s, err);

	if (rc < 0 || (rc = cw_state_scan_pause(s->watcher->d->state, err)) < 0)
		return rc;
	s->paused = true;
	committed(s);
	return 0;
}

int cw_watch_store_end(struct cw_watch_store *s, const char *known, bool complete, struct cw_err *err)
{
	int rc = write_items(s, err);

	if (rc < 0 || (rc = cw_state_scan_end(s->watcher->d->state, known, complete, err)) < 0)
		return rc;
	s->paused = false;
	committed(s);
	return 0;
}

/* ---- records ---- */

static size_t keep(struct cw_buf *text, const char *data, size_t len)
{
	size_t start = text->len;

	cw_buf_add(text, data, len);
	cw_buf_addc(text, '\0');
	return start;
}

/* What tells a place from all others of the repository. */
static size_t keep_key(struct cw_buf *text, const struct cw_json *record)
{
	static const char *const members[] = { "fingerprint", "rule", "path_b64", "path", "object" };
	size_t start = text->len, i;
	const char *value;

	for (i = 0; i < sizeof(members) / sizeof(*members); i++) {
		value = cw_json_str(cw_json_get(record, members[i]));
		if (value != NULL)
			cw_buf_addf(text, "%s%c=%s", i > 0 ? "\n" : "", members[i][0], value);
	}
	cw_buf_addc(text, '\0');
	return start;
}

static bool is_finding(const struct cw_json *record)
{
	return cw_json_str(cw_json_get(record, "fingerprint")) != NULL && cw_json_str(cw_json_get(record, "rule")) != NULL &&
	       cw_json_get(record, "secret") == NULL && cw_json_get(record, "secret_b64") == NULL;
}

static int gather(struct cw_watch_store *s, const struct cw_json *record, const char *data, size_t len, struct cw_err *err)
{
	const char *fingerprint = cw_json_str(cw_json_get(record, "fingerprint"));
	struct item *item = cw_vec_push(&s->items);

	if (item == NULL)
		return cw_vec_fail(&s->items, "findings", err);
	item->key = keep_key(&s->text, record);
	item->fingerprint = keep(&s->text, fingerprint, strlen(fingerprint));
	item->record = keep(&s->text, data, len);
	item->placeless = cw_json_str(cw_json_get(record, "path")) == NULL;
	item->suppressed = cw_json_type(cw_json_get(record, "suppressed")) == CW_JSON_OBJECT;
	return cw_buf_fail(&s->text, "findings", err);
}

int cw_watch_store_add(struct cw_watch_store *s, const char *data, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *record = NULL;
	int rc = cw_json_parse(data, len, CW_STATE_RECORD_MAX, &record, err);

	if (rc < 0)
		return rc;
	if (cw_json_get(record, "progress") != NULL)
		return 0;
	if (!is_finding(record))
		return cw_err_set(err, CW_E_INVALID, "a worker told something else than a finding");
	rc = gather(s, record, data, len, err);
	if (rc < 0)
		return rc;
	s->found++;
	return s->items.len == PART_ITEMS || s->text.len >= PART_BYTES ? write_part(s, err) : 0;
}

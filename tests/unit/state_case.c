/* state_case.c - see state_case.h. */
#include "state_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char state_folder[64], state_path[96];

int state_set_up(void **state)
{
	snprintf(state_folder, sizeof(state_folder), "%s/cw-state-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(state_folder));
	snprintf(state_path, sizeof(state_path), "%s/state", state_folder);
	return 0;
}

int state_tear_down(void **state)
{
	static const char *const ends[] = { "", "-wal", "-journal", "-shm", ".copy", ".copy-wal" };
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(name, sizeof(name), "%s%s", state_path, ends[i]);
		unlink(name);
	}
	return rmdir(state_folder);
}

struct cw_state *state_open_at(const char *name)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_state *s = NULL;

	if (cw_state_open(name, &s, &err) < 0)
		fail_msg("open: %s", cw_err_msg(&err));
	return s;
}

int64_t state_add_watch(struct cw_state *s, const char *repository, bool from_now)
{
	int64_t id = 0;

	assert_int_equal(cw_state_watch_add(s, repository, from_now, &id, NULL), 0);
	return id;
}

/* One finding of secret SECRET at path PLACE; whether it was new. */
bool state_find(struct cw_state *s, const char *secret, const char *place, bool suppressed)
{
	char key[128], record[192];
	struct cw_state_found f = { .key = key, .fingerprint = secret, .record = record, .suppressed = suppressed };
	bool is_new = false;

	snprintf(key, sizeof(key), "%s rule %s", secret, place);
	snprintf(record, sizeof(record), "{\"fingerprint\":\"%s\",\"path\":\"%s\"}", secret, place);
	assert_int_equal(cw_state_scan_finding(s, &f, &is_new, NULL), 0);
	return is_new;
}

void state_begin(struct cw_state *s, int64_t id, int64_t now)
{
	assert_int_equal(cw_state_scan_begin(s, id, now, NULL), 0);
}

void state_end(struct cw_state *s, const char *refs, bool complete)
{
	assert_int_equal(cw_state_scan_end(s, refs, complete, NULL), 0);
}

/* A whole scan that finds SECRET (NULL: nothing) at "a". */
bool state_scan(struct cw_state *s, int64_t id, const char *refs, const char *secret)
{
	bool is_new = false;

	state_begin(s, id, NOW);
	if (secret != NULL)
		is_new = state_find(s, secret, "a", false);
	state_end(s, refs, true);
	return is_new;
}

static int take_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	struct state_watches *all = payload;

	all->n++;
	all->last = *w;
	snprintf(all->path, sizeof(all->path), "%s", w->path);
	snprintf(all->reason, sizeof(all->reason), "%s", w->reason != NULL ? w->reason : "-");
	snprintf(all->refs, sizeof(all->refs), "%s", w->fingerprint);
	return 0;
}

struct state_watches state_watches(struct cw_state *s)
{
	struct state_watches all = { .n = 0 };

	assert_int_equal(cw_state_watch_list(s, take_watch, &all, NULL), 0);
	return all;
}

static int take_finding(void *payload, const struct cw_state_finding *f, struct cw_err *err)
{
	struct state_findings *all = payload;
	size_t len = strlen(all->text);

	assert_true(f->id > all->last_id);
	all->n++;
	all->of_state[f->state]++;
	all->last_id = f->id;
	all->first_seen = f->first_seen;
	all->last_seen = f->last_seen;
	snprintf(all->text + len, sizeof(all->text) - len, "%s %s\n", f->repository, f->record);
	return 0;
}

struct state_findings state_findings(struct cw_state *s, const char *repository, int64_t since, int64_t today)
{
	struct state_findings all = { .n = 0 };

	assert_int_equal(cw_state_finding_list(s, repository, since, today, take_finding, &all, NULL), 0);
	return all;
}

static int take_notice(void *payload, const struct cw_state_notice *n, struct cw_err *err)
{
	struct state_notice *one = payload;

	one->id = n->id;
	one->tries = n->tries;
	snprintf(one->repository, sizeof(one->repository), "%s", n->repository);
	snprintf(one->record, sizeof(one->record), "%s", n->record);
	return 0;
}

/* The next notice at NOW; id 0: none. */
struct state_notice state_next_notice(struct cw_state *s, int64_t now)
{
	struct state_notice one = { .id = 0 };
	bool any = false;

	assert_int_equal(cw_state_notice_next(s, now, &any, take_notice, &one, NULL), 0);
	assert_int_equal(any, one.id != 0);
	return one;
}

uint64_t state_notices(struct cw_state *s)
{
	uint64_t n = 99;

	assert_int_equal(cw_state_notice_count(s, &n, NULL), 0);
	return n;
}

uint64_t state_counted(struct cw_state *s)
{
	uint64_t n = 99;

	assert_int_equal(cw_state_finding_count(s, &n, NULL), 0);
	return n;
}

void state_allow(struct cw_state *s, const char *secret, int64_t expires)
{
	struct cw_state_allowance a = { .fingerprint = secret, .reason = "test", .expires = expires, .uid = 1, .now = NOW };

	assert_int_equal(cw_state_allow(s, &a, NULL), 0);
}

/* daemon/watch_inotify.c - see watch_inotify.h. The table of watches is sorted by the kernel's numbers, which it gives in ascending order:
 * a new one goes to the end. */
#include "daemon/watch_inotify.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/vec.h"
#include "daemon/log.h"

#define WATCHES_MAX ((size_t)1 << 22)
#define EVENTS_SIZE 65536 /* bytes read at once */
#define READS_MAX 8	  /* of one turn of the loop: others have their turn too */
#define MASK                                                                                                                    \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |     \
	 IN_DONT_FOLLOW | IN_EXCL_UNLINK)

struct entry {
	int wd;
	bool refs; /* see struct cw_inotify_wd */
	struct cw_inotify_set *set;
};

struct cw_inotify {
	int fd;
	struct cw_loop *loop;
	struct cw_source_fd *source;
	struct cw_inotify_fns fns;
	struct cw_vec entries; /* struct entry, by wd */
	bool said;	       /* that something is not watched */
	char events[EVENTS_SIZE] __attribute__((aligned(8)));
};

/* ---- the table ---- */

/* The first entry whose wd is not below WD. */
static size_t lower(const struct cw_inotify *in, int wd)
{
	size_t low = 0, high = in->entries.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (CW_VEC_AT(&in->entries, struct entry, middle).wd < wd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct cw_inotify *in, size_t i, int wd)
{
	return i < in->entries.len && CW_VEC_AT(&in->entries, struct entry, i).wd == wd;
}

static int table_add(struct cw_inotify *in, const struct cw_inotify_wd *w, struct cw_inotify_set *set, struct cw_err *err)
{
	size_t at = lower(in, w->wd + 1), len = in->entries.len;
	struct entry *items;

	if (cw_vec_push(&in->entries) == NULL) {
		cw_vec_fail(&in->entries, "watches", err);
		in->entries.fail = 0; /* the table is as it was */
		return CW_E_NOMEM;
	}
	items = in->entries.items;
	memmove(items + at + 1, items + at, (len - at) * sizeof(*items));
	items[at] = (struct entry){ .wd = w->wd, .refs = w->refs, .set = set };
	return 0;
}

static void table_remove_at(struct cw_inotify *in, size_t at)
{
	struct entry *items = in->entries.items;

	in->entries.len--;
	memmove(items + at, items + at + 1, (in->entries.len - at) * sizeof(*items));
}

/* SET no longer has WD; the last one to have it gives it back. */
static void table_remove(struct cw_inotify *in, int wd, const struct cw_inotify_set *set)
{
	size_t first = lower(in, wd), i;

	for (i = first; is_at(in, i, wd); i++)
		if (CW_VEC_AT(&in->entries, struct entry, i).set == set)
			break;
	if (is_at(in, i, wd))
		table_remove_at(in, i);
	if (!is_at(in, first, wd))
		inotify_rm_watch(in->fd, wd);
}

/* ---- the kernel's instance ---- */

static void on_events(void *payload, uint32_t events);

/* errno says why something is not watched; once, until there is room again. */
static void say(struct cw_inotify *in, const char *advice)
{
	if (!in->said)
		cw_log(CW_LOG_WARNING, "not_watched", "why", strerror(errno), "watches", cw_log_int((int64_t)in->entries.len),
		       "advice", advice, NULL);
	in->said = true;
}

/* Instances are few. Without one everything is left to the timer, and the next look tries again. */
static void open_instance(struct cw_inotify *in)
{
	struct cw_err err = CW_ERR_INIT;

	if (in->fd >= 0)
		return;
	in->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (in->fd < 0) {
		say(in, "raise fs.inotify.max_user_instances");
		return;
	}
	if (cw_loop_add(in->loop, in->fd, EPOLLIN, on_events, in, &in->source, &err) == 0)
		return;
	close(in->fd);
	in->fd = -1;
}

/* ---- sets ---- */

static int compare_wds(const void *a, const void *b)
{
	int x = ((const struct cw_inotify_wd *)a)->wd, y = ((const struct cw_inotify_wd *)b)->wd;

	return (x > y) - (x < y);
}

static struct cw_inotify_wd *look_up(struct cw_inotify_wd *wds, size_t len, int wd)
{
	const struct cw_inotify_wd key = { .wd = wd };

	return len > 0 ? bsearch(&key, wds, len, sizeof(*wds), compare_wds) : NULL;
}

static void forget_wd(struct cw_inotify_set *set, int wd)
{
	struct cw_inotify_wd *at = look_up(set->wds, set->len, wd);

	if (at == NULL)
		return;
	set->len--;
	memmove(at, at + 1, (size_t)(set->wds + set->len - at) * sizeof(*at));
}

/* Whether FOLDER is or lies below one called "refs". A repository that does itself is only looked at more often. */
static bool is_refs(const char *folder)
{
	size_t len = strlen(folder);

	return strstr(folder, "/refs/") != NULL || (len >= 5 && strcmp(folder + len - 5, "/refs") == 0);
}

/* The kernel's number of FOLDER, or -1. */
static int watch_folder(struct cw_inotify *in, struct cw_inotify_set *set, const char *folder)
{
	int wd = strlen(folder) < PATH_MAX ? inotify_add_watch(in->fd, folder, MASK) : -1;

	if (wd >= 0)
		return wd;
	if (errno == ENOENT || errno == ENOTDIR) /* gone meanwhile: the folder above tells of that */
		return -1;
	set->partial = true;
	say(in, errno == ENOSPC ? "raise fs.inotify.max_user_watches" : NULL);
	return -1;
}

static size_t unique(struct cw_inotify_wd *wds, size_t len)
{
	size_t n = 0, i;

	if (len > 1)
		qsort(wds, len, sizeof(*wds), compare_wds);
	for (i = 0; i < len; i++)
		if (n == 0 || wds[n - 1].wd != wds[i].wd)
			wds[n++] = wds[i];
	return n;
}

/* Make SET what FRESH (LEN numbers, ascending; owned) says. */
static int take_over(struct cw_inotify *in, struct cw_inotify_set *set, struct cw_inotify_wd *fresh, size_t len, bool *ret_new, struct cw_err *err)
{
	size_t i, kept = 0;
	int rc = 0;

	for (i = 0; i < set->len; i++)
		if (look_up(fresh, len, set->wds[i].wd) == NULL)
			table_remove(in, set->wds[i].wd, set);
	for (i = 0; i < len; i++) {
		if (look_up(set->wds, set->len, fresh[i].wd) == NULL) {
			if (table_add(in, &fresh[i], set, err) < 0) {
				rc = CW_E_NOMEM;
				set->partial = true;
				table_remove(in, fresh[i].wd, set);
				continue;
			}
			*ret_new = true;
		}
		fresh[kept++] = fresh[i];
	}
	free(set->wds);
	set->wds = fresh;
	set->len = kept;
	return rc;
}

int cw_inotify_replace(struct cw_inotify *in, struct cw_inotify_set *set, const char *const *folders, size_t len, bool *ret_new,
		       struct cw_err *err)
{
	size_t wanted = len > CW_INOTIFY_FOLDERS_MAX ? CW_INOTIFY_FOLDERS_MAX : len, n = 0, i;
	struct cw_inotify_wd *fresh = calloc(wanted + 1, sizeof(*fresh));
	int wd;

	if (fresh == NULL)
		return cw_err_nomem(err);
	*ret_new = false;
	open_instance(in);
	set->partial = wanted < len || in->fd < 0;
	for (i = 0; i < wanted && in->fd >= 0; i++) {
		wd = watch_folder(in, set, folders[i]);
		if (wd >= 0)
			fresh[n++] = (struct cw_inotify_wd){ .wd = wd, .refs = is_refs(folders[i]) };
	}
	return take_over(in, set, fresh, unique(fresh, n), ret_new, err);
}

void cw_inotify_clear(struct cw_inotify *in, struct cw_inotify_set *set)
{
	size_t i;

	for (i = 0; i < set->len; i++)
		table_remove(in, set->wds[i].wd, set);
	if (set->len > 0)
		in->said = false; /* there is room again */
	free(set->wds);
	set->wds = NULL;
	set->len = 0;
}

/* ---- events ---- */

/* Lock files, which become something else when they matter, and what git writes beside the references. Any other name is taken for
 * a change: looking once too often costs little. */
static bool is_noise(const char *name, bool refs)
{
	static const char *const names[] = { "index", "COMMIT_EDITMSG", "FETCH_HEAD", "ORIG_HEAD", "gc.pid", "gc.log" };
	size_t len = strlen(name), i;

	if (len > 5 && strcmp(name + len - 5, ".lock") == 0)
		return true;
	for (i = 0; !refs && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void take_event(struct cw_inotify *in, const struct inotify_event *e)
{
	bool file = e->len > 0 && (e->mask & IN_ISDIR) == 0;
	const struct entry *one;
	size_t first, i;

	if (e->mask & IN_Q_OVERFLOW) {
		in->fns.lost(in->fns.payload);
		return;
	}
	first = lower(in, e->wd);
	for (i = first; is_at(in, i, e->wd); i++) {
		one = &CW_VEC_AT(&in->entries, struct entry, i);
		if (!file || !is_noise(e->name, one->refs))
			in->fns.changed(in->fns.payload, one->set);
	}
	/* A folder that was moved away is watched on, under a name that is no longer its own. */
	if ((e->mask & IN_MOVE_SELF) && is_at(in, first, e->wd))
		inotify_rm_watch(in->fd, e->wd);
	while ((e->mask & (IN_IGNORED | IN_MOVE_SELF)) && is_at(in, first, e->wd)) {
		forget_wd(CW_VEC_AT(&in->entries, struct entry, first).set, e->wd);
		table_remove_at(in, first);
	}
}

static void on_events(void *payload, uint32_t events)
{
	struct cw_inotify *in = payload;
	const struct inotify_event *e;
	ssize_t len, at;
	int reads;

	for (reads = 0; reads < READS_MAX; reads++) {
		len = read(in->fd, in->events, sizeof(in->events));
		if (len <= 0)
			return;
		for (at = 0; at < len; at += (ssize_t)(sizeof(*e) + e->len)) {
			e = (const struct inotify_event *)(const void *)(in->events + at);
			take_event(in, e);
		}
	}
}

int cw_inotify_new(struct cw_loop *l, const struct cw_inotify_fns *fns, struct cw_inotify **ret, struct cw_err *err)
{
	struct cw_inotify *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return cw_err_nomem(err);
	in->entries = (struct cw_vec)CW_VEC_INIT(struct entry, WATCHES_MAX);
	in->fns = *fns;
	in->loop = l;
	in->fd = -1;
	open_instance(in);
	*ret = in;
	return 0;
}

void cw_inotify_free(struct cw_inotify *in)
{
	if (in == NULL)
		return;
	cw_loop_remove(in->source);
	if (in->fd >= 0)
		close(in->fd);
	cw_vec_release(&in->entries);
	free(in);
}

size_t cw_inotify_len(const struct cw_inotify *in)
{
	return in->entries.len;
}

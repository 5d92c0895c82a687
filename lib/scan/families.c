/* scan/families.c - see families.h. */
#include "scan/families.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scan/family_mem.h"
#include "scan/worker.h"
#include "vcs/delta.h"

#define OPS_MAX ((size_t)1 << 26)
#define IDLE_NS 1000000 /* between two looks for something to steal; a push wakes sooner */

struct item {
	uint32_t entry;
	struct cw_content *base; /* a reference; NULL: to be read whole */
};

struct queue { /* its owner takes from the end, thieves from the front */
	pthread_mutex_t lock;
	struct item *items;
	size_t head, len, cap;
};

struct hand { /* one worker's own */
	struct cw_pack_reader *reader;
	struct queue queue;
	struct cw_content_pool pool;
	struct cw_buf delta;
	struct cw_vec ops;    /* struct cw_delta_op */
	struct cw_vec copies; /* struct cw_copied */
	struct cw_vec late;   /* uint32_t: entries that wait until there is more memory */
	struct cw_family_stats stats;
	struct cw_family_stats *out;
	unsigned number;
	bool giant; /* the entry in hand is over the limit, and its bytes are of no use to others */
};

struct walk {
	const struct cw_families *f;
	uint32_t *weight; /* of each entry: wanted entries in its family, itself and below */
	struct hand *hands;
	struct cw_content_budget budget;
	_Atomic uint32_t next;	 /* entry to look at for a family's beginning */
	_Atomic size_t pending;	 /* items that wait or are worked on */
	_Atomic bool stop;
	bool alone; /* the last part, by one worker */
	pthread_mutex_t idle_lock;
	pthread_cond_t idle;
};

/* ---- what is needed ---- */

static bool is_root(const struct cw_entry *e)
{
	return e->state == CW_ENTRY_GOOD && !e->delta;
}

/* The entry behind I in a walk of its family: bases before what is made of them. Back at ROOT the walk is over. */
static uint32_t next_in_family(const struct cw_packs *p, uint32_t i, uint32_t root)
{
	const struct cw_entry *e = cw_packs_entry(p, i);

	if (e->child != CW_ENTRY_NONE)
		return e->child;
	while (i != root && e->sibling == CW_ENTRY_NONE) {
		i = e->base;
		e = cw_packs_entry(p, i);
	}
	return i == root ? root : e->sibling;
}

/* Count the wanted entries below each: bases stand before their children in ORDER. */
static void weigh_family(struct walk *w, uint32_t root, uint32_t *order)
{
	const struct cw_packs *p = w->f->packs;
	uint32_t n = 0, i = root;

	do {
		w->weight[i] = w->f->wanted[i] == CW_WANTED;
		order[n++] = i;
		i = next_in_family(p, i, root);
	} while (i != root);
	while (--n > 0)
		w->weight[cw_packs_entry(p, order[n])->base] += w->weight[order[n]];
}

static int weigh(struct walk *w, struct cw_err *err)
{
	uint32_t len = cw_packs_len(w->f->packs);
	CW_CLEANUP(cw_freep) uint32_t *order = calloc((size_t)len + 1, sizeof(*order));

	w->weight = calloc((size_t)len + 1, sizeof(*w->weight));
	if (!order || !w->weight)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < len; i++) {
		if (is_root(cw_packs_entry(w->f->packs, i)))
			weigh_family(w, i, order);
	}
	return 0;
}

/* ---- queues ---- */

static int push(struct walk *w, struct hand *h, struct item item, struct cw_err *err)
{
	struct queue *q = &h->queue;
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	if (q->len == q->cap) {
		size_t cap = q->cap ? 2 * q->cap : 64;
		struct item *more = malloc(cap * sizeof(*more));

		if (more) {
			for (size_t i = 0; i < q->len; i++)
				more[i] = q->items[(q->head + i) % q->cap];
			free(q->items);
			*q = (struct queue){ .lock = q->lock, .items = more, .len = q->len, .cap = cap };
		} else {
			rc = cw_err_nomem(err);
		}
	}
	if (!rc) {
		q->items[(q->head + q->len++) % q->cap] = item;
		atomic_fetch_add(&w->pending, 1);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

static bool take(struct queue *q, bool steal, struct item *ret)
{
	bool found;

	pthread_mutex_lock(&q->lock);
	found = q->len > 0;
	if (found) {
		*ret = q->items[(q->head + (steal ? 0 : q->len - 1)) % q->cap];
		q->head = steal ? (q->head + 1) % q->cap : q->head;
		q->len--;
	}
	pthread_mutex_unlock(&q->lock);
	return found;
}

static bool steal(struct walk *w, unsigned thief, struct item *ret)
{
	for (unsigned i = 1; i < w->f->workers; i++) {
		if (take(&w->hands[(thief + i) % w->f->workers].queue, true, ret))
			return true;
	}
	return false;
}

/* The next family that holds something wanted. */
static bool next_family(struct walk *w, struct hand *h, struct item *ret)
{
	uint32_t len = cw_packs_len(w->f->packs);

	for (;;) {
		uint32_t i = atomic_load_explicit(&w->next, memory_order_relaxed);

		if (i >= len)
			return false;
		i = atomic_fetch_add(&w->next, 1);
		if (i < len && w->weight[i] > 0 && is_root(cw_packs_entry(w->f->packs, i))) {
			*ret = (struct item){ .entry = i };
			h->stats.families++;
			return true;
		}
	}
}

/* ---- one version ---- */

static int fail_entry(struct walk *w, struct hand *h, uint32_t entry, int rc, const struct cw_err *why, struct cw_err *err)
{
	return w->f->wanted[entry] == CW_WANTED ? w->f->fail(w->f->payload, h->number, entry, rc, why, err) : 0;
}

/* ROOT cannot be read, and so nothing that is made of it. */
static int fail_family(struct walk *w, struct hand *h, uint32_t root, int rc, const struct cw_err *why, struct cw_err *err)
{
	uint32_t i = root;
	int failed;

	do {
		failed = fail_entry(w, h, i, rc, why, err);
		i = next_in_family(w->f->packs, i, root);
	} while (!failed && i != root);
	return failed;
}

/* The copies among the ops, without those that touch in the child but not in the base being joined: each stands alone. */
static int list_copies(struct hand *h, struct cw_err *why)
{
	cw_vec_clear(&h->copies);
	for (size_t i = 0; i < h->ops.len; i++) {
		const struct cw_delta_op *op = &CW_VEC_AT(&h->ops, struct cw_delta_op, i);
		struct cw_copied *c;

		if (!op->copy)
			continue;
		c = cw_vec_push(&h->copies);
		if (!c)
			return cw_vec_fail(&h->copies, "copies of a delta", why);
		*c = (struct cw_copied){ .at = op->at, .from = op->from, .len = op->len };
	}
	return 0;
}

/* An object over the limit is made for its children's sake only. */
static int check_size(struct walk *w, struct hand *h, uint32_t i, uint64_t len, struct cw_err *why)
{
	h->giant = len > w->f->object_max && w->weight[i] == (w->f->wanted[i] == CW_WANTED);
	return h->giant ? cw_err_set(why, CW_E_LIMIT, "too large: %llu bytes, the limit is %llu", (unsigned long long)len,
				     (unsigned long long)w->f->object_max) : 0;
}

/* Make the version of entry I out of BASE. */
static int build(struct walk *w, struct hand *h, uint32_t i, const struct cw_content *base, struct cw_content **ret,
		 struct cw_err *why)
{
	uint64_t max = w->budget.max, len;
	int rc = cw_content_room(&w->budget, cw_packs_entry(w->f->packs, i)->size, why);

	rc = rc ? rc : cw_pack_inflate(h->reader, i, max, &h->delta, why);
	rc = rc ? rc : cw_delta_parse(h->delta.data, h->delta.len, base->buf.len, max, &h->ops, &len, why);
	rc = rc ? rc : check_size(w, h, i, len, why);
	rc = rc ? rc : list_copies(h, why);
	rc = rc ? rc : cw_content_new(&h->pool, &w->budget, len, ret, why);
	if (rc)
		return rc;
	h->stats.inflated += h->delta.len;
	h->stats.rebuilt += len;
	cw_delta_apply(h->delta.data, base->buf.data, &h->ops, (*ret)->buf.data);
	cw_buf_commit(&(*ret)->buf, len);
	return 0;
}

/* Read entry I with all that it is made of. */
static int read_whole(struct walk *w, struct hand *h, uint32_t i, struct cw_content **ret, struct cw_err *why)
{
	const struct cw_entry *e = cw_packs_entry(w->f->packs, i);
	uint64_t max = e->delta ? w->budget.max / 3 : w->budget.max;
	enum cw_object_type type;
	struct cw_content *c;
	int rc = e->delta ? 0 : check_size(w, h, i, e->size, why);

	rc = rc ? rc : cw_content_new(&h->pool, &w->budget, e->size, &c, why);
	if (rc)
		return rc;
	cw_vec_clear(&h->copies);
	rc = e->delta ? cw_pack_read(h->reader, i, max, &c->buf, &type, why) : cw_pack_inflate(h->reader, i, max, &c->buf, why);
	h->stats.inflated += c->buf.len;
	cw_content_grown(&w->budget, c);
	if (rc)
		cw_content_unref(&h->pool, &w->budget, c);
	else
		*ret = c;
	return rc;
}

static int visit(struct walk *w, struct hand *h, uint32_t i, const struct cw_content *base, struct cw_content *c,
		 struct cw_err *err)
{
	const struct cw_entry *e = cw_packs_entry(w->f->packs, i);
	struct cw_version v = { .entry = i, .type = e->type, .data = c->buf.data, .len = c->buf.len,
				.again = w->f->wanted[i] == CW_WANTED_FOR_OTHERS };

	v.parent = w->weight[i] > !v.again;

	if (base && base->left.what) {
		v.base = base->left.what;
		v.copies = h->copies.items;
		v.copies_len = h->copies.len;
	}
	if (w->f->wanted[i] == CW_WANTED_NOT)
		return 0;
	return w->f->visit(w->f->payload, h->number, &v, &c->left, err);
}

/* Leave the children of entry I to whoever has time, the one with most descendants for the end. */
static int push_children(struct walk *w, struct hand *h, uint32_t i, struct cw_content *c, struct cw_err *err)
{
	const struct cw_packs *p = w->f->packs;
	uint32_t heavy = CW_ENTRY_NONE, most = 0;
	int rc = 0;

	for (uint32_t k = cw_packs_entry(p, i)->child; k != CW_ENTRY_NONE; k = cw_packs_entry(p, k)->sibling) {
		if (w->weight[k] > most) {
			most = w->weight[k];
			heavy = k;
		}
	}
	if (heavy == CW_ENTRY_NONE)
		return 0;
	if (!cw_content_retain(&w->budget, c)) {
		h->stats.given_up++;
		c = NULL;
	}
	rc = push(w, h, (struct item){ .entry = heavy, .base = cw_content_ref(c) }, err);
	for (uint32_t k = cw_packs_entry(p, i)->child; !rc && k != CW_ENTRY_NONE; k = cw_packs_entry(p, k)->sibling) {
		if (k != heavy && w->weight[k] > 0)
			rc = push(w, h, (struct item){ .entry = k, .base = cw_content_ref(c) }, err);
	}
	if (!rc && w->f->workers > 1)
		pthread_cond_signal(&w->idle);
	return rc;
}

/* For want of memory: later, when nobody else needs any. */
static int put_off(struct hand *h, uint32_t entry, struct cw_err *err)
{
	uint32_t *slot = cw_vec_push(&h->late);

	if (!slot)
		return cw_vec_fail(&h->late, "objects", err);
	*slot = entry;
	return 0;
}

static int do_item(struct walk *w, struct hand *h, struct item item, struct cw_err *err)
{
	struct cw_content *c = NULL, *base = item.base;
	struct cw_err why = CW_ERR_INIT;
	int rc;

	h->giant = false;
	rc = base ? build(w, h, item.entry, base, &c, &why) : read_whole(w, h, item.entry, &c, &why);
	if (rc == CW_E_NOMEM) {
		rc = cw_err_nomem(err);
	} else if (rc == CW_E_LIMIT && !w->alone && !h->giant) {
		rc = put_off(h, item.entry, err);
	} else if (rc) {
		rc = fail_family(w, h, item.entry, rc, &why, err);
	} else {
		rc = visit(w, h, item.entry, base, c, err);
		rc = rc ? rc : push_children(w, h, item.entry, c, err);
	}
	cw_content_unref(&h->pool, &w->budget, c);
	cw_content_unref(&h->pool, &w->budget, base);
	atomic_fetch_sub(&w->pending, 1);
	return rc;
}

/* ---- workers ---- */

static bool stopped(const struct walk *w)
{
	return atomic_load_explicit(&w->stop, memory_order_relaxed) || (w->f->cancel && atomic_load(w->f->cancel));
}

static void wait_for_work(struct walk *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += IDLE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&w->idle_lock);
	pthread_cond_timedwait(&w->idle, &w->idle_lock, &until);
	pthread_mutex_unlock(&w->idle_lock);
}

static int work(void *shared, unsigned worker, struct cw_err *err)
{
	struct walk *w = shared;
	struct hand *h = &w->hands[worker];

	while (!stopped(w)) {
		struct item item;
		int rc;

		if (!take(&h->queue, false, &item)) {
			if (next_family(w, h, &item)) {
				atomic_fetch_add(&w->pending, 1);
			} else if (!steal(w, worker, &item)) {
				if (atomic_load(&w->pending) == 0)
					return 0;
				wait_for_work(w);
				continue;
			}
		}
		rc = do_item(w, h, item, err);
		if (rc) {
			atomic_store(&w->stop, true);
			return rc;
		}
	}
	return 0;
}

/* What was put off, by one worker, with all the memory. */
static int work_late(struct walk *w, struct cw_err *err)
{
	struct hand *h = &w->hands[0];
	int rc = 0;

	w->alone = true;
	for (unsigned i = 0; !rc && i < w->f->workers; i++) {
		struct cw_vec *late = &w->hands[i].late;

		for (size_t k = 0; !rc && k < late->len && !stopped(w); k++) {
			cw_content_pool_release(&h->pool, &w->budget);
			rc = push(w, h, (struct item){ .entry = CW_VEC_AT(late, uint32_t, k) }, err);
			rc = rc ? rc : work(w, 0, err);
		}
	}
	return rc;
}

/* ---- the whole ---- */

static int open_hand(struct walk *w, unsigned i, struct cw_err *err)
{
	struct hand *h = &w->hands[i];

	h->number = i;
	pthread_mutex_init(&h->queue.lock, NULL);
	h->delta = (struct cw_buf)CW_BUF_INIT_MAX(SIZE_MAX / 2);
	h->ops = (struct cw_vec)CW_VEC_INIT(struct cw_delta_op, OPS_MAX);
	h->copies = (struct cw_vec)CW_VEC_INIT(struct cw_copied, OPS_MAX);
	h->late = (struct cw_vec)CW_VEC_INIT(uint32_t, CW_PACK_ENTRIES_MAX);
	h->pool.drop = w->f->drop;
	return cw_pack_reader_new(w->f->packs, &h->reader, err);
}

static void close_hand(struct walk *w, unsigned i, struct cw_family_stats *stats)
{
	struct hand *h = &w->hands[i];
	struct item item;

	while (h->queue.cap && take(&h->queue, false, &item))
		cw_content_unref(&h->pool, &w->budget, item.base);
	stats->families += h->stats.families;
	stats->inflated += h->stats.inflated;
	stats->rebuilt += h->stats.rebuilt;
	stats->given_up += h->stats.given_up;
	cw_content_pool_release(&h->pool, &w->budget);
	pthread_mutex_destroy(&h->queue.lock);
	free(h->queue.items);
	cw_buf_release(&h->delta);
	cw_vec_release(&h->ops);
	cw_vec_release(&h->copies);
	cw_vec_release(&h->late);
	cw_pack_reader_free(h->reader);
}

int cw_families_walk(const struct cw_families *f, struct cw_family_stats *stats, struct cw_err *err)
{
	struct walk w = { .f = f, .budget = { .max = f->memory_max, .retain_max = f->retain_max } };
	unsigned opened = 0;
	int rc = weigh(&w, err);

	w.hands = calloc(f->workers, sizeof(*w.hands));
	if (!w.hands)
		rc = rc ? rc : cw_err_nomem(err);
	pthread_mutex_init(&w.idle_lock, NULL);
	pthread_cond_init(&w.idle, NULL);
	for (; !rc && opened < f->workers; opened++)
		rc = open_hand(&w, opened, err);
	rc = rc ? rc : cw_workers_run(f->workers, work, &w, err);
	rc = rc ? rc : work_late(&w, err);
	for (unsigned i = 0; i < opened; i++)
		close_hand(&w, i, stats);
	pthread_cond_destroy(&w.idle);
	pthread_mutex_destroy(&w.idle_lock);
	free(w.hands);
	free(w.weight);
	return rc;
}

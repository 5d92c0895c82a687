/* store/sights.c - see sights.h. */
#include "store/sights.h"

#include <string.h>

#define MARKS_MAX 1000

void cw_sight_list_release(struct cw_sight_list *l)
{
	cw_vec_release(&l->items);
	cw_vec_release(&l->numbers);
}

static void put_numbers(struct cw_buf *out, const uint32_t *numbers, size_t len)
{
	cw_put_number(out, len);
	for (size_t i = 0; i < len; i++)
		cw_put_number(out, numbers[i]);
}

static void put_sight(struct cw_buf *out, const struct cw_stored_sight *s)
{
	cw_buf_add(out, s->secret, sizeof(s->secret));
	cw_put_number(out, s->rule);
	cw_put_number(out, (uint64_t)s->proof << 1 | s->cut);
	cw_put_text(out, s->redacted);
	cw_put_text(out, s->label);
	cw_put_text(out, s->decoded);
	cw_put_text(out, s->python);
	put_numbers(out, s->also, s->also_len);
	put_numbers(out, s->values, s->values_len);
}

void cw_put_sights(struct cw_buf *out, const struct cw_sight_list *l)
{
	cw_put_number(out, l->items.len);
	for (size_t i = 0; i < l->items.len; i++)
		put_sight(out, &CW_VEC_AT(&l->items, struct cw_stored_sight, i));
}

static int take_numbers(struct cw_take *t, struct cw_sight_list *l, size_t *ret_len, struct cw_err *err)
{
	size_t n = (size_t)cw_take_number(t, CW_STORED_RULES_MAX);

	*ret_len = 0;
	for (; *ret_len < n && !t->bad; ++*ret_len) {
		uint32_t *slot = cw_vec_push(&l->numbers);

		if (!slot)
			return cw_vec_fail(&l->numbers, "verdict store", err);
		*slot = (uint32_t)cw_take_number(t, CW_STORED_RULES_MAX);
	}
	return 0;
}

static int take_sight(struct cw_take *t, struct cw_sight_list *l, struct cw_err *err)
{
	struct cw_stored_sight *s = cw_vec_push(&l->items);
	const void *secret = cw_take_bytes(t, CW_STORED_SECRET_LEN);
	uint64_t proof;
	int rc;

	if (!s)
		return cw_vec_fail(&l->items, "verdict store", err);
	if (secret)
		memcpy(s->secret, secret, sizeof(s->secret));
	s->rule = (uint32_t)cw_take_number(t, CW_STORED_RULES_MAX);
	proof = cw_take_number(t, UINT8_MAX);
	s->proof = (uint8_t)(proof >> 1);
	s->cut = proof & 1;
	s->redacted = cw_take_text(t);
	s->label = cw_take_text(t);
	s->decoded = cw_take_text(t);
	s->python = cw_take_text(t);
	rc = take_numbers(t, l, &s->also_len, err);
	rc = rc ? rc : take_numbers(t, l, &s->values_len, err);
	t->bad = t->bad || !s->redacted;
	return rc;
}

int cw_take_sights(struct cw_take *t, struct cw_sight_list *l, struct cw_err *err)
{
	size_t n = (size_t)cw_take_number(t, CW_STORED_SIGHTS_MAX);
	const uint32_t *numbers;
	int rc = 0;

	for (size_t i = 0; !rc && !t->bad && i < n; i++)
		rc = take_sight(t, l, err);
	/* Only now do the numbers stay where they are. */
	numbers = l->numbers.items;
	for (size_t i = 0; !rc && i < l->items.len; i++) {
		struct cw_stored_sight *s = &CW_VEC_AT(&l->items, struct cw_stored_sight, i);

		s->also = s->also_len ? numbers : NULL;
		numbers += s->also_len;
		s->values = s->values_len ? numbers : NULL;
		numbers += s->values_len;
	}
	return rc;
}

void cw_put_id(struct cw_buf *out, const struct cw_stored_id *id)
{
	cw_buf_addc(out, (char)id->len);
	cw_buf_add(out, id->id, id->len);
}

struct cw_stored_id cw_take_id(struct cw_take *t)
{
	struct cw_stored_id id = { .len = (uint8_t)cw_take_number(t, CW_STORED_ID_MAX) };
	const void *bytes = cw_take_bytes(t, id.len);

	if (bytes)
		memcpy(id.id, bytes, id.len);
	else
		id.len = 0;
	return id;
}

int cw_stored_id_cmp(const struct cw_stored_id *a, const struct cw_stored_id *b)
{
	return memcmp(a, b, sizeof(*a));
}

void cw_put_at(struct cw_buf *out, const struct cw_stored_at *at)
{
	cw_put_number(out, at->line);
	cw_put_number(out, at->column);
	cw_put_number(out, at->end_line);
	cw_put_number(out, at->end_column);
	cw_put_number(out, at->more);
	cw_put_number(out, at->mark);
}

struct cw_stored_at cw_take_at(struct cw_take *t)
{
	struct cw_stored_at at;

	at.line = cw_take_number(t, UINT64_MAX);
	at.column = cw_take_number(t, UINT64_MAX);
	at.end_line = cw_take_number(t, UINT64_MAX);
	at.end_column = cw_take_number(t, UINT64_MAX);
	at.more = cw_take_number(t, UINT64_MAX);
	at.mark = (uint32_t)cw_take_number(t, MARKS_MAX);
	return at;
}

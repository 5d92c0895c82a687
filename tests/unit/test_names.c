/* tests/unit/test_names.c - distinct names of trees: each looked at once, by many threads, in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "scan/kept.h"
#include "scan/names.h"

#define ROOM ((size_t)8 << 20)

static _Atomic unsigned looks;

/* Finds holder 7 in names that begin with '!', nothing in others; fails for "fail". */
static int look(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	(void)payload;
	looks++;
	if (len == 4 && !memcmp(name, "fail", 4))
		return cw_err_set(err, CW_E_NOMEM, "told to fail");
	*ret_holder = len && *name == '!' ? 7 : CW_HOLDER_NONE;
	return 0;
}

static uint32_t add(struct cw_names *n, const char *name, size_t len, uint32_t want_holder)
{
	uint32_t number = 0, holder = 0;

	assert_int_equal(cw_names_add(n, name, len, look, NULL, &number, &holder, NULL), 0);
	assert_int_equal(holder, want_holder);
	return number;
}

static struct cw_names *new_names(size_t max)
{
	struct cw_names *n = NULL;

	assert_int_equal(cw_names_new(max, &n, NULL), 0);
	looks = 0;
	return n;
}

/* a name that comes again has its number and what was found in it, and is not looked at again */
static void once(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names(ROOM);
	uint32_t a = add(n, "a", 1, CW_HOLDER_NONE), b = add(n, "!b", 2, 7);

	assert_int_not_equal(a, b);
	assert_int_equal(add(n, "a", 1, CW_HOLDER_NONE), a);
	assert_int_equal(add(n, "!b", 2, 7), b);
	assert_int_equal(looks, 2);
	assert_string_equal(cw_names_text(n, a), "a");
	assert_string_equal(cw_names_text(n, b), "!b");
	assert_true(a < cw_names_end(n) && b < cw_names_end(n));
}

/* lengths around the hash's words: every beginning of one text is a name of its own, the empty one too */
static void beginnings(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names(ROOM);
	static const char text[] = "\x01\xff of 26 bytes and a tail";
	uint32_t numbers[sizeof(text)];

	for (size_t len = 0; len < sizeof(text); len++)
		numbers[len] = add(n, text, len, CW_HOLDER_NONE);
	for (size_t len = 0; len < sizeof(text); len++) {
		assert_int_equal(add(n, text, len, CW_HOLDER_NONE), numbers[len]);
		for (size_t k = 0; k < len; k++)
			assert_int_not_equal(numbers[k], numbers[len]);
		assert_int_equal(strlen(cw_names_text(n, numbers[len])), len < sizeof(text) - 1 ? len : sizeof(text) - 1);
	}
	assert_int_equal(looks, sizeof(text));
}

/* many names: the table grows, numbers and texts stay */
static void many(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names(ROOM);
	static uint32_t numbers[50000];
	char name[32];

	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		numbers[i] = add(n, name, strlen(name), CW_HOLDER_NONE);
		assert_int_not_equal(numbers[i], CW_NAME_NONE);
	}
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		assert_string_equal(cw_names_text(n, numbers[i]), name);
		assert_int_equal(add(n, name, strlen(name), CW_HOLDER_NONE), numbers[i]);
	}
	assert_int_equal(looks, 50000);
}

/* without room a name has no number, and is looked at each time that it comes; those that have one keep it */
static void full(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names((size_t)64 << 10);
	static char large[4096];
	uint32_t small = add(n, "small", 5, CW_HOLDER_NONE);

	memset(large, '!', sizeof(large));
	assert_int_equal(add(n, large, sizeof(large), 7), CW_NAME_NONE);
	assert_int_equal(add(n, large, sizeof(large), 7), CW_NAME_NONE);
	assert_int_equal(looks, 3);
	assert_int_equal(add(n, "small", 5, CW_HOLDER_NONE), small);
	assert_int_equal(looks, 3);
}

/* a name that could not be looked at is not known: the next time it is looked at again */
static void failure(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names(ROOM);
	uint32_t number, holder;

	assert_int_equal(cw_names_add(n, "fail", 4, look, NULL, &number, &holder, NULL), CW_E_NOMEM);
	assert_int_equal(cw_names_add(n, "fail", 4, look, NULL, &number, &holder, NULL), CW_E_NOMEM);
	assert_int_equal(looks, 2);
	cw_names_free(NULL);
}

#define THREADS 4
#define SHARED 5000

struct thread {
	struct cw_names *names;
	uint32_t numbers[SHARED];
	bool failed;
};

/* Threads do not assert: the main one looks at what they got. */
static void *add_all(void *payload)
{
	struct thread *t = payload;
	char name[32];

	for (int i = 0; i < SHARED; i++) {
		uint32_t holder;

		snprintf(name, sizeof(name), "!%d", i);
		t->failed |= cw_names_add(t->names, name, strlen(name), look, NULL, &t->numbers[i], &holder, NULL) || holder != 7;
	}
	return NULL;
}

/* the same names from several threads at once: each is looked at once, all get the same numbers */
static void threads(void **state)
{
	CW_CLEANUP(cw_names_free_p) struct cw_names *n = new_names(ROOM);
	static struct thread all[THREADS];
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++) {
		all[i] = (struct thread){ .names = n };
		assert_int_equal(pthread_create(&ids[i], NULL, add_all, &all[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(ids[i], NULL);
		assert_false(all[i].failed);
		assert_memory_equal(all[i].numbers, all[0].numbers, sizeof(all[0].numbers));
	}
	assert_int_equal(looks, SHARED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once), cmocka_unit_test(beginnings), cmocka_unit_test(many),
		cmocka_unit_test(full), cmocka_unit_test(failure),    cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
